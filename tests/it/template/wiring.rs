//! What a function is given, what the API serves, and what a deployment may leave out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cloudformation::{ROOT, Templates, check, need, parse};
use super::root_key::ROOT_KEY;
use crate::repository::{folders, pascal, read};

/// Which variable an adapter cannot be without.
const VARIABLES: [(&str, &str); 25] = [
    ("evidence()", "LACUNA_EVIDENCE_BUCKET"),
    ("notary()", "LACUNA_NOTARY_KEY"),
    ("log_name()", "LACUNA_LOG_NAME"),
    ("requests()", "LACUNA_REQUESTS_TABLE"),
    ("holds()", "LACUNA_HOLDS_TABLE"),
    ("ledger()", "LACUNA_LEDGER_TABLE"),
    ("audit_log()", "LACUNA_AUDIT_TABLE"),
    ("audit_marks()", "LACUNA_AUDIT_TABLE"),
    ("dead_letters()", "LACUNA_AUDIT_DEAD_LETTERS"),
    ("event_lists()", "LACUNA_REQUESTS_TABLE"),
    ("tenants()", "LACUNA_REGISTRY_TABLE"),
    ("keyring()", "LACUNA_KEYS_TABLE"),
    ("key_admin()", "LACUNA_KEYS_TABLE"),
    ("staging()", "LACUNA_STAGING_BUCKET"),
    ("catalogs()", "LACUNA_CATALOG_BUCKET"),
    ("packages()", "LACUNA_EXPORTS_BUCKET"),
    ("packages()", "LACUNA_EXPORTS_KEY"),
    ("links()", "LACUNA_EXPORT_READER_ROLE"),
    ("links()", "LACUNA_EXPORTS_KEY"),
    ("export_reader()", "LACUNA_EXPORT_READER_ROLE"),
    ("masked_logs_tenant()", "LACUNA_MASKED_LOGS_TENANT"),
    ("visits()", "LACUNA_KEYS_TABLE"),
    ("signer()", "LACUNA_SIGNING_KEY"),
    ("executions()", "LACUNA_STATE_MACHINE"),
    ("intake()", "LACUNA_INTAKE_QUEUE"),
];

/// What asks which catalog is in force, as a `main.rs` names it: whatever leads to `Catalogs::current`.
const ASK_WHICH_CATALOG: [&str; 5] = [
    "fulfillment::api::",
    "fulfillment::vault::{Ports",
    "fulfillment::steps::plant_controls;",
    "fulfillment::steps::recheck;",
    "fulfillment::steps::sample_stores;",
];

/// A function's properties, and its `main.rs`.
fn programs(templates: &Templates) -> Vec<(String, &Value, String)> {
    let functions = folders("functions").into_iter().map(|name| {
        let id = format!("{}Function", pascal(&name));
        let properties = &templates.root()["Resources"][&id]["Properties"];
        assert!(properties.is_object(), "no {id} in {ROOT}");
        (id, properties, read(&format!("functions/{name}/src/main.rs")))
    });
    functions.collect()
}

fn variables(templates: &Templates) -> Vec<String> {
    let (mut wrong, mut asked) = (Vec::new(), BTreeSet::new());
    for (id, properties, main) in programs(templates) {
        for (adapter, variable) in VARIABLES.iter().filter(|(adapter, _)| main.contains(adapter)) {
            asked.insert((*adapter, *variable));
            let given = properties["Environment"]["Variables"].get(variable).is_some();
            need(&mut wrong, given, || format!("{id} asks for {adapter} without {variable}"));
        }
    }
    for (id, properties, main) in programs(templates) {
        // Whoever asks which catalog is in force asks the tenant's settings first.
        let asks = ASK_WHICH_CATALOG.into_iter().any(|named| main.contains(named));
        let given = properties["Environment"]["Variables"].get("LACUNA_CATALOG_VERSION").is_some();
        need(&mut wrong, given == asks, || format!("{id}: asks for the catalog in force: {asks}"));
    }
    // An adapter that nobody asks for proves nothing.
    need(&mut wrong, asked.len() == VARIABLES.len(), || format!("{asked:?}"));
    wrong
}

#[test]
fn a_function_has_the_variables_of_the_adapters_that_it_asks_for() {
    check(
        variables,
        &[
            (ROOT, "LACUNA_INTAKE_QUEUE:", "LACUNA_INTAKE:"),
            (ROOT, "LACUNA_LOG_NAME:", "LACUNA_LOG:"),
            (ROOT, "LACUNA_CATALOG_VERSION:", "LACUNA_CATALOG:"),
        ],
    );
}

fn unwraps(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let holds_keys = |main: &str| main.contains("keyring()") || main.contains("key_admin()");
    for (id, properties, _) in programs(templates).into_iter().filter(|(.., main)| holds_keys(main)) {
        let key = &properties["Environment"]["Variables"]["LACUNA_KMS_KEY"];
        need(&mut wrong, templates.text(ROOT, key) == ROOT_KEY, || format!("{id} has no LACUNA_KMS_KEY"));
        let role = templates.text(ROOT, &properties["Role"]);
        let role = templates.resources().find(|r| format!("{}.Arn", r.id) == role);
        let role = role.unwrap_or_else(|| panic!("{id} has no role"));
        if id == "SweepFunction" {
            // It destroys the key of an export without opening it.
            let opens = role.properties().to_string().contains("kms:");
            need(&mut wrong, !opens, || format!("{} opens keys", role.at()));
            continue;
        }
        let for_tenants = json!({ "kms:EncryptionContext:tenant": "false" });
        let purposes = match id.as_str() {
            "VaultApiFunction" => json!(["pseudonyms", "fields", "subjects"]),
            "MaskApiFunction" | "MaskLogsFunction" => json!(["masks"]),
            "RotateKeysFunction" => json!(["subjects"]),
            "AuditApiFunction" => json!(["pseudonyms", "receipt"]),
            "CloseRequestFunction" => json!(["plan", "ledger", "receipt", "recheck"]),
            "RecheckFunction" => json!(["pseudonyms", "plan", "recheck"]),
            "ReplayLedgerFunction" => json!(["pseudonyms", "ledger", "plan", "replay"]),
            "SampleStoresFunction" => json!(["pseudonyms", "ledger", "plan"]),
            "CollectStoreFunction" | "PackageExportFunction" => json!(["plan"]),
            "RecordDownloadFunction" => json!(["pseudonyms"]),
            "AnnounceFunction" => json!(["plan", "export"]),
            "FetchExportFunction" => json!(["pseudonyms", "export"]),
            _ => json!(["pseudonyms", "plan"]),
        };
        let for_these = json!({ "kms:EncryptionContext:purpose": purposes });
        let may =
            super::roles::statements(&role.properties()["Policies"][0]["PolicyDocument"]).iter().any(|s| {
                s["Effect"] == "Allow"
                    && s["Action"].as_array().is_some_and(|all| all.contains(&json!("kms:Decrypt")))
                    && templates.text(role.file, &s["Resource"]) == ROOT_KEY
                    && s["Condition"]
                        == json!({ "Null": for_tenants.clone(), "StringEquals": for_these.clone() })
            });
        need(&mut wrong, may, || format!("{} may not unwrap a key", role.at()));
    }
    wrong
}

/// Each for what it opens, and no further. Only the sweeper opens nothing: it destroys the keys of exports.
#[test]
fn a_function_that_holds_the_keyring_may_unwrap_a_tenants_keys() {
    check(
        unwraps,
        &[
            ("infra/roles.yaml", "Action: [kms:Decrypt], Resource", "Action: [kms:Encrypt], Resource"),
            ("infra/roles.yaml", "[pseudonyms, plan]", "[pseudonyms, plan, fields]"),
            ("infra/roles-stores.yaml", "[pseudonyms, plan]", "[pseudonyms, fields]"),
            ("infra/roles-stores.yaml", "Sid: Unseal, Effect: Allow", "Sid: Unseal, Effect: Deny"),
            ("infra/roles.yaml", "[plan, export]", "[pseudonyms, plan, export]"),
            (
                "infra/roles.yaml",
                "Sid: EndExports, Effect: Allow, Action: [dynamodb:DeleteItem], Resource: !Ref KeysTableArn",
                "Sid: EndExports, Effect: Allow, Action: [kms:Decrypt], Resource: !Ref RootKeyArn",
            ),
            (ROOT, "LACUNA_KMS_KEY: !GetAtt State.Outputs.RootKeyArn", "LACUNA_KMS_KEY: ''"),
        ],
    );
}

fn sealing(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    for role in templates.of_kind("AWS::IAM::Role") {
        for policy in role.properties()["Policies"].as_array().into_iter().flatten() {
            for statement in super::roles::statements(&policy["PolicyDocument"]) {
                let opens = statement["Action"].to_string().contains("kms:Decrypt");
                let bound = &statement["Condition"]["StringEquals"];
                // Bound to nothing it opens everything; bound to another service, nothing of a tenant's.
                let fields = match bound.get("kms:EncryptionContext:purpose") {
                    Some(purposes) => purposes.to_string().contains("fields"),
                    None => bound.is_null(),
                };
                let may = !opens || !fields || role.id == "VaultApiRole";
                need(&mut wrong, may, || format!("{} opens what services seal", role.at()));
            }
        }
    }
    wrong
}

fn tokens(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    for role in templates.of_kind("AWS::IAM::Role") {
        for policy in role.properties()["Policies"].as_array().into_iter().flatten() {
            for statement in super::roles::statements(&policy["PolicyDocument"]) {
                let opens = statement["Action"].to_string().contains("kms:");
                let purposes = &statement["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"];
                let masks = purposes.as_array().is_some_and(|all| all.contains(&json!("masks")));
                let alone = purposes.as_array().is_some_and(|all| all.len() == 1);
                let may = !opens || !masks || (["MaskApiRole", "MaskLogsRole"].contains(&role.id) && alone);
                need(&mut wrong, may, || format!("{} makes tokens", role.at()));
            }
        }
    }
    wrong
}

/// Who makes tokens finds out whose a token is, so only what masks does, and it opens nothing else.
#[test]
fn only_what_masks_makes_tokens_and_it_opens_nothing_else() {
    check(
        tokens,
        &[
            ("infra/roles.yaml", "[masks]", "[masks, pseudonyms]"),
            ("infra/roles.yaml", "[pseudonyms, plan]", "[pseudonyms, plan, masks]"),
            ("infra/roles-stores.yaml", "[pseudonyms, plan]", "[pseudonyms, plan, masks]"),
        ],
    );
}

/// What a tenant's services seal is opened in one place.
#[test]
fn only_the_vault_opens_what_services_seal() {
    let purposes = ", StringEquals: {'kms:EncryptionContext:purpose': [pseudonyms, plan]}";
    check(
        sealing,
        &[
            ("infra/roles.yaml", purposes, ""),
            (
                "infra/roles.yaml",
                "'kms:EncryptionContext:purpose': [subjects]",
                "'kms:EncryptionContext:purpose': [fields]",
            ),
            ("infra/roles-stores.yaml", "[pseudonyms, plan]", "[pseudonyms, plan, fields]"),
        ],
    );
}

fn elsewhere(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    for resource in templates.resources() {
        let (kind, properties) = (resource.kind(), resource.properties());
        if kind.starts_with("AWS::IAM::") {
            let read = ["AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"].contains(&kind);
            need(&mut wrong, read, || format!("{}: a {kind}", resource.at()));
        }
        // A policy names roles of its own template; a managed one is named by roles.
        let named = ["Roles", "Users", "Groups"].map(|who| properties.get(who));
        let is_ours =
            |role: &Value| templates.resources().any(|r| r.file == resource.file && role["Ref"] == r.id);
        let own = matches!(named, [Some(Value::Array(roles)), None, None] if roles.iter().all(is_ours));
        match kind {
            "AWS::IAM::Policy" => need(&mut wrong, own, || format!("{}: {named:?}", resource.at())),
            "AWS::IAM::ManagedPolicy" => {
                need(&mut wrong, named == [None; 3], || format!("{}: {named:?}", resource.at()));
            }
            "AWS::Serverless::Function" => {
                let more =
                    ["Policies", "PermissionsBoundary"].iter().any(|name| properties.get(name).is_some());
                need(&mut wrong, !more, || format!("{}: rights beside its role", resource.at()));
            }
            _ => {}
        }
    }
    let globals = &templates.root()["Globals"]["Function"];
    need(&mut wrong, globals.get("Policies").is_none(), || "rights for every function".to_owned());
    wrong
}

/// So that the table of roles is the whole of it.
#[test]
fn no_right_is_given_elsewhere_than_in_a_role() {
    check(
        elsewhere,
        &[
            (ROOT, "Role: !GetAtt Roles.Outputs.SweepRoleArn", "Policies: [AdministratorAccess]"),
            (ROOT, "AutoPublishAlias: live", "AutoPublishAlias: live\n    Policies: [AdministratorAccess]"),
            ("infra/audit.yaml", "Roles: [!Ref WriteAuditRole]", "Users: [somebody]"),
            ("infra/roles.yaml", "Roles: [!Ref ApiRole]", "Roles: [!Ref ApiRole, somebody]"),
            ("infra/audit.yaml", "Type: AWS::IAM::Policy", "Type: AWS::IAM::RolePolicy"),
            ("infra/store-access.yaml", "Description: Find a person.", "Roles: [lacuna-sweep]"),
        ],
    );
}

/// Only these get to the company's stores, each by the policies that are meant for it.
#[test]
fn only_ten_functions_reach_the_stores() {
    let templates = Templates::of_the_repository();
    let mut reach = BTreeSet::new();
    for role in templates.of_kind("AWS::IAM::Role").into_iter().filter(|r| r.file != ROOT) {
        if let Some(managed) = role.properties().get("ManagedPolicyArns") {
            reach.insert((role.id, managed["Fn::If"][1]["Ref"].as_str().unwrap_or_default()));
        }
    }
    let expected = BTreeSet::from([
        ("LocateStoreRole", "StoreLocatePolicyArns"),
        ("CollectStoreRole", "StoreCollectPolicyArns"),
        ("SuppressStoreRole", "StoreHidePolicyArns"),
        ("RestoreStoreRole", "StoreHidePolicyArns"),
        ("EraseStoreRole", "StoreErasePolicyArns"),
        ("ConfirmStoreRole", "StoreConfirmPolicyArns"),
        ("RecheckRole", "StoreConfirmPolicyArns"),
        ("PlantControlsRole", "StorePlantPolicyArns"),
        ("ReplayLedgerRole", "StoreWalkPolicyArns"),
        ("SampleStoresRole", "StoreWalkPolicyArns"),
    ]);
    assert_eq!(reach, expected);
}

fn defaults(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, parameter) in templates.root()["Parameters"].as_object().expect("parameters") {
        need(&mut wrong, parameter.get("Default").is_some(), || format!("{name} has no default"));
    }
    let none = &templates.root()["Parameters"]["CatalogVersion"]["Default"];
    need(&mut wrong, none == "none", || format!("no catalog is {none}"));
    wrong
}

/// What a deployment does not pass keeps its value, or has its default: so it never must pass more
/// than it changes.
#[test]
fn a_deployment_passes_only_what_it_changes() {
    check(defaults, &[(ROOT, "Default: none", "AllowedPattern: .+"), (ROOT, "Default: none", "Default: ''")]);
    let makefile = read("Makefile");
    let deploys: Vec<&str> = makefile.lines().filter(|l| l.contains("--parameter-overrides")).collect();
    assert_eq!(deploys.len(), 1, "{deploys:?}");
    let given = "$(if $(CATALOG_VERSION),CatalogVersion=$(CATALOG_VERSION))";
    assert!(deploys[0].contains(given), "a catalog is passed that was not given: {deploys:?}");
    for unset in ["ARCH ?=", "CATALOG_VERSION ?="] {
        assert!(makefile.lines().any(|l| l == unset), "`{unset}` has a value that would be deployed");
    }
}

/// The API's paths, in the template and in the document that describes them.
#[test]
fn the_template_serves_what_the_openapi_document_describes() {
    let templates = Templates::of_the_repository();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let served_by = |function: &str| -> BTreeSet<String> {
        let events = &templates.root()["Resources"][function]["Properties"]["Events"];
        let events = events.as_object().expect("events").values().filter(|e| e["Type"] == "Api");
        let events = events.map(|e| &e["Properties"]);
        events.map(|e| format!("{} {}", text(&e["Method"]).to_lowercase(), text(&e["Path"]))).collect()
    };
    let (api, vault) = (served_by("ApiFunction"), served_by("VaultApiFunction"));
    let mask = served_by("MaskApiFunction");
    let (fetch, audit) = (served_by("FetchExportFunction"), served_by("AuditApiFunction"));
    let openapi = parse("infra/openapi.yaml", &read("infra/openapi.yaml"));
    let paths = openapi["paths"].as_object().expect("paths");
    let methods = ["get", "post", "delete", "put", "patch"];
    let described: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let known = methods.iter().filter(|method| item.get(**method).is_some());
            known.map(move |method| format!("{method} {path}"))
        })
        .collect();
    let place = |method: &str, resource: &str| format!("{} {resource}", method.to_lowercase());
    assert_eq!(api, fulfillment::api::ROUTES.iter().map(|r| place(r.method, r.resource)).collect());
    assert_eq!(vault, fulfillment::vault::ROUTES.iter().map(|r| place(r.method, r.resource)).collect());
    assert_eq!(mask, fulfillment::masking::ROUTES.iter().map(|r| place(r.method, r.resource)).collect());
    assert_eq!(audit, fulfillment::auditing::ROUTES.iter().map(|r| place(r.method, r.resource)).collect());
    // Beside those there is the page, which takes no token.
    let page = ["get", "post"].map(|method| place(method, fulfillment::fetch::PAGE));
    let routes = fulfillment::fetch::ROUTES.iter().map(|r| place(r.method, r.resource));
    assert_eq!(fetch, routes.chain(page).collect());
    assert_eq!(&(&(&(&api | &vault) | &mask) | &fetch) | &audit, described);
}

fn open_to_anybody(templates: &Templates) -> Vec<String> {
    let (mut wrong, mut open) = (Vec::new(), BTreeSet::new());
    let api = &templates.root()["Resources"]["Api"]["Properties"];
    let token = api["Auth"]["DefaultAuthorizer"] == "Token";
    need(&mut wrong, token, || "no token is asked for by default".to_owned());
    for function in templates.of_kind("AWS::Serverless::Function") {
        let events = function.properties()["Events"].as_object().into_iter().flat_map(|all| all.values());
        for event in events.filter(|e| e["Type"] == "Api").map(|e| &e["Properties"]) {
            if event.get("Auth").is_some() {
                let said = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
                open.insert((function.id, said("Method").to_lowercase(), said("Path")));
            }
        }
    }
    let page = |method: &str| ("FetchExportFunction", method.to_owned(), fulfillment::fetch::PAGE.to_owned());
    need(&mut wrong, open == BTreeSet::from(["get", "post"].map(page)), || format!("{open:?}"));
    // Slashes within a path are written so.
    let settings = api["MethodSettings"].as_array().cloned().unwrap_or_default();
    for (_, method, path) in open {
        let path = format!("/{}", path.replace('/', "~1"));
        let of = |s: &&Value| s["ResourcePath"] == path && s["HttpMethod"] == method.to_uppercase();
        let rate = settings.iter().find(of).and_then(|s| s["ThrottlingRateLimit"].as_u64());
        need(&mut wrong, rate.is_some_and(|rate| rate <= 10), || {
            format!("{method} {path}: {rate:?} a second")
        });
    }
    wrong
}

/// Whoever comes to the page is nobody yet: so it is that page alone, and not often.
#[test]
fn only_the_page_for_codes_takes_no_token_and_few_come_to_it() {
    check(
        open_to_anybody,
        &[
            (ROOT, "DefaultAuthorizer: Token", "AddDefaultAuthorizerToCorsPreflight: false"),
            (
                ROOT,
                "Path: '/v1/requests/{id}/export/code'}",
                "Path: '/v1/requests/{id}/export/code', Auth: {Authorizer: NONE}}",
            ),
            (ROOT, "HttpMethod: POST, ThrottlingBurstLimit: 10, ThrottlingRateLimit: 5", "HttpMethod: POST"),
            (
                ROOT,
                "ResourcePath: '/~1v1~1exports~1{tenant}~1{id}'",
                "ResourcePath: '/v1/exports/{tenant}/{id}'",
            ),
        ],
    );
}

fn telling_logs(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let format = &templates.root()["Resources"]["Api"]["Properties"]["AccessLogSetting"]["Format"];
    let format = format.as_str().unwrap_or_default();
    let used: BTreeSet<&str> =
        format.split('$').skip(1).map(|part| part.split('"').next().unwrap_or_default()).collect();
    let known = BTreeSet::from([
        "context.error.responseType",
        "context.httpMethod",
        "context.requestId",
        "context.requestTimeEpoch",
        "context.resourcePath",
        "context.responseLatency",
        "context.status",
    ]);
    need(&mut wrong, used == known, || format!("{used:?}"));
    let settings = &templates.root()["Resources"]["Api"]["Properties"]["MethodSettings"];
    for setting in settings.as_array().into_iter().flatten() {
        need(&mut wrong, setting["DataTraceEnabled"] == false, || format!("{setting}: bodies are logged"));
    }
    wrong
}

/// Neither who called, nor from where, nor a path with its ids, nor what was sent.
#[test]
fn what_the_gateway_logs_names_nobody() {
    check(
        telling_logs,
        &[
            (ROOT, "$context.resourcePath", "$context.path"),
            (ROOT, "\"status\":\"$context.status\"", "\"ip\":\"$context.identity.sourceIp\""),
            (
                ROOT,
                "DataTraceEnabled: false}\n      GatewayResponses",
                "DataTraceEnabled: true}\n      GatewayResponses",
            ),
        ],
    );
}
