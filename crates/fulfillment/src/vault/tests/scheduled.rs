//! `rotate-keys`, as the schedule calls it.

use jiff::SignedDuration;
use ports::{Begin, Class, FAULTS_IN_A_ROW};
use testkit::clock::{CountedBudget, UnlimitedBudget};
use testkit::inject::{Plan, When};

use super::*;
use crate::vault::rotate_keys::{self, Done, run};

const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

fn ports(front: &Front) -> rotate_keys::Ports {
    let world = &front.world;
    rotate_keys::Ports {
        tenants: world.tenants(),
        key_admin: world.key_admin(),
        clock: world.clock(),
        entropy: world.entropy(),
    }
}

/// How many keys were due by the dates that their making set.
async fn due(front: &Front) -> usize {
    let now = front.world.fake_clock().peek();
    let all = front.ports.key_admin.rotating(&Begin::First, 1_000).await.expect("an answer");
    all.keys.into_iter().flatten().filter(|key| key.rotate_by <= now).count()
}

fn counts(done: &Done) -> (usize, usize, usize) {
    (done.rotated, done.rewrapped, done.failed)
}

/// Both keys of `demo`, with three persons' keys under the second, all a year old.
async fn a_year_later() -> (Front, Vec<(Kept, Option<String>)>) {
    let front = front();
    let mut kept = vec![(front.seal("c", b"p", None).await, None)];
    for n in 0..3 {
        let person = format!("p{n}@example.com");
        kept.push((front.seal("c", b"p", Some(&person)).await, Some(person)));
    }
    front.world.fake_clock().advance(YEAR);
    front.world.injector().reset();
    (front, kept)
}

async fn all_open(front: &Front, kept: &[(Kept, Option<String>)]) {
    for (one, person) in kept {
        assert_eq!(opened(&front.open("c", &one.sealed, person.as_deref()).await), b"p");
    }
}

#[tokio::test]
async fn what_is_due_is_rotated_and_what_is_under_earlier_keys_is_sealed_anew() {
    let (front, kept) = a_year_later().await;
    let done = run(&ports(&front), &UnlimitedBudget).await;
    assert_eq!((counts(&done), done.ended()), ((2, 3, 0), Ok(())));
    let status = front.status("demo").await;
    assert_eq!([&status[0]["version"], &status[1]["version"]], [2, 2]);
    assert_eq!([&status[0]["to_rewrap"], &status[1]["to_rewrap"]], [0, 0]);
    all_open(&front, &kept).await;
    let again = run(&ports(&front), &UnlimitedBudget).await;
    assert_eq!(counts(&again), (0, 0, 0), "nothing is due twice");
}

#[tokio::test]
async fn before_their_time_keys_are_left_alone() {
    let front = front();
    front.seal("c", b"p", Some(PERSON)).await;
    front.world.fake_clock().advance(YEAR - SignedDuration::from_secs(1));
    assert_eq!(counts(&run(&ports(&front), &UnlimitedBudget).await), (0, 0, 0));
}

#[tokio::test]
async fn a_tenant_whose_settings_are_wrong_does_not_keep_the_others_from_it() {
    let front = front();
    // More than one page of them stand before the one that is fine.
    for n in 0..60 {
        let name = format!("a{n}");
        front.world.put_settings(settings(&name, &[]));
        assert_eq!(front.encrypt(&name, &sealing("c", "p")).await.status, 200);
        front.world.put_settings(settings(&name, &[(Purpose::Fields, "soon")]));
    }
    front.world.fake_clock().advance(SignedDuration::from_secs(1));
    front.seal("c", b"p", None).await;
    front.world.fake_clock().advance(YEAR);
    let done = run(&ports(&front), &UnlimitedBudget).await;
    assert_eq!(counts(&done), (1, 0, 60));
    let error = done.ended().expect_err("a failure").to_string();
    assert!(error.starts_with("settings-invalid"), "{error}");
    assert_eq!(front.status("demo").await[0]["version"], 2);
    assert_eq!(due(&front).await, 60, "they are still due");
}

/// By its settings of today, though they were others when it was made.
#[tokio::test]
async fn a_shortened_interval_counts_at_once() {
    let front = front();
    front.seal("c", b"p", None).await;
    let rotated_after = async |days: i64| {
        front.world.fake_clock().advance(SignedDuration::from_hours(24 * days));
        counts(&run(&ports(&front), &UnlimitedBudget).await)
    };
    assert_eq!(rotated_after(29).await, (0, 0, 0));
    front.world.put_settings(settings("demo", &[(Purpose::Fields, "P30D")]));
    assert_eq!(rotated_after(0).await, (0, 0, 0), "not before its time either");
    assert_eq!(rotated_after(1).await, (1, 0, 0));
    assert_eq!(rotated_after(29).await, (0, 0, 0));
    assert_eq!(rotated_after(1).await, (1, 0, 0));
    assert_eq!(front.status("demo").await[0]["version"], 3);
}

/// One that is longer does not undo what was promised for the key that there is.
#[tokio::test]
async fn a_longer_interval_counts_from_the_next_version_on() {
    let front = front();
    front.world.put_settings(settings("demo", &[(Purpose::Fields, "P30D")]));
    front.seal("c", b"p", None).await;
    front.world.put_settings(settings("demo", &[(Purpose::Fields, "P90D")]));
    for (days, expect) in [(30, 1), (60, 0), (30, 1)] {
        front.world.fake_clock().advance(SignedDuration::from_hours(24 * days));
        assert_eq!(run(&ports(&front), &UnlimitedBudget).await.rotated, expect, "{days}");
    }
}

/// Persons of a tenant, whose keys are under its first version, and do not open any more.
async fn damaged(front: &Front, count: usize) {
    for n in 0..count {
        let person = format!("damaged{n}@example.com");
        front.seal("c", b"p", Some(&person)).await;
        front.world.damage_key(&front.scope(&person).await);
    }
}

/// They are told, and neither fail the run for ever nor keep the others from their turn, whether they are
/// of the same tenant or of another.
#[tokio::test]
async fn damaged_keys_are_told_and_do_not_keep_the_others_from_it() {
    const MOST: usize = 400;
    let (front, mut kept) = a_year_later().await;
    damaged(&front, 100).await;
    kept.push((front.seal("c", b"p", Some("z@example.com")).await, Some("z@example.com".into())));
    for n in 0..3 {
        let body = for_person(sealing("c", "p"), &format!("p{n}@example.com"));
        assert_eq!(front.encrypt("other", &body).await.status, 200);
    }
    assert_eq!(front.rotate_of("other", "subjects").await.status, 200);
    // Less time than the damaged keys would take, of which half is for rotating.
    let (mut rewrapped, mut runs) = (0, 0);
    while rewrapped < 4 + 3 {
        let done = run(&ports(&front), &CountedBudget::new(40)).await;
        assert!((1..40).contains(&done.damaged), "{}", done.damaged);
        rewrapped += done.rewrapped;
        if runs == 0 {
            assert_eq!(done.rotated, 2);
            assert_eq!(front.status("other").await[0]["to_rewrap"], 0, "the other tenant's wait");
        }
        assert_eq!(done.failed, 0);
        assert_eq!(done.ended(), Ok(()), "it would fail for ever");
        runs += 1;
        assert!(runs < MOST, "{rewrapped} were sealed anew");
    }
    assert_eq!(front.status("demo").await[1]["to_rewrap"], 100);
    all_open(&front, &kept).await;
}

/// Though it comes second, and what comes first does not come to an end in its half.
#[tokio::test]
async fn however_much_there_is_to_rotate_sealing_anew_has_half_of_the_time() {
    let (front, _) = a_year_later().await;
    for n in 0..60 {
        let name = format!("a{n}");
        front.world.put_settings(settings(&name, &[]));
        assert_eq!(front.encrypt(&name, &sealing("c", "p")).await.status, 200);
        front.world.put_settings(settings(&name, &[(Purpose::Fields, "soon")]));
    }
    assert_eq!(front.rotate("subjects").await.status, 200);
    front.world.fake_clock().advance(YEAR);
    let done = run(&ports(&front), &CountedBudget::new(20)).await;
    assert_eq!((done.rewrapped, done.out_of_time), (3, true));
    assert!(done.rotated + done.failed <= 10, "{done:?}");
}

/// However many keys are due that fail, those behind them have their turn in one of the next runs.
#[tokio::test]
async fn what_is_due_and_fails_does_not_keep_what_is_due_behind_it_from_it() {
    let front = front();
    for n in 0..120 {
        let name = format!("a{n}");
        front.world.put_settings(settings(&name, &[]));
        assert_eq!(front.encrypt(&name, &sealing("c", "p")).await.status, 200);
        front.world.put_settings(settings(&name, &[(Purpose::Fields, "soon")]));
    }
    front.world.fake_clock().advance(SignedDuration::from_hours(24));
    front.seal("c", b"p", None).await;
    front.world.fake_clock().advance(YEAR);
    let mut runs = 0;
    while front.status("demo").await[0]["version"] == 1 {
        // Its half is less than a third of those that fail.
        run(&ports(&front), &CountedBudget::new(60)).await;
        runs += 1;
        assert!(runs < 100, "its turn never comes");
    }
}

/// Nor do those that are not due by their own date, but by what their tenant wants since.
#[tokio::test]
async fn a_shortened_interval_counts_among_more_keys_than_a_run_comes_to() {
    let front = front();
    for n in 0..120 {
        let name = format!("a{n}");
        front.world.put_settings(settings(&name, &[]));
        assert_eq!(front.encrypt(&name, &sealing("c", "p")).await.status, 200);
        front.world.fake_clock().advance(SignedDuration::from_hours(48));
    }
    front.seal("c", b"p", None).await;
    front.world.fake_clock().advance(SignedDuration::from_hours(31 * 24));
    front.world.put_settings(settings("demo", &[(Purpose::Fields, "P30D")]));
    let mut runs = 0;
    while front.status("demo").await[0]["version"] == 1 {
        run(&ports(&front), &CountedBudget::new(60)).await;
        runs += 1;
        assert!(runs < 100, "its turn never comes");
    }
    assert!(runs > 0);
}

/// While KMS is away, or says slower, the rest of its quota is for those who wait for an answer.
#[tokio::test]
async fn a_key_service_that_is_away_ends_the_run() {
    for class in [Class::Transient, Class::Throttled] {
        let (front, kept) = a_year_later().await;
        assert_eq!(front.rotate("subjects").await.status, 200);
        front.world.injector().arm(Plan::outage("keyring.rewrap").class(class));
        let done = run(&ports(&front), &UnlimitedBudget).await;
        assert_eq!((done.rewrapped, done.failed), (0, 1));
        assert!(done.ended().is_err());
        front.world.injector().disarm();
        assert_eq!(run(&ports(&front), &UnlimitedBudget).await.rewrapped, 3);
        all_open(&front, &kept).await;
    }
    // What is refused for good may be so for this tenant alone.
    let (front, _) = a_year_later().await;
    for n in 0..20 {
        front.seal("c", b"p", Some(&format!("more{n}@example.com"))).await;
    }
    assert_eq!(front.rotate("subjects").await.status, 200);
    front.world.injector().arm(Plan::outage("keyring.rewrap").class(Class::Permanent));
    let done = run(&ports(&front), &UnlimitedBudget).await;
    assert_eq!((done.rewrapped, done.failed), (0, FAULTS_IN_A_ROW));
    assert!(done.ended().is_err());
}

#[tokio::test]
async fn many_keys_are_rotated_page_by_page() {
    let front = front();
    for n in 0..120 {
        let name = format!("a{n}");
        front.world.put_settings(settings(&name, &[]));
        assert_eq!(front.encrypt(&name, &sealing("c", "p")).await.status, 200);
    }
    front.world.fake_clock().advance(YEAR);
    assert_eq!(counts(&run(&ports(&front), &UnlimitedBudget).await), (120, 0, 0));
}

#[tokio::test]
async fn when_its_time_is_up_the_next_run_goes_on() {
    let (front, kept) = a_year_later().await;
    for n in 0..60 {
        front.seal("c", b"p", Some(&format!("more{n}@example.com"))).await;
    }
    let (mut rotated, mut rewrapped, mut runs) = (0, 0, 0);
    while due(&front).await > 0 || front.status("demo").await[1]["to_rewrap"] != 0 {
        let done = run(&ports(&front), &CountedBudget::new(16)).await;
        assert!(done.rotated + done.rewrapped > 0, "it gets nowhere");
        rotated += done.rotated;
        rewrapped += done.rewrapped;
        runs += 1;
        assert_eq!(done.ended(), Ok(()), "to be out of time is no failure");
    }
    assert_eq!((rotated, rewrapped), (2, 63));
    assert!(runs > 1);
    assert_eq!(counts(&run(&ports(&front), &CountedBudget::new(0)).await), (0, 0, 0));
    all_open(&front, &kept).await;
}

#[tokio::test]
async fn a_run_that_failed_anywhere_is_made_good_by_the_next() {
    let (reference, _) = a_year_later().await;
    run(&ports(&reference), &UnlimitedBudget).await;
    for n in 0..reference.world.injector().total() {
        for when in [When::Before, When::Midway, When::After] {
            let (front, kept) = a_year_later().await;
            front.world.injector().arm(Plan::call(n).when(when));
            let first = run(&ports(&front), &UnlimitedBudget).await;
            assert!(first.ended().is_err(), "call {n} {when:?}");
            assert_eq!(run(&ports(&front), &UnlimitedBudget).await.ended(), Ok(()), "call {n} {when:?}");
            let status = front.status("demo").await;
            assert_eq!([&status[0]["version"], &status[1]["version"]], [2, 2], "call {n} {when:?}");
            assert_eq!(status[1]["to_rewrap"], 0);
            all_open(&front, &kept).await;
        }
    }
}
