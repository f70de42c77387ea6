//! Who may do what: roles, operators, access to accounts.
//!
//! Pure: from the book of rules and a client that the kernel vouches for to what it may do. The engine asks; screens only
//! hide what would be refused.

use super::client::ClientInfo;
use super::ids::AccountId;
use super::sharing::ShareRules;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Longest name of a role, team, user or group, in characters.
pub const NAME_MAX: usize = 64;
/// Most roles, operators, or names in a list of access.
pub const ENTRIES_MAX: usize = 2_000;

/// A list of words with a name each, for [`Resource`] and [`Verb`].
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All of them, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word in configuration, protocol and log.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one with this word.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.word() == word)
            }
        }
    };
}

words! {
    /// What something is done to.
    Resource {
        /// Conversations: reading, answering, notes, labels, assignment.
        Chat = "chat",
        /// Flows that answer by themselves.
        Bots = "bots",
        /// Messages to many.
        Campaigns = "campaigns",
        /// Groups of contacts for campaigns.
        Groups = "groups",
        /// Contacts.
        Contacts = "contacts",
        /// Templates.
        Templates = "templates",
        /// Quick replies, and macros.
        QuickReplies = "quick_replies",
        /// Connected numbers and their health.
        Numbers = "numbers",
        /// Credentials, webhooks, backups, sync.
        Connection = "connection",
        /// The activity log.
        ActivityLog = "activity_log",
        /// Operators, roles, access.
        Operators = "operators",
    }
}

words! {
    /// What is done.
    Verb {
        /// Reading.
        View = "view",
        /// Making something new; in a conversation: sending.
        Create = "create",
        /// Changing what is there; in a conversation: states, labels, notes, assignment.
        Edit = "edit",
        /// Removing it.
        Delete = "delete",
        /// Bringing contacts in from a file.
        Import = "import",
        /// Loading a model of a template to the provider.
        LoadTemplate = "load_template",
    }
}

impl Resource {
    /// What can be done to it.
    #[must_use]
    pub fn verbs(self) -> &'static [Verb] {
        use Verb::{Create, Delete, Edit, Import, LoadTemplate, View};
        match self {
            Self::Contacts => &[View, Create, Edit, Delete, Import],
            Self::Templates => &[View, Create, Edit, Delete, LoadTemplate],
            Self::Numbers | Self::ActivityLog => &[View],
            Self::Connection | Self::Operators => &[View, Edit],
            Self::Chat | Self::Bots | Self::Campaigns | Self::Groups | Self::QuickReplies => {
                &[View, Create, Edit, Delete]
            }
        }
    }
}

/// One thing that a role allows, written `chat.view`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Grant(pub Resource, pub Verb);

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.word(), self.1.word())
    }
}

impl From<Grant> for String {
    fn from(g: Grant) -> Self {
        g.to_string()
    }
}

/// Text that is no grant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is nothing that can be allowed: write a thing and what is done to it, such as `chat.view`")]
pub struct NoGrant(String);

impl FromStr for Grant {
    type Err = NoGrant;

    fn from_str(s: &str) -> Result<Self, NoGrant> {
        let no = || NoGrant(s.chars().take(80).collect());
        let (resource, verb) = s.split_once('.').ok_or_else(no)?;
        let (resource, verb) = Resource::of_word(resource).zip(Verb::of_word(verb)).ok_or_else(no)?;
        if resource.verbs().contains(&verb) { Ok(Self(resource, verb)) } else { Err(no()) }
    }
}

impl TryFrom<String> for Grant {
    type Error = NoGrant;

    fn try_from(s: String) -> Result<Self, NoGrant> {
        s.parse()
    }
}

/// Which conversations a role sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// All of the accounts that are open to the operator.
    #[default]
    All,
    /// Those that nobody has, and those of the operator's teams.
    Team,
    /// Those that the operator has.
    Own,
}

impl Visibility {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Self); 3] = [("all", Self::All), ("team", Self::Team), ("own", Self::Own)];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, v)| *v == self).map_or("all", |(w, _)| w)
    }
}

/// What operators of one kind may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What it allows.
    pub grants: BTreeSet<Grant>,
    /// Which conversations it sees.
    #[serde(default)]
    pub visibility: Visibility,
    /// Phone numbers are shown with their middle hidden.
    #[serde(default)]
    pub mask_numbers: bool,
    /// Sending is allowed only in conversations that the operator has.
    #[serde(default)]
    pub only_assigned: bool,
}

/// The role that may do everything and cannot be changed.
pub const ADMIN: &str = "admin";

impl Role {
    fn of(name: &str, grants: impl IntoIterator<Item = Grant>) -> Self {
        Self {
            name: name.into(),
            grants: grants.into_iter().collect(),
            visibility: Visibility::All,
            mask_numbers: false,
            only_assigned: false,
        }
    }

    /// The role that may do everything.
    #[must_use]
    pub fn admin() -> Self {
        Self::of(ADMIN, Resource::ALL.iter().flat_map(|r| r.verbs().iter().map(|v| Grant(*r, *v))))
    }

    /// The roles that are there from the start.
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        use Resource::{
            ActivityLog, Bots, Campaigns, Chat, Contacts, Groups, Numbers, QuickReplies, Templates,
        };
        use Verb::{Create, Delete, Edit, Import, View};
        let all = |r: Resource| r.verbs().iter().map(move |v| Grant(r, *v));
        let lead = [Chat, Contacts, QuickReplies, Campaigns, Groups]
            .into_iter()
            .flat_map(all)
            .chain([Templates, Bots].into_iter().flat_map(|r| [View, Create, Edit].map(|v| Grant(r, v))))
            .chain([Grant(Numbers, View), Grant(ActivityLog, View)])
            .filter(|g| *g != Grant(Chat, Delete) && *g != Grant(Contacts, Import));
        let agent = [Chat, Contacts]
            .into_iter()
            .flat_map(|r| [View, Create, Edit].map(|v| Grant(r, v)))
            .chain([Templates, QuickReplies, Groups, Campaigns, Numbers].map(|r| Grant(r, View)));
        let viewer =
            [Chat, Contacts, Templates, QuickReplies, Groups, Campaigns, Numbers].map(|r| Grant(r, View));
        vec![Self::admin(), Self::of("lead", lead), Self::of("agent", agent), Self::of("viewer", viewer)]
    }

    /// Whether it allows this.
    #[must_use]
    pub fn allows(&self, resource: Resource, verb: Verb) -> bool {
        self.grants.contains(&Grant(resource, verb))
    }
}

/// A user or a group of the operating system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// A user, by login name.
    User(String),
    /// Everybody in a group.
    Group(String),
}

impl Principal {
    /// Whether it is the user of this name.
    #[must_use]
    pub fn is_user(&self, name: &str) -> bool {
        matches!(self, Self::User(user) if user == name)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => f.write_str(name),
            Self::Group(name) => write!(f, "@{name}"),
        }
    }
}

/// Who is let in, and as what. An operator is known by the login name, also when a group let it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorEntry {
    /// The user or the group.
    pub who: Principal,
    /// The role's name.
    pub role: String,
    /// The teams.
    #[serde(default)]
    pub teams: BTreeSet<String>,
    /// Whether it is let in now.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// Who may work with an account. Without a rule everybody who is let in may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRule {
    /// Operators of these roles.
    #[serde(default)]
    pub roles: BTreeSet<String>,
    /// Members of these groups of the operating system.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// These operators.
    #[serde(default)]
    pub operators: BTreeSet<String>,
}

/// All rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessBook {
    /// The roles, built-in ones too.
    pub roles: Vec<Role>,
    /// Who is let in.
    pub operators: Vec<OperatorEntry>,
    /// Which accounts are not for everybody.
    pub accounts: BTreeMap<AccountId, AccountRule>,
    /// Whom the entry of a group has let in, with the teams: nobody else knows them by name.
    pub seen: BTreeMap<String, BTreeSet<String>>,
    /// How conversations are given out.
    #[serde(default)]
    pub sharing: ShareRules,
}

/// Why a client is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No entry names the user or one of its groups.
    Unknown,
    /// Its entry is switched off.
    Inactive,
    /// The role of its entry is gone.
    NoRole,
}

/// Which conversations somebody sees, as a rule over the assignee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sees {
    /// All.
    All,
    /// Those that nobody has, and those of these operators.
    Of(BTreeSet<String>),
    /// Those of one operator.
    Own(String),
}

impl Sees {
    /// Whether a conversation is seen, by who has it.
    #[must_use]
    pub fn has(&self, assignee: Option<&str>) -> bool {
        match (self, assignee) {
            (Self::All, _) | (Self::Of(_), None) => true,
            (Self::Of(names), Some(who)) => names.contains(who),
            (Self::Own(me), who) => who == Some(me),
        }
    }
}

/// A team in the place of an assignee.
#[must_use]
pub fn team_assignee(team: &str) -> String {
    format!("@{team}")
}

/// What one client may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Accounts that are not open.
    pub closed: BTreeSet<AccountId>,
    /// Which conversations of them.
    pub sees: Sees,
}

impl Scope {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self { closed: BTreeSet::new(), sees: Sees::All }
    }

    /// Whether nothing is hidden.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.closed.is_empty() && self.sees == Sees::All
    }

    /// Whether an account is open.
    #[must_use]
    pub fn has_account(&self, account: &AccountId) -> bool {
        !self.closed.contains(account)
    }

    /// Whether a conversation of an account is seen, by who has it.
    #[must_use]
    pub fn has(&self, account: &AccountId, assignee: Option<&str>) -> bool {
        self.has_account(account) && self.sees.has(assignee)
    }
}

/// What one client may do, and see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The operator's name: the login name.
    pub operator: String,
    /// The role.
    pub role: Role,
    /// The teams.
    pub teams: BTreeSet<String>,
    /// What is seen.
    pub scope: Scope,
}

impl Access {
    /// Whether this is allowed.
    #[must_use]
    pub fn allows(&self, resource: Resource, verb: Verb) -> bool {
        self.role.allows(resource, verb)
    }
}

impl AccessBook {
    /// The rules of a new engine: the built-in roles, and nobody but its owner.
    #[must_use]
    pub fn new() -> Self {
        Self { roles: Role::built_in(), ..Self::default() }
    }

    /// A role by its name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|r| r.name == name)
    }

    /// The entry that lets a client in: its own before one of its groups; of several groups the one whose name comes
    /// first.
    fn entry(&self, client: &ClientInfo) -> Option<&OperatorEntry> {
        let user = |e: &&OperatorEntry| matches!(&e.who, Principal::User(name) if *name == client.user);
        self.operators.iter().find(user).or_else(|| {
            let group = |e: &&OperatorEntry| {
                matches!(&e.who, Principal::Group(name) if e.active && client.groups.contains(name))
            };
            self.operators.iter().filter(group).min_by_key(|e| &e.who)
        })
    }

    /// The teams that there are: those that somebody is in.
    #[must_use]
    pub fn teams(&self) -> BTreeSet<String> {
        self.operators.iter().flat_map(|e| &e.teams).chain(self.seen.values().flatten()).cloned().collect()
    }

    /// Says who is in a team.
    pub fn save_team(&mut self, name: &str, members: &BTreeSet<Principal>) -> Result<(), BadRule> {
        named(name)?;
        if let Some(who) = members.iter().find(|m| !self.operators.iter().any(|e| e.who == **m)) {
            return Err(BadRule::NoOperator(who.clone()));
        }
        for entry in &mut self.operators {
            if members.contains(&entry.who) {
                entry.teams.insert(name.to_owned());
            } else {
                entry.teams.remove(name);
            }
        }
        // Whom a group lets in is known by it when they come next; till then they are in no team that is gone.
        let groups =
            self.operators.iter().any(|e| matches!(e.who, Principal::Group(_)) && e.teams.contains(name));
        if !groups {
            for teams in self.seen.values_mut() {
                teams.remove(name);
            }
        }
        Ok(())
    }

    /// Says how conversations are given out.
    pub fn set_sharing(&mut self, rules: ShareRules) -> Result<(), BadRule> {
        let teams = self.teams();
        if let Some(team) = rules.teams().find(|t| !teams.contains(*t)) {
            return Err(BadRule::NoTeam(team.to_owned()));
        }
        self.sharing = rules;
        Ok(())
    }

    /// The operators of these teams.
    pub fn members(&self, teams: &BTreeSet<String>) -> BTreeSet<String> {
        let in_team = |e: &&OperatorEntry| !e.teams.is_disjoint(teams);
        let named = self.operators.iter().filter(in_team).filter_map(|e| match &e.who {
            Principal::User(name) => Some(name.clone()),
            Principal::Group(_) => None,
        });
        let seen = self.seen.iter().filter(|(_, of)| !of.is_disjoint(teams)).map(|(name, _)| name.clone());
        named.chain(seen).collect()
    }

    /// What a client may do. `owner`: it works as the user whom the data belongs to, or as the superuser; without an
    /// entry of its own it is an admin, for it can read everything in the data folder anyway.
    pub fn access(&self, client: &ClientInfo, owner: bool) -> Result<Access, Refusal> {
        // What a group is given takes nothing from whom the data belongs to.
        let entry = self.entry(client).filter(|e| !owner || e.who.is_user(&client.user));
        let (role, teams) = match entry {
            None if owner => (Role::admin(), BTreeSet::new()),
            None => return Err(Refusal::Unknown),
            Some(e) if !e.active && owner => (Role::admin(), BTreeSet::new()),
            Some(e) if !e.active => return Err(Refusal::Inactive),
            Some(e) => (self.role(&e.role).cloned().ok_or(Refusal::NoRole)?, e.teams.clone()),
        };
        let me = client.user.clone();
        let sees = match role.visibility {
            Visibility::All => Sees::All,
            Visibility::Own => Sees::Own(me.clone()),
            Visibility::Team => {
                let mut names = self.members(&teams);
                names.insert(me.clone());
                // What a team has as a whole is seen by its members.
                names.extend(teams.iter().map(|t| team_assignee(t)));
                Sees::Of(names)
            }
        };
        // Who may change the rules is not locked out by one of them.
        let free = role.allows(Resource::Operators, Verb::Edit);
        let open = |rule: &AccountRule| {
            rule.roles.contains(&role.name)
                || rule.operators.contains(&me)
                || client.groups.iter().any(|g| rule.groups.contains(g))
        };
        let closed =
            self.accounts.iter().filter(|(_, rule)| !free && !open(rule)).map(|(id, _)| id.clone()).collect();
        Ok(Access { operator: me, role, teams, scope: Scope { closed, sees } })
    }
}

/// Whether a word can name a role, team, user or group.
#[must_use]
pub fn is_name(s: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ' | '$' | '\\');
    !s.is_empty()
        && s.chars().count() <= NAME_MAX
        && s.trim() == s
        && s.chars().all(good)
        && !s.starts_with('-')
}

/// Why a change of the rules is not possible.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadRule {
    /// A word that is no name.
    #[error("`{0}` is no name: letters, digits, spaces and . _ - are possible, {NAME_MAX} at most")]
    Name(String),
    /// The role that may do everything stays as it is.
    #[error("the role `{ADMIN}` may do everything and cannot be changed or deleted")]
    Admin,
    /// There is no such role.
    #[error("there is no role `{0}`")]
    NoRole(String),
    /// The role is in use.
    #[error("the role `{role}` is in use by {who}: give them another one first")]
    InUse {
        /// The role.
        role: String,
        /// An operator who has it.
        who: Principal,
    },
    /// Nobody is in a team.
    #[error("nobody is in a team `{0}`")]
    NoTeam(String),
    /// There is no such entry.
    #[error("`{0}` is no operator")]
    NoOperator(Principal),
    /// Nothing more can be added.
    #[error("there are {ENTRIES_MAX} already")]
    Full,
}

impl AccessBook {
    /// Adds a role or changes it.
    pub fn save_role(&mut self, role: Role) -> Result<(), BadRule> {
        if role.name == ADMIN {
            return Err(BadRule::Admin);
        }
        named(&role.name)?;
        let full = self.roles.len() >= ENTRIES_MAX;
        match self.roles.iter_mut().find(|r| r.name == role.name) {
            Some(old) => *old = role,
            None if full => return Err(BadRule::Full),
            None => self.roles.push(role),
        }
        Ok(())
    }

    /// Removes a role that nobody has.
    pub fn delete_role(&mut self, name: &str) -> Result<(), BadRule> {
        if name == ADMIN {
            return Err(BadRule::Admin);
        }
        if let Some(e) = self.operators.iter().find(|e| e.role == name) {
            return Err(BadRule::InUse { role: name.into(), who: e.who.clone() });
        }
        let before = self.roles.len();
        self.roles.retain(|r| r.name != name);
        if self.roles.len() == before { Err(BadRule::NoRole(name.into())) } else { Ok(()) }
    }

    /// Lets somebody in, or changes how.
    pub fn save_operator(&mut self, entry: OperatorEntry) -> Result<(), BadRule> {
        let (Principal::User(name) | Principal::Group(name)) = &entry.who;
        named(name)?;
        entry.teams.iter().try_for_each(|t| named(t))?;
        if self.role(&entry.role).is_none() {
            return Err(BadRule::NoRole(entry.role));
        }
        let full = self.operators.len() >= ENTRIES_MAX;
        match self.operators.iter_mut().find(|e| e.who == entry.who) {
            Some(old) => *old = entry,
            None if full => return Err(BadRule::Full),
            None => self.operators.push(entry),
        }
        Ok(())
    }

    /// Lets somebody in no more.
    pub fn delete_operator(&mut self, who: &Principal) -> Result<(), BadRule> {
        let before = self.operators.len();
        self.operators.retain(|e| e.who != *who);
        if self.operators.len() == before { Err(BadRule::NoOperator(who.clone())) } else { Ok(()) }
    }

    /// Says who may work with an account; with `None` everybody may.
    pub fn set_account(&mut self, account: AccountId, rule: Option<AccountRule>) -> Result<(), BadRule> {
        let Some(rule) = rule else {
            self.accounts.remove(&account);
            return Ok(());
        };
        rule.roles.iter().chain(&rule.groups).chain(&rule.operators).try_for_each(|n| named(n))?;
        if rule.roles.len() + rule.groups.len() + rule.operators.len() > ENTRIES_MAX {
            return Err(BadRule::Full);
        }
        if let Some(role) = rule.roles.iter().find(|r| self.role(r).is_none()) {
            return Err(BadRule::NoRole(role.clone()));
        }
        self.accounts.insert(account, rule);
        Ok(())
    }
}

fn named(name: &str) -> Result<(), BadRule> {
    if is_name(name) { Ok(()) } else { Err(BadRule::Name(name.chars().take(80).collect())) }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
