//! Themes as TOML: a palette by names, and roles in words (`"yellow bold underlined"`, `"on selected"`).
//!
//! What a theme leaves out comes from the built-in dark or light one. A colour is `"#rrggbb"`, a number of the 256
//! colours, a name of the 16, or a list of up to three of them: 24 bit, 256, 16. What a list leaves out is computed.

use super::depth::{self, Depth, NAMED};
use super::{BUILT_IN, Theme};
use crate::config::settings::Masking;
use crate::config::{ConfigError, Source};
use crate::text;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// Longest theme file in bytes.
const FILE_MAX: u64 = 64 * 1024;
/// Most files of the folder that are listed.
const LISTED: usize = 200;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ThemeFile {
    /// Shown in the picker.
    title: String,
    /// Whether it is for light backgrounds.
    light: bool,
    /// Whether its background is painted over the terminal's.
    paint: bool,
    /// The background, and the colour of ordinary text.
    background: Option<Spanned<Form>>,
    text: Option<Spanned<Form>>,
    /// Colours by name.
    palette: BTreeMap<String, Spanned<Form>>,
    /// Roles in words.
    roles: BTreeMap<String, Spanned<String>>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Form {
    One(String),
    Number(u8),
    Several(Vec<Form>),
}

/// A colour at each depth.
#[derive(Clone, Copy)]
struct Colour([Option<Color>; 3]);

impl Colour {
    fn at(self, depth: Depth) -> Color {
        let [full, indexed, basic] = self.0;
        match depth {
            Depth::None => Color::Reset,
            Depth::True => full.unwrap_or(Color::Reset),
            Depth::Indexed => indexed.or(full.map(depth::to_indexed)).unwrap_or(Color::Reset),
            Depth::Basic => basic.or(full.map(depth::to_basic)).unwrap_or(Color::Reset),
        }
    }
}

fn colour(word: &str) -> Option<Color> {
    if let Some(hex) = word.strip_prefix('#') {
        let n = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6 && hex.is_ascii())?;
        let [_, r, g, b] = n.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    if word == "default" {
        return Some(Color::Reset);
    }
    if let Ok(n) = word.parse::<u8>() {
        return Some(Color::Indexed(n));
    }
    NAMED.iter().find(|(name, _, _)| *name == word).map(|(_, c, _)| *c)
}

fn form(f: &Form) -> Result<Colour, String> {
    let one = |f: &Form| match f {
        Form::One(s) => colour(s).ok_or_else(|| format!("`{}` is no colour", text::sanitize(s))),
        Form::Number(n) => Ok(Color::Indexed(*n)),
        Form::Several(_) => Err("a list in a list is no colour".to_owned()),
    };
    match f {
        Form::Several(list) if list.is_empty() || list.len() > 3 => {
            Err("a list has one to three colours".into())
        }
        Form::Several(list) => {
            let mut out = [None; 3];
            for (slot, f) in out.iter_mut().zip(list) {
                *slot = Some(one(f)?);
            }
            Ok(Colour(out))
        }
        f => Ok(Colour([Some(one(f)?), None, None])),
    }
}

const HOW: &str =
    "use \"#rrggbb\", a number from 0 to 255, a name such as \"bright-blue\", or a list of up to three";

/// The roles of a theme that says nothing about them.
const ROLES: &[(&str, &str)] = &[
    ("text", ""),
    ("dim", "dim"),
    ("strong", "bold"),
    ("border", "border"),
    ("focus", "accent"),
    ("selected", "on selected"),
    ("key", "accent"),
    ("unread", "green bold"),
    ("theirs", "green"),
    ("ours", "blue"),
    ("read", "sky"),
    ("note", "yellow"),
    ("good", "green"),
    ("warn", "yellow"),
    ("bad", "red"),
    ("matched", "yellow bold underlined"),
    ("variable", "violet"),
    ("link", "blue underlined"),
];

struct Reading<'a> {
    source: &'a Source,
    palette: BTreeMap<String, Colour>,
    depth: Depth,
}

impl Reading<'_> {
    fn wrong(&self, span: &Range<usize>, what: impl Into<String>, fix: impl Into<String>) -> ConfigError {
        ConfigError::new(what, fix).at(self.source.place(span))
    }

    fn colour(&self, f: &Spanned<Form>) -> Result<Colour, ConfigError> {
        form(f.get_ref()).map_err(|what| self.wrong(&f.span(), what, HOW))
    }

    /// A role in words.
    fn style(&self, words: &str) -> Result<Style, String> {
        let mut style = Style::new();
        let mut behind = false;
        for word in words.split_whitespace() {
            let modifier = match word {
                "bold" => Modifier::BOLD,
                "faint" => Modifier::DIM,
                "italic" => Modifier::ITALIC,
                "underlined" => Modifier::UNDERLINED,
                "reversed" => Modifier::REVERSED,
                _ => Modifier::empty(),
            };
            if !modifier.is_empty() {
                style = style.add_modifier(modifier);
                continue;
            }
            if word == "on" {
                behind = true;
                continue;
            }
            let found = match self.palette.get(word) {
                Some(c) => Some(c.at(self.depth)),
                None => colour(word).map(|c| Colour([Some(c), None, None]).at(self.depth)),
            };
            let Some(c) = found else {
                return Err(format!("`{}` is neither a colour nor a way of writing", text::sanitize(word)));
            };
            style = if std::mem::take(&mut behind) { style.bg(c) } else { style.fg(c) };
        }
        if behind { Err("`on` has no colour behind it".into()) } else { Ok(style) }
    }
}

/// Reads the text of a theme.
pub(super) fn parse(path: &Path, text: &str, name: &str, depth: Depth) -> Result<Theme, ConfigError> {
    let source = Source::new(path.to_path_buf(), text.to_owned());
    let file: ThemeFile = toml::from_str(source.text()).map_err(|e| source.complaint(&e))?;
    let mut reading = Reading { source: &source, palette: BTreeMap::new(), depth };
    let below = if file.light { "light" } else { "dark" };
    if name != below
        && let Some((n, text)) = BUILT_IN.iter().find(|(n, _)| *n == below)
    {
        let below: ThemeFile =
            toml::from_str(text).map_err(|e| Source::new(n.into(), (*text).to_owned()).complaint(&e))?;
        for (key, value) in below.palette {
            reading.palette.insert(key, reading.colour(&value)?);
        }
    }
    for (key, value) in &file.palette {
        let read = reading.colour(value)?;
        reading.palette.insert(key.clone(), read);
    }
    for (role, words) in &file.roles {
        if !ROLES.iter().any(|(r, _)| r == role) {
            let known: Vec<&str> = ROLES.iter().map(|(r, _)| *r).collect();
            let what = format!("there is no role `{}`", text::sanitize(role));
            return Err(reading.wrong(&words.span(), what, format!("known are {}", known.join(", "))));
        }
    }
    let role = |name: &str| -> Result<Style, ConfigError> {
        let fix = "use names of the palette, colours, `on` and bold, faint, italic, underlined, reversed";
        if let Some(words) = file.roles.get(name) {
            return reading.style(words.get_ref()).map_err(|what| reading.wrong(&words.span(), what, fix));
        }
        let words = ROLES.iter().find(|(r, _)| *r == name).map_or("", |(_, w)| *w);
        reading.style(words).map_err(|what| reading.wrong(&(0..0), what, fix))
    };
    let ground = |f: Option<&Spanned<Form>>| -> Result<Color, ConfigError> {
        f.map_or(Ok(Color::Reset), |f| Ok(reading.colour(f)?.at(depth)))
    };
    let (background, front) = (ground(file.background.as_ref())?, ground(file.text.as_ref())?);
    Ok(Theme {
        name: name.to_owned(),
        paint: file.paint.then_some((background, front)),
        plain: false,
        mask: Masking::Off,
        text: role("text")?,
        dim: role("dim")?,
        strong: role("strong")?,
        border: role("border")?,
        focus: role("focus")?,
        selected: role("selected")?,
        key: role("key")?,
        unread: role("unread")?,
        theirs: role("theirs")?,
        ours: role("ours")?,
        read: role("read")?,
        note: role("note")?,
        good: role("good")?,
        warn: role("warn")?,
        bad: role("bad")?,
        matched: role("matched")?,
        variable: role("variable")?,
        link: role("link")?,
    })
}

fn load(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(FILE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_MAX {
        return Err(std::io::Error::new(
            std::io::ErrorKind::FileTooLarge,
            format!("larger than {FILE_MAX} bytes"),
        ));
    }
    Ok(text)
}

/// Reads a theme of the user's folder; a problem is one sentence with file and line.
pub(super) fn read(folder: Option<&Path>, name: &str, depth: Depth) -> Result<Theme, String> {
    let known = || BUILT_IN.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", ");
    let Some(folder) = folder else {
        return Err(format!("there is no theme `{name}` · → known are {}", known()));
    };
    let path = folder.join(format!("{name}.toml"));
    let text = match load(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!("there is no theme `{name}` ({}) · → known are {}", path.display(), known()));
        }
        Err(e) => return Err(format!("{}: cannot be read ({e})", path.display())),
    };
    parse(&path, &text, name, depth).map_err(|e| e.to_string())
}

/// A theme of the picker.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The theme, or why it cannot be used.
    pub theme: Result<Box<Theme>, String>,
}

/// All themes: the built-in ones and those of the user's folder. Reads files.
pub(crate) fn installed(folder: Option<&Path>, depth: Depth) -> Vec<Listed> {
    let mut out: Vec<Listed> = BUILT_IN
        .iter()
        .map(|(name, _)| Listed {
            name: (*name).to_owned(),
            theme: Ok(Box::new(Theme::built_in(name, depth))),
        })
        .collect();
    let mut names: Vec<String> = folder
        .and_then(|f| std::fs::read_dir(f).ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .filter(|name| !BUILT_IN.iter().any(|(n, _)| n == name))
        .take(LISTED)
        .collect();
    names.sort();
    out.extend(
        names.into_iter().map(|name| Listed { theme: read(folder, &name, depth).map(Box::new), name }),
    );
    out
}
