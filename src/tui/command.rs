//! The one table of commands: id, title, help, scopes, default keys. Keymap, hint line and help come from it.

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The thread list.
    List,
    /// The conversation.
    Conversation,
    /// The text being written.
    Composer,
}

impl Scope {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 3] = [Self::List, Self::Conversation, Self::Composer];

    /// The name in `keys.toml`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Conversation => "conversation",
            Self::Composer => "composer",
        }
    }
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table below has the help text of each")]
pub enum Action {
    Quit,
    Help,
    Palette,
    CommandLine,
    Repeat,
    Search,
    Accounts,
    ManageAccounts,
    NewThread,
    Template,
    ManageTemplates,
    ManageQuickReplies,
    Macros,
    EditNote,
    RunMacro,
    Notices,
    Life,
    Activity,
    ActivityHere,
    Numbers,
    Doctor,
    Operators,
    Contact,
    Versions,
    Redraw,
    Suspend,
    NextPane,
    PreviousPane,
    PaneList,
    PaneConversation,
    PaneComposer,
    Down,
    Up,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    Top,
    Bottom,
    LineDown,
    LineUp,
    Open,
    Back,
    NextThread,
    PreviousThread,
    NextUnread,
    PreviousUnread,
    FirstUnread,
    Quoted,
    OpenLink,
    Find,
    FindNext,
    FindPrevious,
    GoToDay,
    MarkMessage,
    MarkMessages,
    Forward,
    Pipe,
    Export,
    Inbox,
    ViewPick,
    ViewSave,
    ViewMine,
    ViewUnassigned,
    ViewWindow,
    ViewSnoozed,
    ViewResolved,
    ViewAll,
    Resolve,
    ResolveStay,
    Reopen,
    Snooze,
    Assign,
    AssignMe,
    TakeOver,
    Mentions,
    Watch,
    Whisper,
    Priority,
    Labels,
    MarkRead,
    Mark,
    MarkRange,
    MarkShown,
    Unmark,
    UndoAct,
    FilterNext,
    FilterUnread,
    FilterFailed,
    MarkUnread,
    DeleteThread,
    BlockContact,
    UnblockContact,
    NumberProfile,
    ConnectNumber,
    Mute,
    Mask,
    Themes,
    Reply,
    Copy,
    React,
    Retry,
    Discard,
    UndoSend,
    SendLater,
    SendNow,
    Check,
    Send,
    Newline,
    Leave,
    QuickReply,
    CursorLeft,
    CursorRight,
    CursorUp,
    CursorDown,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    DeleteBack,
    DeleteForward,
    DeleteWord,
    KillToStart,
    KillToEnd,
    Yank,
    Undo,
    Redo,
    YankNext,
    DeleteWordForward,
    Note,
    Emoji,
    Attach,
    Detach,
    Editor,
    WriteButtons,
    WriteList,
    WriteLink,
    WritePlace,
    WriteCard,
}

impl Action {
    /// Whether `.` may do it again. Nothing that reaches a customer, asks, or cannot be taken back.
    #[must_use]
    pub fn is_repeatable(self) -> bool {
        matches!(
            self,
            Self::MarkUnread
                | Self::MarkRead
                | Self::Resolve
                | Self::ResolveStay
                | Self::AssignMe
                | Self::Mark
                | Self::MarkMessage
                | Self::NextUnread
                | Self::PreviousUnread
                | Self::NextThread
                | Self::PreviousThread
                | Self::Copy
                | Self::Quoted
        )
    }
}

/// One command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// Stable name.
    pub id: &'static str,
    /// What it does.
    pub action: Action,
    /// One or two words, for the hint line.
    pub title: &'static str,
    /// One line, for the help.
    pub help: &'static str,
    /// Where its keys work.
    pub scopes: &'static [Scope],
    /// Default keys in their text form; the first is the one that is shown.
    pub keys: &'static [&'static str],
    /// Whether the hint line shows it where its keys work.
    pub hint: bool,
}

const L: &[Scope] = &[Scope::List];
const C: &[Scope] = &[Scope::Conversation];
const W: &[Scope] = &[Scope::Composer];
const LC: &[Scope] = &[Scope::List, Scope::Conversation];
const LCW: &[Scope] = &[Scope::List, Scope::Conversation, Scope::Composer];

macro_rules! commands {
    ($( $id:literal $action:ident $title:literal $scopes:ident [$($key:literal),*] $hint:literal $help:literal; )*) => {
        &[$( Command {
            id: $id, action: Action::$action, title: $title, help: $help, scopes: $scopes,
            keys: &[$($key),*], hint: $hint,
        } ),*]
    };
}

/// All commands, in the order of the help.
pub const COMMANDS: &[Command] = commands! {
    "list.open"          Open               "open"        L   ["Enter", "l", "Right"]      true  "open the thread under the cursor";
    "message.reply"      Reply              "reply"       LC  ["r", "Space r"]             true  "write a reply; on a selected message: quote it";
    "message.note"       Note               "note"        LC  ["n", "Space d"]             true  "write a note: it stays here, whatever the window";
    "note.edit"          EditNote           "edit note"   C   ["g e"]                      false "write a note of yours anew; what it said before is kept";
    "template.pick"      Template           "template"    LC  ["t", "Space t"]             true  "send a template";
    "thread.new"         NewThread          "write to"    L   ["c", "Space c"]             false "write to a number that has not written yet, with a template; a number without + gets the account's country prefix";
    "palette.open"       Palette            "find"        LC  ["Ctrl+K", "Ctrl+P", "Space Space"] false "find a command, a thread, a template, a quick reply or a macro";
    "palette.commands"   CommandLine        "command"     LC  [":"]                        false "type a command by its name";
    "search.open"        Search             "search"      L   ["/", "Space f"]             false "search contacts and messages";
    "search.all"         Search             "search all"  C   ["g /", "Space f"]           false "search contacts and messages";
    "account.switch"     Accounts           "accounts"    LC  ["A", "Space a"]             true  "choose the account to show, or all of them";
    "list.next_unread"   NextUnread         "next unread" LC  [",", "] u", "Space n"]      false "go to the next thread with unread messages";
    "list.prev_unread"   PreviousUnread     "prev unread" LC  ["[ u", "Space p"]           false "go to the previous thread with unread messages";
    "thread.next"        NextThread         "next thread" C   ["] t"]                      false "open the next thread of the list";
    "thread.previous"    PreviousThread     "prev thread" C   ["[ t"]                      false "open the previous thread of the list";
    "list.inbox"         Inbox              "inbox"       LC  ["g i", "Space i"]           false "go to the list and show the open threads";
    "list.filter_next"   FilterNext         "filter"      L   ["s", "Space s"]             false "show the open threads, the snoozed, the resolved, all, by turns";
    "list.unread"        FilterUnread       "unread only" L   ["u", "Space u"]             true  "show threads with unread messages, or the inbox again";
    "list.failed"        FilterFailed       "failed only" L   ["f", "Space x"]             false "show threads with failed messages, or the inbox again";
    "view.pick"          ViewPick           "views"       LC  ["F", "Space v"]             false "choose a view, or type a filter: label:vip state:open age:>2d";
    "view.mine"          ViewMine           "mine"        LC  ["g m"]                      false "open threads that you have";
    "view.unassigned"    ViewUnassigned     "unassigned"  LC  ["g u"]                      false "open threads that nobody has";
    "view.window"        ViewWindow         "window queue" LC ["g w"]                      false "open threads by the time that their window has left";
    "view.snoozed"       ViewSnoozed        "snoozed"     LC  ["g z"]                      false "snoozed threads";
    "view.resolved"      ViewResolved       "resolved"    LC  ["g r"]                      false "resolved threads";
    "view.all"           ViewAll            "all threads" LC  ["g a"]                      false "all threads, whatever their state";
    "view.save"          ViewSave           "save view"   LC  []                           false "keep the filter that is shown under a name";
    "thread.resolve"     Resolve            "resolve"     LC  ["e", "Space k"]             true  "resolve: nothing is left to do; goes to the next thread";
    "thread.resolve_stay" ResolveStay       "resolve, stay" LC ["E"]                       false "resolve and stay";
    "thread.reopen"      Reopen             "reopen"      LC  ["O"]                        false "open a resolved or snoozed thread again";
    "thread.snooze"      Snooze             "snooze"      LC  ["z", "Space z"]             false "not now: until a time, until a reply, until the window is about to close";
    "thread.assign"      Assign             "assign"      LC  ["a", "Space A"]             false "give the thread to somebody, or to nobody";
    "thread.assign_me"   AssignMe           "to me"       L   ["i", "Space j"]             false "take the thread yourself";
    "thread.take_over"   TakeOver           "take over"   LC  ["T", "Space T"]             false "take the conversation over: it is yours, and what a colleague has begun there becomes a note";
    "thread.labels"      Labels             "labels"      LC  ["L", "Space l"]             false "put labels on and take them off; make, rename, colour and delete them";
    "thread.priority"    Priority           "priority"    LC  ["P"]                        false "how pressing the thread is";
    "list.mark"          Mark               "mark"        L   ["x"]                        false "mark the thread: what you do next is done to all that are marked";
    "list.mark_range"    MarkRange          "mark range"  L   ["V"]                        false "begin a range of marks here, or end it";
    "list.mark_all"      MarkShown          "mark all"    L   ["*"]                        false "mark all threads that are loaded, or none";
    "list.unmark"        Unmark             "unmark"      L   ["Esc"]                      false "nothing is marked any more";
    "bulk.undo"          UndoAct            "undo"        LC  ["Z", "Space Backspace"]     false "take the last resolve, snooze, label, assignment or priority back";
    "thread.mark_read"   MarkRead           "mark read"   L   ["m"]                        false "mark the thread read here; the customer is not told";
    "thread.mark_unread" MarkUnread         "mark unread" LC  ["U", "Space m"]             false "mark the thread unread";
    "thread.mute"        Mute               "mute"        LC  ["M"]                        false "no notifications for the thread, or notifications again";
    "thread.delete"      DeleteThread       "delete"      LC  []                           false "delete the conversation with all its messages; asks for its name";
    "move.down"          Down               "down"        LC  ["j", "Down", "J"]           false "next thread; in a conversation: newer message";
    "move.up"            Up                 "up"          LC  ["k", "Up", "K"]             false "previous thread; in a conversation: older message";
    "move.half_down"     HalfDown           "half down"   LC  ["Ctrl+D"]                   false "half a page down";
    "move.half_up"       HalfUp             "half up"     LC  ["Ctrl+U"]                   false "half a page up";
    "move.page_down"     PageDown           "page down"   LC  ["PageDown", "Ctrl+F"]       false "one page down";
    "move.page_up"       PageUp             "page up"     LC  ["PageUp"]                   false "one page up";
    "move.top"           Top                "top"         LC  ["g g", "Home"]              false "first thread; in a conversation: oldest loaded message; after a number: that thread";
    "move.bottom"        Bottom             "bottom"      LC  ["G", "End"]                 false "last loaded thread; in a conversation: newest message; after a number: that thread";
    "scroll.down"        LineDown           "line down"   C   ["Ctrl+E"]                   false "scroll the conversation by a line";
    "scroll.up"          LineUp             "line up"     C   ["Ctrl+Y"]                   false "scroll the conversation by a line";
    "conversation.unread" FirstUnread       "first unread" C  ["g f", "Space g"]           false "go to the first message that was unread";
    "message.quoted"     Quoted             "quoted"      C   ["g o"]                      false "go to the message that the selected one answers";
    "compose"            Reply              "write"       C   ["i", "Enter"]               false "write a message";
    "conversation.find"  Find               "find here"   C   ["/", "Space /"]             false "search in this thread";
    "conversation.find_older" FindNext      "older match" C   ["] m"]                      false "go to the next match, further back; while a search is on also n";
    "conversation.find_newer" FindPrevious  "newer match" C   ["[ m"]                      false "go to the match after it; while a search is on also N";
    "conversation.day"   GoToDay            "go to a day" C   ["g D"]                      false "go to a day of this thread: 2025-11-03, monday, 3 weeks ago";
    "message.mark"       MarkMessage        "mark"        C   ["m"]                        false "mark the selected message, to copy, forward or pipe several";
    "message.range"      MarkMessages       "range"       C   ["V"]                        false "mark from the selected message to another one";
    "message.forward"    Forward            "forward"     C   ["f"]                        false "forward the selected or marked messages to another thread";
    "message.pipe"       Pipe               "pipe"        C   ["|"]                        false "hand the selected, marked or shown messages to a command";
    "conversation.export" Export            "export"      C   ["g E"]                      false "write the whole thread to a file: text, JSON lines or a page";
    "message.react"      React              "react"       C   ["+", "Space e"]             true  "put an emoji on the selected message, or take it away";
    "message.copy"       Copy               "copy"        C   ["y", "Space y"]             true  "copy the selected message, or the marked ones with names and times";
    "message.life"       Life               "life"        C   ["I"]                        false "the life of the selected message: attempts, every status, the raw webhooks";
    "message.open_link"  OpenLink           "open link"   C   ["o", "Space o"]             false "open a link of the selected message, or copy it where there is no browser";
    "message.buttons"    WriteButtons       "buttons"     C   ["Space c b"]                false "write a message with reply buttons";
    "message.list"       WriteList          "list message" C  ["Space c l"]                false "write a message with a list to choose from";
    "message.link"       WriteLink          "link button" C   ["Space c u"]                false "write a message with a button that opens a web page";
    "message.place"      WritePlace         "place"       C   ["Space c p"]                false "send a place";
    "message.card"       WriteCard          "contact card" C  ["Space c c"]                false "send a contact card";
    "message.retry"      Retry              "retry"       C   ["Ctrl+R"]                   false "send a failed or unknown message again";
    "message.discard"    Discard            "discard"     C   ["x y", "D y"]               false "withdraw a queued message, put a failed one aside, delete the selected note of yours";
    "message.undo"       UndoSend           "take back"   C   ["u"]                        false "take a message that waits back into the composer";
    "message.later"      SendLater          "other time"  C   ["Ctrl+G"]                   false "choose another time for a message that is to be sent later";
    "message.now"        SendNow            "send now"    C   ["S"]                        false "send a message now that can still be taken back or is to be sent later";
    "message.check"      Check              "check"       C   ["c"]                        false "find out what became of an unknown message, or one without ticks";
    "conversation.back"  Back               "back"        C   ["Esc", "h", "q", "Left"]    true  "back to the list";
    "command.repeat"     Repeat             "repeat"      LC  ["."]                        false "do the last thing again, here; never a send";
    "pane.next"          NextPane           "next pane"   LC  ["Tab"]                      false "next pane";
    "pane.previous"      PreviousPane       "prev pane"   LCW ["Shift+Tab"]                false "previous pane";
    "pane.list"          PaneList           "list"        LC  ["Space 1"]                  false "to the thread list";
    "pane.conversation"  PaneConversation   "messages"    LC  ["Space 2"]                  false "to the conversation";
    "pane.composer"      PaneComposer       "text"        LC  ["Space 3"]                  false "to the text being written";
    "quick_reply.manage" ManageQuickReplies "replies"     LC  ["g q", "Space q"]           false "create, change and delete quick replies";
    "templates.open"     ManageTemplates    "templates"   LC  ["g t", "Space F"]           false "templates: see how they stand, make, change, translate, delete; library, models, business actions";
    "macro.pick"         Macros             "macros"      LC  ["g x", "Space h"]           false "run a macro: several commands at once, shown before they run; create, change and delete them";
    "macro.run"          RunMacro           "run macro"   LCW []                           false "look at the macro of this name and run it; for a key of your own: `\"F5\" = \"macro.run NAME\"`";
    "compose.send"       Send               "send"        W   ["Enter"]                    true  "send";
    "compose.later"      SendLater          "later"       W   ["Ctrl+G"]                   true  "send the text later: asks when";
    "compose.undo_send"  UndoSend           "take back"   W   ["Ctrl+X Ctrl+U"]            false "take the message that has just left back into the text";
    "compose.editor"     Editor             "editor"      W   ["Ctrl+X Ctrl+E"]            false "write on in $VISUAL or $EDITOR, which also checks the spelling";
    "compose.emoji"      Emoji              "emoji"       W   ["Ctrl+X Ctrl+J"]            false "insert an emoji by its name (also: type `:` and two letters)";
    "compose.attach"     Attach             "attach"      W   ["Ctrl+T"]                   false "attach a file: asks for its path; it goes with the text, which stands under it";
    "compose.detach"     Detach             "take off"    W   ["Ctrl+X Ctrl+T"]            false "take the last file off the text again";
    "compose.newline"    Newline            "line"        W   ["Ctrl+J", "Alt+Enter", "Shift+Enter", "Ctrl+Enter"] true "new line";
    "compose.quick"      QuickReply         "quick reply" W   ["Ctrl+O"]                   false "insert a quick reply (also: / at the start of a word)";
    "compose.leave"      Leave              "leave"       W   ["Esc", "Ctrl+C"]            true  "leave the text; it stays as a draft";
    "edit.left"          CursorLeft         "left"        W   ["Left"]                     false "one character left";
    "edit.right"         CursorRight        "right"       W   ["Right"]                    false "one character right";
    "edit.up"            CursorUp           "up"          W   ["Up"]                       false "one line up";
    "edit.down"          CursorDown         "down"        W   ["Down"]                     false "one line down";
    "edit.word_left"     WordLeft           "word left"   W   ["Ctrl+Left"]                false "one word left";
    "edit.word_right"    WordRight          "word right"  W   ["Ctrl+Right"]               false "one word right";
    "edit.line_start"    LineStart          "line start"  W   ["Ctrl+A", "Home"]           false "start of the line";
    "edit.line_end"      LineEnd            "line end"    W   ["Ctrl+E", "End"]            false "end of the line";
    "edit.backspace"     DeleteBack         "backspace"   W   ["Backspace"]                false "delete the character before the cursor";
    "edit.delete"        DeleteForward      "delete"      W   ["Delete", "Ctrl+D"]         false "delete the character under the cursor";
    "edit.word_back"     DeleteWord         "cut word"    W   ["Ctrl+W", "Ctrl+Backspace"] false "cut the word before the cursor";
    "edit.kill_start"    KillToStart        "cut to start" W  ["Ctrl+U"]                   false "cut to the start of the line";
    "edit.kill_end"      KillToEnd          "cut to end"  W   ["Ctrl+K"]                   false "cut to the end of the line";
    "edit.yank"          Yank               "paste cut"   W   ["Ctrl+Y"]                   false "insert what was cut last";
    "edit.yank_next"     YankNext           "older cut"   W   ["Ctrl+X Ctrl+Y"]            false "right after that: what was cut before it instead";
    "edit.word_forward"  DeleteWordForward  "cut next word" W ["Ctrl+Delete"]              false "cut the word after the cursor";
    "edit.redo"          Redo               "redo"        W   ["Ctrl+R"]                   false "do again what was taken back";
    "edit.undo"          Undo               "undo"        W   ["Ctrl+7", "Ctrl+_"]         false "take back the last change of the text (the terminal's Ctrl+_); in an empty text: the message just sent";
    "conversation.page_up"   PageUp         "page up"     W   ["PageUp"]                   false "one page up in the conversation";
    "conversation.page_down" PageDown       "page down"   W   ["PageDown"]                 false "one page down in the conversation";
    "contact.open"       Contact            "contact"     LC  ["p"]                        false "who is on the other side: join contacts, take one apart";
    "contact.block"      BlockContact       "block"       C   []                           false "block whom you talk with on this number, after a question; nothing comes from them any more";
    "contact.unblock"    UnblockContact     "unblock"     C   []                           false "let whom you talk with write to this number again";
    "message.versions"   Versions           "said before" C   ["g v"]                      false "what an edited or deleted message said before";
    "notices.open"       Notices            "notices"     LC  ["g n", "Space w"]           false "news about numbers and templates";
    "mentions.open"      Mentions           "mentions"    LC  ["g @", "Space @"]             false "notes that call you by name, and which of them you have not read";
    "team.watch"         Watch              "watch"       LC  ["W", "Space W"]             false "follow what a colleague does, read only; they are told. The same key again ends it";
    "team.whisper"       Whisper            "whisper"     LC  ["g W"]                      false "write to the colleague whom you watch: a note there that calls them, never sent to the customer";
    "screen.mask"        Mask               "hide"        LC  ["g h"]                      false "hide long numbers on the screen, then names too, then nothing";
    "screen.theme"       Themes             "theme"       LC  ["g s"]                      false "choose how the screen looks";
    "doctor.open"        Doctor             "doctor"      LC  ["g d"]                      false "walk the chain from here to the provider and name the step that fails";
    "operators.open"     Operators          "operators"   LC  ["g O", "Space O"]           false "who is let in and attached; roles, and who may work with which account";
    "accounts.open"      ManageAccounts     "numbers"     LC  ["g A", "Space C"]           false "connect numbers and see to them: state, limits, ages; check, edit, pause, disconnect, delete";
    "number.settings"    NumberProfile      "profile"     LC  ["g P", "Space P"]           false "a number at its provider: business profile, block list, ice breakers, short links, registration";
    "number.connect"     ConnectNumber      "connect"     LC  []                           false "connect a number, step by step; what was begun goes on where it stopped";
    "activity.open"      Activity           "activity"    LC  ["g l"]                      false "the activity log: who did what, when and from where";
    "activity.thread"    ActivityHere       "activity here" C []                           false "the activity log of this thread";
    "numbers.open"       Numbers            "numbers"     LC  ["g N", "Space N"]           false "what waits, how long answers took, by day and operator; the end-of-shift report";
    "screen.redraw"      Redraw             "redraw"      LCW ["Ctrl+L"]                   false "draw the whole screen again";
    "terminal.suspend"   Suspend            "suspend"     LCW ["Ctrl+Z"]                   false "back to the shell until `fg`";
    "palette.writing"    Palette            "find"        W   ["F9"]                       false "find a command, a thread, a template, a quick reply or a macro";
    "help.keys"          Help               "keys"        LC  ["?", "F1", "Space ?"]       true  "what every key does";
    "help.keys_writing"  Help               "keys"        W   ["F1"]                       false "what every key does";
    "quit"               Quit               "quit"        L   ["q", "Ctrl+C"]              true  "quit; drafts are kept";
    "quit.conversation"  Quit               "quit"        C   ["Ctrl+C"]                   false "quit; drafts are kept";
};

/// A command by its id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|c| c.id == id)
}

/// What may follow the name of a command on the command line and in `keys.toml`.
#[must_use]
pub fn argument_of(action: Action) -> &'static str {
    match action {
        Action::Search => "words",
        Action::Accounts => "an account, or all",
        Action::NumberProfile | Action::ConnectNumber | Action::ManageTemplates => "an account",
        Action::Template | Action::RunMacro => "a name",
        Action::NewThread => "a number",
        Action::FilterNext | Action::ViewPick => "a view, or a filter",
        _ => "",
    }
}

/// The name of a scope for people.
#[must_use]
pub fn scope_title(scope: Scope) -> &'static str {
    match scope {
        Scope::List => "thread list",
        Scope::Conversation => "conversation",
        Scope::Composer => "writing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the README. `SWITCHBOARD_KEYS=1` writes it.
    #[test]
    fn the_readme_has_every_key() {
        use std::fmt::Write as _;
        let mut table = String::from("| where | key | does | command |\n| --- | --- | --- | --- |\n");
        for c in COMMANDS {
            let keys: Vec<String> = c.keys.iter().map(|k| format!("`{k}`")).collect();
            let scopes: Vec<&str> = c.scopes.iter().map(|s| scope_title(*s)).collect();
            let scopes = if scopes.len() == 3 { "everywhere".to_owned() } else { scopes.join(", ") };
            writeln!(table, "| {scopes} | {} | {} | `{}` |", keys.join(" "), c.help, c.id).unwrap();
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).unwrap();
        let (before, rest) = readme.split_once("<!-- keys -->\n").unwrap();
        let (now, after) = rest.split_once("<!-- end of keys -->").unwrap();
        if std::env::var_os("SWITCHBOARD_KEYS").is_some() {
            let new = format!("{before}<!-- keys -->\n\n{table}\n<!-- end of keys -->{after}");
            std::fs::write(path, new).unwrap();
            return;
        }
        assert_eq!(
            now.trim(),
            table.trim(),
            "SWITCHBOARD_KEYS=1 cargo test --lib the_readme writes the table"
        );
    }

    #[test]
    fn ids_are_unique_and_found() {
        for (i, c) in COMMANDS.iter().enumerate() {
            assert!(COMMANDS[..i].iter().all(|o| o.id != c.id), "{}", c.id);
            assert_eq!(by_id(c.id), Some(c));
            assert!(!c.help.is_empty() && !c.title.is_empty() && !c.scopes.is_empty());
        }
        assert_eq!(by_id("no such command"), None);
    }
}
