//! The scenes: a name, who is there, and the keys that lead to it.

use super::accounts::{numbers, on, on_account};
use super::colleagues::{company, mentions, watched};
use super::stage::{
    MIN, checks, connecting, contact, deliver, desk, life, nobody, notes, number_settings, open, pipe,
    states, view, with_templates, write,
};
use super::templates::{at, blank, building, empty, none, role, ten_buttons};
use crate::config::settings::Masking;
use crate::model::Body;
use crate::model::contact::Identity;
use crate::protocol::{Changed, DiskProblem, Problem, Version};
use crate::tui::app::files_tests::{attach, with_files};
use crate::tui::app::tests::{NOW, Script};
use crate::tui::app::{App, Event};
use crate::tui::overlay::Delivery;
use crate::tui::theme::Depth;

pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) from: fn() -> Script,
    pub(super) act: fn(&mut Script, &mut App),
}

const fn scene(name: &'static str, from: fn() -> Script, act: fn(&mut Script, &mut App)) -> Scene {
    Scene { name, from, act }
}

/// All of them: what is on the screen, and how one gets there.
pub(super) const SCENES: &[Scene] = &[
    // The inbox itself.
    scene("welcome", nobody, |_, _| {}),
    scene("list", desk, |_, _| {}),
    scene("list_marks", desk, |s, app| drop(s.keys(app, "x j x"))),
    scene("list_range", desk, |s, app| drop(s.keys(app, "V j j"))),
    scene("list_nothing", desk, |s, app| drop(s.keys(app, "g r"))),
    scene("list_nothing_failed", nobody, |s, app| drop(s.keys(app, "f"))),
    scene("list_snoozed", desk, |s, app| drop(s.keys(app, "g z"))),
    scene("list_own_view", desk, |s, app| view(s, app, "label:vip state:open")),
    scene("list_window_queue", desk, |s, app| drop(s.keys(app, "g w"))),
    scene("masked", desk, |s, app| {
        s.keys(app, "Enter");
        app.theme.mask = Masking::Names;
        app.layouts.borrow_mut().clear();
    }),
    scene("leader", desk, |s, app| {
        s.keys(app, "Enter Space");
        s.clock.advance(500);
        app.update(Event::Deadline);
    }),
    // What the status line says.
    scene("said", desk, |_, app| app.say("Snooze ended: Marta Souza")),
    scene("said_bad", desk, |_, app| {
        app.say_problem(
            &Problem::new("x", "131056 pair rate limit")
                .means("too fast for this customer")
                .next("wait a minute"),
        );
    }),
    scene("disk_full", desk, |s, app| {
        s.status.disk = Some(DiskProblem {
            what: "no space left on device".into(),
            next: "make room".into(),
            since: NOW - 3 * MIN,
            free: Some(0),
        });
        s.tell(app, vec![Changed::StatusChanged]);
    }),
    scene("unknown_in_outbox", desk, |s, app| {
        (s.status.outbox, s.status.later, s.status.unknown, s.status.failed_webhooks) = (3, 2, 1, 4);
        s.tell(app, vec![Changed::StatusChanged]);
    }),
    scene("engine_gone", desk, |_, app| drop(app.update(Event::EngineGone))),
    // The conversation.
    scene("conversation", desk, |s, app| drop(s.keys(app, "Enter"))),
    scene("conversation_closed", desk, |s, app| drop(s.keys(app, "G Enter"))),
    scene("states", states, |s, app| drop(s.keys(app, "Enter"))),
    scene("states_older", states, |s, app| drop(s.keys(app, "Enter g g"))),
    scene("states_writing", states, |s, app| drop(s.keys(app, "Enter r"))),
    scene("notes", notes, |s, app| open(s, app, "Marta's shop")),
    scene("selected", desk, |s, app| drop(s.keys(app, "Enter k k"))),
    scene("message_marks", desk, |s, app| drop(s.keys(app, "Enter k m k m"))),
    scene("find", desk, |s, app| write(s, app, "Enter /", "pedido")),
    scene("find_nothing", desk, |s, app| write(s, app, "Enter /", "zzz")),
    scene("find_day", desk, |s, app| write(s, app, "Enter g D", "yesterday")),
    scene("find_day_unclear", desk, |s, app| write(s, app, "Enter g D", "sometime")),
    // Colleagues.
    scene("company", company, |_, _| {}),
    scene("company_in_conversation", company, |s, app| drop(s.keys(app, "Enter"))),
    scene("company_looks", company, |s, app| drop(s.keys(app, "j Enter"))),
    scene("clash", company, |s, app| {
        write(s, app, "Enter r", "Sai hoje");
        s.keys(app, "Enter");
    }),
    scene("take_over", company, |s, app| drop(s.keys(app, "T"))),
    scene("watching", watched, |s, app| {
        s.keys(app, "W Enter");
    }),
    scene("watch_whom", watched, |s, app| drop(s.keys(app, "W"))),
    scene("whisper", watched, |s, app| {
        s.keys(app, "W Enter");
        write(s, app, "g W", "offer the refund");
    }),
    scene("mentions", mentions, |s, app| drop(s.keys(app, "g @"))),
    // Writing.
    scene("writing", desk, |s, app| {
        write(s, app, "Enter r", "Oi *Marta*, o seu pedido sai hoje:");
        write(s, app, "Ctrl+J", "- um");
        write(s, app, "Ctrl+J", "- dois");
    }),
    scene("writing_quote", desk, |s, app| write(s, app, "Enter k r", "Sai hoje")),
    scene("writing_note", desk, |s, app| write(s, app, "Enter n", "carrier says delayed")),
    scene("writing_too_long", desk, |s, app| {
        s.keys(app, "Enter r");
        app.update(Event::Paste("palavra ".repeat(600)));
    }),
    scene("attach", desk, |s, app| {
        s.disk = with_files().disk;
        s.keys(app, "Enter r Ctrl+T Down");
    }),
    scene("attached", desk, |s, app| {
        s.disk = with_files().disk;
        s.keys(app, "Enter r");
        for name in ["price-list.pdf", "bike.jpg", "tool.exe"] {
            attach(s, app, name);
        }
        s.type_text(app, "Here is what we have.");
    }),
    scene("emoji", desk, |s, app| write(s, app, "Enter r", "great :smi")),
    scene("later", desk, |s, app| {
        write(s, app, "Enter r", "Oi");
        write(s, app, "Ctrl+G", "tomorrow 9:00");
    }),
    scene("later_unclear", desk, |s, app| {
        write(s, app, "Enter r", "Oi");
        write(s, app, "Ctrl+G", "soonish");
        s.keys(app, "Enter");
    }),
    scene("quick_replies", desk, |s, app| drop(s.keys(app, "Enter r Ctrl+O"))),
    scene("quick_replies_nothing", desk, |s, app| {
        write(s, app, "Enter r", "/zzzz");
        s.keys(app, "Enter");
    }),
    scene("quick_replies_delete", desk, |s, app| drop(s.keys(app, "Enter g q F4"))),
    scene("quick_replies_values", desk, |s, app| {
        write(s, app, "Enter r", "/order");
        s.keys(app, "Enter");
    }),
    scene("quick_reply_editor", desk, |s, app| drop(s.keys(app, "Enter g q F3"))),
    scene("quick_reply_new", desk, |s, app| drop(s.keys(app, "Enter g q F2 F10"))),
    scene("macros", desk, |s, app| drop(s.keys(app, "Enter g x"))),
    scene("macros_nothing", desk, |s, app| {
        write(s, app, "Enter g x", "zzzz");
        s.keys(app, "Enter");
    }),
    scene("macros_delete", desk, |s, app| drop(s.keys(app, "Enter g x F4"))),
    scene("macro_editor", desk, |s, app| drop(s.keys(app, "Enter g x F3"))),
    scene("macro_plan", desk, |s, app| {
        write(s, app, "Enter g x", "thank");
        s.keys(app, "Enter");
    }),
    scene("macro_values", desk, |s, app| {
        write(s, app, "Enter g x", "shipped");
        write(s, app, "Enter", "4711");
    }),
    scene("macro_impossible", desk, |s, app| {
        write(s, app, "Enter g x", "broken");
        s.keys(app, "Enter");
    }),
    scene("macro_ended", desk, |s, app| {
        write(s, app, "Enter g x", "shipped");
        write(s, app, "Enter", "4711");
        s.refuse = Some(Problem::new("refused", "131026 not deliverable").next("send a template"));
        s.keys(app, "Enter Enter");
    }),
    scene("templates", desk, |s, app| with_templates(s, app, "Down")),
    scene("templates_nothing", desk, |s, app| {
        with_templates(s, app, "");
        s.type_text(app, "zzzz");
        s.keys(app, "Enter");
    }),
    scene("template_form", desk, |s, app| with_templates(s, app, "Enter")),
    scene("template_missing", desk, |s, app| with_templates(s, app, "Enter F10")),
    scene("form_buttons", desk, |s, app| drop(s.keys(app, "Enter Space c b"))),
    scene("form_buttons_problems", desk, |s, app| drop(s.keys(app, "Enter Space c b F10"))),
    scene("form_list", desk, |s, app| drop(s.keys(app, "Enter Space c l"))),
    scene("form_link", desk, |s, app| drop(s.keys(app, "Enter Space c u"))),
    scene("form_place", desk, |s, app| drop(s.keys(app, "Enter Space c p"))),
    scene("form_card", desk, |s, app| drop(s.keys(app, "Enter Space c c"))),
    // What is done to threads.
    scene("labels", desk, |s, app| drop(s.keys(app, "L"))),
    scene("labels_new", desk, |s, app| write(s, app, "L", "refund")),
    scene("labels_edit", desk, |s, app| drop(s.keys(app, "L F3"))),
    scene("labels_delete", desk, |s, app| drop(s.keys(app, "L F4"))),
    scene("snooze", desk, |s, app| drop(s.keys(app, "z"))),
    scene("snooze_unclear", desk, |s, app| {
        write(s, app, "z", "soonish");
        s.keys(app, "Enter");
    }),
    scene("assign", desk, |s, app| drop(s.keys(app, "a"))),
    scene("priority", desk, |s, app| drop(s.keys(app, "P"))),
    scene("views", desk, |s, app| drop(s.keys(app, "F"))),
    scene("views_filter_wrong", desk, |s, app| write(s, app, "F", "lable:vip")),
    scene("views_delete", desk, |s, app| drop(s.keys(app, "F Ctrl+End Delete"))),
    scene("view_save", desk, |s, app| {
        view(s, app, "is:unread");
        write(s, app, ":", "view.save");
        write(s, app, "Enter", "fresh");
    }),
    // Finding.
    scene("palette", desk, |s, app| drop(s.keys(app, "Ctrl+K"))),
    scene("palette_typed", desk, |s, app| write(s, app, "Enter Ctrl+K", "re")),
    scene("palette_nothing", desk, |s, app| {
        write(s, app, "Ctrl+K", "#zzzz");
        s.keys(app, "Enter");
    }),
    scene("command_line", desk, |s, app| write(s, app, ":", "mac")),
    scene("command_line_macro", desk, |s, app| write(s, app, ":", "macro s")),
    scene("search", desk, |s, app| drop(s.keys(app, "/"))),
    scene("search_found", desk, |s, app| write(s, app, "/", "pedido")),
    scene("search_nothing", desk, |s, app| {
        write(s, app, "/", "zzzz");
        s.keys(app, "Enter");
    }),
    scene("search_mistake", desk, |s, app| write(s, app, "/", "before:soon x")),
    scene("accounts", desk, |s, app| drop(s.keys(app, "A"))),
    scene("accounts_nothing", desk, |s, app| {
        write(s, app, "A", "zzzz");
        s.keys(app, "Enter");
    }),
    scene("accounts_screen", numbers, |s, app| drop(s.keys(app, "g A"))),
    scene("accounts_detail", numbers, |s, app| drop(s.keys(app, "g A j j Enter"))),
    scene("accounts_link", numbers, |s, app| drop(s.keys(app, "g A j j u"))),
    scene("accounts_edit", numbers, |s, app| drop(s.keys(app, "g A j j j e"))),
    scene("accounts_new", numbers, |s, app| drop(s.keys(app, "g A n k F10"))),
    scene("accounts_disconnect", numbers, |s, app| drop(s.keys(app, "g A x"))),
    scene("account_pending", numbers, |s, app| on_account(s, app, "shop-pt")),
    scene("account_paused", || on("lojas"), |s, app| drop(s.keys(app, "Enter r"))),
    scene("account_disconnected", || on("old"), |s, app| drop(s.keys(app, "Enter"))),
    scene(
        "account_error",
        || on("sales"),
        |s, app| {
            write(s, app, "Enter r", "Oi");
            s.keys(app, "Enter");
        },
    ),
    scene("profile", desk, |s, app| number_settings(s, app, "")),
    scene("profile_blocked", desk, |s, app| number_settings(s, app, "2")),
    scene("profile_chat", desk, |s, app| number_settings(s, app, "3")),
    scene("profile_links", desk, |s, app| number_settings(s, app, "4")),
    scene("profile_code", desk, |s, app| number_settings(s, app, "4 Enter")),
    scene("profile_number", desk, |s, app| number_settings(s, app, "5")),
    scene("profile_form", desk, |s, app| number_settings(s, app, "1 e")),
    scene("profile_refused", desk, |s, app| {
        number_settings(s, app, "");
        s.keys(app, "Ctrl+R");
        deliver(
            app,
            Delivery::Problem(
                Problem::new("provider", "support: 190 Session has expired")
                    .means("The access token has expired.")
                    .next("make a new token"),
            ),
        );
    }),
    scene("connect_new", desk, |s, app| connecting(s, app, false)),
    scene("connect", desk, |s, app| connecting(s, app, true)),
    scene("block", desk, |s, app| {
        s.keys(app, "Enter");
        write(s, app, ":", "contact.block");
        s.keys(app, "Enter");
    }),
    scene("blocked", desk, |s, app| {
        s.keys(app, "Enter");
        let c = app.conversation.as_mut().expect("a conversation is open");
        c.blocked = Some(crate::model::thread::Blocked { at: NOW - 3 * MIN, by: "ana".into() });
    }),
    scene("help", desk, |s, app| drop(s.keys(app, "?"))),
    scene("help_typed", desk, |s, app| write(s, app, "?", "label")),
    scene("help_nothing", desk, |s, app| write(s, app, "?", "zzzz")),
    // One message.
    scene("reactions", desk, |s, app| drop(s.keys(app, "Enter +"))),
    scene("links", notes, |s, app| {
        open(s, app, "Marta's shop");
        s.keys(app, "g g o");
    }),
    scene("life", desk, |s, app| {
        s.keys(app, "Enter I");
        let life = life(app);
        deliver(app, Delivery::Life(Box::new(life)));
    }),
    scene("versions", notes, |s, app| {
        open(s, app, "Marta's shop");
        s.keys(app, "g v");
        let version = |ago: i64, original, text: &str| Version {
            at: NOW - ago * MIN,
            original,
            body: Body::text(text),
        };
        deliver(
            app,
            Delivery::Versions(vec![version(50, true, "I mean shoe"), version(49, false, "I mean shoes")]),
        );
    }),
    scene("note_editor", notes, |s, app| {
        open(s, app, "Marta's shop");
        s.keys(app, "g e");
    }),
    scene("note_editor_leaving", notes, |s, app| {
        open(s, app, "Marta's shop");
        write(s, app, "g e", "!");
        s.keys(app, "Esc");
    }),
    scene("forward", desk, |s, app| drop(s.keys(app, "Enter k f"))),
    scene("forward_question", desk, |s, app| drop(s.keys(app, "Enter k m k m k m f Enter"))),
    scene("forward_nothing", desk, |s, app| {
        write(s, app, "Enter k f", "zzzz");
        s.keys(app, "Enter");
    }),
    scene("export", desk, |s, app| {
        app.shell = true;
        s.keys(app, "Enter g E");
    }),
    scene("export_wrong", desk, |s, app| {
        app.shell = true;
        s.keys(app, "Enter g E Ctrl+U Enter");
    }),
    scene("pipe", desk, |s, app| {
        app.shell = true;
        s.keys(app, "Enter | Enter");
    }),
    scene("pipe_output", desk, |s, app| pipe(s, app, "12 words\nand 3 lines\n", "")),
    scene("pipe_failed", desk, |s, app| pipe(s, app, "", "exit status 127")),
    scene("confirm", states, |s, app| drop(s.keys(app, "Enter Ctrl+R"))),
    // Templates for who makes them.
    scene("template_admin", desk, |s, app| at(s, app, "j Right")),
    scene("template_admin_rejected", desk, |s, app| at(s, app, "j Right Right Enter")),
    scene("template_admin_moved", desk, |s, app| at(s, app, "G")),
    scene("template_admin_search", desk, |s, app| write(s, app, "g t /", "spring")),
    scene("template_admin_empty", none, |s, app| at(s, app, "")),
    scene("template_admin_role", role, |s, app| at(s, app, "j Right")),
    scene("template_admin_delete", desk, |s, app| write(s, app, "g t j Right D", "order_u")),
    scene("template_admin_delete_all", desk, |s, app| write(s, app, "g t j D Tab", "wrong")),
    scene("template_admin_history", desk, |s, app| at(s, app, "j Right h")),
    scene("template_admin_new", desk, |s, app| at(s, app, "n")),
    scene("template_admin_models", desk, |s, app| write(s, app, "g t M", "invoice")),
    scene("template_admin_library", desk, |s, app| at(s, app, "B")),
    scene("template_admin_library_form", desk, |s, app| at(s, app, "B Enter")),
    scene("template_admin_copy", desk, |s, app| write(s, app, "g t j d", "chinese")),
    scene("template_admin_values", desk, |s, app| at(s, app, "j Right m")),
    scene("template_admin_roles", desk, |s, app| at(s, app, "j Right R")),
    scene("template_admin_actions", desk, |s, app| at(s, app, "a")),
    scene("template_admin_action_try", desk, |s, app| at(s, app, "a t")),
    scene("template_builder_blank", desk, blank),
    scene("template_builder_problems", desk, |s, app| {
        blank(s, app);
        s.keys(app, "F10");
    }),
    scene("template_builder", desk, building),
    scene("template_builder_phone", desk, |s, app| {
        building(s, app);
        s.keys(app, "F7");
    }),
    scene("template_builder_warned", desk, |s, app| {
        building(s, app);
        s.keys(app, "F10");
    }),
    scene("template_builder_leaving", desk, |s, app| {
        building(s, app);
        s.keys(app, "Esc");
    }),
    scene("template_builder_buttons", desk, ten_buttons),
    scene("template_builder_login", desk, |s, app| {
        blank(s, app);
        s.type_text(app, "login_code");
        s.keys(app, "Tab Tab Left");
    }),
    scene("template_builder_languages", desk, |s, app| {
        blank(s, app);
        s.keys(app, "Tab Enter");
        s.type_text(app, "port");
    }),
    scene("template_builder_arabic", desk, |s, app| at(s, app, "j d Enter")),
    scene("template_builder_edit", desk, |s, app| at(s, app, "j Right e")),
    scene("template_builder_json", desk, |s, app| {
        at(s, app, "j Right e");
        deliver(
            app,
            Delivery::Edited(Ok(Some("{\n  \"name\": \"order_update\",\n  \"components\": [7]\n}".into()))),
        );
    }),
    scene("template_builder_empty", empty, |s, app| at(s, app, "n Enter")),
    // Around.
    scene("contact", desk, |s, app| {
        let ids =
            [Identity::bsuid("BR.1"), Identity::phone("5511988881234"), Identity::phone("551133334444")];
        s.keys(app, "Enter p");
        deliver(app, Delivery::Contact(Box::new(contact("Marta Souza", &ids))));
    }),
    scene("contact_join", desk, |s, app| {
        let ids = [Identity::bsuid("BR.1"), Identity::phone("5511988881234")];
        s.keys(app, "Enter p");
        deliver(app, Delivery::Contact(Box::new(contact("Marta Souza", &ids))));
        write(s, app, "m", "zzzz");
        s.keys(app, "Enter");
    }),
    scene("notices", desk, |s, app| drop(s.keys(app, "g n"))),
    scene("doctor", desk, |s, app| {
        s.keys(app, "g d");
        deliver(app, Delivery::Checks(checks()));
    }),
    scene("delete_thread", desk, |s, app| {
        app.run_named("thread.delete");
        s.keys(app, "M a r t a");
    }),
    scene("numbers", desk, |s, app| drop(s.keys(app, "g N"))),
    scene("activity", desk, |s, app| drop(s.keys(app, "g l"))),
    scene("themes", desk, |_, app| {
        let themes = crate::tui::theme::installed(None, Depth::True);
        app.update(Event::Themes(themes));
    }),
];
