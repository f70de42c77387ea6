//! A strict reader of what the program writes to a terminal: anything but the program's own sequences is an error.
//!
//! It knows the list of sequences by itself and shares no code with what writes them. The fuzz targets read the
//! screen's bytes through it as well.

/// What was found in the bytes besides drawing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Everything printed, without sequences.
    pub text: String,
    /// Titles of the window.
    pub titles: Vec<String>,
    /// What was put on the clipboard, decoded.
    pub clipboard: Vec<Vec<u8>>,
    /// Bodies of notification sequences.
    pub notes: Vec<String>,
    /// Times the bell rang.
    pub bells: usize,
}

/// Private modes that the program sets and resets.
const MODES: &[&str] = &["2026", "25", "1049", "7", "2004", "1004", "1000", "1006"];

/// Whether no terminal may see this character, whoever wrote it.
pub fn is_forbidden(c: char) -> bool {
    matches!(c as u32,
        0..=0x1f | 0x7f..=0x9f               // C0, DEL, C1
        | 0x200e | 0x200f | 0x61c            // marks of direction
        | 0x202a..=0x202e | 0x2066..=0x206f  // embeddings, overrides, isolates, deprecated format controls
        | 0x2028 | 0x2029                    // separators
        | 0xfeff | 0xfff9..=0xfffb           // byte order mark, annotations
        | 0xe0001                            // language tag
        | 0x10_eeee)                         // stands for a picture in some terminals
        || (c as u32 & 0xfffe) == 0xfffe
        || (0xfdd0..=0xfdef).contains(&(c as u32))
}

fn base64(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let (mut bits, mut n) = (0u32, 0);
    for b in text.trim_end_matches('=').bytes() {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(format!("no base64: {text:?}")),
        };
        bits = bits << 6 | u32::from(six);
        n += 6;
        if n >= 8 {
            n -= 8;
            out.push((bits >> n) as u8);
        }
    }
    Ok(out)
}

/// Whether a link is one of ours: an id of hexadecimal digits and an address of the web, nothing that a terminal acts on.
fn is_link(body: &str) -> bool {
    let Some((id, to)) = body.strip_prefix("id=").and_then(|b| b.split_once(';')) else { return false };
    let web = to.starts_with("http://") || to.starts_with("https://");
    let plain = to.len() <= 2_000 && to.bytes().all(|b| (0x21..0x7f).contains(&b));
    web && plain && !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_own_csi(parameters: &str, last: char) -> bool {
    let numbers = |at_most: usize| {
        parameters.is_empty()
            || parameters.split(';').count() <= at_most
                && parameters.split(';').all(|p| p.len() <= 5 && p.bytes().all(|b| b.is_ascii_digit()))
    };
    match last {
        'h' | 'l' => parameters.strip_prefix('?').is_some_and(|p| MODES.contains(&p)),
        'm' => numbers(24),
        'H' => numbers(2),
        'J' => parameters == "2",
        'K' => parameters.is_empty(),
        'X' | 'C' | 'D' | 'G' => numbers(1),
        't' => matches!(parameters, "22;0" | "23;0"),
        'u' => matches!(parameters, ">1" | "<"),
        _ => false,
    }
}

fn safe(what: &str, s: &str) -> Result<(), String> {
    match s.chars().find(|c| is_forbidden(*c)) {
        Some(c) => Err(format!("U+{:04X} in the {what} {s:?}", c as u32)),
        None => Ok(()),
    }
}

/// Reads bytes that the program wrote. The error names the first thing that is not the program's own.
pub fn read(bytes: &[u8]) -> Result<Seen, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("no UTF-8: {e}"))?;
    let mut seen = Seen::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let near = || rest.chars().take(40).collect::<String>();
        if let Some(csi) = rest.strip_prefix("\u{1b}[") {
            let end = csi
                .find(|c: char| !matches!(c, '0'..='9' | ';' | '?' | '<' | '>'))
                .ok_or_else(|| format!("a sequence without an end: {:?}", near()))?;
            let last = csi[end..].chars().next().unwrap_or_default();
            if !is_own_csi(&csi[..end], last) {
                return Err(format!("not our sequence: {:?}", near()));
            }
            rest = &csi[end + last.len_utf8()..];
        } else if let Some(osc) = rest.strip_prefix("\u{1b}]") {
            let end = osc.find("\u{1b}\\").ok_or_else(|| format!("OSC without an end: {:?}", near()))?;
            let (number, body) =
                osc[..end].split_once(';').ok_or_else(|| format!("OSC without a body: {:?}", near()))?;
            safe("OSC", body)?;
            match number {
                "2" => seen.titles.push(body.to_owned()),
                "52" => {
                    let data = body.strip_prefix("c;").ok_or("OSC 52 of another kind")?;
                    seen.clipboard.push(base64(data)?);
                }
                "777" => {
                    let note = body.strip_prefix("notify;").ok_or("OSC 777 of another kind")?;
                    if note.matches(';').count() != 1 {
                        return Err(format!("OSC 777 with more than title and body: {note:?}"));
                    }
                    seen.notes.push(note.to_owned());
                }
                "9" | "99" => seen.notes.push(body.to_owned()),
                // A link of the conversation, and its end.
                "8" if body == ";" || is_link(body) => {}
                // The question for the background's colour.
                "11" if body == "?" => {}
                _ => return Err(format!("not our OSC: {:?}", near())),
            }
            rest = &osc[end + 2..];
        } else {
            match c {
                '\r' | '\n' | '\u{8}' => {}
                '\u{7}' => seen.bells += 1,
                c if is_forbidden(c) => return Err(format!("U+{:04X}: {:?}", c as u32, near())),
                c => seen.text.push(c),
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    Ok(seen)
}

/// Reads lines as a command prints them: text, line breaks and, where wanted, colours.
pub fn read_lines(bytes: &[u8], colors: bool) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("no UTF-8: {e}"))?;
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let end = after
            .find('m')
            .filter(|end| colors && is_own_csi(after[..*end].strip_prefix('[').unwrap_or("!"), 'm'));
        let end =
            end.ok_or_else(|| format!("an escape: {:?}", after.chars().take(40).collect::<String>()))?;
        rest = &after[end + 1..];
    }
    plain.push_str(rest);
    match plain.chars().find(|c| *c != '\n' && is_forbidden(*c)) {
        Some(c) => Err(format!("U+{:04X} in {plain:?}", c as u32)),
        None => Ok(()),
    }
}
