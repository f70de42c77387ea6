//! Forms of one phone number: which other digits may name the same line.
//!
//! Three countries changed how mobile numbers are written, and WhatsApp knows some people under the old form and
//! some under the new one. The forms here are for finding a contact only. They are never stored and never sent to:
//! both happen with the digits that the provider gave.

/// Another way to write a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Digits with the country code.
    pub digits: String,
    /// Whether both forms can only be the same line. Where not, the other form may be somebody else's landline, so
    /// it is good for a search by a person and not for joining anything by itself.
    pub sure: bool,
}

fn sure(digits: String) -> Variant {
    Variant { digits, sure: true }
}

/// Other forms of a number given in digits with its country code. Empty for all that is not a phone number, such as
/// a user id.
///
/// * Brazil: mobile numbers of before 2016 have eight digits or a 9 before them. Only old mobile ranges (6 to 9)
///   are taken: eight digits that begin with 2 to 5 are a landline, and a 9 before them is another line.
/// * Mexico: a 1 after the country code, in use until 2019, says nothing else than that it is a mobile phone.
/// * Argentina: a 9 after the country code makes a mobile number. Without it the same digits may be a landline of
///   somebody else, so these forms are never sure.
#[must_use]
pub fn variants(digits: &str) -> Vec<Variant> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) || digits.len() < 2 {
        return Vec::new();
    }
    let (country, rest) = digits.split_at(2);
    let n = rest.len();
    let mobile = |b: Option<&u8>| matches!(b, Some(b'6'..=b'9'));
    match country {
        "55" if n == 11 && rest.as_bytes()[2] == b'9' && mobile(rest.as_bytes().get(3)) => {
            vec![sure(format!("55{}{}", &rest[..2], &rest[3..]))]
        }
        "55" if n == 10 && mobile(rest.as_bytes().get(2)) => {
            vec![sure(format!("55{}9{}", &rest[..2], &rest[2..]))]
        }
        "52" if n == 11 && rest.starts_with('1') && !rest[1..].starts_with(['0', '1']) => {
            vec![sure(format!("52{}", &rest[1..]))]
        }
        "52" if n == 10 && !rest.starts_with(['0', '1']) => vec![sure(format!("521{rest}"))],
        "54" if n == 11 && rest.starts_with('9') && !rest[1..].starts_with(['0', '9']) => {
            vec![Variant { digits: format!("54{}", &rest[1..]), sure: false }]
        }
        "54" if n == 10 && !rest.starts_with(['0', '9']) => {
            vec![Variant { digits: format!("549{rest}"), sure: false }]
        }
        _ => Vec::new(),
    }
}

/// Whether two numbers are surely the same line.
#[must_use]
pub fn same_line(a: &str, b: &str) -> bool {
    a == b || variants(a).iter().any(|v| v.sure && v.digits == b)
}

/// The digits of a text that a person wrote as a phone number; `None` when it is none.
#[must_use]
pub fn typed(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let fits = digits.len() >= 7 && text.chars().all(|c| c.is_ascii_digit() || "+ -().\u{a0}".contains(c));
    fits.then_some(digits)
}

/// The digits of a text, whatever else is in it.
#[must_use]
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// What a person meant by a number that nobody has written to yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// These digits, with the country code as it was typed.
    Whole(String),
    /// These digits: the country prefix was put before what was typed.
    Prefixed(String),
}

impl Meant {
    /// The digits with their country code.
    #[must_use]
    pub fn digits(&self) -> &str {
        match self {
            Self::Whole(d) | Self::Prefixed(d) => d,
        }
    }
}

/// Countries where a 0 at the beginning is a part of the number also from abroad.
const KEEP_ZERO: &[&str] = &["39", "378", "225", "229", "242"];

/// What stands before a number at home and is left out from abroad.
fn trunk(prefix: &str) -> &'static str {
    match prefix {
        p if KEEP_ZERO.contains(&p) => "",
        "7" => "8",
        "36" => "06",
        "1" => "1",
        _ => "0",
    }
}

/// The most digits that a number has at home, where that is known: longer ones have their country code already.
fn longest(prefix: &str) -> usize {
    match prefix {
        "65" | "45" | "47" | "852" | "853" | "506" | "507" | "503" | "504" | "502" | "505" => 8,
        "30" | "44" | "1" | "7" | "52" | "57" | "58" | "91" | "98" | "90" | "92" | "20" | "234" | "81"
        | "82" | "225" | "229" | "60" | "63" => 10,
        "55" | "54" | "49" | "39" | "86" => 11,
        "62" | "43" => 12,
        p if p.len() == 4 => 7,
        _ => 9,
    }
}

/// Reads a number that a person typed for somebody new: with `+` or `00` it is whole; without, the account's country
/// prefix (digits, empty for none) goes before it, and the 0 of calls at home goes away where the country does so.
///
/// Only for what a person types. An id that the provider gave is used as it is.
///
/// # Errors
/// Why it is no number, in words that follow it.
pub fn international(text: &str, prefix: &str) -> Result<Meant, &'static str> {
    let text = text.trim();
    let odd = |c: char| {
        !(c.is_ascii_digit()
            || c.is_whitespace()
            || "+-().,/\u{a0}\u{202f}\u{2010}\u{2011}\u{2013}".contains(c))
    };
    if text.is_empty()
        || text.contains(odd)
        || text.rfind('+').is_some_and(|at| at > 0 && !text.starts_with("(+"))
    {
        return Err("is no phone number");
    }
    let all = digits(text);
    let checked = |d: String, meant: fn(String) -> Meant| match d.len() {
        _ if d.starts_with('0') => Err("has to begin with a country code after the +"),
        ..8 => Err("is too short for a number with its country code"),
        16.. => Err("is longer than any phone number"),
        _ => Ok(meant(d)),
    };
    // A 0 in brackets is for calls at home: +44 (0) 20 7946 0958.
    let without_zero = || digits(&text.replacen("(0)", "", 1));
    if text.starts_with('+') || text.starts_with("(+") {
        return checked(without_zero(), Meant::Whole);
    }
    if let Some(rest) = without_zero().strip_prefix("00") {
        return checked(rest.to_owned(), Meant::Whole);
    }
    if prefix.is_empty() {
        return Err(
            "has no country code: write it with + (+351 912 345 678), or set a prefix for the account",
        );
    }
    if all.starts_with(prefix) && all.len() > longest(prefix).max(prefix.len() + 6) {
        return checked(all, Meant::Whole);
    }
    let trunk = trunk(prefix);
    let home = if trunk.is_empty() { &all } else { all.strip_prefix(trunk).unwrap_or(&all) };
    if home.len() < 6 || home.len() > longest(prefix).max(9) + 2 {
        return Err("is no number of the account's country: write it with + and its country code");
    }
    checked(format!("{prefix}{home}"), Meant::Prefixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(digits: &str) -> Vec<(String, bool)> {
        variants(digits).into_iter().map(|v| (v.digits, v.sure)).collect()
    }

    #[test]
    fn brazil_has_old_mobiles_with_and_without_the_ninth_digit() {
        assert_eq!(forms("5511988881234"), [("551188881234".to_owned(), true)]);
        assert_eq!(forms("551188881234"), [("5511988881234".to_owned(), true)]);
        assert!(same_line("5511988881234", "551188881234"));
        // A landline has no mobile form, and a new mobile number has no old one: that would be a landline.
        assert_eq!(forms("551133334444"), []);
        assert_eq!(forms("5511945678901"), []);
    }

    #[test]
    fn mexico_has_mobiles_with_and_without_the_one() {
        assert_eq!(forms("5215512345678"), [("525512345678".to_owned(), true)]);
        assert_eq!(forms("525512345678"), [("5215512345678".to_owned(), true)]);
    }

    #[test]
    fn argentina_without_the_nine_may_be_a_landline() {
        assert_eq!(forms("5491123456789"), [("541123456789".to_owned(), false)]);
        assert_eq!(forms("541123456789"), [("5491123456789".to_owned(), false)]);
        assert!(!same_line("541123456789", "5491123456789"));
    }

    #[test]
    fn everything_else_has_one_form_and_user_ids_have_none() {
        for other in
            ["447700900123", "15550102030", "55", "5", "", "BR.5511988881234", "55119888812345", "4911"]
        {
            assert_eq!(forms(other), [], "{other}");
        }
        assert_eq!(typed("+55 (11) 98888-1234").as_deref(), Some("5511988881234"));
        assert_eq!(typed("BR.5511988881234"), None);
        assert_eq!(typed("123"), None);
    }

    #[test]
    fn a_number_with_its_country_code_stays_as_it_was_typed() {
        for (typed, digits) in [
            ("+55 (11) 98888-1234", "5511988881234"),
            ("00351 912 345 678", "351912345678"),
            ("+44 (0) 20 7946 0958", "442079460958"),
            ("(+49) 151/23456789", "4915123456789"),
            ("  +1.555.010.2030 ", "15550102030"),
            ("+39 06 6982 1234", "390669821234"),
        ] {
            for prefix in ["", "351", "55"] {
                assert_eq!(international(typed, prefix), Ok(Meant::Whole(digits.into())), "{typed} {prefix}");
            }
        }
    }

    #[test]
    fn the_prefix_goes_before_a_number_without_one_and_the_zero_of_home_goes() {
        for (typed, prefix, digits) in [
            ("912 345 678", "351", "351912345678"),
            ("0151 23456789", "49", "4915123456789"),
            ("020 7946 0958", "44", "442079460958"),
            ("069 123 4567", "355", "355691234567"),
            ("06 6982 1234", "39", "390669821234"),
            ("07 07 12 34 56", "225", "2250707123456"),
            ("8 912 345 67 89", "7", "79123456789"),
            ("06 30 123 4567", "36", "36301234567"),
            ("1 555 010 2030", "1", "15550102030"),
            ("(555) 010-2030", "1", "15550102030"),
            // An area code that looks like the country code.
            ("55 99123 4567", "55", "5555991234567"),
            ("(0) 11 98888-1234", "55", "5511988881234"),
        ] {
            let meant = international(typed, prefix).unwrap_or_else(|e| panic!("{typed}: {e}"));
            assert_eq!(meant.digits(), digits, "{typed} with +{prefix}");
        }
        assert_eq!(international("0912 345 678", "351").unwrap(), Meant::Prefixed("351912345678".into()));
    }

    #[test]
    fn a_number_that_has_the_country_code_without_a_plus_gets_no_second_one() {
        for (typed, prefix) in [
            ("351912345678", "351"),
            ("5511988881234", "55"),
            ("551188881234", "55"),
            ("4915123456789", "49"),
            ("442079460958", "44"),
            ("15550102030", "1"),
        ] {
            assert_eq!(international(typed, prefix).unwrap().digits(), typed, "{typed} with +{prefix}");
        }
    }

    #[test]
    fn what_is_no_number_is_said_to_be_none() {
        for (typed, prefix, words) in [
            ("912345678", "", "no country code"),
            ("Ana", "351", "no phone number"),
            ("", "351", "no phone number"),
            ("91+2345678", "351", "no phone number"),
            ("+1234", "", "too short"),
            ("+0912345678", "", "begin with a country code"),
            ("+1234567890123456", "", "longer"),
            ("12", "351", "no number of the account's country"),
            ("9123456789012", "351", "no number of the account's country"),
            ("PT.4711", "351", "no phone number"),
        ] {
            let why = international(typed, prefix).unwrap_err();
            assert!(why.contains(words), "{typed}: {why}");
        }
    }

    proptest::proptest! {
        #[test]
        fn reading_a_number_again_gives_the_same(text in "[+0-9 ()./-]{0,18}", prefix in "(|351|55|39|49|1|7|36)") {
            if let Ok(meant) = international(&text, &prefix) {
                let again = international(&format!("+{}", meant.digits()), &prefix);
                proptest::prop_assert_eq!(again, Ok(Meant::Whole(meant.digits().to_owned())));
            }
        }

        #[test]
        fn a_form_of_a_form_is_the_number_itself(digits in "(55|52|54)[0-9]{8,12}") {
            for v in variants(&digits) {
                proptest::prop_assert_ne!(&v.digits, &digits);
                let back = variants(&v.digits);
                proptest::prop_assert!(back.iter().any(|b| b.digits == digits && b.sure == v.sure), "{:?}", v);
            }
        }
    }
}
