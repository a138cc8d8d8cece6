//! The erasure ledger.

use domain::catalog::Method;
use domain::event::{About, Event, EventKind};
use domain::ledger::{Counted, Entry, Found, Phase, Replay, ReplayStatus, Standing};
use domain::{Generation, ReplayId, RequestId, TenantId};
use ports::{Class, MOST_MARKS, Turn};

use super::Deployment;
use super::fixtures::{after, now, pseudonym, pseudonyms, store, tenant};

fn entry(tenant: &TenantId, at: &str, mark: &str, second: i64) -> Entry {
    Entry {
        tenant: tenant.clone(),
        store: store(at),
        mark: pseudonym(mark),
        method: Method::Delete,
        erased_at: after(second),
        request: RequestId::new(after(second), 1),
        original: RequestId::new(now(), 1),
    }
}

fn replay(tenant: &TenantId, second: i64) -> Replay {
    let standing = Standing { taken_at: Some(now()), ..Standing::new(tenant.clone(), store("shop")) };
    let id = ReplayId::new(after(second), 1);
    Replay {
        most: 10,
        rate: 500,
        catalog_version: "v1".into(),
        ..Replay::new(&standing, id, "officer:x".into(), after(second))
    }
}

fn event(standing: &Standing) -> Event {
    Event {
        tenant: standing.tenant.clone(),
        about: About::Store(standing.store.clone()),
        n: standing.events,
        at: now(),
        kind: EventKind::ReplayBegun,
        who: "officer:x".into(),
        generation: Generation::FIRST,
        status: None,
        store: Some(standing.store.clone()),
        tally: None,
        why: None,
        detail: [].into(),
        wake: None,
    }
}

/// Of one store of one tenant, and of no other; a hundred at once.
pub async fn marks_are_found_where_they_were_written(d: &Deployment) {
    let (mine, other) = (tenant("ledger-find"), tenant("ledger-find-other"));
    let entries = [entry(&mine, "shop", "a", 1), entry(&mine, "shop", "b", 2), entry(&mine, "crm", "c", 3)];
    assert_eq!(d.ledger.write(&entries).await, Ok(()));
    assert_eq!(d.ledger.write(&[]).await, Ok(()));
    let asked = [pseudonym("a"), pseudonym("b"), pseudonym("c"), pseudonym("a"), pseudonym("d")];
    let mut found = d.ledger.find(&mine, &store("shop"), &asked).await.expect("an answer");
    found.sort_by_key(|entry| entry.erased_at);
    assert_eq!(found, entries[..2]);
    assert_eq!(d.ledger.find(&other, &store("shop"), &asked).await, Ok(vec![]));
    assert_eq!(d.ledger.find(&mine, &store("shop"), &[]).await, Ok(vec![]));
    let many = pseudonyms("ledger-many", MOST_MARKS);
    let all: Vec<Entry> =
        many.iter().map(|mark| Entry { mark: mark.clone(), ..entries[0].clone() }).collect();
    assert_eq!(d.ledger.write(&all).await, Ok(()));
    let found = d.ledger.find(&mine, &store("shop"), &many).await.expect("an answer");
    assert_eq!(found.len(), MOST_MARKS);
    let too_many = pseudonyms("ledger-many", MOST_MARKS + 1);
    let refused = d.ledger.find(&mine, &store("shop"), &too_many).await.expect_err("refused");
    assert_eq!(refused.class, Class::Permanent);
}

/// In whatever order the two arrive.
pub async fn the_later_erasure_of_a_mark_stays(d: &Deployment) {
    let tenant = tenant("ledger-later");
    let (first, second) = (entry(&tenant, "shop", "a", 1), entry(&tenant, "shop", "a", 2));
    for entries in [[&first, &second], [&second, &first]] {
        for entry in entries {
            assert_eq!(d.ledger.write(std::slice::from_ref(entry)).await, Ok(()));
        }
        let found = d.ledger.find(&tenant, &store("shop"), &[pseudonym("a")]).await;
        assert_eq!(found, Ok(vec![second.clone()]));
    }
}

/// A store, its replay and the event together; whoever read something else changes nothing.
pub async fn a_turn_is_taken_by_whoever_read_what_is_there(d: &Deployment) {
    let tenant = tenant("ledger-turn");
    let begun = Standing { events: 1, ..Standing::new(tenant.clone(), store("shop")) };
    let replay = replay(&tenant, 5);
    let turn = Turn {
        standing: Some((None, begun.clone())),
        replay: Some((None, replay.clone())),
        event: Some(event(&begun)),
    };
    assert_eq!(d.ledger.standing(&tenant, &store("shop")).await, Ok(None));
    assert_eq!(d.ledger.take(&turn).await, Ok(true));
    assert_eq!(d.ledger.take(&turn).await, Ok(false), "it is not as it was read");
    assert_eq!(d.ledger.standing(&tenant, &store("shop")).await, Ok(Some(begun.clone())));
    assert_eq!(d.ledger.replay(&tenant, &replay.id).await, Ok(Some(replay.clone())));
    assert_eq!(d.ledger.standings(&tenant).await, Ok(vec![begun.clone()]));

    let ended = Standing {
        events: 2,
        replayed_at: Some(now()),
        dry_run: Some(replay.id.clone()),
        counted: Some(Counted { at: now(), people: 3 }),
        check: Some(pseudonym("check")),
        ..begun.clone()
    };
    let noted = Some(RequestId::new(now(), 3));
    let on = Replay { walked: 7, noted, control_seen: true, phase: Phase::Counting, ..replay.clone() };
    let wrong = Turn {
        standing: Some((Some(begun.clone()), ended.clone())),
        replay: Some((Some(on.clone()), replay.clone())),
        event: Some(event(&ended)),
    };
    assert_eq!(d.ledger.take(&wrong).await, Ok(false), "the replay is another");
    assert_eq!(d.ledger.standing(&tenant, &store("shop")).await, Ok(Some(begun.clone())));
    let only = Turn { replay: Some((Some(replay), on.clone())), ..Turn::default() };
    assert_eq!(d.ledger.take(&only).await, Ok(true));
    assert_eq!(d.ledger.replay(&tenant, &on.id).await, Ok(Some(on)));
    let only = Turn { standing: Some((Some(begun), ended.clone())), ..Turn::default() };
    assert_eq!(d.ledger.take(&only).await, Ok(true));
    assert_eq!(d.ledger.standing(&tenant, &store("shop")).await, Ok(Some(ended)));
}

/// Those that began first before the others; one that has ended is in the list no more.
pub async fn running_replays_are_listed_until_they_end(d: &Deployment) {
    let tenant = tenant("ledger-running");
    let replays = [replay(&tenant, 9), replay(&tenant, 8)];
    for replay in &replays {
        let turn = Turn { replay: Some((None, replay.clone())), ..Turn::default() };
        assert_eq!(d.ledger.take(&turn).await, Ok(true));
    }
    let own = async || {
        // Other cases have replays too.
        let all = d.ledger.running(1_000).await.expect("a list");
        all.into_iter().filter(|(of, _)| *of == tenant).map(|(_, id)| id).collect::<Vec<_>>()
    };
    assert_eq!(own().await, [replays[1].id.clone(), replays[0].id.clone()]);
    assert_eq!(d.ledger.running(1).await.map(|some| some.len()), Ok(1));
    let done = Replay { status: ReplayStatus::Done, ..replays[1].clone() };
    let turn = Turn { replay: Some((Some(replays[1].clone()), done)), ..Turn::default() };
    assert_eq!(d.ledger.take(&turn).await, Ok(true));
    assert_eq!(own().await, [replays[0].id.clone()]);
}

/// Page by page, walk by walk, each person once.
pub async fn whom_a_replay_found_is_listed_in_order(d: &Deployment) {
    let tenant = tenant("ledger-found");
    let id = ReplayId::new(after(11), 1);
    let found = |walk, second: i64| Found {
        walk,
        original: RequestId::new(after(second), 1),
        request: RequestId::new(after(second), walk.into()),
    };
    let all = [found(1, 3), found(1, 4), found(2, 2), found(2, 3)];
    for one in all.iter().rev().chain(&all) {
        assert_eq!(d.ledger.note(&tenant, &id, one).await, Ok(()));
    }
    assert_eq!(d.ledger.found(&tenant, &id, None, 100).await, Ok(all.to_vec()));
    assert_eq!(d.ledger.found(&tenant, &id, Some(&all[0]), 2).await, Ok(all[1..3].to_vec()));
    assert_eq!(d.ledger.found(&tenant, &id, Some(&all[3]), 2).await, Ok(vec![]));
    let other = ReplayId::new(after(12), 1);
    assert_eq!(d.ledger.found(&tenant, &other, None, 100).await, Ok(vec![]));
}

/// Of all tenants; one whose name begins like another's comes after all of the other's.
pub async fn stores_with_a_standing_are_listed_in_order(d: &Deployment) {
    let (mine, next) = (tenant("ledger-stores"), tenant("ledger-stores-b"));
    let places = [(&mine, "crm"), (&mine, "shop"), (&next, "crm")];
    for (tenant, at) in places.iter().rev() {
        let standing = Standing::new((*tenant).clone(), store(at));
        let turn = Turn { standing: Some((None, standing)), ..Turn::default() };
        assert_eq!(d.ledger.take(&turn).await, Ok(true));
    }
    let places = places.map(|(tenant, at)| (tenant.clone(), store(at)));
    assert_eq!(d.ledger.stores(Some(&places[0]), 2).await, Ok(places[1..].to_vec()));
    let before = (mine.clone(), store("a"));
    assert_eq!(d.ledger.stores(Some(&before), 1).await, Ok(places[..1].to_vec()));
}
