//! A person fetches what is theirs.

use super::*;
use testkit::inject::{Plan, Point, When};

#[tokio::test]
async fn a_person_is_sent_to_their_package_by_a_link_that_works_for_minutes() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let answer = door.fetch(&person(&[PERSON]), &id).await;
    let link = link_of(&answer);
    assert_eq!(Door::header(&answer, "cache-control").as_deref(), Some("no-store"));
    assert_eq!(Door::header(&answer, "referrer-policy").as_deref(), Some("no-referrer"));
    assert!(answer.body.is_empty());
    let fetched = door.front.world.fetch(&link).expect("a package");
    assert_eq!((fetched.bytes.as_slice(), fetched.file_name), (PACKAGE, format!("{id}.zip")));
    door.advance(SignedDuration::from_secs(299));
    assert!(door.front.world.fetch(&link).is_some());
    door.advance(SignedDuration::from_secs(1));
    assert!(door.front.world.fetch(&link).is_none(), "300 s at the most");
    assert_ne!(link_of(&door.fetch(&person(&[PERSON]), &id).await), link, "signed anew");
}

#[tokio::test]
async fn what_is_another_persons_or_another_tenants_is_not_there() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let nothing =
        door.fetch(&person(&[PERSON]), &"req_01kjq7h2g0b5d5n5d5n5d5n5d5".parse().expect("an id")).await;
    assert_eq!(nothing.status, 404);
    let elsewhere = Principal { tenant: tenant("other"), ..person(&[PERSON]) };
    for who in [person(&["somebody.else@example.com"]), person(&[]), elsewhere] {
        assert_eq!(door.fetch(&who, &id).await, nothing);
    }
    let odd = door.ask(&person(&[PERSON]), "GET", "/v1/requests/not-an-id/export").await;
    assert_eq!(odd, nothing);
    assert!(door.events(&id, EventKind::Downloaded).is_empty() && door.export(&id).downloads == 0);
}

#[tokio::test]
async fn each_identity_of_the_request_must_be_theirs() {
    let door = door();
    let mut body = submission(PERSON);
    body["type"] = json!("access");
    let more = json!({"type": "email", "value": "shared@example.com"});
    body["subject"]["identities"].as_array_mut().expect("a list").push(more);
    let id = id_of(&door.front.post_with(&caller(Role::Backend), "/v1/requests", "k", &body).await);
    door.pack(&id, 1).await;
    for who in [person(&[PERSON]), person(&["shared@example.com"])] {
        assert_eq!(door.fetch(&who, &id).await.status, 404, "the package has what both lead to");
    }
    let both = person(&[PERSON, "shared@example.com", "one.more@example.com"]);
    assert_eq!(door.fetch(&both, &id).await.status, 303);
}

#[tokio::test]
async fn a_person_is_answered_with_a_request_that_they_can_fetch() {
    let door = door();
    let mut body = submission(PERSON);
    body["type"] = json!("access");
    let more = json!({"type": "email", "value": "shared@example.com"});
    body["subject"]["identities"].as_array_mut().expect("a list").push(more);
    let wider = id_of(&door.front.post_with(&caller(Role::Backend), "/v1/requests", "k", &body).await);
    let ask = json!({"type": "access", "jurisdiction": "EU"});
    let ask = async |who: &Principal, key: &str| door.front.post_with(who, "/v1/requests", key, &ask).await;
    let me = person(&[PERSON]);
    let own = ask(&me, "1").await;
    assert_eq!(own.status, 202, "the wider one is never theirs to fetch: {}", own.body);
    let again = ask(&me, "2").await;
    assert_eq!((again.status, id_of(&again)), (200, id_of(&own)));
    door.pack(&id_of(&own), 1).await;
    assert_eq!(door.fetch(&me, &id_of(&own)).await.status, 303);
    let both = ask(&person(&[PERSON, "shared@example.com"]), "3").await;
    assert_eq!((both.status, id_of(&both)), (200, wider), "all of it is theirs");
    // Nothing is fetched of an erasure: whoever is looked for with others is erased with them.
    body["type"] = json!("erasure");
    let wider = id_of(&door.front.post_with(&caller(Role::Backend), "/v1/requests", "l", &body).await);
    let erasure = json!({"type": "erasure", "jurisdiction": "EU"});
    let covered = door.front.post_with(&me, "/v1/requests", "4", &erasure).await;
    assert_eq!((covered.status, id_of(&covered)), (200, wider));
}

#[tokio::test]
async fn who_asks_again_once_the_links_are_used_up_gets_a_request_of_their_own() {
    let door = door();
    let me = person(&[PERSON]);
    let ask = json!({"type": "access", "jurisdiction": "EU"});
    let ask = async |key: &str| door.front.post_with(&me, "/v1/requests", key, &ask).await;
    let id = id_of(&ask("1").await);
    door.pack(&id, 1).await;
    let left = async |downloads| {
        let links = |draft: &mut crate::change::Draft| {
            draft.request.export.as_mut().expect("an export").downloads = downloads;
        };
        door.front.change(&id, links).await;
    };
    left(19).await;
    assert_eq!(id_of(&ask("2").await), id, "one is left");
    left(20).await;
    let own = ask("3").await;
    assert_eq!((own.status, id_of(&own) == id), (202, false), "{}", own.body);
    let again = ask("4").await;
    assert_eq!((again.status, id_of(&again)), (200, id_of(&own)), "one more, and not one for each call");
}

#[tokio::test]
async fn a_request_about_nobody_is_nobodys() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    door.front.change(&id, |draft| draft.request.subject.clear()).await;
    assert_eq!(door.fetch(&person(&[]), &id).await.status, 404);
    assert_eq!(door.fetch(&person(&[PERSON]), &id).await.status, 404);
}

#[tokio::test]
async fn packages_have_numbers() {
    let door = door();
    let id = door.ready(PERSON, 3).await;
    let get = async |end: &str| {
        door.ask(&person(&[PERSON]), "GET", &format!("/v1/requests/{id}/export{end}")).await
    };
    for (end, file) in [("", 1), ("?package=1", 1), ("?package=3", 3)] {
        let fetched = door.front.world.fetch(&link_of(&get(end).await)).expect("a package");
        assert_eq!(fetched.file_name, format!("{id}-{file}.zip"), "{end}");
    }
    for end in ["?package=4", "?package=10000"] {
        assert_eq!(get(end).await.status, 404, "{end}");
    }
    for end in ["?package=0", "?package=-1", "?package=one", "?package=", "?package=99999999999999999999"] {
        let answer = get(end).await;
        assert_eq!((answer.status, places(&answer)), (400, vec!["query:package".to_owned()]), "{end}");
    }
    assert_eq!(door.export(&id).downloads, 3);
}

#[tokio::test]
async fn before_it_is_ready_and_after_it_is_over_there_is_no_link() {
    let door = door();
    let me = person(&[PERSON]);
    let id = door.submitted(PERSON).await;
    let early = door.fetch(&me, &id).await;
    assert_eq!(early.status, 409);
    assert!(early.body.contains("not ready yet"), "{}", early.body);
    door.pack(&id, 1).await;
    assert_eq!(door.fetch(&me, &id).await.status, 303);
    door.advance(OPEN_FOR - SignedDuration::from_secs(1));
    assert_eq!(door.fetch(&me, &id).await.status, 303);
    door.advance(SignedDuration::from_secs(1));
    assert_eq!(door.fetch(&me, &id).await.status, 410, "also before the sweeper comes");
    door.front
        .change(&id, |draft| {
            let export = draft.request.export.as_mut().expect("an export");
            export.destroyed_at = export.expires_at;
        })
        .await;
    let over = door.fetch(&me, &id).await;
    assert_eq!((over.status, &json_of(&over)["type"]), (410, &json!("urn:lacuna:problem:gone")));
    assert_eq!(door.export(&id).downloads, 2);
}

#[tokio::test]
async fn what_was_withdrawn_is_gone_at_once_and_what_never_was_says_so() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    door.front.change(&id, |draft| draft.request.cancel_requested = true).await;
    assert_eq!(door.fetch(&person(&[PERSON]), &id).await.status, 410);
    let other = door.submitted("b@example.com").await;
    for status in [Status::Planning, Status::NoMatch] {
        door.front.change(&other, |draft| draft.request.status = status).await;
    }
    let answer = door.fetch(&person(&["b@example.com"]), &other).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("there will be none"), "{}", answer.body);
    let plain = door.front.submit("c@example.com").await;
    let answer = door.fetch(&person(&["c@example.com"]), &plain).await;
    assert!(answer.status == 409 && answer.body.contains("exports nothing"), "{}", answer.body);
}

#[tokio::test]
async fn twenty_links_are_given_out_for_each_package_and_no_more() {
    let door = door();
    let me = person(&[PERSON]);
    let id = door.ready(PERSON, 1).await;
    for n in 1..=20 {
        assert_eq!(door.fetch(&me, &id).await.status, 303, "{n}");
    }
    assert_eq!(door.fetch(&me, &id).await.status, 409);
    assert_eq!(door.make(&caller(Role::Backend), &id).await.status, 409, "nor a code for none");
    assert_eq!(door.export(&id).downloads, 20);
    assert_eq!(door.events(&id, EventKind::Downloaded).len(), 20);
    let view = json_of(&door.front.ask(&me, "GET", &format!("/v1/requests/{id}")).await);
    assert_eq!((&view["export"]["downloads"], &view["export"]["downloads_left"]), (&json!(20), &json!(0)));
    let two = door.ready("b@example.com", 2).await;
    door.front.change(&two, |draft| draft.request.export.as_mut().expect("an export").downloads = 39).await;
    let both = async || door.fetch(&person(&["b@example.com"]), &two).await.status;
    assert_eq!((both().await, both().await), (303, 409), "two packages, forty links");
}

#[tokio::test]
async fn a_link_is_counted_and_written_down_before_it_is_there() {
    let door = door();
    let me = person(&[PERSON]);
    let id = door.ready(PERSON, 1).await;
    let progress_by = door.front.request(&id).progress_by;
    for (n, point) in [Point::VisitsKeep, Point::LinksSign].into_iter().enumerate() {
        door.front.world.injector().arm(Plan::nth(point, 0).when(When::After));
        let answer = door.fetch(&me, &id).await;
        assert_eq!((answer.status, Door::header(&answer, "location")), (503, None), "{}", point.name());
        assert!(answer.body.contains("no link") && answer.fault.is_some(), "{}", answer.body);
        assert_eq!(door.events(&id, EventKind::Downloaded).len(), n + 1, "{}", point.name());
    }
    door.front.world.injector().disarm();
    door.front.world.injector().arm(Plan::nth(Point::RequestsCommit, 0));
    assert_eq!(door.fetch(&me, &id).await.status, 503);
    assert_eq!(door.export(&id).downloads, 2, "what was not written down is not given out");
    assert_eq!(door.fetch(&me, &id).await.status, 303);
    let events = door.events(&id, EventKind::Downloaded);
    let last = events.last().expect("an event");
    assert!(last.who.starts_with("subject:") && last.wake.is_none(), "{last:?}");
    let detail: Vec<_> = last.detail.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(detail, ["by=token", "link=3", "package=1"]);
    assert_eq!(door.front.request(&id).progress_by, progress_by, "fetching is no progress");
}

#[tokio::test]
async fn a_package_that_is_gone_from_the_bucket_is_gone() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let store: &dyn Packages = &door.front.world;
    store.destroy(&tenant("demo"), &id).await.expect("destroyed");
    assert_eq!(door.fetch(&person(&[PERSON]), &id).await.status, 410);
}

#[tokio::test]
async fn a_link_is_nowhere_but_in_the_answer() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let by_token = door.fetch(&person(&[PERSON]), &id).await;
    let code = door.code(&id).await;
    let by_code = door.enter(&id, &code).await;
    for answer in [&by_token, &by_code] {
        let link = link_of(answer);
        assert!(!format!("{answer:?}").contains(&link), "{answer:?}");
        let stored = format!("{:?}", door.front.world.all_requests());
        let history = serde_json::to_string(&door.front.world.stream().history()).expect("JSON");
        for text in [stored, history] {
            assert!(!text.contains("memory://") && !text.contains("203.0.113.7"), "{text}");
        }
    }
}

#[tokio::test]
async fn only_a_subject_fetches_and_each_role_does_what_the_rules_say() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    for role in Role::ALL {
        for route in super::super::ROUTES {
            let who = Principal { role, ..person(&[PERSON]) };
            let answer = door.ask(&who, route.method, &route.resource.replace("{id}", id.as_str())).await;
            let may = role.may(route.endpoint.action());
            assert_eq!(answer.status != 403, may, "{role:?} {:?}: {}", route.endpoint, answer.body);
        }
    }
    assert_eq!(
        door.ask(&person(&[PERSON]), "DELETE", &format!("/v1/requests/{id}/export")).await.status,
        405
    );
    assert_eq!(door.ask(&person(&[PERSON]), "GET", &format!("/v1/requests/{id}/import")).await.status, 404);
}

#[tokio::test]
async fn what_is_unusual_is_in_the_timeline() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let why = async |address: &str| {
        assert_eq!(door.fetch_from(address, &id).await.status, 303);
        door.advance(SignedDuration::from_mins(3));
        door.events(&id, EventKind::Downloaded).last().and_then(|event| event.why.clone())
    };
    for (address, expect) in [
        ("203.0.113.1", None),
        ("203.0.113.2", None),
        ("203.0.113.1", None),
        ("203.0.113.3", Some("many-addresses")),
        ("203.0.113.3", None),
        ("203.0.113.4", Some("many-addresses")),
        ("203.0.113.4", None),
    ] {
        assert_eq!(why(address).await.as_deref(), expect, "{address}");
    }
    assert_eq!(door.export(&id).addresses.len(), 4, "a download from any of them is no surprise");
    for n in 5..=12 {
        assert_eq!(why(&format!("203.0.113.{n}")).await.as_deref(), Some("many-addresses"));
    }
    assert_eq!(door.export(&id).addresses.len(), 10);
    let timeline = door.front.ask(&person(&[PERSON]), "GET", &format!("/v1/requests/{id}/timeline")).await;
    assert!(timeline.body.contains("many-addresses") && timeline.body.contains("export.downloaded"));
    assert!(!timeline.body.contains("203.0.113"), "{}", timeline.body);
}

#[tokio::test]
async fn many_links_at_once_are_unusual() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let mut whys = Vec::new();
    for minutes in [0, 1, 1, 1, 1, 1, 10] {
        door.advance(SignedDuration::from_mins(minutes));
        assert_eq!(door.fetch_from("203.0.113.1", &id).await.status, 303);
        whys.push(door.events(&id, EventKind::Downloaded).last().and_then(|event| event.why.clone()));
    }
    let marked: Vec<bool> = whys.iter().map(|why| why.as_deref() == Some("many-links")).collect();
    assert_eq!(marked, [false, false, false, false, false, true, false], "{whys:?}");
}

/// Wherever a call fails, no link is there that was not counted, and the same call again gives one.
#[tokio::test]
async fn a_fetch_that_failed_anywhere_is_made_good_by_the_next() {
    async fn prepared() -> (Door, RequestId, String) {
        let door = door();
        let id = door.ready(PERSON, 1).await;
        let code = door.code(&id).await;
        door.front.world.injector().reset();
        (door, id, code)
    }
    for by_code in [false, true] {
        let fetch = async |door: &Door, id: &RequestId, code: &str| {
            if by_code { door.enter(id, code).await } else { door.fetch(&person(&[PERSON]), id).await }
        };
        let (door, id, code) = prepared().await;
        assert_eq!(fetch(&door, &id, &code).await.status, 303);
        let calls = door.front.world.injector().total();
        assert!(calls > 4, "{calls}");
        for n in 0..calls {
            for when in [When::Before, When::Midway, When::After] {
                let (door, id, code) = prepared().await;
                door.front.world.injector().arm(Plan::call(n).when(when));
                let first = fetch(&door, &id, &code).await;
                assert_eq!(door.front.world.injector().struck(), 1);
                assert_eq!((first.status, Door::header(&first, "location")), (503, None), "{n} {when:?}");
                let link = link_of(&fetch(&door, &id, &code).await);
                assert!(door.front.world.fetch(&link).is_some(), "{n} {when:?}");
                let counted = door.export(&id).downloads;
                assert!((1..=2).contains(&counted), "{n} {when:?}");
                assert_eq!(door.events(&id, EventKind::Downloaded).len(), counted as usize);
                let uses = door.export(&id).token.expect("a token").uses;
                assert_eq!(uses, if by_code { counted } else { 0 });
                let kept = door.ports.visits.kept(&tenant("demo"), &id, door.ports.clock.now()).await;
                assert!(kept.expect("visits").iter().any(|(number, _)| *number == counted));
            }
        }
    }
}
