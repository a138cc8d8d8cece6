//! Rotation asked for, and how the keys are shown.

use jiff::SignedDuration;
use testkit::clock::CountedBudget;

use super::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn what_was_sealed_before_a_rotation_opens_after_it() {
    let front = front();
    let mut kept = Vec::new();
    for version in 1..=3 {
        for person in [None, Some(PERSON)] {
            let plain = format!("{version} {person:?}");
            let one = front.seal("c", plain.as_bytes(), person).await;
            assert_eq!(
                one.version,
                if person.is_some() { 1 } else { version },
                "a person's own does not rotate"
            );
            kept.push((one.sealed, plain, person));
        }
        for purpose in ["fields", "subjects"] {
            let answer = front.rotate(purpose).await;
            assert_eq!(json_of(&answer)["version"], version + 1, "{}", answer.body);
        }
        for (sealed, plain, person) in &kept {
            assert_eq!(opened(&front.open("c", sealed, *person).await), plain.as_bytes());
        }
    }
}

#[tokio::test]
async fn a_key_that_was_never_used_gets_its_first_version() {
    let front = front();
    let expect = json!({
        "purpose": "fields",
        "version": 1,
        "made_at": "2026-03-02T09:00:00Z",
        "rotate_every": "P365D",
        "rotate_by": "2027-03-02T09:00:00Z",
        "to_rewrap": 0,
        "warnings": [],
    });
    assert_eq!(json_of(&front.rotate("fields").await), expect);
    assert_eq!(front.status("demo").await, json!([expect]));
    assert_eq!(front.seal("c", b"p", None).await.version, 1);
}

/// A keyring knows no settings: the first key is made by a rotation.
#[tokio::test]
async fn the_first_key_is_due_when_the_settings_say() {
    let front = front();
    let rotate = [(Purpose::Fields, "P30D"), (Purpose::Subjects, "P1DT12H")];
    front.world.put_settings(settings("demo", &rotate));
    front.seal("c", b"p", None).await;
    front.seal("c", b"p", Some(PERSON)).await;
    let status = front.status("demo").await;
    let shown = |n: usize| (status[n]["rotate_every"].clone(), status[n]["rotate_by"].clone());
    assert_eq!(shown(0), (json!("P30D"), json!("2026-04-01T09:00:00Z")));
    assert_eq!(shown(1), (json!("PT36H"), json!("2026-03-03T21:00:00Z")));
}

#[tokio::test]
async fn keys_that_are_sealed_under_an_earlier_version_are_counted() {
    let front = front();
    for n in 0..3 {
        front.seal("c", b"p", Some(&format!("p{n}@example.com"))).await;
    }
    let before = front.status("demo").await;
    assert_eq!(before.as_array().map(Vec::len), Some(1), "nothing was sealed for the tenant itself");
    assert_eq!((&before[0]["purpose"], &before[0]["to_rewrap"]), (&json!("subjects"), &json!(0)));
    assert_eq!(json_of(&front.rotate("subjects").await)["to_rewrap"], 3);
    assert_eq!(front.ports.key_admin.rewrap(&CountedBudget::new(2)).await.done, 2);
    assert_eq!(front.status("demo").await[0]["to_rewrap"], 1);
}

#[tokio::test]
async fn a_rotation_that_is_near_or_late_is_a_warning() {
    for (every, days, expect) in [
        ("P365D", 350, json!([])),
        ("P365D", 351, json!(["rotation-due-soon"])),
        ("P365D", 364, json!(["rotation-due-soon"])),
        ("P365D", 365, json!(["rotation-overdue"])),
        ("P30D", 26, json!([])),
        ("P30D", 27, json!(["rotation-due-soon"])),
        ("P30D", 31, json!(["rotation-overdue"])),
    ] {
        let front = front();
        front.world.put_settings(settings("demo", &[(Purpose::Fields, every)]));
        front.rotate("fields").await;
        front.world.fake_clock().advance(DAY * days);
        assert_eq!(front.status("demo").await[0]["warnings"], expect, "{every} after {days} days");
    }
}

#[tokio::test]
async fn an_interval_that_was_shortened_is_seen_at_once() {
    let front = front();
    front.rotate("fields").await;
    front.world.fake_clock().advance(DAY * 40);
    assert_eq!(front.status("demo").await[0]["warnings"], json!([]));
    front.world.put_settings(settings("demo", &[(Purpose::Fields, "P30D")]));
    assert_eq!(front.status("demo").await[0]["warnings"], json!(["rotation-overdue"]));
    let rotated = json_of(&front.rotate("fields").await);
    assert_eq!((&rotated["rotate_every"], &rotated["warnings"]), (&json!("P30D"), &json!([])));
}

#[tokio::test]
async fn an_interval_that_is_no_duration_of_a_day_is_the_settings_fault() {
    for wrong in ["PT23H", "P1M", "soon", "-P1D"] {
        let front = front();
        front.rotate("fields").await;
        front.world.put_settings(settings("demo", &[(Purpose::Fields, wrong)]));
        let status = front.send(&call(&caller(Role::Admin), "GET", "status", "")).await;
        for answer in [front.rotate("fields").await, status] {
            assert_eq!((answer.status, retried(&answer)), (503, false), "{wrong}");
            assert!(answer.body.contains("settings-invalid"), "{}", answer.body);
            let fault = answer.fault.expect("a fault").to_string();
            assert!(fault.contains("rotate_keys_every/fields") && !fault.contains(wrong), "{fault}");
        }
        assert_eq!(front.rotate("subjects").await.status, 200, "the other key is another matter");
    }
}
