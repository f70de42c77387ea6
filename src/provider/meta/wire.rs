//! Request bodies of the Cloud API's messages endpoint. Pure functions: no HTTP, no clock.

use crate::model::contact::{Identity, IdentityKind};
use crate::model::message::{CardEntry, ContactCard, MediaKind};
use crate::model::outgoing::{ListSection, Outgoing, ReplyButton};
use crate::model::template::{Parameter, SendComponent, TemplateSend};
use crate::provider::SendRequest;
use serde_json::{Map, Value, json};

/// The body that sends a message. The error is a sentence: a recipient that cannot be sent to, or a reaction
/// whose target the provider does not know.
pub fn send_body(request: &SendRequest<'_>) -> Result<Value, &'static str> {
    let mut body = Map::new();
    body.insert("messaging_product".into(), "whatsapp".into());
    recipient(&mut body, request.to)?;
    if let (Some(id), false) = (request.quote, matches!(request.content, Outgoing::Reaction { .. })) {
        body.insert("context".into(), json!({ "message_id": id }));
    }
    let (kind, content) = content(request)?;
    body.insert("type".into(), kind.into());
    body.insert(kind.into(), content);
    if !request.opaque.is_empty() {
        body.insert("biz_opaque_callback_data".into(), request.opaque.into());
    }
    Ok(Value::Object(body))
}

/// The body that marks a message read, and shows that somebody types.
#[must_use]
pub fn read_body(provider_id: &str, typing: bool) -> Value {
    let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": provider_id });
    if typing {
        body["typing_indicator"] = json!({ "type": "text" });
    }
    body
}

fn recipient(body: &mut Map<String, Value>, to: &Identity) -> Result<(), &'static str> {
    let (kind, key, value) = match to.kind {
        IdentityKind::Bsuid | IdentityKind::ParentBsuid => ("individual", "recipient", to.value.clone()),
        // Without the plus Meta may put our own country code in front.
        IdentityKind::Phone => ("individual", "to", format!("+{}", to.value.trim_start_matches('+'))),
        IdentityKind::Group => ("group", "to", to.value.clone()),
        IdentityKind::Username => return Err("a username is not an address that can be sent to"),
    };
    if to.value.trim_start_matches('+').is_empty() {
        return Err("the recipient is empty");
    }
    body.insert("recipient_type".into(), kind.into());
    body.insert(key.into(), value.into());
    Ok(())
}

fn content(request: &SendRequest<'_>) -> Result<(&'static str, Value), &'static str> {
    Ok(match request.content {
        Outgoing::Text { text, preview_url } => {
            let mut v = json!({ "body": text });
            if *preview_url {
                v["preview_url"] = true.into();
            }
            ("text", v)
        }
        Outgoing::Template { send, .. } => ("template", template(send, request.media)?),
        Outgoing::Reaction { emoji, .. } => {
            let target =
                request.reaction_target.ok_or("the provider does not know the message to react to")?;
            ("reaction", json!({ "message_id": target, "emoji": emoji }))
        }
        Outgoing::Buttons { header, text, footer, buttons } => {
            let action = json!({ "buttons": buttons.iter().map(reply).collect::<Vec<_>>() });
            ("interactive", interactive("button", header, text, footer, action))
        }
        Outgoing::List { header, text, footer, button, sections } => {
            let action =
                json!({ "button": button, "sections": sections.iter().map(section).collect::<Vec<_>>() });
            ("interactive", interactive("list", header, text, footer, action))
        }
        Outgoing::Link { header, text, footer, button, url } => {
            let action = json!({ "name": "cta_url", "parameters": { "display_text": button, "url": url } });
            ("interactive", interactive("cta_url", header, text, footer, action))
        }
        Outgoing::Location { latitude, longitude, name, address } => {
            ("location", place(&latitude.to_string(), &longitude.to_string(), name, address))
        }
        Outgoing::Media { kind, file, caption } => {
            let id = request.media.ok_or("the provider does not have the file")?;
            media(*kind, &file.name, caption, id)
        }
        Outgoing::Contacts { cards } => ("contacts", cards.iter().map(card).collect::<Vec<_>>().into()),
    })
}

fn put(map: &mut Map<String, Value>, key: &str, text: &str) {
    if !text.is_empty() {
        map.insert(key.into(), text.into());
    }
}

fn place(latitude: &str, longitude: &str, name: &str, address: &str) -> Value {
    let mut v = Map::new();
    v.insert("latitude".into(), latitude.into());
    v.insert("longitude".into(), longitude.into());
    put(&mut v, "name", name);
    put(&mut v, "address", address);
    v.into()
}

fn media(kind: MediaKind, name: &str, caption: &str, id: &str) -> (&'static str, Value) {
    let mut v = Map::new();
    v.insert("id".into(), id.into());
    put(&mut v, "caption", caption);
    let word = match kind {
        MediaKind::Voice => {
            v.insert("voice".into(), true.into());
            "audio"
        }
        MediaKind::Document => {
            put(&mut v, "filename", name);
            "document"
        }
        other => other.as_str(),
    };
    (word, v.into())
}

fn interactive(kind: &str, header: &str, text: &str, footer: &str, action: Value) -> Value {
    let mut v = json!({ "type": kind, "body": { "text": text } });
    if !header.is_empty() {
        v["header"] = json!({ "type": "text", "text": header });
    }
    if !footer.is_empty() {
        v["footer"] = json!({ "text": footer });
    }
    v["action"] = action;
    v
}

fn reply(b: &ReplyButton) -> Value {
    json!({ "type": "reply", "reply": { "id": b.id, "title": b.title } })
}

fn section(s: &ListSection) -> Value {
    let rows: Vec<Value> = s
        .rows
        .iter()
        .map(|r| {
            let mut v = Map::new();
            v.insert("id".into(), r.id.as_str().into());
            v.insert("title".into(), r.title.as_str().into());
            put(&mut v, "description", &r.description);
            v.into()
        })
        .collect();
    let mut v = Map::new();
    put(&mut v, "title", &s.title);
    v.insert("rows".into(), rows.into());
    v.into()
}

fn card(c: &ContactCard) -> Value {
    fn entries(list: &[CardEntry], key: &str) -> Value {
        list.iter()
            .map(|e| {
                let mut v = Map::new();
                v.insert(key.into(), e.value.as_str().into());
                put(&mut v, "type", &e.label);
                put(&mut v, "wa_id", e.wa_id.as_deref().unwrap_or(""));
                Value::Object(v)
            })
            .collect::<Vec<_>>()
            .into()
    }
    let mut name = Map::new();
    name.insert("formatted_name".into(), c.name.as_str().into());
    put(&mut name, "first_name", &c.first_name);
    put(&mut name, "last_name", &c.last_name);
    let mut v = Map::new();
    v.insert("name".into(), name.into());
    if !c.phones.is_empty() {
        v.insert("phones".into(), entries(&c.phones, "phone"));
    }
    if !c.emails.is_empty() {
        v.insert("emails".into(), entries(&c.emails, "email"));
    }
    if !c.organisation.is_empty() {
        v.insert("org".into(), json!({ "company": c.organisation }));
    }
    v.into()
}

fn parameters(list: &[Parameter]) -> Value {
    list.iter()
        .map(|p| {
            let mut v = json!({ "type": "text", "text": p.text });
            if let Some(name) = &p.name {
                v["parameter_name"] = name.as_str().into();
            }
            v
        })
        .collect::<Vec<_>>()
        .into()
}

fn component(c: &SendComponent, media: Option<&str>) -> Result<Value, &'static str> {
    Ok(match c {
        SendComponent::HeaderText { parameters: p } => {
            json!({ "type": "header", "parameters": parameters(p) })
        }
        SendComponent::HeaderMedia { kind, link, filename } => {
            let mut media = json!({ "link": link });
            if let (Some(name), "document") = (filename, kind.as_str()) {
                media["filename"] = name.as_str().into();
            }
            json!({ "type": "header", "parameters": [{ "type": kind, kind.as_str(): media }] })
        }
        SendComponent::HeaderFile { kind, file } => {
            let id = media.ok_or("the provider does not have the file")?;
            let mut media = json!({ "id": id });
            if kind == "document" {
                media["filename"] = file.name.as_str().into();
            }
            json!({ "type": "header", "parameters": [{ "type": kind, kind.as_str(): media }] })
        }
        SendComponent::HeaderLocation { latitude, longitude, name, address } => json!({
            "type": "header",
            "parameters": [{ "type": "location", "location": place(latitude, longitude, name, address) }],
        }),
        SendComponent::Body { parameters: p } => json!({ "type": "body", "parameters": parameters(p) }),
        SendComponent::Button { index, sub_type, value } => {
            let parameter = match sub_type.as_str() {
                "quick_reply" => json!({ "type": "payload", "payload": value }),
                "copy_code" => json!({ "type": "coupon_code", "coupon_code": value }),
                "flow" => json!({ "type": "action", "action": { "flow_token": value } }),
                _ => json!({ "type": "text", "text": value }),
            };
            json!({
                "type": "button", "sub_type": sub_type, "index": index.to_string(), "parameters": [parameter],
            })
        }
    })
}

fn template(t: &TemplateSend, media: Option<&str>) -> Result<Value, &'static str> {
    let mut v = json!({ "name": t.name, "language": { "code": t.language } });
    if !t.components.is_empty() {
        v["components"] =
            t.components.iter().map(|c| component(c, media)).collect::<Result<Vec<_>, _>>()?.into();
    }
    Ok(v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::MessageId;
    use crate::model::message::{Body, ShownRow};

    macro_rules! fixture {
        ($name:literal) => {
            serde_json::from_str::<Value>(include_str!(concat!(
                "../../../tests/fixtures/meta/",
                $name,
                ".json"
            )))
            .unwrap()
        };
    }

    const QUOTED: &str = "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgUM0FBMUYyQjNDNEQ1RTZGNzg5QUIA";

    fn body_of(content: &Outgoing, opaque: &str) -> Value {
        let to = Identity::phone("447700900123");
        send_body(&SendRequest {
            to: &to,
            content,
            reaction_target: Some(QUOTED),
            quote: None,
            media: None,
            opaque,
        })
        .unwrap()
    }

    #[test]
    fn text_with_preview() {
        let o = Outgoing::Text {
            text: "Your frame is ready: https://northwind.example/orders/8812".into(),
            preview_url: true,
        };
        assert_eq!(body_of(&o, "outbox:01JD3K8Q"), fixture!("send-text"));
    }

    #[test]
    fn quote_and_plus_stay_single() {
        let o = Outgoing::text("Yes, in blue as well.");
        let to = Identity::phone("+447700900123");
        let r = SendRequest {
            to: &to,
            content: &o,
            reaction_target: None,
            quote: Some(QUOTED),
            media: None,
            opaque: "",
        };
        assert_eq!(send_body(&r).unwrap(), fixture!("send-quote"));
    }

    #[test]
    fn reaction_needs_a_target_and_carries_no_context() {
        let o = Outgoing::Reaction { target: MessageId::new(), emoji: "👍".into() };
        let to = Identity::phone("447700900123");
        let r = SendRequest {
            to: &to,
            content: &o,
            reaction_target: Some(QUOTED),
            quote: Some("x"),
            media: None,
            opaque: "",
        };
        assert_eq!(send_body(&r).unwrap(), fixture!("send-reaction"));
        assert!(send_body(&SendRequest { reaction_target: None, ..r }).is_err());
    }

    #[test]
    fn location() {
        let o = Outgoing::Location {
            latitude: 51.5033,
            longitude: -0.1196,
            name: "Northwind Cycles".into(),
            address: "1 Example Wharf, London".into(),
        };
        assert_eq!(body_of(&o, ""), fixture!("send-location"));
    }

    #[test]
    fn contacts() {
        let e = |label: &str, value: &str, wa: Option<&str>| CardEntry {
            label: label.into(),
            value: value.into(),
            wa_id: wa.map(str::to_owned),
        };
        let o = Outgoing::Contacts {
            cards: vec![ContactCard {
                name: "Tom Harker".into(),
                first_name: "Tom".into(),
                last_name: "Harker".into(),
                phones: vec![e("WORK", "+447700900456", Some("447700900456"))],
                emails: vec![e("WORK", "tom@northwind.example", None)],
                organisation: "Northwind Cycles".into(),
            }],
        };
        let mut want = fixture!("send-contacts");
        // Parts of a card that the model does not keep.
        let c = want["contacts"][0].as_object_mut().unwrap();
        c.retain(|k, _| matches!(k.as_str(), "name" | "phones" | "emails" | "org"));
        c["org"].as_object_mut().unwrap().retain(|k, _| k == "company");
        assert_eq!(body_of(&o, ""), want);
    }

    #[test]
    fn files_go_by_the_providers_id() {
        use crate::model::media::{FileFacts, FileHash, StoredFile};
        let body = |kind, mime: &str, caption: &str| {
            let facts = FileFacts { mime: mime.into(), animated: false };
            let file =
                StoredFile { hash: FileHash([1; 32]), name: "invoice-8812.pdf".into(), size: 9, facts };
            let content = Outgoing::Media { kind, file, caption: caption.into() };
            let to = Identity::phone("447700900123");
            let media = Some("1183920045510077");
            let r = SendRequest {
                to: &to,
                content: &content,
                reaction_target: None,
                quote: None,
                media,
                opaque: "",
            };
            assert!(send_body(&SendRequest { media: None, ..r.clone() }).is_err());
            send_body(&r).unwrap()
        };
        let part = |v: Value, kind: &str| (v["type"].clone(), v[kind].clone());
        assert_eq!(
            part(body(MediaKind::Image, "image/png", "The blue one"), "image"),
            (json!("image"), json!({ "id": "1183920045510077", "caption": "The blue one" }))
        );
        assert_eq!(
            part(body(MediaKind::Document, "application/pdf", "Invoice"), "document"),
            (
                json!("document"),
                json!({ "id": "1183920045510077", "caption": "Invoice", "filename": "invoice-8812.pdf" })
            )
        );
        assert_eq!(
            part(body(MediaKind::Voice, "audio/ogg", ""), "audio"),
            (json!("audio"), json!({ "id": "1183920045510077", "voice": true }))
        );
        assert_eq!(
            part(body(MediaKind::Sticker, "image/webp", ""), "sticker"),
            (json!("sticker"), json!({ "id": "1183920045510077" }))
        );
    }

    #[test]
    fn buttons_and_list() {
        let b = |id: &str, title: &str| ReplyButton { id: id.into(), title: title.into() };
        let o = Outgoing::Buttons {
            header: "Pick-up".into(),
            text: "Does Friday 10:00 suit you?".into(),
            footer: "Northwind Cycles".into(),
            buttons: vec![b("slot-fri-10-yes", "Yes"), b("slot-fri-10-no", "Another time")],
        };
        assert_eq!(body_of(&o, ""), fixture!("send-buttons"));
        let row = |id: &str, title: &str, d: &str| ShownRow {
            id: id.into(),
            title: title.into(),
            description: d.into(),
        };
        let o = Outgoing::List {
            header: "Service plans".into(),
            text: "Choose a plan".into(),
            footer: String::new(),
            button: "Show plans".into(),
            sections: vec![ListSection {
                title: "Yearly".into(),
                rows: vec![
                    row("plan-basic", "Basic", "Two checks a year"),
                    row("plan-full", "Full", "Four checks and parts"),
                ],
            }],
        };
        assert_eq!(body_of(&o, ""), fixture!("send-list"));
    }

    #[test]
    fn link_button() {
        let o = Outgoing::Link {
            header: String::new(),
            text: "Track your order.".into(),
            footer: String::new(),
            button: "Track".into(),
            url: "https://northwind.example/t/8812".into(),
        };
        let want = json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+447700900123",
            "type": "interactive", "interactive": {
                "type": "cta_url", "body": { "text": "Track your order." },
                "action": { "name": "cta_url", "parameters": {
                    "display_text": "Track", "url": "https://northwind.example/t/8812" } } } });
        assert_eq!(body_of(&o, ""), want);
    }

    fn sent(name: &str, components: Vec<SendComponent>) -> Outgoing {
        let send = TemplateSend { name: name.into(), language: "en_GB".into(), components };
        Outgoing::Template { send, shown: Body::text("shown") }
    }

    fn p(name: Option<&str>, text: &str) -> Parameter {
        Parameter { name: name.map(str::to_owned), text: text.into() }
    }

    #[test]
    fn template_with_header_body_and_buttons() {
        let o = sent(
            "repair_ready",
            vec![
                SendComponent::HeaderMedia {
                    kind: "image".into(),
                    link: "https://northwind.example/a.png".into(),
                    filename: Some("not for pictures".into()),
                },
                SendComponent::Body { parameters: vec![p(None, "Amara")] },
                SendComponent::Button {
                    index: 0,
                    sub_type: "quick_reply".into(),
                    value: "repair:8812:ack".into(),
                },
                SendComponent::Button { index: 1, sub_type: "url".into(), value: "8812".into() },
            ],
        );
        let mut want = fixture!("send-template");
        want["template"]["components"][0]["parameters"][0]["image"] =
            json!({ "link": "https://northwind.example/a.png" });
        want["template"]["components"][1]["parameters"].as_array_mut().unwrap().truncate(1);
        assert_eq!(body_of(&o, "outbox:01JD3KA2"), want);
    }

    #[test]
    fn named_template() {
        let o = sent(
            "repair_ready_named",
            vec![SendComponent::Body {
                parameters: vec![p(Some("ticket"), "8812"), p(Some("first_name"), "Amara")],
            }],
        );
        assert_eq!(body_of(&o, ""), fixture!("send-template-named"));
    }

    #[test]
    fn other_template_parts() {
        let o = sent(
            "t",
            vec![
                SendComponent::HeaderLocation {
                    latitude: "1".into(),
                    longitude: "2".into(),
                    name: "N".into(),
                    address: String::new(),
                },
                SendComponent::Button { index: 2, sub_type: "copy_code".into(), value: "SPRING20".into() },
            ],
        );
        assert_eq!(
            body_of(&o, "")["template"]["components"],
            json!([
                { "type": "header", "parameters": [{ "type": "location",
                    "location": { "latitude": "1", "longitude": "2", "name": "N" } }] },
                { "type": "button", "sub_type": "copy_code", "index": "2",
                    "parameters": [{ "type": "coupon_code", "coupon_code": "SPRING20" }] },
            ])
        );
        let bare = body_of(&sent("t", vec![]), "");
        assert_eq!(bare["template"], json!({ "name": "t", "language": { "code": "en_GB" } }));
        let doc = sent(
            "t",
            vec![SendComponent::HeaderMedia {
                kind: "document".into(),
                link: "https://n.example/a.pdf".into(),
                filename: Some("a.pdf".into()),
            }],
        );
        assert_eq!(
            body_of(&doc, "")["template"]["components"][0]["parameters"][0],
            json!({ "type": "document", "document": { "link": "https://n.example/a.pdf", "filename": "a.pdf" } })
        );
    }

    #[test]
    fn recipients_by_kind() {
        let o = Outgoing::text("hi");
        let body = |to: &Identity| {
            send_body(&SendRequest {
                to,
                content: &o,
                reaction_target: None,
                quote: None,
                media: None,
                opaque: "",
            })
        };
        let v = body(&Identity::bsuid("GB.48820117365590214477")).unwrap();
        assert_eq!(v["recipient"], "GB.48820117365590214477");
        assert!(v.get("to").is_none());
        let v = body(&Identity { kind: IdentityKind::Group, value: "Y2Fw".into() }).unwrap();
        assert_eq!((&v["to"], &v["recipient_type"]), (&json!("Y2Fw"), &json!("group")));
        assert!(body(&Identity { kind: IdentityKind::Username, value: "amara".into() }).is_err());
        assert!(body(&Identity::phone("+")).is_err());
    }

    #[test]
    fn read_and_typing() {
        assert_eq!(read_body(QUOTED, false), fixture!("send-read"));
        assert_eq!(read_body(QUOTED, true), fixture!("send-typing"));
    }
}
