//! Aligned text: columns measured in cells, one of them gives way when the terminal is narrow.

use crate::text::{sanitize, truncate, width};
use std::io::{self, Write};

/// Cells between two columns.
const GAP: usize = 2;
/// The narrowest a flexible column gets.
const FLEX_MIN: usize = 8;

/// A table. Every cell is made safe for a terminal when it is added.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    right: Vec<bool>,
    flexible: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Column titles (a title that starts with `>` is a column of numbers) and which column gives way.
    #[must_use]
    pub fn new(head: &[&'static str], flexible: usize) -> Self {
        Self {
            right: head.iter().map(|h| h.starts_with('>')).collect(),
            head: head.iter().map(|h| h.trim_start_matches('>')).collect(),
            flexible,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|c| sanitize(c.as_ref()).trim().to_owned()).collect());
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table; lines longer than `limit` cells are avoided by cutting the flexible column.
    pub fn write(&self, out: &mut dyn Write, limit: Option<usize>, color: bool) -> io::Result<()> {
        let mut widths: Vec<usize> = self.head.iter().map(|h| width(h)).collect();
        for row in &self.rows {
            for (w, cell) in widths.iter_mut().zip(row) {
                *w = (*w).max(width(cell));
            }
        }
        if let Some(limit) = limit {
            let total: usize = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
            if let Some(w) = widths.get_mut(self.flexible) {
                *w = w.saturating_sub(total.saturating_sub(limit)).max(FLEX_MIN);
            }
        }
        let head: Vec<String> = self.head.iter().map(|h| h.to_uppercase()).collect();
        if color {
            write!(out, "\u{1b}[1m")?;
        }
        let line = self.line(&head, &widths, limit);
        write!(out, "{line}")?;
        if color {
            write!(out, "\u{1b}[0m")?;
        }
        writeln!(out)?;
        for row in &self.rows {
            writeln!(out, "{}", self.line(row, &widths, limit))?;
        }
        Ok(())
    }

    fn line(&self, cells: &[String], widths: &[usize], limit: Option<usize>) -> String {
        let mut line = String::new();
        for (i, (cell, w)) in cells.iter().zip(widths).enumerate() {
            let shown = truncate(cell, *w);
            let pad = " ".repeat(w.saturating_sub(width(&shown)));
            if i > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            if self.right.get(i) == Some(&true) {
                line.push_str(&pad);
                line.push_str(&shown);
            } else {
                line.push_str(&shown);
                line.push_str(&pad);
            }
        }
        let line = line.trim_end();
        limit.map_or_else(|| line.to_owned(), |limit| truncate(line, limit).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &Table, limit: Option<usize>) -> String {
        let mut out = Vec::new();
        t.write(&mut out, limit, false).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn sample() -> Table {
        let mut t = Table::new(&["title", ">unread", "text"], 2);
        t.row(["王小明", "12", "hello\u{1b}[2J\nsecond line that is long"]);
        t.row(["Ana", "1", "x"]);
        t
    }

    #[test]
    fn columns_are_aligned_by_cells_and_safe() {
        assert_eq!(
            text(&sample(), None),
            "TITLE   UNREAD  TEXT\n\
             王小明      12  hello[2J second line that is long\n\
             Ana          1  x\n"
        );
    }

    #[test]
    fn a_narrow_terminal_cuts_the_flexible_column() {
        for limit in [12, 20, 30, 40] {
            for line in text(&sample(), Some(limit)).lines() {
                assert!(width(line) <= limit, "{limit}: {line:?}");
            }
        }
        assert!(text(&sample(), Some(30)).contains("hello[2J seco…"), "{}", text(&sample(), Some(30)));
    }
}
