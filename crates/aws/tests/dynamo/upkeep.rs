//! Sealing stored keys anew: under which conditions, and past what fails.

use std::sync::Arc;

use aws::dynamo::KeysTable;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Pseudonym, TenantId};
use ports::{Class, Code, KeyAdmin};
use serde_json::{Value, json};
use testkit::clock::{CountedBudget, FakeClock, UnlimitedBudget};
use testkit::contract_tests::fixtures::{now, pseudonym, tenant};
use vault::{Context, DataKey, Header, Material};

use crate::canned::{Call, Calls, answering_each};

/// The material of each version of the tenant's key, as the key service unwraps it.
const VERSIONS: [[u8; 32]; 2] = [[1; 32], [2; 32]];
const PERSONS: [u8; 32] = [9; 32];

async fn keys_table(answer_to: impl FnMut(&Call) -> (u16, String) + Send + 'static) -> (KeysTable, Calls) {
    let (dynamodb, kms, calls) = answering_each(answer_to).await;
    let (clock, entropy) = (Arc::new(FakeClock::at(now())), Arc::new(aws::SystemEntropy));
    (KeysTable::new(dynamodb, kms, "keys", "arn:root", (clock, entropy)), calls)
}

fn ok(body: &Value) -> (u16, String) {
    (200, body.to_string())
}

fn refused(kind: &str) -> (u16, String) {
    (400, json!({"__type": kind, "message": "no"}).to_string())
}

fn key(material: [u8; 32], version: u32) -> DataKey {
    DataKey::new(&Material::new(material), version)
}

fn context<'a>(tenant: &'a TenantId, subject: &'a Pseudonym) -> Context<'a> {
    Context { tenant: tenant.as_str(), purpose: "subject", object: subject.as_str() }
}

/// A person's key, sealed under the first version.
fn sealed(subject: &Pseudonym) -> Vec<u8> {
    let demo = tenant("demo");
    let material = Material::new(PERSONS);
    vault::seal_key(&key(VERSIONS[0], 1), &context(&demo, subject), [3; 32], &material).expect("sealed")
}

/// What there is: a tenant whose second version is in force, and these persons under the first. The first
/// `damaged` of them do not open. The index is answered two items at a time.
fn persons(subjects: Vec<Pseudonym>, damaged: usize) -> impl FnMut(&Call) -> (u16, String) {
    let demo = tenant("demo");
    let keys: Vec<Value> = subjects
        .iter()
        .map(|s| json!({"pk": {"S": format!("T#{demo}#S#{s}")}, "sk": {"S": "SUBJECT"}}))
        .collect();
    move |(operation, body)| match operation.as_str() {
        "query" if body["ExpressionAttributeValues"][":pk"]["S"] == "ROTATE" => {
            ok(&json!({"Items": [{"pk": {"S": format!("T#{demo}")}, "sk": {"S": "KEY#subjects"}}]}))
        }
        "query" if body["ExpressionAttributeValues"][":pk"]["S"] == json!(format!("T#{demo}#W")) => {
            assert_eq!(body["ExpressionAttributeValues"][":a"]["S"], "0000000002#");
            let begin = &body["ExclusiveStartKey"];
            let at = keys.iter().position(|key| key["pk"] == begin["pk"]).map_or(0, |at| at + 1);
            let page = &keys[at..keys.len().min(at + 2)];
            let next = (at + 2 < keys.len()).then(|| page.last().cloned()).flatten();
            ok(&json!({"Items": page, "LastEvaluatedKey": next}))
        }
        "query" => ok(&json!({"Items": []})),
        "getitem" => match body["Key"]["sk"]["S"].as_str().expect("a key") {
            "KEY#subjects" => ok(&json!({"Item": {"version": {"N": "2"},
                "made_at": {"S": now().to_string()}, "rotate_by": {"S": now().to_string()}}})),
            "SUBJECT" => {
                let at = keys.iter().position(|key| key["pk"] == body["Key"]["pk"]).expect("a person");
                let mut sealed = sealed(&subjects[at]);
                sealed[100] ^= u8::from(at < damaged);
                ok(&json!({"Item": {"version": {"N": "5"}, "sealed": {"B": STANDARD.encode(sealed)}}}))
            }
            version => ok(&json!({"Item": {"wrapped": {"B": STANDARD.encode(version)}}})),
        },
        "decrypt" => {
            let wrapped = STANDARD.decode(body["CiphertextBlob"].as_str().expect("a blob")).expect("base64");
            let version = usize::from(wrapped.ends_with(b"2"));
            ok(&json!({"Plaintext": STANDARD.encode(VERSIONS[version]), "KeyId": "arn:root"}))
        }
        _ => ok(&json!({})),
    }
}

fn subjects(count: usize) -> Vec<Pseudonym> {
    (0..count).map(|n| pseudonym(&format!("person-{n}"))).collect()
}

fn puts(calls: &Calls) -> Vec<Value> {
    let puts = calls.all().into_iter().filter(|(operation, _)| operation == "putitem");
    puts.map(|(_, body)| body).collect()
}

/// Else a key that was destroyed in between would come back.
#[tokio::test]
async fn a_persons_key_is_replaced_only_if_it_is_still_the_one_that_was_read() {
    let all = subjects(1);
    let (keys, calls) = keys_table(persons(all.clone(), 0)).await;
    assert_eq!(keys.rewrap(&UnlimitedBudget).await.done, 1);
    let puts = puts(&calls);
    assert_eq!(puts.len(), 1);
    let put = &puts[0];
    assert_eq!(put["ConditionExpression"], "#version = :version AND #sealed = :sealed");
    assert_eq!(put["ExpressionAttributeNames"], json!({"#version": "version", "#sealed": "sealed"}));
    let read = STANDARD.encode(sealed(&all[0]));
    let values = json!({":version": {"N": "5"}, ":sealed": {"B": read}});
    assert_eq!(put["ExpressionAttributeValues"], values);

    let item = &put["Item"];
    assert_eq!((&item["version"]["N"], &item["under"]["N"]), (&json!("5"), &json!("2")));
    let anew = STANDARD.decode(item["sealed"]["B"].as_str().expect("bytes")).expect("base64");
    assert_eq!(Header::read(&anew).expect("a header").key_version(), 2);
    let material = vault::open_key(&key(VERSIONS[1], 2), &context(&tenant("demo"), &all[0]), &anew);
    assert_eq!(material.expect("it opens").expose(), &PERSONS);
}

#[tokio::test]
async fn a_persons_key_that_was_destroyed_meanwhile_stays_destroyed() {
    let mut answers = persons(subjects(3), 0);
    let (keys, calls) = keys_table(move |call| match call.0.as_str() {
        "putitem" => refused("ConditionalCheckFailedException"),
        _ => answers(call),
    })
    .await;
    let rewrapped = keys.rewrap(&UnlimitedBudget).await;
    assert_eq!((rewrapped.done, rewrapped.failed, rewrapped.fault), (0, 0, None));
    assert_eq!(puts(&calls).len(), 3, "none is tried twice");
}

#[tokio::test]
async fn persons_keys_that_do_not_open_are_gone_past() {
    let (keys, calls) = keys_table(persons(subjects(9), 7)).await;
    for _ in 0..2 {
        let rewrapped = keys.rewrap(&UnlimitedBudget).await;
        assert_eq!((rewrapped.done, rewrapped.failed), (2, 7));
        let fault = rewrapped.fault.expect("a fault");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::KeyUnavailable));
    }
    assert_eq!(puts(&calls).len(), 4);
}

#[tokio::test]
async fn when_the_time_is_up_nothing_more_is_asked() {
    for checks in 0..30 {
        let (keys, calls) = keys_table(persons(subjects(3), 0)).await;
        let done = keys.rewrap(&CountedBudget::new(checks)).await.done;
        // Sixteen ranges of root keys, the rotating keys, two pages of persons, three persons.
        assert_eq!(done == 3, checks >= 22, "{checks}: {done}");
        let searched = calls.operations().iter().filter(|operation| *operation == "query").count();
        assert!(searched <= usize::try_from(checks).expect("a number"), "{checks}");
    }
}

/// A key that was wrapped under an earlier root key is wrapped anew by KMS, and leaves it never.
#[tokio::test]
async fn an_earlier_root_key_is_left_behind() {
    let (keys, calls) = keys_table(|(operation, body)| {
        let values = &body["ExpressionAttributeValues"];
        // Two ranges in each of eight shards, and the rotating keys: one of them has a key.
        let there = values[":pk"]["S"] == "ROOT#3" && values.get(":b").is_some();
        ok(&match operation.as_str() {
            "query" if there => json!({"Items": [{"pk": {"S": "T#demo"}, "sk": {"S": "PSEUDONYMS"}}]}),
            "query" => json!({"Items": []}),
            "getitem" => json!({"Item": {"pk": {"S": "T#demo"}, "sk": {"S": "PSEUDONYMS"},
                "wrapped": {"B": "b2xk"}, "root": {"S": "arn:earlier"}}}),
            "reencrypt" => {
                json!({"CiphertextBlob": "bmV3", "KeyId": "arn:root", "SourceKeyId": "arn:earlier"})
            }
            _ => json!({}),
        })
    })
    .await;
    assert_eq!(keys.rewrap(&UnlimitedBudget).await.done, 1);
    let all = calls.all();
    let of = |name: &str| {
        let found = all.iter().find(|(operation, _)| operation == name);
        found.map(|(_, body)| body.clone()).expect(name)
    };
    let asked = of("reencrypt");
    for context in ["SourceEncryptionContext", "DestinationEncryptionContext"] {
        assert_eq!(asked[context], json!({"tenant": "demo", "purpose": "pseudonyms"}));
    }
    assert_eq!((&asked["CiphertextBlob"], &asked["DestinationKeyId"]), (&json!("b2xk"), &json!("arn:root")));
    let put = of("putitem");
    assert_eq!(
        (&put["Item"]["wrapped"]["B"], &put["Item"]["root"]["S"]),
        (&json!("bmV3"), &json!("arn:root"))
    );
    assert_eq!(put["ConditionExpression"], "#wrapped = :wrapped", "whoever was first stands");
    assert!(!all.iter().any(|(operation, _)| operation == "decrypt"));
}

/// Wrapped keys, in a partition of the index: those that KMS refuses are gone past.
#[tokio::test]
async fn wrapped_keys_that_fail_are_gone_past() {
    let item = |n: usize| json!({"pk": {"S": format!("T#t{n}")}, "sk": {"S": "PSEUDONYMS"}});
    let (keys, calls) = keys_table(move |(operation, body)| match operation.as_str() {
        "query" => {
            let values = &body["ExpressionAttributeValues"];
            let first = values[":pk"]["S"] == "ROOT#0" && values.get(":b").is_none();
            let from = match &body["ExclusiveStartKey"] {
                Value::Null => 0,
                _ => 4,
            };
            let items: Vec<Value> = (from..from + 4).filter(|_| first).map(item).collect();
            let next = (first && from == 0).then(|| item(3));
            ok(&json!({"Items": items, "LastEvaluatedKey": next}))
        }
        // The second has nothing wrapped in it, and all but the last two are refused.
        "getitem" if body["Key"]["pk"]["S"] == "T#t1" => ok(&json!({"Item": {"root": {"S": "arn:a"}}})),
        "getitem" => {
            let tenant = body["Key"]["pk"]["S"].as_str().expect("a key");
            ok(&json!({"Item": {"wrapped": {"B": STANDARD.encode(tenant)}, "root": {"S": "arn:a"}}}))
        }
        "reencrypt"
            if ["T#t6", "T#t7"].map(|t| json!(STANDARD.encode(t))).contains(&body["CiphertextBlob"]) =>
        {
            ok(&json!({"CiphertextBlob": "bmV3", "KeyId": "arn:root", "SourceKeyId": "arn:a"}))
        }
        "reencrypt" => refused("InvalidCiphertextException"),
        _ => ok(&json!({})),
    })
    .await;
    let rewrapped = keys.rewrap(&UnlimitedBudget).await;
    assert_eq!((rewrapped.done, rewrapped.failed), (2, 6));
    assert_eq!(puts(&calls).len(), 2);
}

/// A head that cannot be read is told as such, and the list goes on behind it.
#[tokio::test]
async fn a_rotating_key_that_cannot_be_read_is_listed_as_that() {
    let (keys, calls) = keys_table(|(operation, body)| match operation.as_str() {
        "query" => {
            let name = |n: usize| json!({"pk": {"S": format!("T#t{n}")}, "sk": {"S": "KEY#fields"}});
            let end = json!({"pk": {"S": "T#t2"}, "sk": {"S": "KEY#fields"},
                "work_pk": {"S": "ROTATE"}, "work_sk": {"S": "the place"}});
            ok(&json!({"Items": [name(0), name(1), name(2)], "LastEvaluatedKey": end}))
        }
        _ if body["Key"]["pk"]["S"] == "T#t0" => ok(&json!({"Item": {"version": {"S": "?"}}})),
        _ if body["Key"]["pk"]["S"] == "T#t1" => ok(&json!({})),
        _ => ok(&json!({"Item": {"version": {"N": "4"},
            "made_at": {"S": now().to_string()}, "rotate_by": {"S": now().to_string()}}})),
    })
    .await;
    let page = keys.rotating(Some("before"), 3).await.expect("a page");
    let versions: Vec<_> = page.keys.iter().map(|key| key.as_ref().map(|key| key.version).ok()).collect();
    assert_eq!((versions, page.next.as_deref()), (vec![None, Some(4)], Some("the place")));
    let (_, asked) = &calls.all()[0];
    assert_eq!(asked["KeyConditionExpression"], "#pk = :pk AND #sk > :a");
    assert_eq!(asked["ExpressionAttributeValues"][":a"]["S"], "before");
}
