//! Administration of a number by Kapso's proxy: the business profile and the block list, in Meta's forms. The rest of a number's
//! settings is in Kapso's dashboard.

use super::KapsoProvider;
use super::api::{Surface, failure};
use crate::model::business::{BlockOutcome, BlockedPage, BusinessProfile, ProfileChange};
use crate::model::contact::Identity;
use crate::provider::CallError;
use crate::provider::admin::Administration;
use crate::provider::http::{self, Answer};
use crate::provider::meta::admin::{self, Ask, Graph};
use crate::provider::meta::lost;
use async_trait::async_trait;
use reqwest::RequestBuilder;

#[async_trait]
impl Graph for KapsoProvider {
    async fn ask(&self, ask: Ask<'_>) -> Result<Answer, CallError> {
        let answer = match self.api.request(Surface::Proxy, ask.method, ask.path, ask.query).await {
            Ok(r) => http::call(ask.body.into_iter().fold(r, RequestBuilder::json)).await,
            Err(e) => Err(e),
        };
        answer.map_err(|e| self.without_secrets(lost(&e)))
    }

    fn without_secrets(&self, error: CallError) -> CallError {
        CallError { text: self.api.hide(&error.text), ..error }
    }

    fn refusal(&self, answer: &Answer) -> CallError {
        self.without_secrets(failure(answer).0.into_call_error())
    }
}

#[async_trait]
impl Administration for KapsoProvider {
    async fn profile(&self) -> Result<BusinessProfile, CallError> {
        admin::profile(self, &self.number).await
    }

    async fn change_profile(&self, change: &ProfileChange, picture: Option<&str>) -> Result<(), CallError> {
        admin::change_profile(self, &self.number, change, picture).await
    }

    async fn blocked(&self, after: Option<&str>) -> Result<BlockedPage, CallError> {
        admin::blocked(self, &self.number, after).await
    }

    async fn block(&self, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
        admin::block(self, &self.number, whom).await
    }

    async fn unblock(&self, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
        admin::unblock(self, &self.number, whom).await
    }
}
