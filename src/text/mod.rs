//! Text for a terminal: made safe, measured in cells, cut and wrapped by graphemes.
//!
//! The one place that knows how wide text is. Strangers write the bodies, names and file names we show, so
//! everything that reaches a terminal goes through [`sanitize`] (one line) or [`sanitize_lines`] first. The
//! store keeps the original.

pub mod csv;
pub mod fold;
pub mod mask;
pub mod past;
pub mod qr;
pub mod query;
pub mod variables;
pub mod when;

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Most characters of one grapheme that are shown. The longest emoji in use have eleven; towers of marks have
/// thousands and overflow the lines above them.
pub const GRAPHEME_CHARS: usize = 16;
/// Most cells of one grapheme. Syllables of Indian scripts take a few; a chain without an end would be wider than
/// any line.
pub const GRAPHEME_CELLS: usize = 8;
/// Ends a grapheme and takes no cell.
const BREAK: char = '\u{200b}';

/// Whether a character must never reach a terminal: C0 and C1 controls, DEL, marks, overrides and isolates of
/// direction, line and paragraph separators, the language tag, what stands for a picture in some terminals, and
/// code points that are not characters.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{200e}' | '\u{200f}' | '\u{061c}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{206a}'..='\u{206f}'
        | '\u{e0001}' | '\u{10eeee}'
        | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Letters for invisible text. Only flags of regions (England, Scotland) are written with them.
#[must_use]
pub fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

/// Whether a character begins a grapheme wherever it stands, or at least ends the run of what may join.
fn begins(c: char) -> bool {
    matches!(c as u32,
        0..0x300 | 0x370..=0x482 | 0x48a..=0x52f | 0x5d0..=0x5ea | 0x620..=0x64a
        | 0x3041..=0x3096 | 0x30a1..=0x30fa | 0x4e00..=0x9fff | 0xac00..=0xd7a3)
}

/// Whether text can be shown as it is: a quick look that may say no for the sake of a longer one.
fn is_plain(s: &str, lines: bool) -> bool {
    let mut run = 0;
    s.chars().all(|c| {
        run = if begins(c) { 0 } else { run + 1 };
        // Each may take two cells.
        run < GRAPHEME_CELLS / 2 && !is_tag(c) && (!is_hostile(c) || lines && c == '\n')
    })
}

/// Cuts graphemes that are longer or wider than anything people write: surplus marks go, chains are divided.
fn bounded(s: String) -> String {
    let fits = |g: &str| g.len() <= 8 || g.chars().count() <= GRAPHEME_CHARS && g.width() <= GRAPHEME_CELLS;
    if s.graphemes(true).all(fits) {
        return s;
    }
    let mut out = String::with_capacity(s.len());
    let mut piece = String::new();
    let mut all = s.graphemes(true).peekable();
    while let Some(g) = all.next() {
        if fits(g) {
            out.push_str(g);
            continue;
        }
        piece.clear();
        let mut n = 0;
        let mut lost = false;
        for c in g.chars() {
            let before = piece.len();
            piece.push(c);
            n += 1;
            if n <= GRAPHEME_CHARS && piece.width() <= GRAPHEME_CELLS {
                continue;
            }
            piece.truncate(before);
            if c.width() == Some(0) {
                n -= 1;
                lost = true;
                continue;
            }
            out.push_str(&piece);
            out.push(BREAK);
            piece.clear();
            piece.push(c);
            n = 1;
        }
        out.push_str(&piece);
        // What kept it apart from the next one may be among what went.
        if lost && let Some(next) = all.peek() {
            let end = piece.len();
            piece.push_str(next);
            if piece.grapheme_indices(true).all(|(at, _)| at != end) {
                out.push(BREAK);
            }
        }
    }
    out
}

fn safe(s: &str, lines: bool) -> Cow<'_, str> {
    if is_plain(s, lines) {
        return Cow::Borrowed(s);
    }
    let mut out = String::with_capacity(s.len());
    let mut flag = false;
    for c in s.chars() {
        match c {
            '\n' | '\u{2028}' | '\u{2029}' if lines => out.push('\n'),
            '\t' if lines => out.push_str("    "),
            '\n' | '\t' | '\u{2028}' | '\u{2029}' if !out.ends_with(' ') => out.push(' '),
            c if is_hostile(c) || is_tag(c) && !flag => continue,
            c => out.push(c),
        }
        flag = c == '\u{1f3f4}' || flag && is_tag(c);
    }
    Cow::Owned(bounded(out))
}

/// One safe line: line breaks and tabs become a space, hostile characters vanish.
#[must_use]
pub fn sanitize(s: &str) -> Cow<'_, str> {
    safe(s, false)
}

/// Safe text that keeps its line breaks (as `\n`); a tab becomes four spaces.
#[must_use]
pub fn sanitize_lines(s: &str) -> Cow<'_, str> {
    safe(s, true)
}

/// Width in cells: what the graphemes take one by one, as the screen places them. (The width of a whole string
/// may be less: it counts ligatures such as the Arabic lam-alef as one.)
#[must_use]
pub fn width(s: &str) -> usize {
    if s.is_ascii() { s.len() } else { s.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Whether a paragraph runs from right to left: by its first letter, as the Unicode bidirectional algorithm has it
/// (rules P2 and P3).
#[must_use]
pub fn is_rtl(s: &str) -> bool {
    let right = |c: char| {
        matches!(u32::from(c),
            0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfefc | 0x1_0800..=0x1_0fff | 0x1_e800..=0x1_efff)
    };
    // Digits and marks say nothing about the direction.
    !s.is_ascii() && s.chars().find(|c| c.is_alphabetic()).is_some_and(right)
}

/// The beginning of a line that fits into `cells`, ending in `…` when something was cut. Never splits a
/// grapheme.
#[must_use]
pub fn truncate(s: &str, cells: usize) -> Cow<'_, str> {
    if width(s) <= cells {
        return Cow::Borrowed(s);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut end = 0;
    for (at, g) in s.grapheme_indices(true) {
        let w = width(g);
        if used + w > cells - 1 {
            break;
        }
        used += w;
        end = at + g.len();
    }
    Cow::Owned(format!("{}…", &s[..end]))
}

/// Wraps safe text to lines of at most `cells` cells: at word bounds where possible, else between graphemes.
/// Returns byte ranges into `s`, without the line breaks; an empty text is one empty line.
#[must_use]
pub fn wrap(s: &str, cells: usize) -> Vec<std::ops::Range<usize>> {
    let cells = cells.max(2);
    let mut out = Vec::new();
    let mut base = 0;
    for paragraph in s.split('\n') {
        wrap_paragraph(paragraph, base, cells, &mut out);
        base += paragraph.len() + 1;
    }
    out
}

/// Whether a piece of text belongs to what stands before it, so that no line begins with it.
fn closes(piece: &str) -> bool {
    piece.chars().all(|c| {
        matches!(
            c,
            '.' | ','
                | ';'
                | ':'
                | '!'
                | '?'
                | ')'
                | ']'
                | '}'
                | '%'
                | '\''
                | '"'
                | '»'
                | '’'
                | '”'
                | '…'
                | '‽'
                | '、'
                | '。'
                | '，'
                | '．'
                | '！'
                | '？'
                | '：'
                | '；'
                | '）'
                | '」'
                | '』'
                | '】'
                | '》'
                | '〉'
                | '〕'
                | 'ー'
                | '،'
                | '؛'
                | '؟'
                | '।'
                | '॥'
        )
    })
}

/// Whether a piece of text belongs to what stands behind it, so that no line ends with it.
fn opens(piece: &str) -> bool {
    piece.chars().all(|c| {
        matches!(
            c,
            '(' | '['
                | '{'
                | '«'
                | '‘'
                | '“'
                | '„'
                | '‚'
                | '¿'
                | '¡'
                | '（'
                | '「'
                | '『'
                | '【'
                | '《'
                | '〈'
                | '〔'
        )
    })
}

/// What is not divided while it fits into a line: words with their punctuation, and runs of spaces.
fn pieces(p: &str, cells: usize) -> Vec<(usize, &str, usize)> {
    let mut out: Vec<(usize, &str, usize)> = Vec::new();
    for (at, word) in p.split_word_bound_indices() {
        let w = width(word);
        if let Some((start, before, used)) = out.last_mut()
            && !before.trim().is_empty()
            && !word.trim().is_empty()
            && *used + w <= cells
            && (closes(word) || opens(before))
        {
            *before = &p[*start..at + word.len()];
            *used += w;
        } else {
            out.push((at, word, w));
        }
    }
    out
}

fn wrap_paragraph(p: &str, base: usize, cells: usize, out: &mut Vec<std::ops::Range<usize>>) {
    if width(p) <= cells {
        out.push(base..base + p.len());
        return;
    }
    let mut start = 0;
    let mut end = 0;
    let mut used = 0;
    for (at, word, w) in pieces(p, cells) {
        if used + w <= cells {
            used += w;
            end = at + word.len();
            continue;
        }
        if word.trim().is_empty() {
            // Spaces at the edge belong to the line they end; they are not shown.
            out.push(base + start..base + end);
            start = at + word.len();
            end = start;
            used = 0;
            continue;
        }
        if w <= cells {
            if end > start {
                let trimmed = p[start..end].trim_end_matches(' ').len();
                out.push(base + start..base + start + trimmed);
            }
            start = at;
            end = at + word.len();
            used = w;
            continue;
        }
        for (g_at, g) in word.grapheme_indices(true) {
            let gw = width(g);
            if used + gw > cells && end > start {
                out.push(base + start..base + end);
                start = at + g_at;
                used = 0;
            }
            used += gw;
            end = at + g_at + g.len();
        }
    }
    if end > start || out.is_empty() {
        out.push(base + start..base + end);
    }
}

#[cfg(test)]
mod qr_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_does_not_join_what_comes_next() {
        // Of two joiners at the end of a long chain the second keeps the next person apart.
        let chain = "👨\u{200d}".repeat(8) + "\u{200d}" + &"👨\u{200d}".repeat(6);
        let once = sanitize(&chain);
        assert_eq!(sanitize(&once), once);
        assert!(once.graphemes(true).all(|g| g.chars().count() <= GRAPHEME_CHARS), "{once:?}");
    }

    #[test]
    fn hostile_characters_never_come_through() {
        for s in [
            "a\u{1b}[31mb",
            "x\u{9b}31m",
            "\u{202e}evil",
            "nul\0",
            "bell\u{7}",
            "a\r\nb",
            "\u{2066}x\u{2069}",
        ] {
            assert!(!sanitize(s).chars().any(is_hostile), "{s:?}");
            assert!(!sanitize_lines(s).chars().any(|c| is_hostile(c) && c != '\n'), "{s:?}");
        }
        assert_eq!(sanitize("a\r\nb"), "a b");
        assert!(matches!(sanitize("plain ü 王小明 안녕 👍🏽"), Cow::Borrowed(_)));
        assert_eq!(sanitize("👨‍👩‍👧"), "👨‍👩‍👧");
    }

    #[test]
    fn towers_of_marks_and_endless_chains_are_cut() {
        let tower = format!("H{}i", "\u{301}".repeat(10_000));
        assert_eq!(sanitize(&tower), format!("H{}i", "\u{301}".repeat(GRAPHEME_CHARS - 1)));
        let family = "👨\u{200d}".repeat(5_000);
        let jamo = "\u{1100}".repeat(500);
        let conjunct = "\u{915}\u{94d}".repeat(500);
        for long in [&family, &jamo, &conjunct] {
            let safe = sanitize(long);
            for g in safe.graphemes(true) {
                assert!(g.chars().count() <= GRAPHEME_CHARS && width(g) <= GRAPHEME_CELLS, "{g:?}");
            }
            assert_eq!(sanitize(&safe), safe);
        }
        // What people write stays as it is.
        for s in ["👩🏿‍❤️‍💋‍👩🏿", "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}!", "क्षत्रिय", "ภาษาไทย", "Ǻ́"]
        {
            assert_eq!(sanitize(s), s);
        }
    }

    #[test]
    fn invisible_letters_vanish() {
        let hidden: String =
            "ignore this".bytes().map(|b| char::from_u32(0xe0000 + u32::from(b)).unwrap()).collect();
        assert_eq!(sanitize(&format!("a{hidden}b")), "ab");
        assert_eq!(sanitize("a\u{e0001}\u{10eeee}\u{1fffe}b"), "ab");
    }

    #[test]
    fn the_first_letter_gives_the_direction() {
        for s in ["مرحبا world", "\"שלום\" Anna", "123 طلب", "(٣) مرحبا", "🌹 سلام"] {
            assert!(is_rtl(s), "{s}");
        }
        for s in ["hello مرحبا", "123", "", "王小明", "+55 11 98888-1234", "¿é? שלום"] {
            assert!(!is_rtl(s), "{s}");
        }
    }

    #[test]
    fn truncating_keeps_graphemes_whole() {
        assert_eq!(truncate("hello", 5), "hello");
        assert_eq!(truncate("hello!", 5), "hell…");
        assert_eq!(truncate("王小明", 4), "王…");
        assert_eq!(truncate("a👨‍👩‍👧b", 2), "a…");
        assert_eq!(truncate("abc", 0), "");
    }

    #[test]
    fn punctuation_stays_with_its_word() {
        let lines =
            |s: &'static str, cells| -> Vec<&str> { wrap(s, cells).into_iter().map(|r| &s[r]).collect() };
        assert_eq!(lines("open from 8 to 18.", 17), ["open from 8 to", "18."]);
        assert_eq!(lines("he said (loudly) no!", 9), ["he said", "(loudly)", "no!"]);
        assert_eq!(lines("ask him: “why?”", 13), ["ask him:", "“why?”"]);
        assert_eq!(lines("请问订单好了吗？谢谢", 14), ["请问订单好了", "吗？谢谢"]);
        // Where it does not fit it goes on, and nothing is lost.
        assert_eq!(lines("abcd!!", 4), ["abcd", "!!"]);
        assert_eq!(lines("((((((((", 3), ["(((", "(((", "(("]);
    }

    #[test]
    fn wrapping_prefers_words_and_loses_nothing_visible() {
        let s = "the quick brown fox jumps over aVeryLongWordThatMustBreak end";
        let lines: Vec<&str> = wrap(s, 10).into_iter().map(|r| &s[r]).collect();
        assert!(lines.iter().all(|l| width(l) <= 10), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), s.replace(' ', ""));
        assert_eq!(lines[0], "the quick");
        assert_eq!(wrap("", 10), vec![0..0]);
        let cjk = "请问这个订单什么时候发货";
        assert!(wrap(cjk, 7).into_iter().all(|r| width(&cjk[r]) <= 7));
        assert_eq!(wrap("a\n\nb", 10).len(), 3);
    }
}
