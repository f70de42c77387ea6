//! A picture of a terminal screen, for the README.

use std::fmt::Write as _;

const CELL: (usize, usize) = (9, 19);
const BACK: &str = "#16181d";
const FRONT: &str = "#d8dee9";
const BASE: [&str; 16] = [
    "#1c1c1c", "#e06c75", "#7fbf7f", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9", "#6b7280",
    "#ff7b86", "#98d98e", "#f2d98b", "#82c4ff", "#d99bf0", "#7fd6e0", "#ffffff",
];

fn color(c: vt100::Color, fallback: &str) -> String {
    match c {
        vt100::Color::Default => fallback.to_owned(),
        vt100::Color::Idx(i @ 0..=15) => BASE[usize::from(i)].to_owned(),
        vt100::Color::Idx(i @ 16..=231) => {
            let n = i - 16;
            let level = |v: u8| if v == 0 { 0 } else { 55 + 40 * u32::from(v) };
            format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        vt100::Color::Idx(i) => {
            let v = 8 + 10 * (u32::from(i) - 232);
            format!("#{v:02x}{v:02x}{v:02x}")
        }
        vt100::Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
    }
}

fn escape(s: &str) -> String {
    s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Which characters may be drawn as one element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Joined(u32),
    Other,
}

fn script(cell: &str) -> Script {
    match cell.chars().next().map_or(' ' as u32, u32::from) {
        0x20..=0x24f | 0x370..=0x52f | 0x2500 => Script::Latin,
        c @ (0x600..=0x6ff | 0x900..=0x97f) => Script::Joined(c >> 8),
        _ => Script::Other,
    }
}

/// The screen as an SVG picture.
pub fn picture(screen: &vt100::Screen) -> String {
    let (rows, cols) = (screen.size().0.get(), screen.size().1.get());
    let (w, h) = (usize::from(cols) * CELL.0 + 24, usize::from(rows) * CELL.1 + 24);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace\" font-size=\"15\">\n\
         <rect width=\"{w}\" height=\"{h}\" rx=\"8\" fill=\"{BACK}\"/>\n"
    );
    for r in 0..rows {
        let y = 12 + usize::from(r) * CELL.1;
        let mut c = 0;
        while c < cols {
            let Some(cell) = screen.cell(r, c) else { break };
            let style =
                |x: &vt100::Cell| (x.fgcolor(), x.bgcolor(), x.bold(), x.dim(), x.underline(), x.inverse());
            let look = style(cell);
            let start = c;
            let mut text = String::new();
            // What is written together is one element, so that letters join; other characters get one each.
            let kind = script(cell.contents());
            while let Some(x) = screen.cell(r, c) {
                let spaces = (c..cols)
                    .take_while(|n| screen.cell(r, *n).is_some_and(|x| x.contents().trim().is_empty()))
                    .count() as u16;
                let goes_on = spaces == 0 || kind == Script::Latin || {
                    screen.cell(r, c + spaces).is_some_and(|next| script(next.contents()) == kind)
                };
                let same = spaces > 0 || script(x.contents()) == kind;
                if c > start && (style(x) != look || kind == Script::Other || !same || !goes_on) {
                    break;
                }
                text.push_str(if x.has_contents() { x.contents() } else { " " });
                c += if x.is_wide() { 2 } else { 1 };
                if c >= cols {
                    break;
                }
            }
            let (mut front, mut back) = (color(look.0, FRONT), color(look.1, BACK));
            if look.5 {
                std::mem::swap(&mut front, &mut back);
            }
            let x = 12 + usize::from(start) * CELL.0;
            let width = usize::from(c - start) * CELL.0;
            if back != BACK {
                let _ = writeln!(
                    out,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" fill=\"{back}\"/>",
                    CELL.1
                );
            }
            if text.trim().is_empty() {
                continue;
            }
            // A viewer's font may be wider or narrower: the cells decide.
            let cells = usize::from(c - start) - (text.chars().count() - text.trim_end().chars().count());
            let mut extra = format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", cells * CELL.0);
            if look.2 {
                extra.push_str(" font-weight=\"bold\"");
            }
            if look.3 {
                extra.push_str(" opacity=\"0.6\"");
            }
            if look.4 {
                extra.push_str(" text-decoration=\"underline\"");
            }
            let _ = writeln!(
                out,
                "<text x=\"{x}\" y=\"{}\" fill=\"{front}\" xml:space=\"preserve\"{extra}>{}</text>",
                y + 15,
                escape(text.trim_end())
            );
        }
    }
    out.push_str("</svg>\n");
    out
}
