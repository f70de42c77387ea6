//! The templates of an account for who makes them: how the screen opens, and what it leaves to be gone on with.

use super::files::For;
use super::{App, Asked, Effect};
use crate::model::AccountId;
use crate::model::media::StoredFile;
use crate::model::template::definition::Definition;
use crate::protocol::preferences::Preference;
use crate::protocol::templates::TemplateRequest;
use crate::protocol::{Problem, Request};
use crate::tui::overlay::{Delivery, template_admin};
use crate::tui::overlays;

/// What is remembered while the screen runs.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Templates that were begun and not handed in.
    pub begun: Vec<(AccountId, Definition)>,
    /// Whether the provider's samples are listed, where the operator has said.
    pub samples: Option<bool>,
    /// The same by the configuration.
    pub samples_set: bool,
    /// The overlay that gave its text to the editor.
    pub editing: Option<u64>,
}

impl App {
    /// Opens the templates of an account: the named one, the one that is meant here, else the first.
    pub(super) fn open_templates(&mut self, name: &str) {
        let Some(id) = self
            .account_meant(name)
            .or_else(|| self.accounts.first().filter(|_| name.trim().is_empty()))
            .map(|a| a.spec.id.clone())
        else {
            let key = self.key_for("accounts.open");
            return self.say_bad(format!("there is no such account · → {key} lists the accounts"));
        };
        let opened = overlays::template_admin(self, &id);
        self.show_opened(opened);
    }

    /// What was begun of templates, and whether samples are listed.
    pub(crate) fn templates_begun(&self) -> (Vec<(AccountId, Definition)>, bool) {
        (self.admin.begun.clone(), self.admin.samples.unwrap_or(self.admin.samples_set))
    }

    /// Templates of an account changed: who shows them reads them again.
    pub(super) fn templates_moved(&mut self, account: &AccountId) {
        let open: Vec<u64> = self
            .overlays
            .iter()
            .filter(|o| o.overlay.name() == template_admin::NAME)
            .map(|o| o.serial)
            .collect();
        for serial in open {
            self.deliver_to(serial, Delivery::TemplatesMoved(account.clone()));
        }
    }

    /// Keeps what was begun of a template, or forgets it.
    pub(super) fn keep_template(
        &mut self,
        account: AccountId,
        of: &Definition,
        kept: Option<Box<Definition>>,
    ) {
        self.admin.begun.retain(|(a, d)| *a != account || d.name != of.name || d.language != of.language);
        self.admin.begun.extend(kept.map(|d| (account, *d)));
    }

    /// Lists samples among the templates, or not; on every screen of this operator.
    pub(super) fn show_samples(&mut self, on: bool) {
        self.admin.samples = Some(on);
        let value = if on { SHOWN } else { HIDDEN };
        let preference = Preference { key: SAMPLES.into(), value: value.into() };
        self.ask(Request::SetPreference { preference }, Asked::Quiet);
    }

    /// What is set about samples, as the engine has it.
    pub(super) fn samples_came(&mut self, all: &[Preference]) {
        self.admin.samples = all.iter().find(|p| p.key == SAMPLES).map(|p| p.value == SHOWN);
    }

    /// Hands the sample of a template's header over, to the engine and then to the provider.
    pub(super) fn hand_sample_over(&mut self, serial: u64, path: String, account: AccountId) {
        self.hand_over(serial, path, "header.sample", For::Sample(serial, account));
    }

    /// Hands the file of a template's header over, then sends the template with it.
    pub(super) fn hand_header_over(&mut self, serial: u64, path: String, request: Box<Request>) {
        self.hand_over(serial, path, "header.link", For::Header(serial, request));
    }

    fn hand_over(&mut self, serial: u64, path: String, field: &str, whom: For) {
        if self.shell {
            self.read_for(path, whom);
        } else {
            let why = "files are switched off here (`shell = false` in the configuration)";
            self.file_refused(serial, field, why);
        }
    }

    pub(super) fn sample_kept(&mut self, serial: u64, account: AccountId, file: StoredFile) {
        let act = Box::new(TemplateRequest::Sample { account, file });
        self.ask(Request::Template { act }, Asked::Overlay { serial, search: String::new() });
    }

    pub(super) fn header_kept(&mut self, serial: u64, mut request: Request, kept: StoredFile) {
        if let Request::SendTemplate { file, .. } = &mut request {
            *file = Some(Box::new(kept));
        }
        self.ask(request, Asked::Overlay { serial, search: String::new() });
    }

    /// A file that an overlay waits for cannot be handed over.
    pub(super) fn file_refused(&mut self, serial: u64, field: &str, why: &str) {
        let problem = Problem::new("field", format!("the file: {why}")).next("name another file");
        self.deliver_to(serial, Delivery::Problem(Problem { field: Some(field.into()), ..problem }));
    }

    /// Lets the operator's editor have the text of an overlay.
    pub(super) fn edit_for(&mut self, serial: u64, text: String, name: &'static str) {
        if !self.shell {
            let why = "programs are switched off here (`shell = false` in the configuration)";
            return self.deliver_to(serial, Delivery::Edited(Err(why.into())));
        }
        self.admin.editing = Some(serial);
        self.effects.push(Effect::Edit { text, name });
    }

    /// The editor has ended. Says whether its text was an overlay's.
    pub(super) fn edited_for_overlay(&mut self, result: &Result<Option<String>, String>) -> bool {
        let Some(serial) = self.admin.editing.take() else { return false };
        self.damage = super::Damage::ALL;
        self.deliver_to(serial, Delivery::Edited(result.clone()));
        true
    }
}

/// The preference that says whether samples are listed.
const SAMPLES: &str = "templates/samples";
const SHOWN: &str = "shown";
const HIDDEN: &str = "hidden";
