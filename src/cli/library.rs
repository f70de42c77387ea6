//! Quick replies and macros as TOML files: read with the place of every mistake, planned against what is there, saved
//! as a whole or not at all where a mistake can be seen beforehand.

use super::args::{Export, Import};
use super::failure::{Exit, Failure};
use super::host;
use super::table::Table;
use super::{Context, Session, files};
use crate::clock::Millis;
use crate::config::{ConfigError, FILE_MAX, Source};
use crate::model::ids::{MacroId, QuickReplyId};
use crate::model::macros::{Macro, MacroStep};
use crate::model::media::FileHash;
use crate::model::outgoing::FieldProblem;
use crate::model::quick_reply::{QuickReply, ReplyFile};
use crate::protocol::macros::MacroRequest;
use crate::protocol::{Problem, Request};
use crate::text::{sanitize, sanitize_lines};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Mistakes that are told one by one.
const TOLD: usize = 20;

/// Something that is kept under a name, and can be carried in a file.
pub(super) trait Item: Clone + Serialize + Sized {
    /// Reads a file's entries, with their places.
    fn read(source: &Source) -> Result<Vec<(Self, Range<usize>)>, Vec<ConfigError>>;
    /// All of them as a file.
    fn write(all: &[Self]) -> Result<String, String>;
    /// What it is called.
    fn name(&self) -> &str;
    /// Whether only its owner has it.
    fn is_private(&self) -> bool;
    /// Whether both say the same.
    fn says(&self, other: &Self) -> bool;
    /// Takes the place of another.
    fn replaces(self, old: &Self) -> Self;
    /// Files that go with it.
    fn files(&mut self) -> &mut [ReplyFile] {
        &mut []
    }
    /// What saves it.
    fn save(self, now: Millis) -> Request;
}

/// An owner that the engine fills in.
fn own(private: bool) -> Option<String> {
    private.then(String::new)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replies {
    #[serde(default)]
    replies: Vec<Spanned<ReplyEntry>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyEntry {
    shortcut: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    category: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    private: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Macros {
    #[serde(default)]
    macros: Vec<Spanned<MacroEntry>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MacroEntry {
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    about: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    private: bool,
    steps: Vec<String>,
}

fn parse<T: serde::de::DeserializeOwned>(source: &Source) -> Result<T, Vec<ConfigError>> {
    toml::from_str(source.text()).map_err(|e| vec![source.complaint(&e)])
}

/// Checks every entry, and that no name comes twice.
fn checked<T: Item>(
    source: &Source,
    entries: Vec<(T, Range<usize>)>,
    check: impl Fn(&T) -> Result<(), FieldProblem>,
) -> Result<Vec<(T, Range<usize>)>, Vec<ConfigError>> {
    let mut wrong = Vec::new();
    for (i, (item, span)) in entries.iter().enumerate() {
        let name = sanitize(item.name());
        let mut say = |what: String, fix: &str| {
            wrong.push(ConfigError::new(what, fix).at(sanitize(&source.place(span)).into_owned()));
        };
        if let Err(e) = check(item) {
            say(format!("`{name}`: {}", sanitize(&e.to_string())), "nothing is saved");
        }
        let same = |o: &T| {
            o.name().to_lowercase() == item.name().to_lowercase() && o.is_private() == item.is_private()
        };
        if entries[..i].iter().any(|(o, _)| same(o)) {
            say(format!("`{name}` was given before"), "give it once");
        }
    }
    if wrong.is_empty() { Ok(entries) } else { Err(wrong) }
}

impl Item for QuickReply {
    fn read(source: &Source) -> Result<Vec<(Self, Range<usize>)>, Vec<ConfigError>> {
        let file: Replies = parse(source)?;
        let entries = file.replies.into_iter().map(|e| {
            let span = e.span();
            let e = e.into_inner();
            let reply = Self {
                id: QuickReplyId::new(),
                shortcut: e.shortcut.strip_prefix('/').unwrap_or(&e.shortcut).to_owned(),
                text: sanitize_lines(&e.text).into_owned(),
                category: e.category,
                owner: own(e.private),
                files: e.files.into_iter().map(ReplyFile::Path).collect(),
                ..Self::default()
            };
            (reply, span)
        });
        checked(source, entries.collect(), |r: &Self| {
            r.check()?;
            for (field, value) in [("shortcut", r.shortcut.as_str()), ("category", &r.category)]
                .into_iter()
                .chain(r.files.iter().map(|f| ("files", f.name())))
            {
                plain(field, value)?;
            }
            host::check_reply(&r.text).map_err(|why| FieldProblem::new("text", why))
        })
    }

    fn write(all: &[Self]) -> Result<String, String> {
        #[derive(Serialize)]
        struct File {
            replies: Vec<ReplyEntry>,
        }
        let replies = all
            .iter()
            .map(|r| ReplyEntry {
                shortcut: r.shortcut.clone(),
                category: r.category.clone(),
                private: r.is_private(),
                files: r.files.iter().map(|f| f.name().to_owned()).collect(),
                text: r.text.clone(),
            })
            .collect();
        toml::to_string_pretty(&File { replies }).map_err(|e| e.to_string())
    }

    fn name(&self) -> &str {
        &self.shortcut
    }

    fn is_private(&self) -> bool {
        self.owner.is_some()
    }

    fn says(&self, o: &Self) -> bool {
        (&self.shortcut, &self.text, &self.category, &self.files)
            == (&o.shortcut, &o.text, &o.category, &o.files)
    }

    fn replaces(self, old: &Self) -> Self {
        Self { id: old.id, used: old.used, ..self }
    }

    fn files(&mut self) -> &mut [ReplyFile] {
        &mut self.files
    }

    fn save(self, now: Millis) -> Request {
        Request::SaveQuickReply { reply: Self { updated_at: now, ..self } }
    }
}

impl Item for Macro {
    fn read(source: &Source) -> Result<Vec<(Self, Range<usize>)>, Vec<ConfigError>> {
        let file: Macros = parse(source)?;
        let entries = file.macros.into_iter().map(|e| {
            let span = e.span();
            let e = e.into_inner();
            let saved = Self {
                id: MacroId::new(),
                name: e.name,
                about: e.about,
                steps: e.steps.iter().map(|s| MacroStep::from(sanitize(s).into_owned())).collect(),
                owner: own(e.private),
                ..Self::default()
            };
            (saved, span)
        });
        checked(source, entries.collect(), |m: &Self| {
            m.check()?;
            plain("name", &m.name)?;
            plain("about", &m.about)?;
            check_texts(m)
        })
    }

    fn write(all: &[Self]) -> Result<String, String> {
        #[derive(Serialize)]
        struct File {
            macros: Vec<MacroEntry>,
        }
        let macros = all
            .iter()
            .map(|m| MacroEntry {
                name: m.name.clone(),
                about: m.about.clone(),
                private: m.owner.is_some(),
                steps: m.steps.iter().map(ToString::to_string).collect(),
            })
            .collect();
        toml::to_string_pretty(&File { macros }).map_err(|e| e.to_string())
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn is_private(&self) -> bool {
        self.owner.is_some()
    }

    fn says(&self, o: &Self) -> bool {
        (&self.name, &self.about, &self.steps) == (&o.name, &o.about, &o.steps)
    }

    fn replaces(self, old: &Self) -> Self {
        Self { id: old.id, used: old.used, ..self }
    }

    fn save(self, now: Millis) -> Request {
        Request::Macro { act: MacroRequest::Save { saved: Self { updated_at: now, ..self } } }
    }
}

/// The texts of a macro, which are filled in like those of quick replies.
pub(super) fn check_texts(m: &Macro) -> Result<(), FieldProblem> {
    for (i, step) in m.steps.iter().enumerate() {
        if let Some(text) = step.template() {
            host::check_reply(text).map_err(|why| FieldProblem::new(format!("steps.{}", i + 1), why))?;
        }
    }
    Ok(())
}

/// Names are shown as they are, so they may hold nothing that a terminal must not get.
fn plain(field: &str, value: &str) -> Result<(), FieldProblem> {
    if sanitize(value) == value {
        return Ok(());
    }
    Err(FieldProblem::new(field, "has characters that no terminal may get"))
}

/// What an import does with its entries.
#[derive(Default, Serialize)]
struct Report {
    dry_run: bool,
    added: Vec<String>,
    changed: Vec<String>,
    kept: Vec<String>,
    unchanged: Vec<String>,
}

/// Saves what a file has; `there` is what is kept now.
pub(super) async fn import<T: Item>(
    ctx: &mut Context<'_>,
    session: &mut Session,
    args: &Import,
    there: &[T],
) -> Result<Exit, Failure> {
    let mut report = Report { dry_run: args.dry_run, ..Report::default() };
    let mut save = Vec::new();
    // Paths of files that go with a reply, by what they hold.
    let mut paths: BTreeMap<FileHash, PathBuf> = BTreeMap::new();
    let mut elsewhere = Vec::new();
    for (mut item, _) in read_file::<T>(&args.file)? {
        let name = item.name().to_owned();
        for file in item.files() {
            let ReplyFile::Path(path) = &*file else { continue };
            let path = args.file.parent().unwrap_or(Path::new("")).join(path);
            // A path may lead to a file of another machine: it is kept as it is.
            if !path.exists() {
                elsewhere.push(format!("/{name}: {}", file.name()));
                continue;
            }
            let stored = files::open(&path)?.stored()?;
            paths.insert(stored.hash, path);
            *file = ReplyFile::Stored(stored);
        }
        let old = there
            .iter()
            .find(|o| o.name().to_lowercase() == name.to_lowercase() && o.is_private() == item.is_private());
        match old {
            None => {
                report.added.push(name);
                save.push(item);
            }
            Some(old) if old.says(&item) => report.unchanged.push(name),
            Some(old) if args.replace => {
                report.changed.push(name);
                save.push(item.replaces(old));
            }
            Some(_) => report.kept.push(name),
        }
    }
    if !args.dry_run {
        let now = ctx.clock.now();
        for mut item in save {
            for file in item.files() {
                if let ReplyFile::Stored(stored) = &*file
                    && let Some(path) = paths.get(&stored.hash)
                {
                    *file = ReplyFile::Stored(files::upload(session, files::open(path)?).await?);
                }
            }
            session.client.ask(item.save(now)).await?;
        }
    }
    if ctx.out.json {
        ctx.out.document(&report)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["what", "name"], 1);
    for (what, names) in [
        ("added", &report.added),
        ("changed", &report.changed),
        ("kept", &report.kept),
        ("unchanged", &report.unchanged),
    ] {
        for name in names {
            table.row([what, name]);
        }
    }
    ctx.out.table(&table)?;
    if !report.kept.is_empty() {
        ctx.out.remark("kept: is there already and says something else; --replace takes the file's");
    }
    for path in &elsewhere {
        ctx.out.remark(&format!("{}: there is no such file here; its path is kept", sanitize(path)));
    }
    if args.dry_run {
        ctx.out.remark("nothing was saved: this was a dry run");
    }
    Ok(Exit::Done)
}

fn read_file<T: Item>(path: &Path) -> Result<Vec<(T, Range<usize>)>, Failure> {
    let wrong = |why: String| {
        let name = sanitize(&path.display().to_string()).into_owned();
        Failure::new(Problem::new("field", format!("{name}: {why}")).next("nothing was saved"))
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|e| wrong(e.to_string()))?;
    let n = file.take(FILE_MAX + 1).read_to_string(&mut text).map_err(|e| wrong(e.to_string()))?;
    if n as u64 > FILE_MAX {
        return Err(wrong("the file is larger than 1 MiB".into()));
    }
    let source = Source::new(path.to_owned(), text);
    T::read(&source).map_err(|mistakes| {
        let more = mistakes.len().saturating_sub(TOLD);
        let mut lines: Vec<String> =
            mistakes.iter().take(TOLD).map(|m| sanitize(&m.to_string()).into_owned()).collect();
        if more > 0 {
            lines.push(format!("{more} more mistakes"));
        }
        let problem = Problem::new("field", lines.join("; "));
        Failure::new(problem.means("nothing was saved").next("correct the file and import it again"))
    })
}

/// Writes all of them, to a new file or to the output. Files that go with them are written beside it, each into a
/// folder of its own, so that they keep their names.
pub(super) async fn export<T: Item>(
    ctx: &mut Context<'_>,
    session: &mut Session,
    args: &Export,
    all: &[T],
) -> Result<Exit, Failure> {
    let mut all = all.to_vec();
    let folder = args.file.as_ref().and_then(|file| {
        let mut name = file.file_stem()?.to_owned();
        name.push(".files");
        Some((file.with_file_name(&name), PathBuf::from(name)))
    });
    for file in all.iter_mut().flat_map(Item::files) {
        let ReplyFile::Stored(stored) = &*file else { continue };
        let Some((folder, name)) =
            folder.as_ref().filter(|_| !args.file.as_ref().is_some_and(|f| f.exists()))
        else {
            continue;
        };
        let place = stored.hash.to_string()[..12].to_owned();
        let path = folder.join(&place).join(&stored.name);
        if !path.exists() {
            let made = folder.join(&place);
            std::fs::create_dir_all(&made)
                .map_err(|e| FieldProblem::new("file", format!("{}: {e}", made.display())))?;
            files::fetch(session, stored, &path).await?;
        }
        let path = name.join(&place).join(&stored.name);
        *file = ReplyFile::Path(path.to_string_lossy().into_owned());
    }
    let all = &all;
    let Some(path) = &args.file else {
        if ctx.out.json {
            ctx.out.document(&all)?;
        } else {
            let text = T::write(all).map_err(|why| unwritable(&why))?;
            // A terminal gets nothing that it must not get; TOML has its own way to write it.
            write!(ctx.out.out(), "{}", sanitize_lines(&text))?;
            ctx.out.out().flush()?;
        }
        return Ok(Exit::Done);
    };
    let text = T::write(all).map_err(|why| unwritable(&why))?;
    let name = sanitize(&path.display().to_string()).into_owned();
    let wrong = |e: std::io::Error| Failure::from(FieldProblem::new("file", format!("{name}: {e}")));
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(wrong)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(wrong)?;
    if ctx.out.json {
        ctx.out.document(&serde_json::json!({ "file": path, "written": all.len() }))?;
    } else {
        ctx.out.line(&format!("{} written to {name}", all.len()))?;
    }
    Ok(Exit::Done)
}

fn unwritable(why: &str) -> Failure {
    Failure::new(Problem::new("io", format!("they cannot be written as TOML: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(text: &str) -> Source {
        Source::new("r.toml".into(), text.to_owned())
    }

    fn mistakes<T: Item>(text: &str) -> Vec<String> {
        match T::read(&source(text)) {
            Ok(_) => Vec::new(),
            Err(e) => e.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn each_mistake_has_its_line() {
        let text = "[[replies]]\nshortcut = \"a\"\ntext = \"ok\"\n\n[[replies]]\nshortcut = \"two words\"\ntext = \"x\"\n\n\
                    [[replies]]\nshortcut = \"A\"\ntext = \"{{ contact.name\"\n";
        let found = mistakes::<QuickReply>(text);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].starts_with("r.toml:5:") && found[0].contains("must not contain spaces"),
            "{found:?}"
        );
        assert!(found[1].starts_with("r.toml:9:") && found[1].contains("line 1"), "{found:?}");
        assert!(found[2].starts_with("r.toml:9:") && found[2].contains("given before"), "{found:?}");
        let found = mistakes::<QuickReply>("[[replies]]\nshortcut = \"a\"\ntekst = \"x\"\n");
        assert!(found[0].starts_with("r.toml:3:") && found[0].contains("tekst"), "{found:?}");
        let found = mistakes::<Macro>("[[macros]]\nname = \"a\"\nsteps = [\"mute\", \"dance\"]\n");
        assert!(found[0].starts_with("r.toml:1:") && found[0].contains("steps.2"), "{found:?}");
        let found = mistakes::<Macro>("[[macros]]\nname = \"a\"\nsteps = [\"text {{ x\"]\n");
        assert!(found[0].contains("steps.1"), "{found:?}");
    }

    #[test]
    fn what_a_terminal_must_not_get_does_not_come_in() {
        let found = QuickReply::read(&source(
            "[[replies]]\nshortcut = \"a\"\ntext = \"be\\u001b[2Jware\\u202e!\\nof\"\n",
        ));
        assert_eq!(found.unwrap()[0].0.text, "be[2Jware!\nof");
        let found = mistakes::<QuickReply>("[[replies]]\nshortcut = \"a\\u202eb\"\ntext = \"x\"\n");
        assert!(found[0].contains("no terminal") && !found[0].contains('\u{202e}'), "{found:?}");
    }

    fn a_word() -> impl Strategy<Value = String> {
        "[a-zé0-9._-]{1,12}"
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn replies_come_back_from_a_file(
            entries in proptest::collection::btree_map(
                a_word(),
                ("[a-zA-Z é\"'\\\\\n\t王🙏,.]{0,60}", proptest::option::of(a_word()), any::<bool>(), proptest::collection::vec("[a-z /.'\"]{1,20}", 0..3)),
                0..6,
            )
        ) {
            let all: Vec<QuickReply> = entries
                .into_iter()
                .map(|(shortcut, (text, category, private, files))| QuickReply {
                    shortcut,
                    text: sanitize_lines(&format!("x{text}")).into_owned(),
                    category: category.unwrap_or_default(),
                    owner: own(private),
                    files: files.into_iter().map(|f| ReplyFile::Path(format!("f{f}"))).collect(),
                    ..QuickReply::default()
                })
                .collect();
            let text = QuickReply::write(&all).unwrap();
            let back = QuickReply::read(&source(&text)).unwrap();
            prop_assert_eq!(back.len(), all.len());
            for ((b, _), a) in back.iter().zip(&all) {
                prop_assert!(b.says(a) && b.owner == a.owner, "{:?} {:?}", a, b);
            }
        }

        #[test]
        fn macros_come_back_from_a_file(texts in proptest::collection::vec("[a-z \"'\\\\\n王]{1,30}", 1..5)) {
            let steps = texts.iter().map(|t| MacroStep::Text(format!("x{t}").trim().to_owned())).collect();
            let m = Macro { name: "m".into(), steps, owner: own(true), ..Macro::default() };
            let text = Macro::write(std::slice::from_ref(&m)).unwrap();
            let back = Macro::read(&source(&text)).unwrap();
            prop_assert!(back[0].0.says(&m) && back[0].0.owner.is_some(), "{:?}", back);
        }

        #[test]
        fn any_file_is_survived(text in "(\\[\\[replies\\]\\]\n|shortcut = |text = |\"|[a-z{}%]|\\PC|\n){0,40}") {
            let _ = QuickReply::read(&source(&text));
            let _ = Macro::read(&source(&text));
        }
    }
}
