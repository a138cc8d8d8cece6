//! Lists of requests and events.

use std::collections::BTreeSet;

use domain::{Request, RequestId, Status, TenantId};
use ports::Overdue;

use super::Deployment;
use super::fixtures::{after, change, committed, new_request, now, pseudonyms, request, taken_in, tenant};

async fn many(d: &Deployment, tenant: &TenantId, count: u32) -> Vec<Request> {
    let mut all = Vec::new();
    for second in 0..count {
        let subject = pseudonyms(&format!("{tenant}-{second}"), 1);
        all.push(taken_in(d, tenant, second, &subject).await);
    }
    all
}

/// Every page of a list, from the first. The last one may be empty.
async fn pages(d: &Deployment, tenant: &TenantId, status: Option<Status>, limit: usize) -> Vec<Request> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = d.requests.list(tenant, status, cursor.as_deref(), limit).await.expect("a page");
        assert!(page.requests.len() <= limit);
        let ended = page.requests.is_empty();
        all.extend(page.requests);
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
        assert!(!ended, "an empty page has no next one");
        assert!(all.len() <= 1_000, "a list that does not end");
    }
}

/// Each once.
pub async fn requests_are_listed_newest_first_page_by_page(d: &Deployment) {
    let (mine, other, nobody) = (tenant("list"), tenant("list-other"), tenant("list-nobody"));
    let mut expect = many(d, &mine, 7).await;
    expect.reverse();
    many(d, &other, 3).await;
    for limit in [1, 3, 7, 100] {
        assert_eq!(pages(d, &mine, None, limit).await, expect, "{limit}");
    }
    assert_eq!(pages(d, &nobody, None, 3).await, vec![]);
}

/// As they are now.
pub async fn requests_are_listed_by_status(d: &Deployment) {
    let tenant = tenant("list-status");
    let all = many(d, &tenant, 6).await;
    let mut planning = Vec::new();
    for request in [&all[1], &all[2], &all[4]] {
        planning.insert(0, committed(d, &change(request, Status::Planning)).await);
    }
    for limit in [1, 2, 3, 100] {
        let found = pages(d, &tenant, Some(Status::Planning), limit).await;
        assert_eq!(found, planning, "{limit}");
        let found = pages(d, &tenant, Some(Status::Accepted), limit).await;
        let expect = [&all[5], &all[3], &all[0]].map(Request::clone);
        assert_eq!(found, expect, "{limit}");
    }
    let found = pages(d, &tenant, Some(Status::Erasing), 2).await;
    assert_eq!(found, vec![]);
}

/// A cursor of another tenant moves within the caller's own list.
pub async fn a_cursor_never_leaves_its_tenant(d: &Deployment) {
    let (mine, other) = (tenant("cursor"), tenant("cursor-other"));
    many(d, &mine, 4).await;
    many(d, &other, 4).await;
    for status in [None, Some(Status::Accepted)] {
        let page = d.requests.list(&mine, status, None, 2).await;
        let cursor = page.expect("a page").next.expect("a cursor");
        assert!(!cursor.contains(mine.as_str()), "it is opaque");
        let page = d.requests.list(&other, status, Some(&cursor), 10).await;
        let found = page.expect("a page").requests;
        assert!(found.iter().all(|r| r.tenant == other), "{found:?}");
    }
}

/// From wherever the caller was.
pub async fn events_are_paged_in_order(d: &Deployment) {
    let tenant = tenant("events");
    let mut request = taken_in(d, &tenant, 1, &pseudonyms("events", 1)).await;
    for _ in 0..11 {
        request = committed(d, &change(&request, Status::Planning)).await;
    }
    let numbers = async |after, limit| {
        let events = d.requests.events(&tenant, &request.id, after, limit).await;
        let numbers: Vec<u32> = events.expect("events").iter().map(|e| e.n).collect();
        numbers
    };
    assert_eq!(numbers(0, 100).await, (1..=12).collect::<Vec<_>>());
    assert_eq!(numbers(0, 3).await, [1, 2, 3]);
    assert_eq!(numbers(8, 3).await, [9, 10, 11]);
    assert_eq!(numbers(11, 3).await, [12]);
    assert_eq!(numbers(12, 3).await, Vec::<u32>::new());
    assert_eq!(numbers(u32::MAX, 3).await, Vec::<u32>::new());
    assert_eq!(numbers(3, 0).await, Vec::<u32>::new());
}

/// Those of all tenants, and only while they have a time.
pub async fn the_longest_overdue_come_first(d: &Deployment) {
    let tenants = [tenant("overdue-a"), tenant("overdue-b")];
    let mut expect: Vec<(TenantId, RequestId)> = Vec::new();
    let mut last = None;
    // Twenty requests: more than there are shards of the index.
    for second in 0..20_u32 {
        let tenant = &tenants[second as usize % 2];
        let subject = pseudonyms(&format!("overdue-{second}"), 1);
        let mut request = request(tenant, second, &subject);
        // The later it was taken in, the longer it is overdue.
        request.progress_by = Some(after(-1_000 - i64::from(second)));
        let created = d.requests.create(&new_request(&request)).await;
        assert_eq!(created, Ok(()));
        expect.insert(0, (tenant.clone(), request.id.clone()));
        last = Some(request);
    }
    let found = d.requests.overdue(Overdue::Open, now(), 100).await.expect("overdue");
    assert_eq!(found, expect);
    let found = d.requests.overdue(Overdue::Open, now(), 3).await.expect("overdue");
    assert_eq!(found, expect[..3]);
    let exactly = d.requests.overdue(Overdue::Open, after(-1_018), 100).await;
    assert_eq!(exactly.expect("overdue"), expect[..2]);
    let earlier = d.requests.overdue(Overdue::Open, after(-2_000), 100).await;
    assert_eq!(earlier, Ok(vec![]));

    let last = last.expect("a request");
    let mut looked_after = change(&last, Status::Planning);
    looked_after.request.progress_by = None;
    let looked_after = committed(d, &looked_after).await;
    let found = d.requests.overdue(Overdue::Open, now(), 100).await.expect("overdue");
    assert_eq!(found, expect[1..]);
    let mut later = change(&looked_after, Status::Planning);
    later.request.progress_by = Some(after(1));
    committed(d, &later).await;
    let found = d.requests.overdue(Overdue::Open, now(), 100).await.expect("overdue");
    let found: BTreeSet<_> = found.into_iter().collect();
    assert_eq!(found, expect[1..].iter().cloned().collect());
}

/// What has ended and was announced is in nobody's way: it is asked for by itself. One that nobody was told of is not.
pub async fn what_is_at_rest_is_overdue_by_itself(d: &Deployment) {
    let tenant = tenant("overdue-rest");
    let (mut at_rest, mut others) = (Vec::new(), Vec::new());
    for second in 0..4_u32 {
        let subject = pseudonyms(&format!("overdue-rest-{second}"), 1);
        let mut request = request(&tenant, second, &subject);
        request.progress_by = Some(after(-9_000 + i64::from(second)));
        assert_eq!(d.requests.create(&new_request(&request)).await, Ok(()));
        let planned = committed(d, &change(&request, Status::Planning)).await;
        let mut ended = change(&planned, Status::NoMatch);
        (ended.request.announced, ended.request.progress_by) = (second % 2 == 0, request.progress_by);
        committed(d, &ended).await;
        let side = if second % 2 == 0 { &mut at_rest } else { &mut others };
        side.push((tenant.clone(), request.id.clone()));
    }
    for (which, expect) in [(Overdue::AtRest, &at_rest), (Overdue::Open, &others)] {
        let found = d.requests.overdue(which, after(-8_000), 100).await.expect("overdue");
        assert_eq!(&found, expect, "{which:?}");
        let found = d.requests.overdue(which, after(-8_000), 1).await.expect("overdue");
        assert_eq!(found, expect[..1], "{which:?}");
    }
}
