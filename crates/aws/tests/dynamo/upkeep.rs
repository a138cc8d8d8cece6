//! Sealing stored keys anew: under which conditions, and past what fails.

use std::collections::HashSet;
use std::sync::Arc;

use aws::dynamo::KeysTable;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Pseudonym, RequestId, TenantId};
use ports::{Begin, Class, Code, FAULTS_IN_A_ROW, KeyAdmin};
use serde_json::{Value, json};
use testkit::clock::{CountedBudget, FakeClock, UnlimitedBudget};
use testkit::contract_tests::fixtures::{after, now, pseudonym, tenant};
use vault::{Context, DataKey, Header, Material};

use crate::canned::{Call, Calls, answering_each};

/// The material of each version of the tenant's key, as the key service unwraps it.
const VERSIONS: [[u8; 32]; 2] = [[1; 32], [2; 32]];
const PERSONS: [u8; 32] = [9; 32];

pub async fn keys_table(
    answer_to: impl FnMut(&Call) -> (u16, String) + Send + 'static,
) -> (KeysTable, Calls) {
    let (dynamodb, kms, calls) = answering_each(answer_to).await;
    let (clock, entropy) = (Arc::new(FakeClock::at(now())), Arc::new(aws::SystemEntropy));
    (KeysTable::new(dynamodb, kms, "keys", "arn:root", (clock, entropy)), calls)
}

pub fn ok(body: &Value) -> (u16, String) {
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

/// The item of a person's key, with something done to what is sealed.
pub fn sealed_item(subject: &Pseudonym, change: impl FnOnce(&mut Vec<u8>)) -> (u16, String) {
    let mut sealed = sealed(subject);
    change(&mut sealed);
    ok(&json!({"Item": {"version": {"N": "5"}, "sealed": {"B": STANDARD.encode(sealed)}}}))
}

/// One of `items` after another, as the index has them: two at a time, in its order or the other way round,
/// those between two places.
pub fn page(items: &[Value], body: &Value) -> (u16, String) {
    let values = &body["ExpressionAttributeValues"];
    let place = |item: &Value| item["work_sk"]["S"].as_str().expect("a place").to_owned();
    let bound = |name: &str| values[name]["S"].as_str().map(str::to_owned);
    let mut found: Vec<&Value> = items.iter().filter(|item| item["work_pk"] == values[":pk"]).collect();
    found.sort_by_key(|item| place(item));
    found.retain(|item| bound(":a").is_none_or(|a| place(item) >= a));
    found.retain(|item| bound(":b").is_none_or(|b| place(item) <= b));
    if body["ScanIndexForward"] == false {
        found.reverse();
    }
    let begin = &body["ExclusiveStartKey"];
    let at = found.iter().position(|item| item["work_sk"] == begin["work_sk"]).map_or(0, |at| at + 1);
    let limit = body["Limit"].as_u64().and_then(|limit| limit.try_into().ok()).unwrap_or(2).min(2);
    let page = &found[at..found.len().min(at + limit)];
    let next = (at + limit < found.len()).then(|| page.last()).flatten();
    ok(&json!({"Items": page, "LastEvaluatedKey": next}))
}

/// A row of the index.
pub fn row(pk: &str, sk: &str, work: &str, place: &str) -> Value {
    json!({"pk": {"S": pk}, "sk": {"S": sk}, "work_pk": {"S": work}, "work_sk": {"S": place}})
}

/// A tenant's `subjects` key, due so many seconds from now.
pub fn rotating(tenant: &str, seconds: i64) -> Value {
    let (pk, due) = (format!("T#{tenant}"), after(seconds));
    row(&pk, "KEY#subjects", "ROTATE", &format!("{due:.9}#{pk}#KEY#subjects"))
}

/// A person's key, under the first version of the tenant's.
pub fn persons_row(tenant: &str, subject: &Pseudonym) -> Value {
    let pk = format!("T#{tenant}#S#{subject}");
    row(&pk, "SUBJECT", &format!("T#{tenant}#W"), &format!("0000000001#{subject}"))
}

/// The key of a request's papers, under a root key.
fn plan_row(root: &str, shard: u32, tenant: &str, n: usize) -> Value {
    let pk = format!("T#{tenant}#R#{}", RequestId::new(after(i64::try_from(n).expect("a number")), 1));
    row(&pk, "PLAN", &format!("ROOT#{shard}"), &format!("{root}#{pk}#PLAN"))
}

/// What there is: a tenant whose second version is in force, and these persons under the first. The first
/// `damaged` of them do not open.
pub fn persons(subjects: Vec<Pseudonym>, damaged: usize) -> impl FnMut(&Call) -> (u16, String) {
    let mut rows: Vec<Value> = subjects.iter().map(|subject| persons_row("demo", subject)).collect();
    rows.push(rotating("demo", 0));
    move |(operation, body)| match operation.as_str() {
        "query" => page(&rows, body),
        "getitem" => match body["Key"]["sk"]["S"].as_str().expect("a key") {
            "KEY#subjects" => ok(&json!({"Item": {"version": {"N": "2"},
                "made_at": {"S": now().to_string()}, "rotate_by": {"S": now().to_string()}}})),
            "SUBJECT" => {
                let at = rows.iter().position(|key| key["pk"] == body["Key"]["pk"]).expect("a person");
                sealed_item(&subjects[at], |sealed| sealed[100] ^= u8::from(at < damaged))
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

pub fn subjects(count: usize) -> Vec<Pseudonym> {
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
async fn persons_keys_that_do_not_open_are_gone_past_and_told() {
    let (keys, calls) = keys_table(persons(subjects(9), FAULTS_IN_A_ROW - 1)).await;
    for _ in 0..2 {
        let rewrapped = keys.rewrap(&UnlimitedBudget).await;
        let counts = (rewrapped.done, rewrapped.damaged, rewrapped.failed, rewrapped.fault);
        assert_eq!(counts, (9 + 1 - FAULTS_IN_A_ROW, FAULTS_IN_A_ROW - 1, 0, None));
    }
    assert_eq!(puts(&calls).len(), 2 * (9 + 1 - FAULTS_IN_A_ROW));
}

#[tokio::test]
async fn when_the_time_is_up_nothing_more_is_asked() {
    // Sixteen ranges of root keys, four of the rotating keys, their tenant, three pages of persons, three
    // persons.
    const ALL: u64 = 16 + 4 + 1 + 3 + 3;
    let mut all_done = 0;
    for checks in 0..2 * ALL {
        let (keys, calls) = keys_table(persons(subjects(3), 0)).await;
        let rewrapped = keys.rewrap(&CountedBudget::new(checks)).await;
        // By chance more or fewer pages.
        assert!(rewrapped.out_of_time || rewrapped.done == 3, "{checks}: {rewrapped:?}");
        assert!(rewrapped.done == 3 || checks <= ALL, "{checks}: {rewrapped:?}");
        let searched = calls.operations().iter().filter(|operation| *operation == "query").count();
        assert!(searched <= usize::try_from(checks).expect("a number"), "{checks}");
        all_done += u64::from(rewrapped.done == 3 && !rewrapped.out_of_time);
    }
    assert!(all_done >= ALL, "{all_done}");
}

/// Tenants of whom nothing can be sealed anew, for the version of their key does not open, with thousands
/// of persons each.
#[tokio::test]
async fn tenants_whose_keys_do_not_open_leave_time_for_the_others() {
    const PERSONS: usize = 400;
    /// Which version KMS refuses: the one that they are under, or the one that is in force.
    const REFUSED: [&[u8]; 2] = [b"KEY#subjects#0000000001", b"KEY#subjects#0000000002"];
    for refused_version in REFUSED {
        let fine = subjects(3);
        let mut answers = persons(fine.clone(), 0);
        let mut rows: Vec<Value> = fine.iter().map(|subject| persons_row("demo", subject)).collect();
        let others = ["a", "b", "c", "d"];
        for (n, tenant) in others.into_iter().enumerate() {
            rows.push(rotating(tenant, i64::try_from(n).expect("a number")));
            rows.extend((0..PERSONS).map(|n| persons_row(tenant, &pseudonym(&format!("{tenant}-{n}")))));
        }
        rows.push(rotating("demo", 10));
        let (keys, calls) = keys_table(move |call| match (call.0.as_str(), &call.1) {
            ("query", body) => page(&rows, body),
            ("getitem", body)
                if body["Key"]["sk"]["S"] == "SUBJECT"
                    && !body["Key"]["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("T#demo#")) =>
            {
                ok(&json!({"Item": {"version": {"N": "5"}, "sealed": {"B": STANDARD.encode(sealed(&fine[0]))}}}))
            }
            ("decrypt", body)
                if body["EncryptionContext"]["tenant"] != "demo"
                    && body["CiphertextBlob"] == STANDARD.encode(refused_version) =>
            {
                refused("DisabledException")
            }
            _ => answers(call),
        })
        .await;
        // Much less than the persons of one of them.
        let rewrapped = keys.rewrap(&CountedBudget::new(150)).await;
        assert_eq!((rewrapped.done, rewrapped.out_of_time), (3, false), "{rewrapped:?}");
        let each = if refused_version == REFUSED[0] { FAULTS_IN_A_ROW } else { 1 };
        assert_eq!((rewrapped.failed, rewrapped.damaged), (others.len() * each, 0));
        let fault = rewrapped.fault.expect("a fault");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::KeyUnavailable));
        assert_eq!(puts(&calls).len(), 3);
    }
}

/// Wrapped keys by the thousand under a root key that was disabled, and, behind them, some under another
/// one, and persons' keys.
#[tokio::test]
async fn a_root_key_that_is_disabled_leaves_time_for_the_others() {
    for attempt in 0..4 {
        let fine = subjects(3);
        let mut answers = persons(fine.clone(), 0);
        let mut rows: Vec<Value> = fine.iter().map(|subject| persons_row("demo", subject)).collect();
        rows.push(rotating("demo", 0));
        for shard in [0, 3, 7] {
            // Ten tenants, of whom three are tried.
            rows.extend((0..400).map(|n| plan_row("arn:b", shard, &format!("t{}", n % 10), n)));
            rows.extend([plan_row("arn:a", shard, "t1", 5_001), plan_row("arn:c", shard, "t2", 5_002)]);
        }
        let (keys, calls) = keys_table(move |call| match (call.0.as_str(), &call.1) {
            ("query", body) => page(&rows, body),
            ("getitem", body) if body["Key"]["sk"]["S"] == "PLAN" => {
                let same = |row: &&Value| row["pk"] == body["Key"]["pk"];
                let row = rows.iter().find(same).expect("a row");
                let place = row["work_sk"]["S"].as_str().expect("a place");
                let root = place.split('#').next();
                ok(&json!({"Item": {"wrapped": {"B": STANDARD.encode(place)}, "root": {"S": root}}}))
            }
            ("reencrypt", body) => {
                let place = STANDARD.decode(body["CiphertextBlob"].as_str().expect("bytes")).expect("base64");
                if place.starts_with(b"arn:b#") {
                    return refused("DisabledException");
                }
                ok(&json!({"CiphertextBlob": "bmV3", "KeyId": "arn:root", "SourceKeyId": "arn:a"}))
            }
            _ => answers(call),
        })
        .await;
        let rewrapped = keys.rewrap(&CountedBudget::new(200)).await;
        assert_eq!((rewrapped.done, rewrapped.out_of_time), (6 + 3, false), "{attempt}: {rewrapped:?}");
        assert_eq!((rewrapped.failed, rewrapped.damaged), (3 * 3 * FAULTS_IN_A_ROW, 0), "{attempt}");
        let refused = calls.operations().iter().filter(|operation| *operation == "reencrypt").count();
        assert_eq!(refused, 3 * 3 * FAULTS_IN_A_ROW + 6);
    }
}

/// Its quota is that of the whole account: who waits for an answer comes first.
#[tokio::test]
async fn a_key_service_that_says_slower_is_not_asked_again() {
    for (status, kind) in [(400, "ThrottlingException"), (500, "KMSInternalException")] {
        let fine = subjects(3);
        let mut answers = persons(fine.clone(), 0);
        let mut rows: Vec<Value> = fine.iter().map(|subject| persons_row("demo", subject)).collect();
        rows.extend([rotating("demo", 0), rotating("other", 1)]);
        rows.extend((0..5).map(|shard| plan_row("arn:a", shard, "t", 1)));
        let (keys, calls) = keys_table(move |call| match (call.0.as_str(), &call.1) {
            ("query", body) => page(&rows, body),
            ("getitem", body) if body["Key"]["sk"]["S"] == "PLAN" => {
                ok(&json!({"Item": {"wrapped": {"B": "b2xk"}, "root": {"S": "arn:a"}}}))
            }
            ("reencrypt" | "decrypt", _) => (status, json!({"__type": kind, "message": "no"}).to_string()),
            _ => answers(call),
        })
        .await;
        let rewrapped = keys.rewrap(&UnlimitedBudget).await;
        assert_eq!((rewrapped.done, rewrapped.failed, rewrapped.damaged), (0, 1, 0), "{kind}");
        assert!(rewrapped.fault.is_some_and(|fault| fault.class.mends_itself()));
        let asked = calls.operations();
        let last = asked.last().map(String::as_str);
        assert!(matches!(last, Some("reencrypt" | "decrypt")), "{last:?} after it");
    }
}

/// However much there is behind it, no place is always the last.
#[tokio::test]
async fn it_begins_somewhere_else_each_time() {
    let mut first = HashSet::new();
    for _ in 0..60 {
        let all = subjects(4);
        let mut answers = persons(all.clone(), 0);
        let mut rows: Vec<Value> = all.iter().map(|subject| persons_row("demo", subject)).collect();
        rows.extend([rotating("demo", 0), rotating("other", 50), rotating("third", 100)]);
        rows.extend((0..8).map(|shard| plan_row("arn:a", shard, "t", 1)));
        let (keys, calls) = keys_table(move |call| match (call.0.as_str(), &call.1) {
            ("query", body) => page(&rows, body),
            ("getitem", body) if body["Key"]["sk"]["S"] == "PLAN" => ok(&json!({})),
            _ => answers(call),
        })
        .await;
        keys.rewrap(&CountedBudget::new(40)).await;
        let all = calls.all();
        let heads = all.iter().filter(|(_, body)| body["Key"]["sk"]["S"] == "KEY#subjects");
        first.extend(heads.take(1).map(|(_, body)| body["Key"]["pk"].to_string()));
        for partition in ["SUBJECT", "PLAN"] {
            let mut of = all.iter().filter(|(_, body)| body["Key"]["sk"]["S"] == partition);
            first.extend(of.next().map(|(_, body)| body["Key"]["pk"].to_string()));
        }
        let roots_first =
            all.iter().find(|(_, body)| body["ExpressionAttributeValues"][":pk"]["S"] != "ROTATE");
        first.extend(roots_first.map(|(_, body)| body["ExpressionAttributeValues"][":pk"]["S"].to_string()));
    }
    let begun = |with: &str| first.iter().filter(|place| place.contains(with)).count();
    assert!(begun("#S#") >= 3 && begun("ROOT#") >= 5, "{first:?}");
    // The first is so where the chance is at the end of the last second of a hundred.
    for tenant in ["T#other\"", "T#third\""] {
        assert_eq!(begun(tenant), 1, "{tenant}: {first:?}");
    }
}

/// A key that was wrapped under an earlier root key is wrapped anew by KMS, and leaves it never.
#[tokio::test]
async fn an_earlier_root_key_is_left_behind() {
    let (keys, calls) = keys_table(|(operation, body)| {
        let values = &body["ExpressionAttributeValues"];
        // Two ranges in each of eight shards, and the rotating keys: one of them has a key.
        let there = values[":pk"]["S"] == "ROOT#3" && values[":b"]["S"] == "arn:root#";
        let there = there.then(|| row("T#demo", "PSEUDONYMS", "ROOT#3", "arn:earlier#T#demo#PSEUDONYMS"));
        ok(&match operation.as_str() {
            "query" => json!({"Items": there.into_iter().collect::<Vec<_>>()}),
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
async fn wrapped_keys_that_are_damaged_are_gone_past_and_told() {
    let rows: Vec<Value> = (0..8).map(|n| plan_row("arn:a", 0, &format!("t{n}"), n)).collect();
    let (keys, calls) = keys_table(move |(operation, body)| match operation.as_str() {
        "query" => page(&rows, body),
        // One has nothing wrapped in it, and of the others three are refused.
        "getitem" => {
            let pk = body["Key"]["pk"]["S"].as_str().expect("a key");
            if pk.starts_with("T#t1#") {
                return ok(&json!({"Item": {"root": {"S": "arn:a"}}}));
            }
            ok(&json!({"Item": {"wrapped": {"B": STANDARD.encode(pk)}, "root": {"S": "arn:a"}}}))
        }
        "reencrypt" => {
            let pk = STANDARD.decode(body["CiphertextBlob"].as_str().expect("bytes")).expect("base64");
            if [b"T#t0#", b"T#t4#", b"T#t5#"].iter().any(|damaged| pk.starts_with(*damaged)) {
                return refused("InvalidCiphertextException");
            }
            ok(&json!({"CiphertextBlob": "bmV3", "KeyId": "arn:root", "SourceKeyId": "arn:a"}))
        }
        _ => ok(&json!({})),
    })
    .await;
    let rewrapped = keys.rewrap(&UnlimitedBudget).await;
    assert_eq!((rewrapped.done, rewrapped.damaged, rewrapped.failed), (4, 4, 0));
    assert_eq!(puts(&calls).len(), 4);
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
    let page = keys.rotating(&Begin::At("before".into()), 3).await.expect("a page");
    let versions: Vec<_> = page.keys.iter().map(|key| key.as_ref().map(|key| key.version).ok()).collect();
    assert_eq!((versions, page.next.as_deref()), (vec![None, Some(4)], Some("the place")));
    let (_, asked) = &calls.all()[0];
    assert_eq!(asked["KeyConditionExpression"], "#pk = :pk AND #sk > :a");
    assert_eq!(asked["ExpressionAttributeValues"][":a"]["S"], "before");
}
