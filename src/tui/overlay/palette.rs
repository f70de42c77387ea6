//! The palette: commands, threads, templates, quick replies, macros and views by a few letters; and the command line.
//!
//! What is loaded is matched at once. Threads that are not loaded are the engine's to find: its answer goes below
//! what is shown, so that nothing moves under the cursor, and an answer to an older text is dropped.

use super::field::{Effect, Field};
use super::frame::{self, Needle, Rich, Selection, TimeText};
use super::{Delivery, Hint, Overlay, Step, nothing_chosen};
use crate::model::contact::display_phone;
use crate::model::ids::{AccountId, MacroId, QuickReplyId, ThreadId};
use crate::model::thread::ThreadRow;
use crate::protocol::{Problem, Request, SavedView};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Longest text, in bytes.
const QUERY_MAX: usize = 200;
/// Threads matched here; beyond, the engine finds.
const POOL: usize = 2_000;
/// Threads shown before anything is typed.
const RECENT: usize = 6;
/// Threads asked for at a time.
const PAGE: u32 = 20;

/// A command that can be run from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandEntry {
    /// Its name.
    pub id: &'static str,
    /// One or two words.
    pub title: &'static str,
    /// One line.
    pub help: &'static str,
    /// Its key where the palette was opened; empty without one.
    pub key: String,
    /// What may follow its name on the command line, in words; empty when nothing may.
    pub argument: &'static str,
}

/// A template of the open thread's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateEntry {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its text.
    pub body: String,
}

/// A quick reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyEntry {
    /// Which.
    pub id: QuickReplyId,
    /// What is typed after `/`.
    pub shortcut: String,
    /// Its text.
    pub text: String,
}

/// A macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroEntry {
    /// Which.
    pub id: MacroId,
    /// What it is called.
    pub name: String,
    /// What it is for, or its steps, in one line.
    pub about: String,
}

/// All there is to choose from.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// Commands that do something now.
    pub commands: Vec<CommandEntry>,
    /// Other names of commands, as they are typed on the command line.
    pub aliases: Vec<(&'static str, &'static str)>,
    /// Loaded threads, newest first.
    pub threads: Vec<ThreadRow>,
    /// Templates; empty when no thread is open.
    pub templates: Vec<TemplateEntry>,
    /// Quick replies; empty when no thread is open.
    pub replies: Vec<ReplyEntry>,
    /// Macros; the operator's own come first.
    pub macros: Vec<MacroEntry>,
    /// The operator's own views.
    pub views: Vec<SavedView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Command(usize),
    Thread(usize),
    Template(usize),
    Reply(usize),
    Macro(usize),
    View(usize),
}

/// Which kinds are looked at: the first character says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    All,
    Commands,
    Threads,
    Templates,
    Replies,
    Macros,
    Views,
}

/// Finds anything by a few letters.
pub struct Palette {
    choices: Choices,
    account: Option<AccountId>,
    when: TimeText,
    query: Field,
    needle: Needle,
    rows: Vec<Item>,
    // The last so many rows are the engine's answer to what is typed.
    answered: Option<String>,
    selection: Selection,
    // Enter was pressed before there was anything to open.
    impatient: bool,
    say: Option<Problem>,
}

impl Palette {
    /// Over these choices; `account` is where the engine looks for threads, `start` what is typed already.
    #[must_use]
    pub fn new(mut choices: Choices, account: Option<AccountId>, start: &str, when: TimeText) -> Self {
        choices.threads.truncate(POOL);
        let mut p = Self {
            choices,
            account,
            when,
            query: Field::line(QUERY_MAX).with(start),
            needle: Needle::fuzzy(""),
            rows: Vec::new(),
            answered: None,
            selection: Selection::default(),
            impatient: false,
            say: None,
        };
        p.refilter();
        p
    }

    fn only(&self) -> Only {
        match self.query.text().chars().next() {
            Some(':' | '>') => Only::Commands,
            Some('@') => Only::Threads,
            Some('#') => Only::Templates,
            Some('/') => Only::Replies,
            Some('!') => Only::Macros,
            Some('=') => Only::Views,
            _ => Only::All,
        }
    }

    /// What is looked for, without the character that says where.
    fn wanted(&self) -> &str {
        let skip = usize::from(self.only() != Only::All);
        self.query.text()[skip..].trim()
    }

    /// The name of a command and what follows it.
    fn line(&self) -> (&str, &str) {
        let line = self.wanted();
        line.split_once(char::is_whitespace).map_or((line, ""), |(name, rest)| (name, rest.trim()))
    }

    /// The command that a name means on the command line.
    fn named(&self, name: &str) -> Option<usize> {
        let alias = self.choices.aliases.iter().find(|(a, _)| *a == name).map(|(_, id)| *id);
        let id = alias.unwrap_or(name);
        self.choices.commands.iter().position(|c| c.id == id)
    }

    /// The name of a macro that is being typed behind the command that runs one.
    fn macro_name(&self) -> Option<&str> {
        let typed = self.query.text().strip_prefix([':', '>'])?.trim_start();
        let (name, rest) = typed.split_once(char::is_whitespace)?;
        let command = self.named(name).map(|i| self.choices.commands[i].id);
        (command == Some("macro.run")).then(|| rest.trim())
    }

    fn waiting(&self) -> bool {
        matches!(self.only(), Only::All | Only::Threads)
            && !self.wanted().is_empty()
            && self.answered.as_deref() != Some(self.wanted())
    }

    fn refilter(&mut self) {
        self.say = None;
        self.answered = None;
        if let Some(name) = self.macro_name() {
            let (fuzzy, words) = (Needle::fuzzy(name), Needle::words(name));
            let look = Look { fuzzy: &fuzzy, words: &words, lower: &name.to_lowercase() };
            let all = self.choices.macros.iter().map(|m| (&*m.name, &*m.about));
            self.show(look.at(all, Item::Macro).collect());
            self.needle = fuzzy;
            return;
        }
        let only = self.only();
        let (line_name, line_rest) = self.line();
        // With an argument the command is settled.
        let typed = if only == Only::Commands && !line_rest.is_empty() { line_name } else { self.wanted() };
        let typed = typed.to_owned();
        let fuzzy = Needle::fuzzy(&typed);
        let words = Needle::words(&typed);
        let lower = typed.to_lowercase();
        let mut scored: Vec<((u32, u32), Item)> = Vec::new();
        let exact = (only == Only::Commands).then(|| self.named(&typed)).flatten();
        if matches!(only, Only::All | Only::Commands) {
            for (i, c) in self.choices.commands.iter().enumerate() {
                let by_name = fuzzy.score(c.title).max(fuzzy.score(c.id));
                let by_help = words.score(c.help);
                let Some(score) = by_name.max(by_help) else { continue };
                let rank = match () {
                    () if exact == Some(i) => 9,
                    () if !lower.is_empty() && (c.title.starts_with(&lower) || c.id.starts_with(&lower)) => 5,
                    () if by_name.is_some() && (c.title.contains(&lower) || c.id.contains(&lower)) => 4,
                    () => 1 + u32::from(by_help.is_some()),
                };
                scored.push(((rank, score), Item::Command(i)));
            }
        }
        if matches!(only, Only::All | Only::Threads) {
            let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
            let recent = if typed.is_empty() && only == Only::All { RECENT } else { POOL };
            for (i, t) in self.choices.threads.iter().enumerate().take(recent) {
                let title = text::sanitize(&t.title);
                let by_phone =
                    digits.len() > 2 && t.phone.as_deref().is_some_and(|p| p.contains(digits.as_str()));
                let by_title = fuzzy.score(&title);
                let Some(score) = by_title.or(by_phone.then_some(0)) else { continue };
                let title = title.to_lowercase();
                let rank = match () {
                    () if typed.is_empty() => 8,
                    () if title.starts_with(&lower) => 7,
                    () if title.contains(&lower) || by_phone => 6,
                    () => 1,
                };
                // What is newer comes first among those that match alike.
                scored.push(((rank, if rank > 5 { 0 } else { score }), Item::Thread(i)));
            }
        }
        let look = Look { fuzzy: &fuzzy, words: &words, lower: &lower };
        let c = &self.choices;
        // Before anything is typed only commands and threads are shown.
        let in_all = !(typed.is_empty() && only == Only::All);
        if matches!(only, Only::All | Only::Templates) && in_all {
            let all = c.templates.iter().map(|t| (&*t.name, &*t.body));
            scored.extend(look.at(all, Item::Template));
        }
        if matches!(only, Only::All | Only::Replies) && in_all {
            let all = c.replies.iter().map(|r| (&*r.shortcut, &*r.text));
            scored.extend(look.at(all, Item::Reply));
        }
        if matches!(only, Only::All | Only::Macros) && in_all {
            scored.extend(look.at(c.macros.iter().map(|m| (&*m.name, &*m.about)), Item::Macro));
        }
        if matches!(only, Only::All | Only::Views) && in_all {
            scored.extend(look.at(c.views.iter().map(|v| (&*v.name, &*v.filter)), Item::View));
        }
        self.show(scored);
        self.needle = fuzzy;
    }

    fn show(&mut self, mut scored: Vec<((u32, u32), Item)>) {
        // Stable: in the order in which they were given.
        scored.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        self.rows = scored.into_iter().map(|(_, item)| item).collect();
        self.selection.set(0);
    }

    fn typed(&mut self, before: &str) -> Vec<Step> {
        if self.query.text() == before {
            return Vec::new();
        }
        self.impatient = false;
        self.refilter();
        if !self.waiting() {
            return Vec::new();
        }
        let text = self.wanted().to_owned();
        vec![Step::Ask(Box::new(Request::People { account: self.account.clone(), text, limit: PAGE }))]
    }

    fn take(&mut self, text: &str, found: Vec<ThreadRow>) -> Vec<Step> {
        // Known from now on, whatever was typed meanwhile.
        let mut places: Vec<usize> = Vec::new();
        for row in found {
            let known = self.choices.threads.iter().position(|t| t.id == row.id);
            places.push(known.unwrap_or_else(|| {
                self.choices.threads.push(row);
                self.choices.threads.len() - 1
            }));
        }
        if text != self.wanted() || !self.waiting() {
            return Vec::new();
        }
        self.answered = Some(text.to_owned());
        for i in places {
            if !self.rows.contains(&Item::Thread(i)) {
                self.rows.push(Item::Thread(i));
            }
        }
        if std::mem::take(&mut self.impatient) { self.choose() } else { Vec::new() }
    }

    fn open_thread(thread: ThreadId) -> Vec<Step> {
        vec![Step::Close, Step::OpenThread { thread, at: None }]
    }

    fn choose(&mut self) -> Vec<Step> {
        if self.only() == Only::Commands {
            let (name, argument) = self.line();
            let (name, argument) = (name.to_owned(), argument.to_owned());
            if argument.is_empty() && !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) {
                return vec![Step::Close, Step::GoToRow(name.parse().unwrap_or(u32::MAX))];
            }
            // A macro is looked at before it runs, so that the marked one may be a guess.
            let marks_macro = matches!(self.rows.get(self.selection.at), Some(Item::Macro(_)));
            if !argument.is_empty() && !marks_macro {
                return self.run_line(&name, &argument);
            }
        }
        match self.rows.get(self.selection.at) {
            Some(Item::Command(i)) => {
                vec![Step::Close, Step::Command(self.choices.commands[*i].id.to_owned())]
            }
            Some(Item::Thread(i)) => Self::open_thread(self.choices.threads[*i].id),
            Some(Item::Template(i)) => {
                let t = &self.choices.templates[*i];
                vec![Step::Close, Step::PickTemplate { name: t.name.clone(), language: t.language.clone() }]
            }
            Some(Item::Reply(i)) => vec![Step::Close, Step::PickReply(self.choices.replies[*i].id)],
            Some(Item::Macro(i)) => vec![Step::Close, Step::RunMacro(self.choices.macros[*i].id)],
            Some(Item::View(i)) => {
                let argument = self.choices.views[*i].name.clone();
                vec![Step::Close, Step::CommandWith { id: "view.pick".into(), argument }]
            }
            None => {
                self.impatient = self.waiting();
                if !self.impatient {
                    self.say = Some(nothing_chosen(self.query.text(), "fewer letters find more"));
                }
                Vec::new()
            }
        }
    }

    /// A command with something behind it.
    fn run_line(&mut self, name: &str, argument: &str) -> Vec<Step> {
        // Only a whole name runs with an argument: a guess might do something else with it.
        let Some(command) = self.named(name).map(|i| &self.choices.commands[i]) else {
            self.say = Some(
                Problem::new("usage", format!("`{}` is no command here", text::sanitize(name)))
                    .next("Tab puts in the name of the one that is marked"),
            );
            return Vec::new();
        };
        if command.argument.is_empty() {
            self.say = Some(Problem::new("usage", format!("`{}` takes nothing behind it", command.id)));
            return Vec::new();
        }
        vec![Step::Close, Step::CommandWith { id: command.id.to_owned(), argument: argument.to_owned() }]
    }

    /// Puts in the name of the marked row.
    fn complete(&mut self) -> Vec<Step> {
        let Some(item) = self.rows.get(self.selection.at) else { return Vec::new() };
        let before = self.query.text().to_owned();
        let text = match item {
            Item::Command(i) => format!(":{} ", self.choices.commands[*i].id),
            Item::Thread(i) => format!("@{}", text::sanitize(&self.choices.threads[*i].title)),
            Item::Template(i) => format!("#{}", text::sanitize(&self.choices.templates[*i].name)),
            Item::Reply(i) => format!("/{}", text::sanitize(&self.choices.replies[*i].shortcut)),
            Item::Macro(i) => {
                let start = if self.only() == Only::Commands { ":macro.run " } else { "!" };
                format!("{start}{}", text::sanitize(&self.choices.macros[*i].name))
            }
            Item::View(i) => format!("={}", text::sanitize(&self.choices.views[*i].name)),
        };
        self.query.set(&text);
        self.typed(&before)
    }

    fn draw_row(&self, buf: &mut Buffer, line: Rect, item: Item, theme: &Theme) {
        let (glyph, main, more, right, right_style) = match item {
            Item::Command(i) => {
                let c = &self.choices.commands[i];
                let main = if self.only() == Only::Commands { c.id } else { c.title };
                let more = match c.argument {
                    "" => c.help.to_owned(),
                    a if self.only() == Only::Commands => format!("{a} · {}", c.help),
                    _ => c.help.to_owned(),
                };
                (":", main.to_owned(), more, c.key.clone(), theme.key)
            }
            Item::Thread(i) => {
                let t = &self.choices.threads[i];
                let mut more =
                    t.phone.as_deref().map(display_phone).filter(|p| *p != t.title).unwrap_or_default();
                if t.unread > 0 {
                    more = format!("● {}  {more}", t.unread);
                }
                ("@", text::sanitize(&t.title).into_owned(), more, (self.when)(t.last_at), theme.dim)
            }
            Item::Template(i) => {
                let t = &self.choices.templates[i];
                (
                    "#",
                    text::sanitize(&t.name).into_owned(),
                    first_line(&t.body),
                    t.language.clone(),
                    theme.dim,
                )
            }
            Item::View(i) => {
                let v = &self.choices.views[i];
                let (name, filter) =
                    (text::sanitize(&v.name).into_owned(), text::sanitize(&v.filter).into_owned());
                ("=", name, filter, String::new(), theme.dim)
            }
            Item::Macro(i) => {
                let m = &self.choices.macros[i];
                ("!", text::sanitize(&m.name).into_owned(), first_line(&m.about), String::new(), theme.dim)
            }
            Item::Reply(i) => {
                let r = &self.choices.replies[i];
                ("/", text::sanitize(&r.shortcut).into_owned(), first_line(&r.text), String::new(), theme.dim)
            }
        };
        frame::put(buf, line.x, line.y, 1, glyph, theme.dim);
        let edge = line.right();
        let end = frame::put_right(buf, edge, line.y, 24, &right, right_style).saturating_sub(2);
        let column = (line.width / 3).clamp(18, 32);
        let rich = Rich::line(&main, self.needle.marks(&main), theme.matched);
        let style = if matches!(item, Item::Thread(_)) { theme.strong } else { theme.text };
        rich.draw_range(
            buf,
            line.x + 2,
            line.y,
            column.min(end.saturating_sub(line.x + 2)),
            0..main.len(),
            style,
        );
        let x = line.x + column + 4;
        frame::put(buf, x, line.y, end.saturating_sub(x), &more, theme.dim);
    }
}

/// What is looked for among things that have a name and a text.
struct Look<'a> {
    fuzzy: &'a Needle,
    words: &'a Needle,
    lower: &'a str,
}

impl Look<'_> {
    /// Those that match by name or text, with how well.
    fn at<'t>(
        &self,
        all: impl Iterator<Item = (&'t str, &'t str)>,
        item: fn(usize) -> Item,
    ) -> impl Iterator<Item = ((u32, u32), Item)> {
        all.enumerate().filter_map(move |(i, (name, about))| {
            let name = text::sanitize(name);
            let by_name = self.fuzzy.score(&name);
            let score = by_name.max(self.words.score(&text::sanitize(about)))?;
            Some(((rank_of(&name, self.lower, by_name.is_some()), score), item(i)))
        })
    }
}

/// How near a name is to what was typed.
fn rank_of(name: &str, lower: &str, by_name: bool) -> u32 {
    match () {
        () if !lower.is_empty() && name.to_lowercase() == lower => 5,
        () if !lower.is_empty() && name.to_lowercase().starts_with(lower) => 4,
        () if !lower.is_empty() && name.to_lowercase().contains(lower) => 3,
        () if by_name => 1,
        () => 2,
    }
}

fn first_line(s: &str) -> String {
    text::sanitize(s.trim().lines().next().unwrap_or_default()).into_owned()
}

impl Overlay for Palette {
    fn name(&self) -> &'static str {
        "palette"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let ctrl = key.modifiers == KeyModifiers::CONTROL;
        self.say = None;
        if self.selection.key(key, self.rows.len()) {
            self.impatient = false;
            return Vec::new();
        }
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::Char('k') if ctrl => return vec![Step::Close],
            // An empty command line is left as it was entered.
            KeyCode::Backspace if self.query.text() == ":" => return vec![Step::Close],
            KeyCode::Enter => return self.choose(),
            KeyCode::Tab => return self.complete(),
            _ => {}
        }
        let before = self.query.text().to_owned();
        if self.query.key(key) == Effect::Changed { self.typed(&before) } else { Vec::new() }
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        let before = self.query.text().to_owned();
        self.query.insert(pasted);
        self.typed(&before)
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Threads(text, found) => self.take(&text, found),
            Delivery::Problem(p) => {
                self.say = Some(p);
                self.impatient = false;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let title = if self.only() == Only::Commands { "Command" } else { "Find" };
        let right = if self.waiting() { "searching…".to_owned() } else { self.rows.len().to_string() };
        let inner = frame::open(area, 110, 26, title, &right, buf, theme)?;
        frame::put(buf, inner.x, inner.y, 1, "›", theme.focus);
        let line = Rect::new(inner.x + 2, inner.y, inner.width - 2, 1);
        let cursor =
            self.query.draw(line, buf, theme.text, "a command, a name, a number, a template, a macro", theme);
        let list = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(4));
        let foot = Rect::new(inner.x, inner.bottom() - 1, inner.width, 1);
        match &self.say {
            Some(p) => {
                frame::problem(buf, foot, p, theme);
            }
            None => frame::keys(
                buf,
                foot,
                &[
                    (":", "commands"),
                    ("@", "threads"),
                    ("#", "templates"),
                    ("/", "quick replies"),
                    ("!", "macros"),
                    ("=", "views"),
                ],
                theme,
            ),
        }
        if self.rows.is_empty() && !self.waiting() {
            let nothing = match self.only() {
                Only::Templates if self.choices.templates.is_empty() => {
                    "Open a thread first: templates belong to its account."
                }
                Only::Replies if self.choices.replies.is_empty() => {
                    "Open a thread first, or save a quick reply."
                }
                Only::Macros if self.choices.macros.is_empty() => {
                    "There is no macro yet: the list of macros writes the first one."
                }
                Only::Commands if self.macro_name().is_some() => "No macro has these letters.",
                Only::Views if self.choices.views.is_empty() => {
                    "You have saved no view yet: type a filter where views are chosen, and save it."
                }
                Only::Commands if self.line().0.parse::<u32>().is_ok() => {
                    "Enter goes to this row of the list."
                }
                _ => "Nothing has these letters. Fewer letters find more.",
            };
            frame::paragraph(buf, list, nothing, theme.dim);
        }
        let rows = self.selection.window(self.rows.len(), usize::from(list.height));
        for (n, i) in rows.enumerate() {
            let line = Rect::new(list.x, list.y + n as u16, list.width, 1);
            self.draw_row(buf, line, self.rows[i], theme);
            if i == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        let does = match self.rows.get(self.selection.at) {
            Some(Item::Command(_)) => "run",
            Some(Item::Thread(_)) => "open",
            Some(Item::Template(_)) => "fill in",
            Some(Item::Reply(_)) => "insert",
            Some(Item::Macro(_)) => "look at",
            Some(Item::View(_)) => "show",
            None => "choose",
        };
        vec![
            Hint::new("Enter", does),
            Hint::new("Tab", "complete"),
            Hint::new("Up/Down", "choose"),
            Hint::new("Esc", "close"),
        ]
    }
}

#[cfg(test)]
#[path = "palette_tests.rs"]
mod tests;
