//! Masking: what a tenant's settings say of it, and the bodies of `POST /v1/mask`, version 1.
//!
//! ```text
//! POST /v1/mask   {"texts":["call 212-555-0123"],"field":"orders.note"}
//!             200 {"texts":["call ***-***-0123"],"findings":{"phone":1}}
//! ```

use std::collections::BTreeMap;

use domain::Personal;
use domain::access::Role;
use masking::{CustomRule, Mode, Rules};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many texts one call has at the most.
pub const MOST_TEXTS: usize = 1_000;

/// The longest name of a field, in bytes.
pub const LONGEST_FIELD: usize = 64;

/// What a tenant's settings say of masking: the rules for texts, and for what a role sees, as `docs/masking.md` has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Masking {
    /// For every kind that is not named.
    pub default: Mode,
    /// By kind, or group of kinds.
    pub kinds: BTreeMap<String, Mode>,
    /// Rules of the tenant's own.
    pub custom: Vec<CustomRule>,
    /// What is masked in the answers of the API to a role. One that is not named: [`Seen::by`].
    pub roles: BTreeMap<Role, Seen>,
}

/// What is masked in the answers of the API to a role that the settings name. The tenant's own rules are looked for as well, under
/// their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seen {
    /// For every kind, and every rule of the tenant's own, that is not named.
    pub default: Mode,
    /// By kind, group of kinds, or name of a rule of the tenant's own.
    pub kinds: BTreeMap<String, Mode>,
}

impl Seen {
    /// For a role that the settings do not name. An officer decides by what is written, and persons and the backends
    /// that speak for them know whom it is about: to them nothing is masked, to all others everything in part.
    pub fn by(role: Role) -> Self {
        let default = match role {
            Role::Officer | Role::Subject | Role::Backend => Mode::Off,
            Role::Owner | Role::Auditor | Role::Admin => Mode::Partial,
        };
        Self { default, kinds: BTreeMap::new() }
    }

    /// What of it makes tokens, if anything: where it is named.
    fn token(&self) -> Option<&str> {
        let mut kinds = self.kinds.iter().filter(|(_, mode)| mode.needs_key());
        let named = kinds.next().map(|(name, _)| name.as_str());
        if self.default.needs_key() { Some("default") } else { named }
    }
}

impl Masking {
    /// Reads the `masking` of a tenant's settings, the default if there is none, or says what is wrong with it. The patterns
    /// of custom rules are looked at by whoever makes a masker of them.
    pub fn read(settings: Option<&Value>) -> Result<Self, String> {
        match settings {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(value @ Value::Object(_)) => {
                let read = Self::deserialize(value).map_err(|error| format!("masking: {error}"))?;
                // A list of fields would be read too, in the order in which they are declared.
                let mut roles = value.get("roles").and_then(Value::as_object).into_iter().flatten();
                if let Some((role, _)) = roles.find(|(_, seen)| !seen.is_object()) {
                    return Err(format!("masking: roles: {role}: this must be an object"));
                }
                read.without_tokens_for_roles()
            }
            Some(_) => Err("masking: this must be an object".to_owned()),
        }
    }

    /// Whoever could have a token made of what they write, and read it, could try values until one fits.
    fn without_tokens_for_roles(self) -> Result<Self, String> {
        let token = self.roles.iter().find_map(|(role, seen)| Some((role, seen.token()?)));
        match token {
            None => Ok(self),
            Some((role, place)) => {
                let (role, place) = (role.as_str(), place.chars().take(40).collect::<String>());
                Err(format!(
                    "masking: roles: {role}: {place}: no tokens are made in answers, since a role could try values by \
                     them: write redact, stars or partial"
                ))
            }
        }
    }

    /// The rules for texts.
    pub fn rules(&self) -> Rules {
        Rules { default: self.default, kinds: self.kinds.clone(), custom: self.custom.clone() }
    }

    /// The rules for what a role sees; `None` if nothing is masked. A tenant's own rules are made for its texts, so they count for
    /// roles that it names, and for no other: one that finds dates would change what nobody thought of.
    pub fn rules_of(&self, role: Role) -> Option<Rules> {
        let Some(Seen { default, mut kinds }) = self.roles.get(&role).cloned() else {
            let Seen { default, kinds } = Seen::by(role);
            return (default != Mode::Off).then_some(Rules { default, kinds, custom: vec![] });
        };
        let own = |rule: &CustomRule| CustomRule { mode: kinds.remove(&rule.name), ..rule.clone() };
        let custom: Vec<CustomRule> = self.custom.iter().map(own).collect();
        let named = kinds.values().copied().chain(custom.iter().filter_map(|rule| rule.mode));
        let masks = named.chain([default]).any(|mode| mode != Mode::Off);
        // What is wrong with a kind that nothing is done about is told by whoever makes a masker of it.
        (masks || !kinds.is_empty()).then_some(Rules { default, kinds, custom })
    }
}

/// `POST /v1/mask`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// The texts.
    pub texts: Vec<Personal>,
    /// What tokens are of: the same value has the same token in the same field. Without it, the kind's name.
    pub field: Option<String>,
}

/// The answer to [`Mask`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Masked {
    /// The texts, masked, in the same order.
    pub texts: Vec<String>,
    /// How many findings there were in all of them, by kind; of a custom rule, by its name.
    pub findings: BTreeMap<String, u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_with_it_is_said() {
        let wrong = |value: Value| Masking::read(Some(&value)).expect_err("wrong");
        assert!(wrong(json!({"default": "sha256"})).contains("sha256 is refused"));
        assert!(wrong(json!({"default": "hide"})).contains("the modes are off, redact"));
        assert!(wrong(json!([])).contains("must be an object"));
        assert!(wrong(json!({"modes": {}})).contains("unknown field `modes`"));
        assert_eq!(Masking::read(None), Ok(Masking::default()));
        let own = json!({"default": "token", "kinds": {"email": "off"},
            "custom": [{"name": "badge", "pattern": "B-[0-9]{4}"}]});
        let rules = Masking::read(Some(&own)).expect("masking").rules();
        assert_eq!((rules.default, rules.kinds["email"]), (Mode::Token, Mode::Off));
        assert_eq!(rules.custom[0].name, "badge");
    }

    #[test]
    fn what_is_wrong_with_a_role_is_said() {
        let check = |roles: Value, said: &str| {
            let wrong = Masking::read(Some(&json!({"roles": roles}))).expect_err("wrong");
            assert!(wrong.contains(said), "{wrong}");
        };
        check(json!({"audtor": {}}), "unknown variant `audtor`, expected one of `backend`, `subject`");
        check(json!({"auditor": {"custom": []}}), "unknown field `custom`, expected `default` or `kinds`");
        check(json!({"auditor": {"default": "sha1"}}), "sha1 is refused");
        check(json!({"auditor": ["redact"]}), "roles: auditor: this must be an object");
        check(json!(["auditor"]), "masking: ");
        check(json!({"owner": {"default": "token"}}), "roles: owner: default: no tokens are made in answers");
        check(json!({"owner": {"kinds": {"email": "token_shape"}}}), "owner: email: no tokens");
        // The rules for texts may make them.
        assert!(Masking::read(Some(&json!({"default": "token", "roles": {"auditor": {}}}))).is_ok());
    }

    #[test]
    fn a_role_has_rules_of_its_own_and_looks_for_what_the_tenant_looks_for() {
        let own = json!({"default": "token", "kinds": {"mac": "off"},
            "custom": [{"name": "badge", "pattern": "B-[0-9]{4}", "mode": "token"}],
            "roles": {"auditor": {"default": "redact"}, "backend": {"kinds": {"email": "off", "badge": "stars"}},
                "owner": {"default": "off"}, "admin": {"default": "off", "kinds": {"badge": "off"}}}});
        let masking = Masking::read(Some(&own)).expect("masking");
        let rules =
            |role| masking.rules_of(role).map(|rules| (rules.default, rules.kinds, rules.custom[0].mode));
        assert_eq!(rules(Role::Auditor), Some((Mode::Redact, [].into(), None)));
        let email_off = [("email".to_owned(), Mode::Off)].into();
        assert_eq!(rules(Role::Backend), Some((Mode::Partial, email_off, Some(Mode::Stars))));
        for clear in [Role::Owner, Role::Admin, Role::Officer, Role::Subject] {
            assert_eq!(rules(clear), None, "{clear:?}");
        }
    }

    #[test]
    fn a_role_that_is_not_named_is_looked_after_without_the_tenants_own_rules() {
        let own = json!({"default": "token", "kinds": {"email": "off"},
            "custom": [{"name": "day", "pattern": "[0-9]{4}-[0-9]{2}-[0-9]{2}", "mode": "redact"}],
            "roles": {"auditor": {}}});
        let masking = Masking::read(Some(&own)).expect("masking");
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Auditor) {
            assert_eq!(masking.rules_of(role), Masking::default().rules_of(role), "{role:?}");
        }
        assert_eq!(masking.rules_of(Role::Auditor).map(|rules| rules.custom.len()), Some(1));
    }

    #[test]
    fn without_settings_whoever_judges_or_speaks_for_the_person_sees_what_is_written() {
        for role in Role::ALL {
            let rules = Masking::default().rules_of(role);
            let clear = matches!(role, Role::Officer | Role::Subject | Role::Backend);
            assert_eq!(rules, (!clear).then(Rules::default), "{role:?}");
        }
    }
}
