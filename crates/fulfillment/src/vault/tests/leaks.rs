//! No answer says what was sealed, as what, or about whom; but for the one that opens it.

use proptest::prelude::*;

use super::*;

/// What is looked for. It is nowhere in the program.
const MARK: &str = "Zqx7Mark";

fn clean(answer: &Answer) {
    let fault = answer.fault.as_ref().map(ToString::to_string).unwrap_or_default();
    let printed = format!("{answer:?} {fault} {}", answer.body);
    for mark in [MARK.to_owned(), MARK.to_lowercase(), STANDARD.encode(MARK)] {
        assert!(!printed.contains(&mark), "{printed}");
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(test);
}

/// A value that somebody could send, with the mark in it.
fn marked() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(MARK)),
        Just(json!(format!("{MARK}@example.com"))),
        Just(json!(format!("\u{0}\n{MARK}\"'\\"))),
        Just(json!([MARK])),
        Just(json!({MARK: MARK})),
        Just(json!({"type": MARK, "value": MARK})),
        Just(json!({"type": "email", "value": MARK})),
        Just(json!(STANDARD.encode([MARK.as_bytes(), &[0; 200]].concat()))),
        Just(json!(7)),
    ]
}

proptest! {
    #[test]
    fn a_body_is_never_repeated(
        which in 0_usize..3, member in 0_usize..4, with in marked(), and in 0_usize..4, again in marked(),
    ) {
        run(async {
            let front = front();
            let (operation, who, mut body) = [
                ("encrypt", Role::Backend, for_person(sealing(MARK, MARK), &format!("{MARK}@example.com"))),
                ("decrypt", Role::Backend, for_person(opening(MARK, MARK), &format!("{MARK}@example.com"))),
                ("rotate", Role::Admin, json!({"purpose": "fields"})),
            ][which].clone();
            for (n, value) in [(member, with), (and, again)] {
                body[["context", "plaintext", "sealed", "subject"][n]] = value;
            }
            clean(&front.post(&caller(who), operation, &body).await);
            let cut = body.to_string();
            clean(&front.send(&call(&caller(who), "POST", operation, &cut.as_bytes()[..cut.len() / 2])).await);
        });
    }
}

#[tokio::test]
async fn what_was_sealed_is_in_no_answer_and_in_no_log() {
    let front = front();
    let person = format!("{MARK}@example.com");
    for person in [None, Some(person.as_str())] {
        let sealed = front.encrypt("demo", &with(sealing(MARK, MARK), person)).await;
        assert_eq!(sealed.status, 200);
        clean(&sealed);
        let bytes = STANDARD.decode(json_of(&sealed)["sealed"].as_str().expect("a text")).expect("base64");
        assert!(!bytes.windows(MARK.len()).any(|part| part == MARK.as_bytes()));
        clean(&front.open("c", &bytes, person).await);
        clean(&front.open(MARK, &bytes[..99], person).await);
        let answer = front.open(MARK, &bytes, person).await;
        assert_eq!(opened(&answer), MARK.as_bytes());
        // It is in the body, for the one who asked, and not where it could get into a log.
        let printed = format!("{answer:?}");
        assert!(!printed.contains(MARK) && !printed.contains(&STANDARD.encode(MARK)), "{printed}");
    }
    front.erase(&person).await;
    clean(&front.rotate("fields").await);
    clean(&front.rotate("subjects").await);
    clean(&front.send(&call(&caller(Role::Auditor), "GET", "status", "")).await);
    let events = serde_json::to_string(&front.world.stream().history()).expect("JSON");
    assert!(!events.contains(MARK) && front.world.staged().is_empty());
}
