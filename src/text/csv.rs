//! Cells of a table that a spreadsheet opens.

use std::borrow::Cow;

/// A cell of a CSV file. What a spreadsheet would take for a formula gets an apostrophe before it: such files are full
/// of what strangers wrote. A plain number stays one.
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    let first = text.trim_start().chars().next();
    let formula = matches!(first, Some('=' | '+' | '-' | '@')) || text.starts_with(['\t', '\r', '\n']);
    let formula = formula && text.parse::<f64>().is_err();
    let quoted = text.contains([',', '"', '\n', '\r', ';', '\t']);
    if !formula && !quoted {
        return Cow::Borrowed(text);
    }
    let mark = if formula { "'" } else { "" };
    if quoted {
        Cow::Owned(format!("\"{mark}{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Owned(format!("{mark}{text}"))
    }
}

/// A line of cells.
#[must_use]
pub fn line<S: AsRef<str>>(cells: &[S]) -> String {
    let mut out = String::new();
    for (i, c) in cells.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&cell(c.as_ref()));
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts_and_texts_stay_whole() {
        assert_eq!(cell("Marta"), "Marta");
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("@SUM(1)"), "'@SUM(1)");
        assert_eq!(cell(" +49 151"), "' +49 151");
        assert_eq!(cell("-cmd|' /C calc'!A0"), "'-cmd|' /C calc'!A0");
        assert_eq!(cell("\t=1"), "\"'\t=1\"");
        assert_eq!(cell("-12.5"), "-12.5");
        assert_eq!(line(&["a", "b,c", "d\"e\nf"]), "a,\"b,c\",\"d\"\"e\nf\"\r\n");
    }
}
