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

    proptest::proptest! {
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
