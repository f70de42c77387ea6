//! An engine that keeps templates in a list, for tests of this screen and of what opens it.

use crate::clock::Millis;
use crate::model::template::definition::Definition;
use crate::model::template::local::{ActionDefinition, TemplateChange, TemplateSettings, TemplateUse};
use crate::model::template::{Template, TemplateButton, TemplateHeader};
use crate::protocol::templates::{
    ActionRow, KnownValues, LibraryTemplate, TemplateAnswer, TemplateRequest, TemplateRow,
};
use crate::protocol::{Problem, Response};

/// Now.
const NOW: Millis = crate::tui::app::tests::NOW;
const MIN: Millis = 60_000;

/// What it has.
#[derive(Clone, Debug)]
pub(crate) struct Fake {
    pub rows: Vec<TemplateRow>,
    pub actions: Vec<ActionRow>,
}

pub(crate) fn template(name: &str, language: &str, status: &str, body: &str) -> Template {
    let mut t = Definition {
        body: crate::model::template::definition::BodyPart {
            text: body.into(),
            examples: crate::model::template::variables(body)
                .into_iter()
                .zip(["Amara", "4711", "9 €"])
                .map(|(v, e)| (v, e.to_owned()))
                .collect(),
            ..Default::default()
        },
        ..Definition::default()
    }
    .as_template();
    t.name = name.into();
    t.language = language.into();
    t.status = status.into();
    t.category = "UTILITY".into();
    t.quality = "GREEN".into();
    t.synced_at = NOW - 2 * MIN;
    t
}

fn row(t: Template, count: u64) -> TemplateRow {
    TemplateRow {
        template: t,
        settings: TemplateSettings::default(),
        used: TemplateUse { count, last: (count > 0).then_some(NOW - 5 * MIN) },
        warning: None,
    }
}

/// Templates in every state, in four scripts.
pub(crate) fn rows() -> Vec<TemplateRow> {
    let order = "Hi {{1}}, your *order {{2}}* has left our house today. We hope you enjoy it.";
    let mut all = vec![
        row(template("hello_world", "en_US", "APPROVED", "Welcome and congratulations!"), 0),
        row(
            template("order_update", "ar", "PENDING", "مرحبًا {{1}}، طلبك {{2}} في الطريق إليك الآن يا صديقي"),
            0,
        ),
        row(template("order_update", "en_GB", "APPROVED", order), 1_204),
        row(
            template(
                "order_update",
                "pt_BR",
                "REJECTED",
                "Olá {{1}}, o seu pedido {{2}} saiu hoje da nossa casa.",
            ),
            0,
        ),
        row(
            template(
                "order_update",
                "zh_CN",
                "APPROVED",
                "你好 {{1}}，你的订单 {{2}} 今天已经发货，感谢你的购买。",
            ),
            7,
        ),
        row(
            template(
                "promo_spring",
                "en_GB",
                "PAUSED",
                "Spring 🌷 is here, with everything 20 % off until Sunday!",
            ),
            31,
        ),
        row(
            template(
                "a_rather_long_name_that_nobody_would_choose_by_hand_2026",
                "de",
                "IN_LIMBO",
                "Guten Tag",
            ),
            0,
        ),
    ];
    let t = &mut all[2].template;
    t.header =
        Some(TemplateHeader { format: "text".into(), text: "On its way".into(), ..Default::default() });
    t.footer = "Northwind Bells".into();
    t.buttons = vec![TemplateButton {
        kind: "url".into(),
        text: "Track it".into(),
        target: "https://shop.example/t/{{1}}".into(),
        example: "4711".into(),
    }];
    t.components = Vec::new();
    all[3].template.rejected_reason = "INCORRECT_CATEGORY: The template does not follow the rules.".into();
    all[5].template.category = "MARKETING".into();
    all[5].template.previous_category = "UTILITY".into();
    all[5].template.quality = "RED".into();
    all[5].warning = Some(TemplateChange {
        at: NOW - 6 * MIN,
        part: "category".into(),
        from: "UTILITY".into(),
        to: "MARKETING".into(),
        by: "provider".into(),
    });
    all[6].settings.enabled = false;
    all.sort_by(|a, b| {
        (&a.template.name, &a.template.language).cmp(&(&b.template.name, &b.template.language))
    });
    all
}

impl Default for Fake {
    fn default() -> Self {
        let action = ActionDefinition {
            template: "order_update".into(),
            language: "en_GB".into(),
            mapping: [
                ("body.1", "{{ contact.first_name }}"),
                ("body.2", "{{ set.order }}"),
                ("button.0", "{{ set.order }}"),
            ]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        };
        Self { rows: rows(), actions: vec![ActionRow { name: "order_updated".into(), action }] }
    }
}

pub(crate) fn changes() -> Vec<TemplateChange> {
    let change = |at, part: &str, from: &str, to: &str, by: &str| TemplateChange {
        at,
        part: part.into(),
        from: from.into(),
        to: to.into(),
        by: by.into(),
    };
    vec![
        change(NOW - 4 * MIN, "status", "PENDING", "APPROVED", "provider"),
        change(NOW - 5 * MIN, "status", "REJECTED", "PENDING", "ana"),
        change(NOW - 600 * MIN, "category", "MARKETING", "UTILITY", "provider"),
        change(NOW - 7_000 * MIN, "created", "", "", "ana"),
    ]
}

impl Fake {
    fn submit(&mut self, d: &Definition) -> TemplateAnswer {
        let mut t = d.as_template();
        t.status = "PENDING".into();
        t.synced_at = NOW;
        self.rows.retain(|r| r.template.name != t.name || r.template.language != t.language);
        self.rows.push(row(t.clone(), 0));
        self.rows.sort_by(|a, b| {
            (&a.template.name, &a.template.language).cmp(&(&b.template.name, &b.template.language))
        });
        TemplateAnswer::Submitted(Box::new(t))
    }

    /// What a review that ends so leaves.
    pub fn review(&mut self, name: &str, language: &str, status: &str, reason: &str) {
        for r in &mut self.rows {
            if r.template.name == name && r.template.language == language {
                r.template.status = status.into();
                r.template.rejected_reason = reason.into();
            }
        }
    }

    pub fn answer(&mut self, act: TemplateRequest) -> Result<Response, Problem> {
        let answer = match act {
            TemplateRequest::List { .. } => TemplateAnswer::List(self.rows.clone()),
            TemplateRequest::Refresh { name, .. } => {
                TemplateAnswer::List(self.rows.iter().filter(|r| r.template.name == name).cloned().collect())
            }
            TemplateRequest::History { .. } => TemplateAnswer::History(changes()),
            TemplateRequest::Create { definition, .. } | TemplateRequest::Edit { definition, .. } => {
                if definition.name == "refused" {
                    let p =
                        Problem::new("provider", "2388024: it exists already").next("choose another name");
                    return Err(Problem { field: Some("name".into()), ..p });
                }
                self.submit(&definition)
            }
            TemplateRequest::Delete { name, language, .. } => {
                let gone =
                    |t: &Template| t.name == name && language.as_ref().is_none_or(|l| *l == t.language);
                self.rows.retain(|r| !gone(&r.template));
                TemplateAnswer::Done
            }
            TemplateRequest::Sample { .. } => TemplateAnswer::Sample("4::aW1hZ2U=:ARaSample".into()),
            TemplateRequest::Set { name, language, settings, .. } => {
                for r in &mut self.rows {
                    if r.template.name == name && r.template.language == language {
                        r.settings = settings.clone();
                    }
                }
                TemplateAnswer::Done
            }
            TemplateRequest::Library { .. } => TemplateAnswer::Library(library()),
            TemplateRequest::Values { name, language, .. } => {
                let row =
                    self.rows.iter().find(|r| r.template.name == name && r.template.language == language);
                let mapping = row.map(|r| r.settings.mapping.clone()).unwrap_or_default();
                TemplateAnswer::Values(KnownValues { values: mapping, ..KnownValues::default() })
            }
            TemplateRequest::Actions { .. } => TemplateAnswer::Actions(self.actions.clone()),
            TemplateRequest::SetAction { name, action, .. } => {
                self.actions.retain(|a| a.name != name);
                self.actions.extend(action.map(|action| ActionRow { name, action }));
                TemplateAnswer::Done
            }
            TemplateRequest::FromLibrary { name, language, category, .. } => {
                let d = Definition { name, language, category, ..Definition::default() };
                self.submit(&d)
            }
            _ => return Err(Problem::new("unable", "not here")),
        };
        Ok(Response::Template(Box::new(answer)))
    }
}

/// Two of the provider's own.
pub(crate) fn library() -> Vec<LibraryTemplate> {
    let mut delivery = template(
        "delivery_update_1",
        "en_US",
        "",
        "Hi {{1}}, your order {{2}} is out for delivery and arrives today.",
    );
    delivery.buttons = vec![TemplateButton {
        kind: "url".into(),
        text: "Track it".into(),
        target: "https://example.com/{{1}}".into(),
        example: String::new(),
    }];
    delivery.components = Vec::new();
    let payment =
        template("payment_due_2", "en_US", "", "Hi {{1}}, a payment of {{2}} is due on {{3}} as agreed.");
    let of = |t: Template, topic: &str| LibraryTemplate {
        name: t.name.clone(),
        template: t,
        topic: topic.into(),
        ..LibraryTemplate::default()
    };
    vec![of(delivery, "ORDER_MANAGEMENT"), of(payment, "PAYMENTS")]
}
