//! Templates as files: one in each, in TOML or JSON, to be read in a review and kept under version control.
//!
//! TOML has the fields of the form, the body as it will be read, and keys in an order that stays; JSON is the document that the
//! provider takes. What is written and read again is the same, what this version has no field for included. Pure.

use super::ParameterFormat;
use super::components;
use super::definition::{BodyPart, Button, Definition, Examples, Footer, Header};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Longest part of a file name that stands for the template's name, in bytes; longer ones are cut and told apart by a number.
const STEM_MAX: usize = 120;
/// The key of a table that stands for what TOML cannot say: its value is JSON.
const AS_JSON: &str = "json:";

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileFormat {
    /// As the form has it.
    #[default]
    Toml,
    /// As the provider takes it.
    Json,
}

impl FileFormat {
    /// The end of a file's name.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Toml => "toml",
            Self::Json => "json",
        }
    }

    /// By the end of a file's name; `None` for files that are no templates.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (stem, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            _ if stem.is_empty() => None,
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// By the text, for one that comes without a name.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        if text.trim_start().starts_with('{') { Self::Json } else { Self::Toml }
    }
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// In which line, counted from 1, where that is known.
    pub line: Option<usize>,
    /// The field; empty when it is about the whole file.
    pub field: String,
    /// What is wrong.
    pub problem: String,
}

impl std::fmt::Display for FileProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)
    }
}

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadFile {
    /// What it says.
    pub definition: Definition,
    /// The lines of its fields, counted from 1; empty for JSON.
    lines: BTreeMap<String, usize>,
}

impl ReadFile {
    /// The line of a field, or of what it is a part of.
    #[must_use]
    pub fn line(&self, field: &str) -> Option<usize> {
        let mut name = field;
        loop {
            if let Some(line) = self.lines.get(name) {
                return Some(*line);
            }
            let Some((before, _)) = name.rsplit_once('.') else { break };
            name = before;
        }
        let whole = if name == "button" { "buttons" } else { "others" };
        self.lines.get(whole).or_else(|| self.lines.values().min()).copied()
    }
}

/// The name of a template's file: `invoice.pt_BR.toml`. Whatever the provider calls it, this is one plain word that stays in
/// its folder.
#[must_use]
pub fn file_name(name: &str, language: &str, format: FileFormat) -> String {
    let plain = |c: char| {
        if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-') { c } else { '_' }
    };
    let mut stem: String = name.chars().map(plain).collect();
    let code: String = language.chars().map(|c| if c.is_ascii_uppercase() { c } else { plain(c) }).collect();
    let mut short = code.clone();
    short.truncate(20);
    let same = stem == name && code == language && short == code;
    if !same || stem.is_empty() || short.is_empty() || stem.len() > STEM_MAX || stem.starts_with('-') {
        stem.truncate(STEM_MAX);
        // FNV-1a: the same for the same template everywhere.
        let number = name
            .bytes()
            .chain([0])
            .chain(language.bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        stem = format!("template_{}-{number:016x}", stem.trim_matches(['-', '_']));
        if short.is_empty() {
            "unknown".clone_into(&mut short);
        }
    }
    format!("{stem}.{short}.{}", format.ending())
}

/// A template as the text of a file.
#[must_use]
pub fn write(d: &Definition, format: FileFormat) -> String {
    match format {
        FileFormat::Toml => write_toml(d),
        FileFormat::Json => {
            let mut text = serde_json::to_string_pretty(&components::document(d)).unwrap_or_default();
            text.push('\n');
            text
        }
    }
}

/// Reads the text of a file; every mistake is named.
pub fn read(text: &str, format: FileFormat) -> Result<ReadFile, Vec<FileProblem>> {
    // A byte order mark is what some editors put before a text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        FileFormat::Toml => read_toml(text),
        FileFormat::Json => {
            let value: Value = serde_json::from_str(text).map_err(|e| {
                vec![FileProblem { line: Some(e.line()), field: String::new(), problem: e.to_string() }]
            })?;
            let definition = components::from_document(&value).map_err(|list| {
                let of = |p: crate::model::outgoing::FieldProblem| FileProblem {
                    line: None,
                    field: p.field,
                    problem: p.problem,
                };
                list.into_iter().map(of).collect::<Vec<_>>()
            })?;
            Ok(ReadFile { definition, lines: BTreeMap::new() })
        }
    }
}

// --- writing ---

fn write_toml(d: &Definition) -> String {
    let mut out = String::new();
    line(&mut out, "name", &d.name);
    line(&mut out, "language", &d.language);
    line(&mut out, "category", &d.category);
    line(&mut out, "format", format_word(d.format));
    if let Some(ttl) = d.ttl {
        let _ = writeln!(out, "ttl = {ttl}");
    }
    if let Some(h) = &d.header {
        out.push_str("\n[header]\n");
        line(&mut out, "format", &h.format);
        optional(&mut out, "text", &h.text);
        optional(&mut out, "sample", &h.sample);
        examples(&mut out, "header.examples", &h.examples);
        table(&mut out, "header.extra", &h.extra);
    }
    out.push_str("\n[body]\n");
    optional(&mut out, "text", &d.body.text);
    if let Some(security) = d.body.security {
        let _ = writeln!(out, "security = {security}");
    }
    examples(&mut out, "body.examples", &d.body.examples);
    table(&mut out, "body.extra", &d.body.extra);
    if let Some(f) = &d.footer {
        out.push_str("\n[footer]\n");
        optional(&mut out, "text", &f.text);
        if let Some(minutes) = f.expires_minutes {
            let _ = writeln!(out, "expires_minutes = {minutes}");
        }
        table(&mut out, "footer.extra", &f.extra);
    }
    for b in &d.buttons {
        out.push_str("\n[[buttons]]\n");
        line(&mut out, "kind", &b.kind);
        optional(&mut out, "text", &b.text);
        optional(&mut out, "target", &b.target);
        optional(&mut out, "example", &b.example);
        table(&mut out, "buttons.extra", &b.extra);
    }
    for other in &d.others {
        out.push_str("\n[[others]]\n");
        match other {
            Value::Object(m) if !m.contains_key(AS_JSON) => members(&mut out, m),
            other => line(&mut out, &key(AS_JSON), &other.to_string()),
        }
    }
    table(&mut out, "extra", &d.extra);
    out
}

fn format_word(format: ParameterFormat) -> &'static str {
    match format {
        ParameterFormat::Positional => "positional",
        ParameterFormat::Named => "named",
    }
}

fn line(out: &mut String, key: &str, text: &str) {
    let _ = writeln!(out, "{key} = {}", string(text, true));
}

fn optional(out: &mut String, key: &str, text: &str) {
    if !text.is_empty() {
        line(out, key, text);
    }
}

/// Numbered examples in the order of their numbers.
fn examples(out: &mut String, name: &str, examples: &Examples) {
    if examples.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n[{name}]");
    let mut list: Vec<(&String, &String)> = examples.iter().collect();
    list.sort_by_key(|(name, _)| (name.parse::<u32>().unwrap_or(u32::MAX), *name));
    for (name, example) in list {
        line(out, &key(name), example);
    }
}

fn table(out: &mut String, name: &str, m: &Map<String, Value>) {
    if !m.is_empty() {
        let _ = writeln!(out, "\n[{name}]");
        members(out, m);
    }
}

fn members(out: &mut String, m: &Map<String, Value>) {
    for (name, value) in m {
        match value {
            Value::String(text) => line(out, &key(name), text),
            value => {
                let _ = write!(out, "{} = ", key(name));
                inline(out, value, 0);
                out.push('\n');
            }
        }
    }
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { name.to_owned() } else { string(name, false) }
}

/// A value on the right of `=`. Lists of tables have a line for each; a table itself stands on one line, as TOML wants it.
fn inline(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Bool(b) => {
            let _ = write!(out, "{b}");
        }
        Value::Number(n) if n.is_i64() || n.is_f64() => {
            let _ = write!(out, "{n}");
        }
        Value::String(text) => out.push_str(&string(text, false)),
        Value::Array(list) => {
            let broken = list.iter().any(|v| v.is_object() || v.is_array());
            out.push('[');
            for (i, v) in list.iter().enumerate() {
                if broken {
                    let _ = write!(out, "\n{:width$}", "", width = (depth + 1) * 2);
                } else if i > 0 {
                    out.push(' ');
                }
                inline(out, v, depth + 1);
                if broken || i + 1 < list.len() {
                    out.push(',');
                }
            }
            if broken {
                let _ = write!(out, "\n{:width$}", "", width = depth * 2);
            }
            out.push(']');
        }
        Value::Object(m) if !m.contains_key(AS_JSON) => {
            out.push('{');
            for (i, (name, v)) in m.iter().enumerate() {
                out.push_str(if i == 0 { " " } else { ", " });
                let _ = write!(out, "{} = ", key(name));
                inline(out, v, depth);
            }
            out.push_str(if m.is_empty() { "}" } else { " }" });
        }
        // TOML has no null, no larger numbers, and the word is ours.
        Value::Null | Value::Number(_) | Value::Object(_) => {
            let _ = write!(out, "{{ {} = {} }}", key(AS_JSON), string(&value.to_string(), false));
        }
    }
}

/// A text in quotes; one of several lines as such where that is wanted. What nobody sees is written as a number.
fn string(text: &str, lines: bool) -> String {
    let lines = lines && text.contains('\n');
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str(if lines { "\"\"\"\n" } else { "\"" });
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' if !lines || out.ends_with("\"\"") || text.ends_with('"') => out.push_str("\\\""),
            '\n' if lines => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{2028}' | '\u{2029}') =>
            {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push_str(if lines { "\"\"\"" } else { "\"" });
    out
}

// --- reading ---

type Fields<'t, 'i> = BTreeMap<&'t str, &'t Spanned<DeValue<'i>>>;

struct Reader<'a> {
    text: &'a str,
    problems: Vec<FileProblem>,
    lines: BTreeMap<String, usize>,
}

fn read_toml(text: &str) -> Result<ReadFile, Vec<FileProblem>> {
    let mut r = Reader { text, problems: Vec::new(), lines: BTreeMap::new() };
    let root = DeTable::parse(text).map_err(|e| {
        let line = e.span().map(|s| line_at(text, s.start));
        vec![FileProblem { line, field: String::new(), problem: e.message().trim().replace('\n', ", ") }]
    })?;
    let definition = r.definition(root.get_ref());
    if r.problems.is_empty() { Ok(ReadFile { definition, lines: r.lines }) } else { Err(r.problems) }
}

fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
}

impl Reader<'_> {
    fn wrong(&mut self, at: usize, field: &str, problem: impl Into<String>) {
        let line = Some(line_at(self.text, at));
        self.problems.push(FileProblem { line, field: field.to_owned(), problem: problem.into() });
    }

    fn definition(&mut self, root: &DeTable<'_>) -> Definition {
        let mut m = self.fields(root, "");
        let mut d = Definition {
            name: self.text_of(&mut m, "name", "name"),
            language: self.text_of(&mut m, "language", "language"),
            category: self.text_of(&mut m, "category", "category").to_ascii_uppercase(),
            ..Definition::default()
        };
        let at = m.get("format").map_or(0, |v| v.span().start);
        d.format = match self.text_of(&mut m, "format", "format").to_ascii_lowercase().as_str() {
            "" | "positional" => ParameterFormat::Positional,
            "named" => ParameterFormat::Named,
            _ => {
                self.wrong(at, "format", "must be \"positional\" or \"named\"");
                ParameterFormat::Positional
            }
        };
        d.ttl = self.number_of(&mut m, "ttl", "ttl");
        d.header = self.table_of(&mut m, "header", "header").map(|mut t| {
            let text = self.text_of(&mut t, "text", "header.text");
            let given = t.contains_key("format");
            let format = self.text_of(&mut t, "format", "header.format").to_ascii_lowercase();
            let h = Header {
                format: if given { format } else { "text".to_owned() },
                text,
                examples: self.examples_of(&mut t, "header"),
                sample: self.text_of(&mut t, "sample", "header.sample"),
                extra: self.extra_of(&mut t, "header.extra"),
            };
            self.rest(&t, "header");
            h
        });
        if let Some(mut t) = self.table_of(&mut m, "body", "body") {
            d.body = BodyPart {
                text: self.text_of(&mut t, "text", "body.text"),
                examples: self.examples_of(&mut t, "body"),
                security: self.bool_of(&mut t, "security", "body.security"),
                extra: self.extra_of(&mut t, "body.extra"),
            };
            self.rest(&t, "body");
        }
        d.footer = self.table_of(&mut m, "footer", "footer").map(|mut t| {
            let f = Footer {
                text: self.text_of(&mut t, "text", "footer.text"),
                expires_minutes: self.number_of(&mut t, "expires_minutes", "footer.expires"),
                extra: self.extra_of(&mut t, "footer.extra"),
            };
            self.rest(&t, "footer");
            f
        });
        for (i, v) in self.list_of(&mut m, "buttons").into_iter().enumerate() {
            let at = format!("button.{i}");
            let Some(mut t) = self.table_at(v, &at) else { continue };
            let part = |name: &str| format!("{at}.{name}");
            let b = Button {
                kind: self.text_of(&mut t, "kind", &part("kind")).to_ascii_lowercase(),
                text: self.text_of(&mut t, "text", &part("text")),
                target: self.text_of(&mut t, "target", &part("target")),
                example: self.text_of(&mut t, "example", &part("example")),
                extra: self.extra_of(&mut t, &part("extra")),
            };
            self.rest(&t, &at);
            d.buttons.push(b);
        }
        for v in self.list_of(&mut m, "others") {
            let value = self.json(v, "others");
            d.others.push(value);
        }
        d.extra = self.extra_of(&mut m, "extra");
        self.rest(&m, "");
        d
    }

    fn fields<'t, 'i>(&mut self, table: &'t DeTable<'i>, prefix: &str) -> Fields<'t, 'i> {
        let mut out = Fields::new();
        for (name, value) in table {
            let line = line_at(self.text, name.span().start);
            if prefix.is_empty() {
                self.lines.insert(name.get_ref().clone().into_owned(), line);
            }
            out.insert(name.get_ref().as_ref(), value);
        }
        out
    }

    /// Whatever nobody asked for.
    fn rest(&mut self, m: &Fields<'_, '_>, of: &str) {
        for (name, value) in m {
            let field = if of.is_empty() { (*name).to_owned() } else { format!("{of}.{name}") };
            self.wrong(
                value.span().start,
                &field,
                "there is no such field; what the provider has besides belongs into `extra`",
            );
        }
    }

    fn note(&mut self, v: &Spanned<DeValue<'_>>, field: &str) {
        self.lines.insert(field.to_owned(), line_at(self.text, v.span().start));
    }

    fn text_of(&mut self, m: &mut Fields<'_, '_>, name: &str, field: &str) -> String {
        let Some(v) = m.remove(name) else { return String::new() };
        self.note(v, field);
        match v.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            other => {
                let what = format!("must be text in quotes, not {}", kind_of(other));
                self.wrong(v.span().start, field, what);
                String::new()
            }
        }
    }

    fn number_of(&mut self, m: &mut Fields<'_, '_>, name: &str, field: &str) -> Option<i64> {
        let v = m.remove(name)?;
        self.note(v, field);
        let n = v.get_ref().as_integer().and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
        if n.is_none() {
            self.wrong(v.span().start, field, "must be a whole number");
        }
        n
    }

    fn bool_of(&mut self, m: &mut Fields<'_, '_>, name: &str, field: &str) -> Option<bool> {
        let v = m.remove(name)?;
        self.note(v, field);
        let b = v.get_ref().as_bool();
        if b.is_none() {
            self.wrong(v.span().start, field, "must be true or false");
        }
        b
    }

    fn table_of<'t, 'i>(
        &mut self,
        m: &mut Fields<'t, 'i>,
        name: &str,
        field: &str,
    ) -> Option<Fields<'t, 'i>> {
        let v = m.remove(name)?;
        self.table_at(v, field)
    }

    fn table_at<'t, 'i>(&mut self, v: &'t Spanned<DeValue<'i>>, field: &str) -> Option<Fields<'t, 'i>> {
        self.note(v, field);
        if let DeValue::Table(table) = v.get_ref() {
            return Some(self.fields(table, field));
        }
        self.wrong(v.span().start, field, format!("must be a table: [{field}]"));
        None
    }

    fn list_of<'t, 'i>(&mut self, m: &mut Fields<'t, 'i>, name: &str) -> Vec<&'t Spanned<DeValue<'i>>> {
        let Some(v) = m.remove(name) else { return Vec::new() };
        if let DeValue::Array(list) = v.get_ref() {
            return list.iter().collect();
        }
        self.wrong(v.span().start, name, format!("must be a list: [[{name}]]"));
        Vec::new()
    }

    fn examples_of(&mut self, m: &mut Fields<'_, '_>, part: &str) -> Examples {
        let mut out = Examples::new();
        let Some(mut t) = self.table_of(m, "examples", &format!("{part}.example")) else { return out };
        let names: Vec<String> = t.keys().map(|k| (*k).to_owned()).collect();
        for name in names {
            let text = self.text_of(&mut t, &name, &format!("{part}.example.{name}"));
            out.insert(name, text);
        }
        out
    }

    fn extra_of(&mut self, m: &mut Fields<'_, '_>, field: &str) -> Map<String, Value> {
        let Some(t) = self.table_of(m, "extra", field) else { return Map::new() };
        t.into_iter().map(|(name, v)| (name.to_owned(), self.json(v, &format!("{field}.{name}")))).collect()
    }

    fn json(&mut self, v: &Spanned<DeValue<'_>>, field: &str) -> Value {
        let at = v.span().start;
        match v.get_ref() {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Boolean(b) => Value::Bool(*b),
            DeValue::Integer(n) => {
                if let Ok(n) = i64::from_str_radix(n.as_str(), n.radix()) {
                    return Value::from(n);
                }
                self.wrong(at, field, "is a number that is too large");
                Value::Null
            }
            DeValue::Float(n) => {
                let n = n.as_str().parse().ok().and_then(serde_json::Number::from_f64);
                n.map_or_else(
                    || {
                        self.wrong(at, field, "is no number that the provider knows");
                        Value::Null
                    },
                    Value::Number,
                )
            }
            DeValue::Datetime(_) => {
                self.wrong(at, field, "is a date; write it as text in quotes");
                Value::Null
            }
            DeValue::Array(list) => list.iter().map(|v| self.json(v, field)).collect(),
            DeValue::Table(table) => {
                if let (1, Some((name, value))) = (table.len(), table.iter().next())
                    && name.get_ref() == AS_JSON
                    && let DeValue::String(text) = value.get_ref()
                {
                    return serde_json::from_str(text).unwrap_or_else(|e| {
                        self.wrong(value.span().start, field, format!("is no JSON: {e}"));
                        Value::Null
                    });
                }
                let of =
                    |(name, v): (&Spanned<_>, &Spanned<DeValue<'_>>)| (name_of(name), self.json(v, field));
                Value::Object(table.iter().map(of).collect())
            }
        }
    }
}

fn name_of(name: &Spanned<std::borrow::Cow<'_, str>>) -> String {
    name.get_ref().clone().into_owned()
}

fn kind_of(v: &DeValue<'_>) -> &'static str {
    match v {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
