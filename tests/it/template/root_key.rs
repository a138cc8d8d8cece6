//! The key that wraps the data keys, and the one before it while they are wrapped anew.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cloudformation::{ROOT, Templates, check, need};
use super::roles::statements;
use crate::repository::read;

const ROLES: &str = "infra/roles.yaml";
const STORE_ROLES: &str = "infra/roles-stores.yaml";

/// The present one, as the templates name it.
pub(super) const ROOT_KEY: &str = "${RootKeyArn} if HasRootKey, else Key.Arn";
/// The one before.
const EARLIER: &str = "${EarlierKeyArn}";

/// An action on a key that a role is allowed.
struct Right {
    role: String,
    action: String,
    key: String,
    condition: Value,
    /// Whether it is there only while there is an earlier key.
    for_a_while: bool,
}

fn rights(templates: &Templates) -> Vec<Right> {
    let mut rights = Vec::new();
    for role in templates.of_kind("AWS::IAM::Role") {
        let named = json!({ "Ref": role.id });
        let names_it = |roles: &Value| roles.as_array().is_some_and(|roles| roles.contains(&named));
        let own = role.properties()["Policies"].as_array().into_iter().flatten();
        let own = own.map(|policy| (&policy["PolicyDocument"], false));
        let policies = templates.resources().filter(|r| r.kind() == "AWS::IAM::Policy");
        let policies = policies.filter(|r| r.file == role.file && names_it(&r.properties()["Roles"]));
        let policies =
            policies.map(|r| (&r.properties()["PolicyDocument"], r.body["Condition"] == "HasEarlierKey"));
        for (document, for_a_while) in own.chain(policies) {
            for statement in statements(document).into_iter().filter(|s| s["Effect"] == "Allow") {
                for action in statement["Action"].as_array().into_iter().flatten() {
                    rights.push(Right {
                        role: role.id.to_owned(),
                        action: action.as_str().unwrap_or_default().to_owned(),
                        key: templates.text(role.file, &statement["Resource"]),
                        condition: statement["Condition"].clone(),
                        for_a_while,
                    });
                }
            }
        }
    }
    rights
}

/// Bound to some tenant, and to purposes.
fn is_bound(condition: &Value) -> bool {
    condition["Null"] == json!({ "kms:EncryptionContext:tenant": "false" })
        && condition["StringEquals"]["kms:EncryptionContext:purpose"].is_array()
}

/// What a right is for.
fn purposes(right: &Right) -> BTreeSet<String> {
    let named = right.condition["StringEquals"]["kms:EncryptionContext:purpose"].as_array();
    named.into_iter().flatten().map(|purpose| purpose.as_str().unwrap_or_default().to_owned()).collect()
}

fn opens(rights: &[Right], role: &str, key: &str) -> BTreeSet<String> {
    let of = rights.iter().filter(|r| r.role == role && r.key == key && r.action == "kms:Decrypt");
    of.map(|right| right.condition.to_string()).collect()
}

fn left_behind(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let rights = rights(templates);
    let roles: BTreeSet<&String> = rights.iter().map(|right| &right.role).collect();
    for role in roles {
        let (now, before) = (opens(&rights, role, ROOT_KEY), opens(&rights, role, EARLIER));
        need(&mut wrong, now == before, || format!("{role} opens {now:?}, and under the earlier {before:?}"));
    }
    for right in rights.iter().filter(|right| right.key == EARLIER) {
        let (role, action) = (&right.role, &right.action);
        let opens = ["kms:Decrypt", "kms:ReEncryptFrom"].contains(&action.as_str());
        need(&mut wrong, opens, || format!("{role} makes something new under the earlier key: {action}"));
        need(&mut wrong, right.for_a_while, || format!("{role} keeps {action} when there is no earlier key"));
    }
    let rewraps = rights.iter().filter(|right| right.action.starts_with("kms:ReEncrypt"));
    let rewraps: Vec<_> = rewraps.map(|r| (r.role.as_str(), r.action.as_str(), r.key.as_str())).collect();
    let expected =
        [("RotateKeysRole", "kms:ReEncryptFrom", EARLIER), ("RotateKeysRole", "kms:ReEncryptTo", ROOT_KEY)];
    need(&mut wrong, rewraps == expected, || format!("wrapped anew by {rewraps:?}"));
    // Whatever anybody makes is wrapped anew, and as what it was.
    let made = rights.iter().filter(|right| right.key == ROOT_KEY && right.action == "kms:GenerateDataKey");
    let made: BTreeSet<String> = made.flat_map(purposes).collect();
    need(&mut wrong, made.len() == 10, || format!("what is made: {made:?}"));
    for right in rights.iter().filter(|right| right.action.starts_with("kms:ReEncrypt")) {
        let anew = purposes(right);
        need(&mut wrong, anew == made, || format!("made {made:?}, {} {anew:?}", right.action));
    }
    for right in rights.iter().filter(|right| [ROOT_KEY, EARLIER].contains(&right.key.as_str())) {
        let at = format!("{}, {} under {}", right.role, right.action, right.key);
        need(&mut wrong, is_bound(&right.condition), || format!("{at}: for anybody and anything"));
        let rewraps = right.action.starts_with("kms:ReEncrypt");
        need(&mut wrong, !rewraps || right.for_a_while, || format!("{at}: for ever"));
    }
    wrong
}

/// Whoever opens a key opens it under both, as the same; and nobody makes anything under the earlier one.
#[test]
fn what_an_earlier_root_key_wrapped_opens_and_only_becomes_less() {
    check(
        left_behind,
        &[
            (ROLES, "Roles: [!Ref CloseRequestRole]", "Roles: [!Ref ApiRole]"),
            (STORE_ROLES, "Roles: [!Ref PlanRole, ", "Roles: ["),
            (STORE_ROLES, "Roles: [!Ref CollectStoreRole]", "Roles: [!Ref PlanRole]"),
            (
                ROLES,
                "Roles: [!Ref FetchExportRole]\n      PolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - {Sid: OpenEarlier",
                "Roles: [!Ref ApiRole]\n      PolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - {Sid: OpenEarlier",
            ),
            (
                ROLES,
                "Action: [kms:Decrypt], Resource: !Ref EarlierKeyArn",
                "Action: [kms:Decrypt, kms:GenerateDataKey], Resource: !Ref EarlierKeyArn",
            ),
            (
                ROLES,
                "[kms:ReEncryptFrom], Resource: !Ref EarlierKeyArn",
                "[kms:ReEncryptFrom], Resource: !Ref RootKeyArn",
            ),
            (
                ROLES,
                "Action: [kms:GenerateDataKey], Resource",
                "Action: [kms:GenerateDataKey, kms:ReEncryptTo], Resource",
            ),
            (
                ROLES,
                "StringEquals: {'kms:EncryptionContext:purpose': [pseudonyms, ledger, plan, export, receipt, recheck, replay, fields, subjects, masks]}",
                "StringLike: {'kms:EncryptionContext:purpose': '*'}",
            ),
            (
                ROLES,
                "Action: [kms:ReEncryptTo], Resource: !Ref RootKeyArn, Condition: {'Null': {'kms:EncryptionContext:tenant': 'false'}, StringEquals: {'kms:EncryptionContext:purpose': [pseudonyms, ledger, plan, export, receipt, recheck, replay, fields, subjects, masks]}}",
                "Action: [kms:ReEncryptTo], Resource: !Ref RootKeyArn, Condition: {'Null': {'kms:EncryptionContext:tenant': 'false'}, StringEquals: {'kms:EncryptionContext:purpose': [pseudonyms, ledger, plan, fields, subjects]}}",
            ),
            (ROLES, "    Condition: HasEarlierKey\n", ""),
            (ROOT, "EarlierKeyArn: !Ref EarlierKeyArn", "EarlierKeyArn: !Ref RootKeyArn"),
            (
                ROOT,
                "RootKeyArn: !GetAtt State.Outputs.RootKeyArn\n        EarlierKeyArn",
                "RootKeyArn: !GetAtt State.Outputs.KeyArn\n        EarlierKeyArn",
            ),
        ],
    );
}

fn unnamed(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in ["RootKeyArn", "EarlierKeyArn"] {
        let parameter = &templates.root()["Parameters"][name];
        need(&mut wrong, parameter["Default"] == "none", || format!("{name} has a default"));
        let pattern = parameter["AllowedPattern"].as_str().unwrap_or_default();
        need(&mut wrong, pattern.starts_with("^(none|arn:") && pattern.contains(":key/"), || {
            format!("{name}: {pattern}")
        });
    }
    for (file, name) in
        [(ROLES, "EarlierKeyArn"), (STORE_ROLES, "EarlierKeyArn"), ("infra/state.yaml", "RootKeyArn")]
    {
        let condition = format!("Has{}", name.trim_end_matches("Arn"));
        let given = json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": name }, "none"] }] });
        need(&mut wrong, *templates.condition(file, &condition) == given, || format!("{file}: {condition}"));
    }
    wrong
}

/// By the ARN it is told what is still wrapped under which: an alias would be another text.
#[test]
fn a_root_key_is_named_by_its_arn_or_not_at_all() {
    let is_given = "[!Equals [!Ref EarlierKeyArn, none]]";
    check(
        unnamed,
        &[
            (ROOT, ":key/", ":alias/"),
            (ROLES, is_given, "[!Equals [!Ref EarlierKeyArn, '']]"),
            (STORE_ROLES, is_given, "[!Equals [!Ref RootKeyArn, none]]"),
            ("infra/state.yaml", "!Not [!Equals [!Ref RootKeyArn, none]]", "!Equals [!Ref RootKeyArn, none]"),
        ],
    );
}

/// What the rights on the earlier key depend on.
fn bound_to_a_change(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    need(&mut wrong, templates.root().get("Rules").is_none(), || {
        "a rule could refuse two equal keys".to_owned()
    });
    for policy in templates.resources().filter(|r| r.body["Condition"] == "HasEarlierKey") {
        for statement in statements(&policy.properties()["PolicyDocument"]) {
            let on = templates.text(policy.file, &statement["Resource"]);
            let is_to_the_new = statement["Sid"] == "RewrapTo" || statement["Sid"] == "ReplaceWrapped";
            need(&mut wrong, (on == EARLIER) != is_to_the_new, || format!("{}: on {on}", policy.at()));
        }
    }
    for file in [ROLES, STORE_ROLES] {
        let given = json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "EarlierKeyArn" }, "none"] }] });
        need(&mut wrong, *templates.condition(file, "HasEarlierKey") == given, || file.to_owned());
    }
    wrong
}

/// So it can be the present one: roles have the rights of tomorrow before they lose those of today.
#[test]
fn the_earlier_key_may_be_the_present_one() {
    let is_given = "HasEarlierKey: !Not [!Equals [!Ref EarlierKeyArn, none]]";
    check(
        bound_to_a_change,
        &[
            (
                STORE_ROLES,
                is_given,
                "HasEarlierKey: !And [!Not [!Equals [!Ref EarlierKeyArn, none]], !Not [!Equals [!Ref EarlierKeyArn, !Ref RootKeyArn]]]",
            ),
            (
                ROLES,
                "Action: [kms:Decrypt], Resource: !Ref EarlierKeyArn",
                "Action: [kms:Decrypt], Resource: !Ref RootKeyArn",
            ),
            (ROOT, "\nParameters:", "\nRules:\n  Two: {Assertions: []}\nParameters:"),
        ],
    );
}

#[test]
fn the_page_gives_the_rights_before_it_takes_any() {
    let page = read("docs/runbooks/root-key.md");
    let deploys: Vec<&str> = page.lines().filter(|line| line.trim().starts_with("make deploy")).collect();
    let said: Vec<&str> = deploys.iter().filter_map(|line| line.split('"').nth(1)).collect();
    let expected = [
        "EarlierKeyArn=<earlier ARN>",
        "RootKeyArn=<new ARN> EarlierKeyArn=<earlier ARN>",
        "EarlierKeyArn=none",
    ];
    assert_eq!(said, expected);
}
