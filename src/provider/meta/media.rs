//! Files at Meta: handed over as a form with several parts, read from the disk as it leaves.

use super::{MetaProvider, errors, failure, lost, success};
use crate::model::delivery::{DeliveryError, HoldScope};
use crate::provider::http::{self, Answer, Transport};
use crate::provider::{Handover, Upload};
use futures::StreamExt as _;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use std::time::Duration;
use tokio_util::io::ReaderStream;

/// Time for a hand-over, whatever its size.
const AT_LEAST: Duration = Duration::from_mins(1);
/// Bytes a second below which a line is of no use.
const SLOWEST: u64 = 64 << 10;
/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// How long handing over so many bytes may take.
fn time_for(size: u64) -> Duration {
    AT_LEAST + Duration::from_secs(size / SLOWEST)
}

/// The form that hands a file over, and how long that may take.
pub(in crate::provider) fn form(
    file: Upload,
    progress: Box<dyn Fn(u64) + Send + Sync>,
) -> Result<(Form, Duration), Handover> {
    let Upload { bytes, name, mime, size } = file;
    let mut sent = 0_u64;
    let bytes = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(bytes), size);
    let stream = ReaderStream::with_capacity(bytes, PIECE).inspect(move |piece| {
        if let Ok(piece) = piece {
            sent += piece.len() as u64;
            progress(sent);
        }
    });
    let part = Part::stream_with_length(Body::wrap_stream(stream), size).file_name(name);
    let Ok(part) = part.mime_str(&mime) else { return Err(unusable("the type of the file is none")) };
    // Names are clean: they need no second way of writing, which not everybody reads.
    let form = Form::new()
        .percent_encode_noop()
        .text("messaging_product", "whatsapp")
        .text("type", mime)
        .part("file", part);
    Ok((form, time_for(size)))
}

fn unusable(text: &str) -> Handover {
    Handover::Rejected(errors::plain_error(
        text,
        "The file cannot be put into the provider's form; nothing was sent.",
        "send another file",
    ))
}

/// What an answer to the form means. `judge` reads one that is no success, with who has to wait; `hide` takes the
/// secrets out of its text.
pub(in crate::provider) fn handed_over(
    answer: Result<Answer, Transport>,
    judge: impl Fn(&Answer) -> (errors::Failure, HoldScope),
    hide: impl Fn(DeliveryError) -> DeliveryError,
) -> Handover {
    let answer = match answer {
        Ok(answer) => answer,
        Err(e) => {
            let error = lost(&e);
            let error = hide(DeliveryError { code: 0, text: error.text, cause: None, next: error.next });
            return if e.unusable {
                Handover::Rejected(error)
            } else {
                put_off(&error, None, HoldScope::Message)
            };
        }
    };
    let id = success(&answer).and_then(|v| match v.get("id")? {
        serde_json::Value::String(id) if !id.is_empty() => Some(id.clone()),
        serde_json::Value::Number(n) => Some(n.to_string()),
        _ => None,
    });
    if let Some(id) = id {
        return Handover::Done(id);
    }
    if answer.status == 413 {
        return unusable("413 the provider says that the file is too large");
    }
    let (failure, scope) = judge(&answer);
    let again = failure.ambiguous || failure.retry == errors::Retry::Backoff;
    let error = hide(failure.error);
    if again { put_off(&error, answer.retry_after, scope) } else { Handover::Rejected(error) }
}

impl MetaProvider {
    pub(super) async fn hand_over(&self, file: Upload, progress: Box<dyn Fn(u64) + Send + Sync>) -> Handover {
        let (form, time) = match form(file, progress) {
            Ok(form) => form,
            Err(refused) => return refused,
        };
        let answer = match self.request(Method::POST, &[&self.config.phone_number_id, "media"], &[]).await {
            Ok(r) => http::call(r.timeout(time).multipart(form)).await,
            Err(e) => Err(e),
        };
        let judge = |answer: &Answer| {
            let failure = failure(answer);
            let scope = failure.scope();
            (failure, scope)
        };
        handed_over(answer, judge, |error| self.hide_error(error))
    }
}

/// Nothing of the message has left: it is safe to try again.
fn put_off(error: &DeliveryError, after: Option<Duration>, scope: HoldScope) -> Handover {
    let error = DeliveryError {
        text: format!("the file did not get to the provider: {}", error.text),
        cause: Some("Nothing was sent: the message goes when the provider has its file.".into()),
        next: Some("it is tried again by itself".into()),
        code: error.code,
    };
    Handover::Retry { after, error, scope }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_have_longer() {
        assert_eq!(time_for(1_000), AT_LEAST);
        assert!(
            time_for(100 << 20) >= Duration::from_mins(25) && time_for(100 << 20) < Duration::from_hours(1)
        );
    }
}
