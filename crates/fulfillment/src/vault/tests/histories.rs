//! Whatever happens to the keys, in whatever order and with whatever faults: what was sealed opens,
//! and what was sealed for somebody who was erased does not.

use jiff::SignedDuration;
use proptest::prelude::*;
use testkit::clock::CountedBudget;
use testkit::inject::{Plan, When};

use super::*;
use crate::vault::rotate_keys;

#[derive(Debug, Clone)]
enum Step {
    Seal(usize),
    Open(prop::sample::Index),
    Rotate(bool),
    Rewrap(u64),
    Erase(usize),
    /// Months pass, then the schedule calls.
    Scheduled(i64, u64),
}

/// What one call of a port does to the step that makes it.
type Fault = Option<(u64, When)>;

fn step() -> impl Strategy<Value = (Step, Fault)> {
    let step = prop_oneof![
        5 => (0_usize..4).prop_map(Step::Seal),
        5 => any::<prop::sample::Index>().prop_map(Step::Open),
        2 => any::<bool>().prop_map(Step::Rotate),
        2 => (0_u64..4).prop_map(Step::Rewrap),
        1 => (1_usize..4).prop_map(Step::Erase),
        1 => (0_i64..500, 0_u64..9).prop_map(|(days, checks)| Step::Scheduled(days, checks)),
    ];
    let when = prop_oneof![Just(When::Before), Just(When::Midway), Just(When::After)];
    (step, proptest::option::weighted(0.3, (0_u64..5, when)))
}

struct Sealed {
    bytes: Vec<u8>,
    plain: String,
    person: Option<usize>,
    gone: bool,
}

fn address(person: usize) -> String {
    format!("p{person}@example.com")
}

async fn check(front: &Front, one: &Sealed) {
    let answer = front.open("c", &one.bytes, one.person.map(address).as_deref()).await;
    if one.gone {
        assert_eq!(refused(&answer), (410, "key-destroyed".into()));
    } else {
        assert_eq!(opened(&answer), one.plain.as_bytes());
    }
}

/// Destroys a person's key. Whatever was answered, what is there decides what opens from now on.
async fn erase(front: &Front, who: usize, kept: &mut [Sealed]) {
    let keyring = &front.ports.keyring;
    let destroyed = match front.find_scope(&address(who)).await {
        Ok(scope) => keyring.destroy(&scope).await.is_ok(),
        Err(_) => false,
    };
    front.world.injector().disarm();
    let there = keyring.exists(&front.scope(&address(who)).await).await.expect("an answer");
    assert!(!(destroyed && there), "it was said to be destroyed");
    if !there {
        kept.iter_mut().filter(|one| one.person == Some(who)).for_each(|one| one.gone = true);
    }
}

async fn take(front: &Front, step: &Step, n: usize, kept: &mut Vec<Sealed>) {
    match step {
        Step::Seal(who) => {
            let person = (*who > 0).then_some(*who);
            let (plain, email) = (format!("plain {n}"), person.map(address));
            let answer = front.encrypt("demo", &with(sealing("c", &plain), email.as_deref())).await;
            assert!([200, 503].contains(&answer.status), "{}", answer.body);
            if answer.status == 200 {
                let bytes = json_of(&answer)["sealed"].as_str().map(|text| STANDARD.decode(text));
                kept.push(Sealed {
                    bytes: bytes.expect("a text").expect("base64"),
                    plain,
                    person,
                    gone: false,
                });
            }
        }
        Step::Open(which) if !kept.is_empty() => {
            let one = which.get(kept);
            let answer = front.open("c", &one.bytes, one.person.map(address).as_deref()).await;
            let expect = if one.gone { 410 } else { 200 };
            assert!([expect, 503].contains(&answer.status), "{}", answer.body);
        }
        Step::Open(_) => {}
        Step::Rotate(fields) => drop(front.rotate(if *fields { "fields" } else { "subjects" }).await),
        Step::Rewrap(most) => {
            let rewrapped = front.ports.key_admin.rewrap(&CountedBudget::new(*most)).await;
            assert_eq!(rewrapped.failed > 0, rewrapped.fault.is_some());
        }
        Step::Erase(who) => erase(front, *who, kept).await,
        Step::Scheduled(days, checks) => {
            front.world.fake_clock().advance(SignedDuration::from_hours(24 * days));
            let world = &front.world;
            let (tenants, key_admin, clock) = (world.tenants(), world.key_admin(), world.clock());
            let entropy = front.world.entropy();
            let ports = rotate_keys::Ports { tenants, key_admin, clock, entropy };
            rotate_keys::run(&ports, &CountedBudget::new(*checks)).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn two_hundred_steps_lose_nothing(steps in proptest::collection::vec(step(), 200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (front, mut kept) = (front(), Vec::new());
            for (n, (step, fault)) in steps.iter().enumerate() {
                if let Some((call, when)) = fault {
                    front.world.injector().arm(Plan::call(front.world.injector().total() + call).when(*when));
                }
                take(&front, step, n, &mut kept).await;
                front.world.injector().disarm();
            }
            for one in &kept {
                check(&front, one).await;
            }
        });
    }
}
