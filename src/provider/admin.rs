//! What a provider can do about a number besides carrying messages: business profile, block list, ice breakers and
//! commands, short links, registration.
//!
//! Every call has a body that says that the provider cannot, so that each provider writes only what it has.

use super::CallError;
use crate::model::business::{
    BlockOutcome, BlockedPage, BusinessProfile, CodeBy, Components, ProfileChange, ShortLink, Standing,
};
use crate::model::contact::Identity;
use async_trait::async_trait;

/// A call that this provider does not have.
#[must_use]
pub fn cannot(what: &str) -> CallError {
    CallError {
        code: 0,
        text: format!("this provider cannot {what}"),
        cause: Some("The account's provider has no way to do it.".into()),
        next: Some("do it in the provider's own dashboard".into()),
        auth: false,
        transient: false,
        after: None,
    }
}

/// Administration of one number. What a call is given was checked before ([`crate::model::business`]).
#[async_trait]
pub trait Administration: Send + Sync {
    /// What customers see of the business.
    async fn profile(&self) -> Result<BusinessProfile, CallError> {
        Err(cannot("show the business profile"))
    }
    /// Changes what is given; `picture` is what [`Administration::upload_picture`] gave.
    async fn change_profile(&self, change: &ProfileChange, picture: Option<&str>) -> Result<(), CallError> {
        let _ = (change, picture);
        Err(cannot("change the business profile"))
    }
    /// Hands a picture over, and gives the handle that a profile names it by. Changes nothing by itself.
    async fn upload_picture(&self, bytes: Vec<u8>, mime: &str) -> Result<String, CallError> {
        let _ = (bytes, mime);
        Err(cannot("take a picture for the business profile"))
    }
    /// A part of the block list.
    async fn blocked(&self, after: Option<&str>) -> Result<BlockedPage, CallError> {
        let _ = after;
        Err(cannot("show the block list"))
    }
    /// Blocks people: what came of it is told for each.
    async fn block(&self, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
        let _ = whom;
        Err(cannot("block people"))
    }
    /// Unblocks people: what came of it is told for each.
    async fn unblock(&self, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
        let _ = whom;
        Err(cannot("unblock people"))
    }
    /// Ice breakers and commands.
    async fn components(&self) -> Result<Components, CallError> {
        Err(cannot("show ice breakers and commands"))
    }
    /// Sets ice breakers and commands; what is not in them is gone.
    async fn set_components(&self, components: &Components) -> Result<(), CallError> {
        let _ = components;
        Err(cannot("change ice breakers and commands"))
    }
    /// All short links.
    async fn links(&self) -> Result<Vec<ShortLink>, CallError> {
        Err(cannot("show short links"))
    }
    /// Makes a short link, with a picture of it.
    async fn create_link(&self, text: &str) -> Result<ShortLink, CallError> {
        let _ = text;
        Err(cannot("make short links"))
    }
    /// Another text for a short link.
    async fn change_link(&self, code: &str, text: &str) -> Result<ShortLink, CallError> {
        let _ = (code, text);
        Err(cannot("change short links"))
    }
    /// Deletes a short link: whoever has it gets nowhere.
    async fn delete_link(&self, code: &str) -> Result<(), CallError> {
        let _ = code;
        Err(cannot("delete short links"))
    }
    /// How the number stands: name, verification, health.
    async fn standing(&self) -> Result<Standing, CallError> {
        Err(cannot("tell how the number stands"))
    }
    /// Makes the number ready to send and to receive here.
    async fn register(&self, pin: &str) -> Result<(), CallError> {
        let _ = pin;
        Err(cannot("register the number"))
    }
    /// Takes the number out of use here.
    async fn deregister(&self) -> Result<(), CallError> {
        Err(cannot("take the number out of use"))
    }
    /// Sets the PIN of the two-step verification.
    async fn set_pin(&self, pin: &str) -> Result<(), CallError> {
        let _ = pin;
        Err(cannot("set the PIN"))
    }
    /// Has a code sent to the number, in a language such as `en_US`.
    async fn request_code(&self, by: CodeBy, language: &str) -> Result<(), CallError> {
        let _ = (by, language);
        Err(cannot("have a code sent"))
    }
    /// Shows with the code that the number is ours.
    async fn verify_code(&self, code: &str) -> Result<(), CallError> {
        let _ = code;
        Err(cannot("verify the number"))
    }
}
