//! Template components as JSON: the form that the provider reads and writes, and that the JSON editor shows.
//!
//! Reading is strict or lenient; what was read and is written again is the same, except for the order of components and
//! the case of type words. Pure.

use super::definition::{BodyPart, Button, Definition, Examples, Footer, Header};
use super::{ParameterFormat, Template, TemplateButton, TemplateHeader};
use crate::model::outgoing::FieldProblem;
use serde_json::{Map, Value, json};

/// Most examples by position that are read from one list.
const EXAMPLES_MAX: usize = 100;

/// The whole document that creates the template.
#[must_use]
pub fn document(d: &Definition) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), json!(d.name));
    out.insert("language".into(), json!(d.language));
    out.insert("category".into(), json!(d.category));
    out.insert("parameter_format".into(), json!(format_word(d.format)));
    out.insert("components".into(), Value::Array(write(d)));
    if let Some(ttl) = d.ttl {
        out.insert("message_send_ttl_seconds".into(), json!(ttl));
    }
    for (key, value) in &d.extra {
        out.entry(key.clone()).or_insert_with(|| value.clone());
    }
    Value::Object(out)
}

/// Reads a whole document; every member that cannot be read is named by its path.
pub fn from_document(v: &Value) -> Result<Definition, Vec<FieldProblem>> {
    let Some(object) = v.as_object() else {
        return Err(vec![FieldProblem::new("document", "must be an object in braces { }")]);
    };
    let mut r = Reader { problems: Vec::new() };
    let mut d = Definition::default();
    let mut extra = object.clone();
    let list = match extra.remove("components") {
        Some(Value::Array(list)) => list,
        Some(_) => {
            r.wrong("components", "must be a list in brackets [ ]");
            Vec::new()
        }
        None => {
            r.wrong("components", "is missing");
            Vec::new()
        }
    };
    d.name = r.take(&mut extra, "name", "name");
    d.language = r.take(&mut extra, "language", "language");
    d.category = r.take(&mut extra, "category", "category").to_ascii_uppercase();
    d.format = match r.take(&mut extra, "parameter_format", "parameter_format").to_ascii_uppercase().as_str()
    {
        "" | "POSITIONAL" => ParameterFormat::Positional,
        "NAMED" => ParameterFormat::Named,
        _ => {
            r.wrong("parameter_format", "must be POSITIONAL or NAMED");
            ParameterFormat::Positional
        }
    };
    d.ttl = r.number(&mut extra, "message_send_ttl_seconds", "message_send_ttl_seconds");
    d.extra = extra;
    for (i, c) in list.iter().enumerate() {
        r.component(&mut d, &format!("components[{i}]"), c);
    }
    if r.problems.is_empty() { Ok(d) } else { Err(r.problems) }
}

/// Reads components as a provider lists them; one that cannot be read is kept as it is.
#[must_use]
pub fn read_lenient(list: &[Value], format: ParameterFormat) -> Definition {
    let mut d = Definition { format, ..Definition::default() };
    for c in list {
        let mut r = Reader { problems: Vec::new() };
        let before = d.clone();
        r.component(&mut d, "", c);
        if !r.problems.is_empty() {
            d = before;
            d.others.push(c.clone());
        }
    }
    d
}

fn format_word(format: ParameterFormat) -> &'static str {
    match format {
        ParameterFormat::Positional => "POSITIONAL",
        ParameterFormat::Named => "NAMED",
    }
}

/// The components, header first.
#[must_use]
pub fn write(d: &Definition) -> Vec<Value> {
    let mut out = Vec::new();
    if let Some(h) = &d.header {
        out.push(write_header(h, d.format));
    }
    out.push(write_body(&d.body, d.format));
    if let Some(f) = &d.footer {
        let mut m = typed("FOOTER");
        if !f.text.is_empty() || f.expires_minutes.is_none() {
            m.insert("text".into(), json!(f.text));
        }
        if let Some(n) = f.expires_minutes {
            m.insert("code_expiration_minutes".into(), json!(n));
        }
        out.push(with(m, &f.extra));
    }
    if !d.buttons.is_empty() {
        let mut m = typed("BUTTONS");
        m.insert("buttons".into(), Value::Array(d.buttons.iter().map(write_button).collect()));
        out.push(Value::Object(m));
    }
    out.extend(d.others.iter().cloned());
    out
}

fn typed(word: &str) -> Map<String, Value> {
    let mut m = Map::new();
    m.insert("type".into(), json!(word));
    m
}

fn with(mut m: Map<String, Value>, extra: &Map<String, Value>) -> Value {
    for (key, value) in extra {
        m.entry(key.clone()).or_insert_with(|| value.clone());
    }
    Value::Object(m)
}

fn write_header(h: &Header, format: ParameterFormat) -> Value {
    let mut m = typed("HEADER");
    m.insert("format".into(), json!(h.format.to_ascii_uppercase()));
    if h.format == "text" || !h.text.is_empty() {
        m.insert("text".into(), json!(h.text));
    }
    let mut example = write_examples("header_text", false, &h.examples, format);
    if !h.sample.is_empty() {
        example.insert("header_handle".into(), json!([h.sample]));
    }
    if !example.is_empty() {
        m.insert("example".into(), Value::Object(example));
    }
    with(m, &h.extra)
}

fn write_body(b: &BodyPart, format: ParameterFormat) -> Value {
    let mut m = typed("BODY");
    if !b.text.is_empty() || b.security.is_none() {
        m.insert("text".into(), json!(b.text));
    }
    if let Some(security) = b.security {
        m.insert("add_security_recommendation".into(), json!(security));
    }
    let example = write_examples("body_text", true, &b.examples, format);
    if !example.is_empty() {
        m.insert("example".into(), Value::Object(example));
    }
    with(m, &b.extra)
}

fn write_examples(
    key: &str,
    nested: bool,
    examples: &Examples,
    format: ParameterFormat,
) -> Map<String, Value> {
    let mut m = Map::new();
    if examples.is_empty() {
        return m;
    }
    if format == ParameterFormat::Named {
        let list = examples.iter().map(|(n, e)| json!({ "param_name": n, "example": e })).collect();
        m.insert(format!("{key}_named_params"), Value::Array(list));
        return m;
    }
    let numbered = |n: &String| n.parse::<usize>().ok().filter(|n| (1..=EXAMPLES_MAX).contains(n));
    let most = examples.keys().filter_map(numbered).max().unwrap_or(0);
    let list: Vec<Value> =
        (1..=most).map(|n| json!(examples.get(&n.to_string()).map_or("", String::as_str))).collect();
    m.insert(key.into(), if nested { json!([list]) } else { Value::Array(list) });
    m
}

fn write_button(b: &Button) -> Value {
    let mut m = typed(&b.kind.to_ascii_uppercase());
    if !b.text.is_empty() {
        m.insert("text".into(), json!(b.text));
    }
    match b.kind.as_str() {
        "phone_number" => {
            m.insert("phone_number".into(), json!(b.target));
        }
        "url" => {
            m.insert("url".into(), json!(b.target));
        }
        _ if !b.target.is_empty() => {
            m.insert("url".into(), json!(b.target));
        }
        _ => {}
    }
    if !b.example.is_empty() {
        let example = if b.kind == "url" { json!([b.example]) } else { json!(b.example) };
        m.insert("example".into(), example);
    }
    with(m, &b.extra)
}

struct Reader {
    problems: Vec<FieldProblem>,
}

impl Reader {
    fn wrong(&mut self, path: &str, problem: &str) {
        self.problems.push(FieldProblem::new(path, problem));
    }

    /// Takes a text member; missing is empty.
    fn take(&mut self, m: &mut Map<String, Value>, key: &str, path: &str) -> String {
        match m.remove(key) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(s)) => s,
            Some(_) => {
                self.wrong(path, "must be text in quotes");
                String::new()
            }
        }
    }

    fn number(&mut self, m: &mut Map<String, Value>, key: &str, path: &str) -> Option<i64> {
        match m.remove(key) {
            None | Some(Value::Null) => None,
            Some(v) => {
                let n = v.as_i64().or_else(|| v.as_str().and_then(|s| s.parse().ok()));
                if n.is_none() {
                    self.wrong(path, "must be a whole number");
                }
                n
            }
        }
    }

    #[allow(clippy::many_single_char_names, reason = "short names for what every line names")]
    fn component(&mut self, d: &mut Definition, path: &str, c: &Value) {
        let Some(object) = c.as_object() else {
            return self.wrong(path, "must be an object in braces { }");
        };
        let mut m = object.clone();
        let at = |key: &str| format!("{path}.{key}");
        let kind = self.take(&mut m, "type", &at("type")).to_ascii_uppercase();
        match kind.as_str() {
            "" => self.wrong(&at("type"), "is missing: HEADER, BODY, FOOTER or BUTTONS"),
            "HEADER" if d.header.is_none() => {
                let format = self.take(&mut m, "format", &at("format")).to_ascii_lowercase();
                let text = self.take(&mut m, "text", &at("text"));
                let mut header = Header {
                    format: if format.is_empty() { "text".into() } else { format },
                    text,
                    ..Header::default()
                };
                if let Some(mut example) = self.example(&mut m, &at("example")) {
                    header.examples = self.examples(&mut example, "header_text", d.format, &at("example"));
                    header.sample = match example.remove("header_handle") {
                        Some(Value::Array(list)) if list.len() == 1 && list[0].is_string() => {
                            list[0].as_str().unwrap_or_default().to_owned()
                        }
                        Some(Value::String(s)) => s,
                        Some(other) => {
                            example.insert("header_handle".into(), other);
                            String::new()
                        }
                        None => String::new(),
                    };
                    keep(&mut m, example);
                }
                header.extra = m;
                d.header = Some(header);
            }
            "BODY" if d.body == BodyPart::default() => {
                d.body.text = self.take(&mut m, "text", &at("text"));
                d.body.security = match m.remove("add_security_recommendation") {
                    None | Some(Value::Null) => None,
                    Some(Value::Bool(b)) => Some(b),
                    Some(_) => {
                        self.wrong(&at("add_security_recommendation"), "must be true or false");
                        None
                    }
                };
                if let Some(mut example) = self.example(&mut m, &at("example")) {
                    d.body.examples = self.examples(&mut example, "body_text", d.format, &at("example"));
                    keep(&mut m, example);
                }
                d.body.extra = m;
            }
            "FOOTER" if d.footer.is_none() => {
                let text = self.take(&mut m, "text", &at("text"));
                let path = at("code_expiration_minutes");
                let expires_minutes = self.number(&mut m, "code_expiration_minutes", &path);
                d.footer = Some(Footer { text, expires_minutes, extra: m });
            }
            "BUTTONS" if d.buttons.is_empty() => match m.remove("buttons") {
                Some(Value::Array(list)) => {
                    for (i, b) in list.iter().enumerate() {
                        self.button(d, &format!("{path}.buttons[{i}]"), b);
                    }
                }
                _ => self.wrong(&at("buttons"), "must be a list in brackets [ ]"),
            },
            _ => d.others.push(c.clone()),
        }
    }

    fn example(&mut self, m: &mut Map<String, Value>, path: &str) -> Option<Map<String, Value>> {
        match m.remove("example") {
            None | Some(Value::Null) => None,
            Some(Value::Object(o)) => Some(o),
            Some(_) => {
                self.wrong(path, "must be an object in braces { }");
                None
            }
        }
    }

    fn examples(
        &mut self,
        example: &mut Map<String, Value>,
        key: &str,
        format: ParameterFormat,
        path: &str,
    ) -> Examples {
        let mut out = Examples::new();
        let named = format!("{key}_named_params");
        if format == ParameterFormat::Named {
            let Some(v) = example.remove(&named) else { return out };
            let Some(list) = v.as_array() else {
                self.wrong(&format!("{path}.{named}"), "must be a list in brackets [ ]");
                return out;
            };
            for (i, p) in list.iter().enumerate() {
                match (p["param_name"].as_str(), p["example"].as_str()) {
                    (Some(name), Some(text)) => {
                        out.insert(name.to_owned(), text.to_owned());
                    }
                    _ => {
                        self.wrong(
                            &format!("{path}.{named}[{i}]"),
                            "needs param_name and example, both text",
                        );
                    }
                }
            }
            return out;
        }
        let Some(v) = example.remove(key) else { return out };
        let list = match &v {
            Value::Array(list) => match list.first() {
                Some(Value::Array(inner)) => inner.clone(),
                _ => list.clone(),
            },
            Value::String(_) => vec![v.clone()],
            _ => {
                self.wrong(&format!("{path}.{key}"), "must be a list in brackets [ ]");
                return out;
            }
        };
        for (i, e) in list.iter().take(EXAMPLES_MAX).enumerate() {
            match e.as_str() {
                Some("") => {}
                Some(text) => {
                    out.insert((i + 1).to_string(), text.to_owned());
                }
                None => self.wrong(&format!("{path}.{key}[{i}]"), "must be text in quotes"),
            }
        }
        out
    }

    fn button(&mut self, d: &mut Definition, path: &str, v: &Value) {
        let Some(object) = v.as_object() else {
            return self.wrong(path, "must be an object in braces { }");
        };
        let mut m = object.clone();
        let at = |key: &str| format!("{path}.{key}");
        let kind = self.take(&mut m, "type", &at("type")).to_ascii_lowercase();
        if kind.is_empty() {
            return self
                .wrong(&at("type"), "is missing: QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, FLOW or OTP");
        }
        let text = self.take(&mut m, "text", &at("text"));
        let target = match kind.as_str() {
            "phone_number" => self.take(&mut m, "phone_number", &at("phone_number")),
            _ => self.take(&mut m, "url", &at("url")),
        };
        let example = match m.remove("example") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(s)) => s,
            Some(Value::Array(list)) if list.len() == 1 && list[0].is_string() => {
                list[0].as_str().unwrap_or_default().to_owned()
            }
            Some(Value::Array(list)) if list.is_empty() => String::new(),
            Some(_) => {
                self.wrong(&at("example"), "must be one text");
                String::new()
            }
        };
        d.buttons.push(Button { kind, text, target, example, extra: m });
    }
}

/// Puts back what an example object had besides what was read.
fn keep(m: &mut Map<String, Value>, rest: Map<String, Value>) {
    if !rest.is_empty() {
        m.insert("example".into(), Value::Object(rest));
    }
}

/// What a template with these components shows and needs. Name, language, status and the rest are the caller's.
#[must_use]
pub fn shown(list: &[Value], format: ParameterFormat) -> Template {
    let d = read_lenient(list, format);
    let mut unsupported: Vec<String> = Vec::new();
    let unfit = d.buttons.iter().map(|b| b.kind.as_str()).filter(|k| !SENDABLE_BUTTONS.contains(k));
    for name in d.others.iter().map(other_name).chain(unfit.map(|k| format!("{k} button"))) {
        if !unsupported.contains(&name) {
            unsupported.push(name);
        }
    }
    Template {
        format,
        header: d.header.map(|h| TemplateHeader { format: h.format, text: h.text, examples: h.examples }),
        body: d.body.text,
        body_examples: d.body.examples,
        footer: d.footer.map(|f| f.text).unwrap_or_default(),
        buttons: d
            .buttons
            .into_iter()
            .map(|b| TemplateButton {
                example: b.example_end().to_owned(),
                kind: b.kind,
                text: b.text,
                target: b.target,
            })
            .collect(),
        unsupported,
        components: list.to_vec(),
        ..Template::default()
    }
}

/// Buttons that a send can fill in, or that need nothing.
const SENDABLE_BUTTONS: [&str; 7] =
    ["quick_reply", "url", "phone_number", "copy_code", "request_contact_info", "flow", "otp"];

fn other_name(c: &Value) -> String {
    let kind = c["type"].as_str().unwrap_or_default().to_ascii_lowercase();
    if kind.is_empty() { "unnamed part".into() } else { kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Vec<Value> {
        let v: Value =
            serde_json::from_str(include_str!("../../../tests/fixtures/meta/templates.json")).unwrap();
        v["data"].as_array().unwrap().clone()
    }

    #[test]
    fn what_the_provider_lists_is_written_as_it_was() {
        for t in page() {
            let list = t["components"].as_array().unwrap();
            let format = if t["parameter_format"] == "NAMED" {
                ParameterFormat::Named
            } else {
                ParameterFormat::Positional
            };
            assert_eq!(write(&read_lenient(list, format)), *list);
        }
    }

    #[test]
    fn a_document_goes_there_and_back() {
        let text = r#"{"name":"login_code","language":"en_GB","category":"AUTHENTICATION","parameter_format":"POSITIONAL",
            "message_send_ttl_seconds":600,"cta_url_link_tracking_opted_out":true,"components":[
            {"type":"BODY","add_security_recommendation":true},{"type":"FOOTER","code_expiration_minutes":10},
            {"type":"BUTTONS","buttons":[{"type":"OTP","otp_type":"COPY_CODE","text":"Copy code"}]},
            {"type":"LIMITED_TIME_OFFER","limited_time_offer":{"text":"Soon over"}}]}"#;
        let v: Value = serde_json::from_str(text).unwrap();
        let d = from_document(&v).unwrap();
        assert_eq!(d.ttl, Some(600));
        assert_eq!(d.buttons[0].other("otp_type"), "COPY_CODE");
        assert_eq!(d.others.len(), 1);
        assert_eq!(document(&d), v);
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_path() {
        let v = json!({ "name": 1, "components": [{ "type": "BODY", "text": ["x"] }, { "type": "BUTTONS", "buttons": [{}] }, 7] });
        let fields: Vec<String> = from_document(&v).unwrap_err().into_iter().map(|p| p.field).collect();
        assert_eq!(fields, ["name", "components[0].text", "components[1].buttons[0].type", "components[2]"]);
        assert_eq!(from_document(&json!([])).unwrap_err()[0].field, "document");
    }

    #[test]
    fn a_second_body_and_a_part_that_cannot_be_read_are_kept() {
        let list = vec![
            json!({ "type": "BODY", "text": "one" }),
            json!({ "type": "BODY", "text": "two" }),
            json!({ "type": "FOOTER", "text": 7 }),
        ];
        let d = read_lenient(&list, ParameterFormat::Positional);
        assert_eq!(d.body.text, "one");
        assert_eq!(write(&d), list);
    }
}
