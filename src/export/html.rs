//! A conversation as one page: no script, nothing from elsewhere, every character of a stranger escaped.

use super::{About, author, words};
use crate::model::delivery::DeliveryState;
use crate::model::message::{Body, Direction, Message};
use crate::text;
use std::fmt::Write as _;

const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#efeae2;--fg:#111b21;--dim:#667781;--theirs:#fff;--ours:#d9fdd3;--note:#fff3c4;--bad:#b3261e;--line:#0002}\
@media(prefers-color-scheme:dark){:root{--bg:#0b141a;--fg:#e9edef;--dim:#8696a0;--theirs:#202c33;--ours:#005c4b;--note:#4a3f12;--bad:#ff8a80;--line:#fff2}}\
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.45 system-ui,sans-serif}\
header{position:sticky;top:0;background:var(--theirs);border-bottom:1px solid var(--line);padding:.8rem 1.2rem}\
header h1{margin:0;font-size:1.15rem}header p,footer{margin:0;color:var(--dim);font-size:.85rem}\
main{max-width:52rem;margin:0 auto;padding:1rem;display:flex;flex-direction:column;gap:.35rem}\
h2{align-self:center;margin:1rem 0 .4rem;padding:.2rem .8rem;border-radius:1rem;background:var(--theirs);color:var(--dim);font-size:.8rem;font-weight:600}\
article{max-width:80%;padding:.45rem .7rem;border-radius:.7rem;background:var(--theirs);box-shadow:0 1px 1px var(--line);align-self:flex-start}\
article.ours{background:var(--ours);align-self:flex-end}article.middle{align-self:center;background:none;box-shadow:none;color:var(--dim);font-size:.85rem}\
article.note{background:var(--note)}article p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}\
b.who{display:block;font-size:.8rem;color:var(--dim)}blockquote{margin:0 0 .3rem;padding:.2rem .6rem;border-inline-start:3px solid var(--dim);color:var(--dim);white-space:pre-wrap;overflow-wrap:anywhere}\
small{display:block;text-align:end;color:var(--dim);font-size:.72rem}small.bad{color:var(--bad)}footer{padding:1.5rem;text-align:center}\
@media print{header{position:static}body{background:#fff}}";

/// Text between tags: safe, and no markup.
fn escaped(s: &str) -> String {
    let safe = text::sanitize_lines(s);
    let mut out = String::with_capacity(safe.len());
    for c in safe.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn head(about: &About, made: &str) -> String {
    let title = escaped(&about.title);
    let under: Vec<String> = [&about.phone, &about.account]
        .into_iter()
        .filter(|s| !s.is_empty() && **s != about.title)
        .map(|s| escaped(s))
        .chain([escaped(made)])
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><h1 dir=\"auto\">{title}</h1><p>{}</p></header>\n<main>\n",
        under.join(" · ")
    )
}

fn ticks(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Accepted | DeliveryState::Sent => " ✓",
        DeliveryState::Delivered => " ✓✓",
        DeliveryState::Read | DeliveryState::Played => " ✓✓ read",
        DeliveryState::Queued | DeliveryState::Sending => " waiting",
        DeliveryState::Failed => " failed",
        DeliveryState::Unknown => " unknown",
        DeliveryState::Cancelled => " taken back",
        DeliveryState::Received | DeliveryState::Noted => "",
    }
}

pub(super) fn message(m: &Message, title: &str, day: Option<&str>, clock: &str) -> String {
    let mut out = String::new();
    if let Some(day) = day {
        let _ = writeln!(out, "<h2>{}</h2>", escaped(day));
    }
    let middle = matches!(m.body, Body::Call { .. } | Body::System { .. });
    let class = match (middle, m.body.kind(), m.direction) {
        (true, ..) => "middle",
        (_, "note", _) => "ours note",
        (_, _, Direction::Outbound) => "ours",
        _ => "theirs",
    };
    let _ = write!(out, "<article class=\"{class}\">");
    if !middle {
        let _ = write!(out, "<b class=\"who\" dir=\"auto\">{}</b>", escaped(&author(m, title)));
    }
    if let Some(q) = m.quote.as_ref().filter(|q| !q.text.is_empty()) {
        let _ = write!(out, "<blockquote dir=\"auto\">{}</blockquote>", escaped(&q.text));
    }
    let _ = write!(out, "<p dir=\"auto\">{}</p>", escaped(&words(&m.body)));
    let reactions: Vec<String> = m.reactions.iter().map(|r| escaped(&r.emoji)).collect();
    if !reactions.is_empty() {
        let _ = write!(out, "<small>{}</small>", reactions.join(" "));
    }
    let edited = if m.edited { "edited " } else { "" };
    let state = if m.direction == Direction::Outbound { ticks(m.state) } else { "" };
    let _ = write!(out, "<small>{edited}{}{state}</small>", escaped(clock));
    if let Some(e) = m.error.as_ref().filter(|_| m.direction == Direction::Outbound) {
        let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
        let _ = write!(out, "<small class=\"bad\">{}{}</small>", escaped(&code), escaped(&e.text));
    }
    out.push_str("</article>\n");
    out
}

pub(super) fn tail(count: u64) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("</main>\n<footer>{count} message{s}</footer>\n</body>\n</html>\n")
}
