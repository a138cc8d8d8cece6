//! What is looked for and what is written instead, as data: rules can be loaded for a tenant without a deploy.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::RulesError;
use crate::kind::{Kind, Set};

/// What is written in place of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is not looked for.
    Off,
    /// The name of the kind in brackets: `[email]`.
    Redact,
    /// `***`
    Stars,
    /// What lets somebody recognise their own: `j***@example.com`, the last four of a card.
    #[default]
    Partial,
    /// A keyed token: `email_…`, 26 characters of base32.
    Token,
    /// A keyed token in the shape of what it stands for: digits for digits, letters for letters.
    TokenShape,
}

const NAMES: &str = "the modes are off, redact, stars, partial, token and token_shape";

/// What is wrong with a hash without a key, if that is what is named.
pub(crate) fn refused_hash(name: &str) -> Option<String> {
    const HASHES: [&str; 10] =
        ["hash", "md5", "sha1", "sha256", "sha512", "sha-1", "sha-256", "sha-512", "blake3", "crc32"];
    HASHES.contains(&name).then(|| {
        format!(
            "{name} is refused: whoever has a hash without a key can try every phone number and every card until one \
             fits, so it hides nothing. Write token, which needs a key"
        )
    })
}

impl Mode {
    /// Reads a name.
    pub fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "off" => Self::Off,
            "redact" => Self::Redact,
            "stars" => Self::Stars,
            "partial" => Self::Partial,
            "token" => Self::Token,
            "token_shape" => Self::TokenShape,
            other => return Err(refused_hash(other).unwrap_or_else(|| NAMES.to_owned())),
        })
    }

    /// Whether it needs a key.
    pub fn needs_key(self) -> bool {
        matches!(self, Self::Token | Self::TokenShape)
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).map_err(serde::de::Error::custom)
    }
}

/// A rule of the caller's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomRule {
    /// What it finds: small letters, digits and underscores. It is the placeholder of `redact`.
    pub name: String,
    /// A regular expression of the `regex` crate's syntax; see [`crate::LONGEST_MATCH`] for its limits.
    pub pattern: String,
    /// What is written instead; the rules' default otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// What to look for, and what to write instead. As data:
///
/// ```yaml
/// default: partial
/// kinds:
///   email: token_shape
///   national_id: redact      # a group
///   nl_bsn: off              # one of it: what is named singly wins
/// custom:
///   - name: employee_id
///     pattern: 'EMP-[0-9]{6}'
///     mode: redact
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// For every kind that is not named.
    pub default: Mode,
    /// By kind, or group of kinds.
    pub kinds: BTreeMap<String, Mode>,
    /// Rules of the caller's own, at most 100.
    pub custom: Vec<CustomRule>,
}

impl Rules {
    /// All kinds in one mode.
    pub fn all(mode: Mode) -> Self {
        Self { default: mode, ..Self::default() }
    }

    /// Each kind's mode.
    pub(crate) fn modes(&self) -> Result<Modes, RulesError> {
        let mut modes = Modes::every(self.default);
        // Groups first: what is named singly wins.
        let single = |name: &str| Kind::ALL.iter().any(|kind| kind.name() == name);
        let (kinds, groups): (Vec<_>, Vec<_>) = self.kinds.iter().partition(|(name, _)| single(name));
        for (name, mode) in groups.into_iter().chain(kinds) {
            if Kind::named(name).next().is_none() {
                return Err(RulesError::NoKind(name.chars().take(40).collect()));
            }
            for kind in Kind::named(name) {
                modes.set(kind, *mode);
            }
        }
        for (at, rule) in self.custom.iter().enumerate() {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            let formed = (1..=40).contains(&rule.name.len()) && rule.name.bytes().all(plain);
            let twice = self.custom.iter().take(at).any(|other| other.name == rule.name);
            if !formed || twice || Kind::named(&rule.name).next().is_some() {
                return Err(RulesError::Name(rule.name.chars().take(60).collect()));
            }
        }
        modes.custom = self.custom().map(|rule| rule.mode.unwrap_or(self.default)).collect();
        Ok(modes)
    }

    /// The custom rules that are looked for: [`Kind::Custom`] counts them.
    pub(crate) fn custom(&self) -> impl Iterator<Item = &CustomRule> {
        self.custom.iter().filter(|rule| rule.mode.unwrap_or(self.default) != Mode::Off)
    }
}

/// The mode of each kind.
#[derive(Debug)]
pub(crate) struct Modes {
    built_in: Vec<Mode>,
    custom: Vec<Mode>,
}

impl Modes {
    /// The same for every built-in kind.
    pub fn every(mode: Mode) -> Self {
        Self { built_in: vec![mode; Kind::ALL.len()], custom: Vec::new() }
    }

    fn set(&mut self, kind: Kind, mode: Mode) {
        if let Some(at) = Kind::ALL.iter().position(|other| *other == kind)
            && let Some(place) = self.built_in.get_mut(at)
        {
            *place = mode;
        }
    }

    /// The mode of this kind.
    pub fn of(&self, kind: Kind) -> Mode {
        match kind {
            Kind::Custom(rule) => self.custom.get(usize::from(rule)),
            kind => Kind::ALL.iter().position(|other| *other == kind).and_then(|at| self.built_in.get(at)),
        }
        .copied()
        .unwrap_or_default()
    }

    /// The built-in kinds that are looked for.
    pub fn wanted(&self) -> Set {
        let mut set = Set::default();
        Kind::ALL.iter().filter(|kind| self.of(**kind) != Mode::Off).for_each(|kind| set.insert(*kind));
        set
    }

    /// Whether anything needs a key.
    pub fn need_key(&self) -> bool {
        self.built_in.iter().chain(&self.custom).any(|mode| mode.needs_key())
    }
}

/// The kinds of a group, for a message.
pub(crate) fn members(group: &str) -> String {
    Kind::named(group).map(Kind::name).collect::<Vec<_>>().join(", ")
}

/// The names that rules may use.
pub(crate) fn known() -> String {
    let mut names: Vec<&str> = Kind::ALL.iter().flat_map(|kind| [kind.group(), kind.name()]).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
