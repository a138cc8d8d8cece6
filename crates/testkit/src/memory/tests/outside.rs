//! Sanction sources, announcements and the audit table.

use audit::{Block, Head};
use contract::outcome::Announcement;
use contract::page::Page;
use contract::sanction::Question;
use contract::settings::{SanctionSource, Settings, Webhook};
use domain::Personal;
use domain::event::Event;
use domain::hold::Verdict;
use ports::{Class, Code, Fault, LONGEST_LINE, LogLine, MOST_BYTES, MOST_LINES};

use super::{beginning, change, new_request, subject, tenant, with_request};
use crate::inject::{Plan, Point};
use crate::memory::{Channel, World};

fn settings(webhook: bool) -> Settings {
    Settings {
        tenant: tenant(),
        name: "Demo".into(),
        cooling_off_for: "P1D".into(),
        recheck_after: None,
        receipt_salt_for: None,
        catalog_version: None,
        webhook: webhook.then(|| Webhook { url: "https://hooks.example".into(), secret: "hook".into() }),
        topic: true,
        sanctions: vec![],
        allowed_hosts: vec![],
        rotate_keys_every: [].into(),
        exports: contract::settings::ExportSettings::default(),
        masking: None,
    }
}

fn down(code: Code) -> Fault {
    Fault::new(Class::Transient, code, "POST", "legal", "503")
}

#[tokio::test]
async fn sources_answer_as_scripted_and_then_clear() {
    let world = World::default();
    let request = new_request(1, vec![subject(1)]).request;
    let source = SanctionSource { id: "legal".into(), url: "https://legal.example".into(), stores: vec![] };
    let question = Question {
        tenant: tenant(),
        request_id: request.id,
        kind: request.kind,
        jurisdiction: request.jurisdiction,
        identities: vec![],
        store: None,
    };
    let denied = Verdict::Deny { reason: "fraud".into() };
    let fault = down(Code::SanctionUnavailable);
    world.answer_next("legal", Err(fault.clone()));
    world.answer_next("legal", Ok(denied.clone()));
    for expect in [Err(fault), Ok(denied), Ok(Verdict::Clear)] {
        let answer = world.sanctions().ask(&settings(false), &source, &question).await;
        assert_eq!(answer, expect);
    }
    assert_eq!(world.asked().len(), 3);
}

#[tokio::test]
async fn a_page_arrives_unless_the_pager_is_down() {
    let world = World::default();
    let page = Page {
        id: "p-1".into(),
        tenant: tenant(),
        request_id: new_request(1, vec![subject(1)]).request.id,
        store: "crm".parse().expect("a store"),
        code: Code::PersonFoundAgain.as_str().into(),
        team: "sales".into(),
        page: "sales-oncall".into(),
        doc: contract::page::doc(Code::PersonFoundAgain.as_str()),
    };
    world.injector().arm(Plan::nth(Point::PagerPage, 0));
    let fault = world.pager().page(&page).await.expect_err("down");
    assert_eq!((fault.code, world.paged()), (Code::PagingFailed, vec![]));
    assert_eq!(world.pager().page(&page).await, Ok(()));
    assert_eq!(world.paged(), [page]);
}

#[tokio::test]
async fn a_copy_takes_lines_of_two_weeks_and_only_as_many_as_it_may() {
    const HOUR: i64 = 3_600_000;
    let world = World::default();
    world.make_copy("/shop/masked");
    let now = world.fake_clock().peek().as_millisecond();
    let line = |at: i64| LogLine { at: now + at, text: Personal::new("x") };
    let append = async |lines: &[LogLine]| world.log_copies().append("/shop/masked", "web", lines).await;
    for (at, refused) in [(-14 * 24 * HOUR, 0), (-14 * 24 * HOUR - 1, 1), (2 * HOUR, 0), (2 * HOUR + 1, 1)] {
        assert_eq!(append(&[line(at)]).await, Ok(refused), "{at}");
    }
    assert_eq!(world.copied("/shop/masked")["web"].len(), 2);
    let long = LogLine { at: now, text: Personal::new("x".repeat(LONGEST_LINE + 1)) };
    let empty = LogLine { at: now, text: Personal::new("") };
    let most = |count: usize| vec![line(0); count];
    for wrong in [
        vec![],
        vec![long],
        vec![empty],
        vec![line(0), line(-1)],
        vec![line(-24 * HOUR - 1), line(0)],
        most(MOST_LINES + 1),
    ] {
        assert_eq!(append(&wrong).await.expect_err("too much").detail, "not-taken");
    }
    let half = LogLine { at: now, text: Personal::new("x".repeat(MOST_BYTES / 2)) };
    assert!(append(&[half.clone(), half]).await.is_err());
    for stream in ["", "a:b", "a*b", &"x".repeat(513)] {
        assert!(world.log_copies().append("/shop/masked", stream, &[line(0)]).await.is_err());
    }
    world.injector().arm(Plan::nth(Point::LogCopiesAppend, 0));
    assert_eq!(append(&[line(0)]).await.expect_err("down").code, Code::LogsNotCopied);
}

#[tokio::test]
async fn announcements_arrive_or_fail_as_scripted() {
    let world = World::default();
    let request = new_request(1, vec![subject(1)]).request;
    let announcement = Announcement {
        id: "ann-1".into(),
        tenant: tenant(),
        request_id: request.id,
        kind: request.kind,
        status: request.status,
        closed_at: None,
        expires_at: None,
        reason: None,
        unproven: Vec::new(),
        stores: vec![],
    };
    let fault = down(Code::AnnouncementFailed);
    world.fail_announcement(Channel::Webhook, fault.clone());
    let announcer = world.announcer();
    let tell = |webhook| {
        let (announcer, announcement) = (announcer.clone(), announcement.clone());
        async move { announcer.webhook(&settings(webhook), &announcement, beginning()).await }
    };
    assert_eq!(tell(false).await, Ok(()), "nobody to tell");
    assert_eq!(tell(true).await, Err(fault));
    assert_eq!(tell(true).await, Ok(()));
    announcer.topic(&announcement).await.expect("published");
    let channels: Vec<_> = world.announced().iter().map(|a| a.channel).collect();
    assert_eq!(channels, [Channel::Webhook, Channel::Topic]);
}

#[tokio::test]
async fn an_event_is_chained_once_however_often_it_is_delivered() {
    let (world, request) = with_request(vec![subject(1)]).await;
    let next = change(&request);
    world.requests().commit(&next).await.expect("committed");
    let events = world.stream().drain();
    let log = world.audit_log();
    let block = |head: &Head, events: &[Event]| {
        Block::after(head, &tenant(), events, |_| "GDPR Art. 17".into()).expect("a block")
    };
    let genesis = log.head(&tenant()).await.expect("a head");
    let first = block(&genesis, &events[..1]);
    assert_eq!(log.append(&first).await, Ok(true));
    assert_eq!(log.append(&first).await, Ok(false), "its place is taken");
    let head = log.head(&tenant()).await.expect("a head");
    let both = block(&head, &events);
    assert_eq!(log.append(&both).await, Ok(false), "the first is chained");
    let rest = log.unchained(&tenant(), &events).await.expect("read");
    assert_eq!(rest, events[1..]);
    assert_eq!(log.append(&block(&head, &rest)).await, Ok(true));
    assert_eq!(world.audit_entries(&tenant()).len(), 2);
    assert!(world.verify_audit(&tenant()).is_ok());

    let fresh = change(&next.request).event;
    let doubled = [fresh.clone(), events[0].clone(), fresh.clone()];
    assert_eq!(log.unchained(&tenant(), &doubled).await, Ok(vec![fresh]));
    let twice = [events[0].clone(), events[0].clone()];
    let refused = log.append(&block(&genesis, &twice)).await;
    assert_eq!(refused.expect_err("refused").class, Class::Permanent);
}
