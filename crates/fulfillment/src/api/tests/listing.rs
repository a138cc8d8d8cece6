//! Lists, page by page.

use domain::Status;
use domain::access::Role;
use jiff::SignedDuration;

use super::*;

/// Requests of these people, a second apart; the newest first.
async fn submitted(front: &Front, people: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut ids = Vec::new();
    for email in people {
        ids.push(front.submit(&email).await.to_string());
        front.world.fake_clock().advance(SignedDuration::from_secs(1));
    }
    ids.reverse();
    ids
}

/// Walks a list to its end; the ids, and how many pages it took.
async fn walked(front: &Front, who: &Principal, target: &str, limit: usize) -> (Vec<String>, usize) {
    let (mut ids, mut next, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let answer = front.ask(who, "GET", &format!("{target}limit={limit}{next}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let page = json_of(&answer);
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= limit);
        ids.extend(items.iter().map(|item| item["request_id"].as_str().expect("an id").to_owned()));
        pages += 1;
        match page.get("cursor") {
            Some(cursor) => next = format!("&cursor={}", cursor.as_str().expect("a cursor")),
            None => return (ids, pages),
        }
    }
}

fn people(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("p{n}@example.com"))
}

#[tokio::test]
async fn all_requests_come_once_newest_first_whatever_the_page() {
    let front = front();
    let ids = submitted(&front, people(7)).await;
    for limit in [1, 3, 7, 100] {
        assert_eq!(walked(&front, &caller(Role::Auditor), "/v1/requests?", limit).await.0, ids, "{limit}");
    }
    let there = Principal { tenant: tenant("other"), ..caller(Role::Admin) };
    assert!(walked(&front, &there, "/v1/requests?", 5).await.0.is_empty());
}

#[tokio::test]
async fn a_status_lists_those_that_have_it() {
    let front = front();
    let ids = submitted(&front, people(4)).await;
    let held: RequestId = ids[2].parse().expect("an id");
    front.change(&held, |draft| draft.request.status = Status::Planning).await;
    let who = caller(Role::Officer);
    assert_eq!(walked(&front, &who, "/v1/requests?status=planning&", 2).await.0, [ids[2].clone()]);
    assert_eq!(walked(&front, &who, "/v1/requests?status=accepted&", 2).await.0.len(), 3);
}

#[tokio::test]
async fn a_cursor_is_of_its_own_list() {
    let front = front();
    submitted(&front, people(3)).await;
    let who = caller(Role::Backend);
    let page = json_of(&front.ask(&who, "GET", "/v1/requests?limit=1").await);
    let cursor = page["cursor"].as_str().expect("a cursor").to_owned();
    for other in [
        format!("/v1/requests?status=accepted&cursor={cursor}"),
        format!("/v1/requests?cursor={}", &cursor[..cursor.len() - 2]),
    ] {
        let answer = front.ask(&who, "GET", &other).await;
        assert_eq!((answer.status, places(&answer)), (400, vec!["query:cursor".to_owned()]), "{other}");
    }
    let there = Principal { tenant: tenant("other"), ..who };
    assert_eq!(front.ask(&there, "GET", &format!("/v1/requests?cursor={cursor}")).await.status, 400);
}

#[tokio::test]
async fn a_person_lists_their_own_among_everybodys_however_far_apart() {
    let front = front();
    // Everybody else in between, so many that one call does not read through all of them.
    let mut own = Vec::new();
    for n in 0..6 {
        own.push(front.submit(&format!("me{n}@example.com")).await.to_string());
        submitted(&front, (0..203).map(|k| format!("other{n}-{k}@example.com"))).await;
    }
    own.reverse();
    let emails: Vec<String> = (0..6).map(|n| format!("me{n}@example.com")).collect();
    let me = person(&emails.iter().map(String::as_str).collect::<Vec<_>>());
    for limit in [1, 2, 4, 100] {
        let (ids, pages) = walked(&front, &me, "/v1/requests?", limit).await;
        assert_eq!(ids, own, "{limit}");
        assert!(pages > 1, "1,224 requests are more than one call reads");
    }
    let nobody = person(&["nobody@example.com"]);
    let (ids, _) = walked(&front, &nobody, "/v1/requests?", 50).await;
    assert!(ids.is_empty());
}

#[tokio::test]
async fn a_person_misses_nothing_when_the_list_moves_between_pages() {
    let front = front();
    let emails: Vec<String> = people(5).collect();
    let mut ids = submitted(&front, emails.clone()).await;
    let me = person(&emails.iter().map(String::as_str).collect::<Vec<_>>());
    let first = json_of(&front.ask(&me, "GET", "/v1/requests?status=accepted&limit=2").await);
    // The last one that was shown leaves the list, and a newer one enters it.
    let shown: RequestId = ids[1].parse().expect("an id");
    front.change(&shown, |draft| draft.request.status = Status::Planning).await;
    front.submit("p9@example.com").await;
    let cursor = first["cursor"].as_str().expect("a cursor");
    let rest =
        json_of(&front.ask(&me, "GET", &format!("/v1/requests?status=accepted&cursor={cursor}")).await);
    let rest: Vec<_> =
        rest["items"].as_array().expect("a list").iter().map(|i| i["request_id"].clone()).collect();
    assert_eq!(rest, ids.split_off(2));
}
