//! Models: templates that most businesses need, ready to be handed in, in several languages.
//!
//! They are files of `assets/templates`, read as any other template's file. Those that carry a document come without its
//! sample, which has to be handed to the provider first: [`SAMPLE`] serves for all. Pure.

use super::definition::Definition;
use super::files::{self, FileFormat};
use std::sync::LazyLock;

/// A document that shows reviewers where the document will stand.
pub const SAMPLE: &[u8] = include_bytes!("../../../assets/templates/sample.pdf");
/// What [`SAMPLE`] is called.
pub const SAMPLE_NAME: &str = "sample.pdf";
/// What [`SAMPLE`] is.
pub const SAMPLE_TYPE: &str = "application/pdf";

macro_rules! texts {
    ($($name:literal: $($language:literal)*;)*) => {
        &[$($(($name, $language, include_str!(
            concat!("../../../assets/templates/", $name, ".", $language, ".toml")
        )),)*)*]
    };
}

/// Name, language and text of each file.
const FILES: &[(&str, &str, &str)] = texts! {
    "proposal": "en" "es" "pt_BR" "de" "fr" "ro";
    "invoice": "en" "es" "pt_BR" "de" "fr" "ro";
    "proforma": "en" "es" "pt_BR" "de" "fr" "ro";
    "storno": "en" "es" "pt_BR" "de" "fr" "ro";
    "estimate": "en" "es" "pt_BR" "de" "fr" "ro";
    "order_update": "en" "es" "pt_BR" "de" "fr" "ro";
    "appointment_reminder": "en" "es" "pt_BR" "de" "fr" "ro";
    "delivery_update": "en" "es" "pt_BR" "de" "fr" "ro";
    "login_code": "en" "es" "pt_BR" "de" "fr" "ro";
};

// A file that cannot be read is left out: a test reads them all.
static MODELS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    let read = |(_, _, text): &(&str, &str, &str)| files::read(text, FileFormat::Toml).ok();
    FILES.iter().filter_map(read).map(|file| file.definition).collect()
});

/// All models, by name and language.
#[must_use]
pub fn all() -> &'static [Definition] {
    &MODELS
}

/// A model in a language. A country's own form of a language (`es_MX`) is served by the language's, and the other way round.
#[must_use]
pub fn find(name: &str, language: &str) -> Option<Definition> {
    let of_name = || all().iter().filter(|d| d.name == name);
    let stem = |code: &str| code.split('_').next().unwrap_or_default().to_owned();
    let found = of_name()
        .find(|d| d.language == language)
        .or_else(|| of_name().find(|d| stem(&d.language) == stem(language)))?;
    Some(found.in_language(language))
}

/// The languages that a model is written in.
#[must_use]
pub fn languages(name: &str) -> Vec<&'static str> {
    all().iter().filter(|d| d.name == name).map(|d| d.language.as_str()).collect()
}

/// The names of the models.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = all().iter().map(|d| d.name.as_str()).collect();
    names.dedup();
    names
}

/// Whether its header needs a sample before it can be handed in.
#[must_use]
pub fn needs_sample(d: &Definition) -> bool {
    d.header
        .as_ref()
        .is_some_and(|h| h.sample.is_empty() && matches!(h.format.as_str(), "image" | "video" | "document"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::lint::{is_clean, lint};
    use crate::model::template::local::USUAL_ACTIONS;

    #[test]
    fn every_model_is_read_and_written_as_it_stands() {
        for (name, language, text) in FILES {
            let file =
                files::read(text, FileFormat::Toml).unwrap_or_else(|e| panic!("{name}.{language}: {e:?}"));
            let d = file.definition;
            assert_eq!((d.name.as_str(), d.language.as_str()), (*name, *language));
            assert_eq!(files::write(&d, FileFormat::Toml), *text, "{name}.{language}");
        }
        assert_eq!(all().len(), FILES.len());
        assert_eq!(names().len(), USUAL_ACTIONS.len());
    }

    #[test]
    fn every_model_keeps_the_rules_in_every_language() {
        for d in all() {
            let mut d = d.clone();
            if needs_sample(&d)
                && let Some(h) = &mut d.header
            {
                "4::c2FtcGxl".clone_into(&mut h.sample);
            }
            let found = lint(&d);
            assert!(is_clean(&found), "{} {}: {found:?}", d.name, d.language);
        }
        for name in names() {
            assert_eq!(languages(name), ["en", "es", "pt_BR", "de", "fr", "ro"], "{name}");
            let variables = |d: &Definition| d.body.examples.keys().cloned().collect::<Vec<_>>();
            let english = find(name, "en").unwrap();
            for language in languages(name) {
                let d = find(name, language).unwrap();
                assert_eq!(variables(&d), variables(&english), "{name} {language}: one mapping fits all");
                assert_eq!(d.buttons.len(), english.buttons.len(), "{name} {language}");
            }
        }
    }

    #[test]
    fn a_country_is_served_by_its_language() {
        assert_eq!(find("invoice", "es_MX").unwrap().language, "es_MX");
        assert_eq!(find("invoice", "es_MX").unwrap().body, find("invoice", "es").unwrap().body);
        assert_eq!(find("invoice", "pt_PT").unwrap().body, find("invoice", "pt_BR").unwrap().body);
        assert_eq!(find("invoice", "ja"), None);
        assert_eq!(find("nothing", "en"), None);
        assert!(SAMPLE.starts_with(b"%PDF-"));
    }
}
