//! What differs between two texts, line by line, as `diff -u` shows it.

/// Lines around a change that are shown.
const AROUND: usize = 3;

/// One line of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The shortest way from one list of lines to the other.
fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let (n, m) = (old.len(), new.len());
    // Longest common rest, for every pair of places. Templates are short.
    let mut rest = vec![vec![0_u32; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            rest[i][j] =
                if old[i] == new[j] { rest[i + 1][j + 1] + 1 } else { rest[i + 1][j].max(rest[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::with_capacity(n.max(m));
    while i < n || j < m {
        if i < n && j < m && old[i] == new[j] {
            out.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == m || (i < n && rest[i + 1][j] >= rest[i][j + 1]) {
            out.push(Line::Gone(old[i]));
            i += 1;
        } else {
            out.push(Line::New(new[j]));
            j += 1;
        }
    }
    out
}

/// The difference as lines with `-`, `+` or a space before them, in pieces with `@@`; nothing when there is none.
pub(super) fn unified(old: &str, new: &str) -> Vec<String> {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let all = compare(&a, &b);
    let changed: Vec<usize> = (0..all.len()).filter(|i| !matches!(all[*i], Line::Same(_))).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(first) = changed.get(at) {
        let start = first.saturating_sub(AROUND);
        let mut last = *first;
        while let Some(next) = changed.get(at + 1).filter(|n| **n <= last + 2 * AROUND) {
            last = *next;
            at += 1;
        }
        at += 1;
        let end = (last + AROUND + 1).min(all.len());
        let count = |lines: &[Line], new: bool| {
            lines
                .iter()
                .filter(|l| !matches!((l, new), (Line::Gone(_), true) | (Line::New(_), false)))
                .count()
        };
        let (before, here) = (&all[..start], &all[start..end]);
        let place = |new: bool| {
            let n = count(here, new);
            let from = count(before, new) + usize::from(n > 0);
            format!("{from},{n}")
        };
        out.push(format!("@@ -{} +{} @@", place(false), place(true)));
        out.extend(here.iter().map(|l| match l {
            Line::Same(t) => format!(" {t}"),
            Line::Gone(t) => format!("-{t}"),
            Line::New(t) => format!("+{t}"),
        }));
    }
    out
}

/// A line in its colour.
pub(super) fn coloured(line: &str) -> String {
    let code = match line.as_bytes().first() {
        _ if line.starts_with("---") || line.starts_with("+++") => "1",
        Some(b'-') => "31",
        Some(b'+') => "32",
        Some(b'@') => "36",
        _ => return line.to_owned(),
    };
    format!("\u{1b}[{code}m{line}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_diff_u_shows_it() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n";
        assert!(unified(old, old).is_empty());
        assert_eq!(
            unified(old, "a\nb\nc\nd\nE\nf\ng\nh\ni\nj\nk\n"),
            ["@@ -2,7 +2,7 @@", " b", " c", " d", "-e", "+E", " f", " g", " h"]
        );
        let two = unified(old, "A\nb\nc\nd\ne\nf\ng\nh\ni\nj\nK\n");
        assert_eq!(two.iter().filter(|l| l.starts_with("@@")).count(), 2, "{two:?}");
        assert_eq!(unified("", "a\nb\n"), ["@@ -0,0 +1,2 @@", "+a", "+b"]);
        assert_eq!(unified("a\n", ""), ["@@ -1,1 +0,0 @@", "-a"]);
        assert_eq!(coloured("-x"), "\u{1b}[31m-x\u{1b}[0m");
        assert_eq!(coloured(" x"), " x");
    }
}
