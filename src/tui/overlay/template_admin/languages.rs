//! Languages of templates by name.

/// Languages by the first part of their code.
const LANGUAGES: &[(&str, &str)] = &[
    ("af", "Afrikaans"),
    ("ar", "Arabic"),
    ("az", "Azerbaijani"),
    ("be", "Belarusian"),
    ("bg", "Bulgarian"),
    ("bn", "Bengali"),
    ("ca", "Catalan"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("es", "Spanish"),
    ("et", "Estonian"),
    ("fa", "Persian"),
    ("fi", "Finnish"),
    ("fil", "Filipino"),
    ("fr", "French"),
    ("ga", "Irish"),
    ("gu", "Gujarati"),
    ("ha", "Hausa"),
    ("he", "Hebrew"),
    ("hi", "Hindi"),
    ("hr", "Croatian"),
    ("hu", "Hungarian"),
    ("id", "Indonesian"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ka", "Georgian"),
    ("kk", "Kazakh"),
    ("kn", "Kannada"),
    ("ko", "Korean"),
    ("ky", "Kyrgyz"),
    ("lo", "Lao"),
    ("lt", "Lithuanian"),
    ("lv", "Latvian"),
    ("mk", "Macedonian"),
    ("ml", "Malayalam"),
    ("mr", "Marathi"),
    ("ms", "Malay"),
    ("nb", "Norwegian"),
    ("nl", "Dutch"),
    ("pa", "Punjabi"),
    ("pl", "Polish"),
    ("prs", "Dari"),
    ("ps", "Pashto"),
    ("pt", "Portuguese"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("rw", "Kinyarwanda"),
    ("si", "Sinhala"),
    ("sk", "Slovak"),
    ("sl", "Slovenian"),
    ("sq", "Albanian"),
    ("sr", "Serbian"),
    ("sv", "Swedish"),
    ("sw", "Swahili"),
    ("ta", "Tamil"),
    ("te", "Telugu"),
    ("th", "Thai"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("ur", "Urdu"),
    ("uz", "Uzbek"),
    ("vi", "Vietnamese"),
    ("zh", "Chinese"),
    ("zu", "Zulu"),
];

/// Countries by the second part of a code.
const COUNTRIES: &[(&str, &str)] = &[
    ("AE", "United Arab Emirates"),
    ("AF", "Afghanistan"),
    ("AR", "Argentina"),
    ("AT", "Austria"),
    ("AU", "Australia"),
    ("BE", "Belgium"),
    ("BR", "Brazil"),
    ("BY", "Belarus"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("CI", "Ivory Coast"),
    ("CL", "Chile"),
    ("CN", "China"),
    ("CO", "Colombia"),
    ("CR", "Costa Rica"),
    ("DO", "Dominican Republic"),
    ("EC", "Ecuador"),
    ("EG", "Egypt"),
    ("ES", "Spain"),
    ("GB", "United Kingdom"),
    ("GH", "Ghana"),
    ("HK", "Hong Kong"),
    ("HN", "Honduras"),
    ("IE", "Ireland"),
    ("IN", "India"),
    ("JM", "Jamaica"),
    ("KG", "Kyrgyzstan"),
    ("LB", "Lebanon"),
    ("LK", "Sri Lanka"),
    ("MA", "Morocco"),
    ("MX", "Mexico"),
    ("MY", "Malaysia"),
    ("NZ", "New Zealand"),
    ("PA", "Panama"),
    ("PE", "Peru"),
    ("PT", "Portugal"),
    ("QA", "Qatar"),
    ("RW", "Rwanda"),
    ("SG", "Singapore"),
    ("TW", "Taiwan"),
    ("UG", "Uganda"),
    ("US", "United States"),
    ("UY", "Uruguay"),
    ("ZA", "South Africa"),
];

fn find(list: &[(&str, &'static str)], code: &str) -> Option<&'static str> {
    list.iter().find(|(c, _)| *c == code).map(|(_, name)| *name)
}

/// A language's name for people (`Portuguese, Brazil`); empty when it is not known here.
#[must_use]
pub fn name(code: &str) -> String {
    let (language, country) = code.split_once('_').map_or((code, None), |(l, c)| (l, Some(c)));
    let Some(language) = find(LANGUAGES, language) else { return String::new() };
    match country.map(|c| find(COUNTRIES, c).unwrap_or(c)) {
        Some(country) => format!("{language}, {country}"),
        None => language.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::lint::LANGUAGES as CODES;

    #[test]
    fn every_language_of_the_provider_has_a_name() {
        for code in CODES {
            let name = name(code);
            assert!(!name.is_empty(), "{code}");
            let country = code.split_once('_').map(|(_, c)| c);
            assert!(country.is_none_or(|c| !name.ends_with(c)), "{code}: {name}");
        }
        assert_eq!(name("pt_BR"), "Portuguese, Brazil");
        assert_eq!(name("xx"), "");
    }
}
