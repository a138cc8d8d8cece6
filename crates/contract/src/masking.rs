//! Masking: what a tenant's settings say of it, and the bodies of `POST /v1/mask`, version 1.
//!
//! ```text
//! POST /v1/mask   {"texts":["call 212-555-0123"],"field":"orders.note"}
//!             200 {"texts":["call ***-***-0123"],"findings":{"phone":1}}
//! ```

use std::collections::BTreeMap;

use domain::Personal;
use masking::{CustomRule, Mode, Rules};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many texts one call has at the most.
pub const MOST_TEXTS: usize = 1_000;

/// The longest name of a field, in bytes.
pub const LONGEST_FIELD: usize = 64;

/// What a tenant's settings say of masking: the rules for texts, as `docs/masking.md` has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Masking {
    /// For every kind that is not named.
    pub default: Mode,
    /// By kind, or group of kinds.
    pub kinds: BTreeMap<String, Mode>,
    /// Rules of the tenant's own.
    pub custom: Vec<CustomRule>,
}

impl Masking {
    /// Reads the `masking` of a tenant's settings, the default if there is none, or says what is wrong with it. The patterns
    /// of custom rules are looked at by whoever makes a masker of them.
    pub fn read(settings: Option<&Value>) -> Result<Self, String> {
        match settings {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(value @ Value::Object(_)) => {
                Self::deserialize(value).map_err(|error| format!("masking: {error}"))
            }
            // A list of fields would be read too, in the order in which they are declared.
            Some(_) => Err("masking: this must be an object".to_owned()),
        }
    }

    /// The rules for texts.
    pub fn rules(&self) -> Rules {
        Rules { default: self.default, kinds: self.kinds.clone(), custom: self.custom.clone() }
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
}
