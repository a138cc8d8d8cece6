//! Who may depend on whom. Every allowed edge is a row here; any other fails.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::repository::{folders, read, root};

/// Each package of ours and the packages of ours that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    // L0: pure.
    ("domain", &[]),
    ("masking", &[]),
    ("vault", &["vault-derive"]),
    ("vault-derive", &[]),
    // L1: shapes and the audit's format.
    ("audit", &["domain"]),
    ("contract", &["domain", "masking"]),
    ("export", &["domain"]),
    // L2: traits.
    ("ports", &["audit", "contract", "domain", "vault"]),
    // L3: siblings that never see each other.
    ("fulfillment", &["audit", "contract", "domain", "export", "masking", "ports", "vault"]),
    ("connectors", &["contract", "domain", "ports"]),
    ("aws", &["audit", "contract", "domain", "masking", "ports", "vault"]),
    // L4.
    ("door", &["aws", "contract", "domain", "fulfillment"]),
    // Of the connectors that for databases alone: what `lacuna mask copy` reads and writes.
    ("cli", &["audit", "connectors", "contract", "domain", "masking", "vault"]),
    // Tests only.
    ("testkit", &["audit", "contract", "domain", "ports", "vault"]),
    ("acceptance", &[]),
    ("bench", &[]),
];

/// What every function may use: it introduces a step to its adapters.
const FUNCTION: &[&str] = &["aws", "contract", "domain", "fulfillment", "ports"];

/// The functions behind the API, which let callers in.
const HAVE_A_DOOR: &[&str] = &["api", "audit-api", "fetch-export", "mask-api", "vault-api"];

/// The functions that reach the company's stores. No other may.
const REACH_STORES: &[&str] = &[
    "locate-store",
    "collect-store",
    "suppress-store",
    "restore-store",
    "erase-store",
    "confirm-store",
    "recheck",
    "plant-controls",
    "replay-ledger",
    "sample-stores",
];

/// Packages that may use an AWS client.
const USE_AWS: &[&str] = &["aws", "connectors"];

/// What makes code impure: sockets, files, clocks, runtimes.
const IMPURE: &[&str] = &["tokio", "reqwest", "hyper", "sqlx", "lambda_runtime", "async-trait", "tracing"];

/// The packages of the workspace and their direct dependencies outside of tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let name = package["name"].as_str().expect("a name").to_owned();
            let used = package["dependencies"].as_array().expect("dependencies");
            // What a feature adds is not there for who does not ask for it.
            let used = used.iter().filter(|d| d["kind"].is_null() && d["optional"] == false);
            (name, used.map(|d| d["name"].as_str().expect("a name").to_owned()).collect())
        })
        .collect()
}

#[test]
fn every_edge_between_our_packages_is_allowed() {
    let all = dependencies();
    let functions = folders("functions");
    let mut wrong = Vec::new();
    for (name, used) in &all {
        let ours = used.iter().filter(|u| all.contains_key(*u));
        let allowed: Vec<&str> = if functions.contains(name) {
            let stores = if REACH_STORES.contains(&name.as_str()) { &["connectors"][..] } else { &[] };
            let door = if HAVE_A_DOOR.contains(&name.as_str()) { &["door"][..] } else { &[] };
            FUNCTION.iter().chain(stores).chain(door).copied().collect()
        } else {
            match ALLOWED.iter().find(|(package, _)| package == name) {
                Some((_, allowed)) => allowed.to_vec(),
                None => panic!("{name} has no row in the table of layers"),
            }
        };
        wrong.extend(ours.filter(|u| !allowed.contains(&u.as_str())).map(|u| format!("{name} -> {u}")));
    }
    assert!(wrong.is_empty(), "edges that the layers do not allow: {wrong:?}");
}

/// What a function answers otherwise would be masked for nobody.
#[test]
fn every_function_behind_the_api_answers_through_the_door() {
    for name in folders("functions") {
        let main = read(&format!("functions/{name}/src/main.rs"));
        let serves = main.contains("serve_api");
        assert_eq!(serves, HAVE_A_DOOR.contains(&name.as_str()), "{name}");
        let through =
            main.contains("ByRole::new(") && (main.contains("door.open(") || main.contains("door.fetch("));
        assert!(!serves || (through && !main.contains("Response")), "{name} answers by itself");
    }
    assert!(
        read("crates/door/src/lib.rs").contains("\nfn shown("),
        "what turns an answer into a response is the door's alone"
    );
}

#[test]
fn only_adapters_speak_to_aws() {
    for (name, used) in dependencies() {
        let clients: Vec<&String> =
            used.iter().filter(|u| u.starts_with("aws-sdk-") || *u == "aws-config").collect();
        assert!(clients.is_empty() || USE_AWS.contains(&name.as_str()), "{name} uses {clients:?}");
    }
}

#[test]
fn what_decides_is_pure() {
    let all = dependencies();
    for name in ["domain", "masking", "vault", "vault-derive", "audit", "contract", "export"] {
        let impure: Vec<&String> = all[name].iter().filter(|u| IMPURE.contains(&u.as_str())).collect();
        assert!(impure.is_empty(), "{name} uses {impure:?}");
    }
    let runtimes: Vec<&String> =
        all["fulfillment"].iter().filter(|u| *u == "tokio" || *u == "reqwest").collect();
    assert!(runtimes.is_empty(), "fulfillment uses {runtimes:?}");
}

#[test]
fn every_function_is_in_a_folder_of_its_own_name() {
    let all = dependencies();
    for folder in folders("functions") {
        assert!(all.contains_key(&folder), "functions/{folder} is no package called {folder}");
    }
}
