//! Deliveries over ports in memory.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::logs::Packed;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::SignedDuration;
use ports::{Class, Code, LONGEST_LINE};
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::inject::{Plan, Point, When};
use testkit::memory::World;

use super::*;
use crate::masking::Ready;

const GROUP: &str = "/shop/app";
const COPIED: &str = "/shop/app/masked";
const OWN: &str = "/lacuna/lacuna/functions";

struct Front {
    world: World,
    ports: Ports,
}

/// A deployment in which [`GROUP`] has a copy, and whose tenant has these rules; with none, by no tenant's rules.
fn front(masking: Option<&Value>) -> Front {
    let world = World::new(7);
    world.make_copy(COPIED);
    if let Some(rules) = masking {
        put(&world, rules);
    }
    let masking_ports = by_rules::Ports {
        tenants: world.tenants(),
        keyring: world.keyring(),
        clock: world.clock(),
        ready: Ready::default(),
    };
    let tenant = masking.map(|_| "demo".parse().expect("a tenant"));
    let ports = Ports { masking: masking_ports, tenant, copies: world.log_copies(), own_logs: OWN.into() };
    Front { world, ports }
}

fn put(world: &World, rules: &Value) {
    let settings = json!({"tenant": "demo", "name": "Demo", "cooling_off_for": "P30D", "masking": rules});
    world.put_settings(serde_json::from_value(settings).expect("settings"));
}

/// Bytes, packed as they are handed over.
fn packed(bytes: &[u8]) -> Invocation {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).expect("written");
    let data = STANDARD.encode(gzip.finish().expect("compressed"));
    Invocation { awslogs: Packed { data: Personal::new(data) } }
}

fn delivery(kind: &str, group: &str, stream: &str, lines: &[(i64, &str)]) -> Invocation {
    let line = |(n, (at, text)): (usize, &(i64, &str))| json!({"id": n.to_string(), "timestamp": at, "message": text});
    let lines: Vec<Value> = lines.iter().enumerate().map(line).collect();
    let delivery = json!({"messageType": kind, "owner": "111122223333", "logGroup": group, "logStream": stream,
        "subscriptionFilters": ["lacuna-mask"], "logEvents": lines});
    packed(delivery.to_string().as_bytes())
}

impl Front {
    fn now(&self) -> i64 {
        self.world.fake_clock().peek().as_millisecond()
    }

    async fn hear(&self, invocation: &Invocation) -> Done {
        run(&self.ports, invocation).await.expect("heard")
    }

    /// Hands over lines of [`GROUP`], all of this instant.
    async fn lines(&self, stream: &str, lines: &[&str]) -> Result<Done, StepError> {
        let lines: Vec<_> = lines.iter().map(|text| (self.now(), *text)).collect();
        run(&self.ports, &delivery("DATA_MESSAGE", GROUP, stream, &lines)).await
    }

    /// What became of one line.
    async fn masked(&self, line: &str) -> String {
        self.lines("web", &[line]).await.expect("heard");
        self.copied("web").pop().expect("a line")
    }

    fn copied(&self, stream: &str) -> Vec<String> {
        let lines = self.world.copied(COPIED).remove(stream).unwrap_or_default();
        lines.into_iter().map(|(_, text)| text).collect()
    }
}

#[tokio::test]
async fn lines_are_masked_and_appended_to_the_stream_of_that_name_in_order() {
    let front = front(None);
    let now = front.now();
    let lines = [
        (now, "second\n"),
        (now - 9, "from john@example.com"),
        (now, "third 4111 1111 1111 1111"),
        (now + 1, "é"),
    ];
    let done = front.hear(&delivery("DATA_MESSAGE", GROUP, "web", &lines)).await;
    assert_eq!(done, Done { copied: 4, left_out: 0 });
    let expect = [
        (now - 9, "from j***@example.com"),
        (now, "second\n"),
        (now, "third **** **** **** 1111"),
        (now + 1, "é"),
    ];
    assert_eq!(front.world.copied(COPIED)["web"], expect.map(|(at, text)| (at, text.to_owned())));
    front.lines("db", &["other"]).await.expect("heard");
    assert_eq!((front.copied("web").len(), front.copied("db").len()), (4, 1));
}

#[tokio::test]
async fn json_stays_json_and_is_searched_as_it_reads() {
    let front = front(None);
    for (line, expect) in [
        (
            r#"{"to":"john\u0040example.com","phone":2125550123}"#,
            r#"{"to":"j***@example.com","phone":"******0123"}"#,
        ),
        // Over several lines it is one document; with something before it, or twice, each line is one.
        ("{\n \"to\": \"john\\u0040example.com\"\n}\n", "{\n \"to\": \"j***@example.com\"\n}\n"),
        ("{\"a\":\"john\\u0040example.com\"}\n{}", "{\"a\":\"j***@example.com\"}\n{}"),
        ("at\njohn@example.com", "at\nj***@example.com"),
    ] {
        assert_eq!(front.masked(line).await, expect);
    }
}

#[tokio::test]
async fn lines_are_masked_by_a_tenants_rules_as_they_are_now() {
    let front =
        front(Some(&json!({"default": "token", "custom": [{"name": "badge", "pattern": "B-[0-9]{4}"}]})));
    let first = front.masked("john@example.com").await;
    assert!(first.starts_with("email_") && first.len() == 32, "{first}");
    front.world.fake_clock().advance(SignedDuration::from_hours(1));
    assert_eq!(front.masked("JOHN@example.com").await, first, "a token joins");
    assert!(front.masked("B-1234").await.starts_with("badge_"));
    put(&front.world, &json!({"default": "redact", "kinds": {"card": "off"}}));
    assert_eq!(front.masked("john@example.com 4111111111111111").await, "[email] 4111111111111111");
    assert_eq!(self::front(None).masked("john@example.com B-1234").await, "j***@example.com B-1234");
}

#[tokio::test]
async fn with_a_mistake_in_the_rules_nothing_is_copied() {
    let front = front(Some(&json!({"default": "sha256"})));
    let error = front.lines("web", &["john@example.com"]).await.expect_err("a mistake");
    assert!(
        error.to_string().starts_with("settings-invalid: settings on demo: masking: sha256 is refused"),
        "{error}"
    );
    assert!(front.world.copied(COPIED).is_empty());
    // Nor without the key of the tokens.
    put(&front.world, &json!({"default": "token"}));
    front.world.injector().arm(Plan::outage("keyring."));
    let error = front.lines("web", &["john@example.com"]).await.expect_err("no key");
    assert_eq!(error.error_type(), Class::Transient.error_type());
    assert!(front.world.copied(COPIED).is_empty());
}

#[tokio::test]
async fn a_trial_is_no_line() {
    let front = front(None);
    let lines = [(front.now(), "CWL CONTROL MESSAGE: Checking health of destination Lambda.")];
    assert_eq!(front.hear(&delivery("CONTROL_MESSAGE", "", "", &lines)).await, Done::default());
    assert_eq!(front.hear(&delivery("CONTROL_MESSAGE", GROUP, "web", &lines)).await, Done::default());
    assert_eq!(front.hear(&delivery("DATA_MESSAGE", GROUP, "web", &[])).await, Done::default());
    assert!(front.world.copied(COPIED).is_empty());
}

#[tokio::test]
async fn a_copy_and_the_functions_own_lines_are_not_copied() {
    let front = front(None);
    front.world.make_copy(&format!("{COPIED}/masked"));
    front.world.make_copy(&format!("{OWN}/masked"));
    for group in [COPIED, OWN] {
        let lines = [(front.now(), "a"), (front.now(), "b")];
        // An error would be tried again, and its lines would be delivered again.
        let done = front.hear(&delivery("DATA_MESSAGE", group, "web", &lines)).await;
        assert_eq!(done, Done { copied: 0, left_out: 2 }, "{group}");
    }
    assert_eq!(front.world.injector().total(), 0, "nothing was called");
}

#[test]
fn a_copy_is_named_after_its_group() {
    let check =
        |group: &str, expect: Option<&str>| assert_eq!(copy_of(group, OWN).as_deref(), expect, "{group}");
    check(GROUP, Some(COPIED));
    check("a#b_c-d.e/F9", Some("a#b_c-d.e/F9/masked"));
    check("/shop/masked/app", Some("/shop/masked/app/masked"));
    check("/shop/unmasked", Some("/shop/unmasked/masked"));
    check("/lacuna/lacuna/functions2", Some("/lacuna/lacuna/functions2/masked"));
    for none in ["", "/masked", COPIED, OWN, "a b", "a:b", "a*", "é", "a\n"] {
        check(none, None);
    }
    let (longest, longer) = ("x".repeat(505), "x".repeat(506));
    assert_eq!(copy_of(&longest, OWN).map(|copy| copy.len()), Some(LONGEST_NAME));
    assert_eq!(copy_of(&longer, OWN), None);
    assert_eq!(copy_of("/aws/lambda/shop", "").as_deref(), Some("/aws/lambda/shop/masked"));
}

#[test]
fn a_stream_keeps_its_name_but_for_who_is_in_it() {
    let masker = Masker::default();
    let check = |name: &str, expect: &str| assert_eq!(stream_of(&masker, name), Ok(expect.to_owned()));
    for same in [
        "web-1",
        "2026/03/02/[$LATEST]94fa867e5374431291a7fc14e2f56ae7",
        "2026/03/02/shop-api[live]0123456789abcdef0123456789abcdef",
        "ecs/app/0f9de17a6465404e8b1b2356dc13c2f8",
        "i-0abcd1234ef567890",
        "ip-10-0-1-2.eu-central-1.compute.internal-application.var.log.containers.shop-7d9c8b6f5d-x2abq_default_app-1f6a.log",
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "aws-kinesis/é",
    ] {
        check(same, same);
    }
    check("web/john@example.com:7", "web/j---@example.com-7");
    check("john@example.com", "j---@example.com");
    assert_eq!(stream_of(&masker, &"é".repeat(600)).map(|name| name.chars().count()), Ok(LONGEST_NAME));
}

#[tokio::test]
async fn a_line_that_became_too_long_is_several_and_an_empty_one_none() {
    let front = front(Some(&json!({"default": "token", "custom": [{"name": "at", "pattern": "@"}]})));
    // Each of these becomes 29 bytes.
    let done = front.lines("web", &[&"@".repeat(100_000), "", "end"]).await;
    let copied = front.copied("web");
    assert_eq!(done, Ok(Done { copied: copied.len(), left_out: 0 }));
    let lengths: Vec<usize> = copied.iter().map(String::len).collect();
    assert_eq!(lengths, [LONGEST_LINE, LONGEST_LINE, 900_000, 3]);
    assert!(!copied.concat().contains('@'));
}

#[tokio::test]
async fn a_delivery_of_many_lines_is_appended_in_batches() {
    let front = front(None);
    let many = vec!["x"; 25_000];
    assert_eq!(front.lines("web", &many).await, Ok(Done { copied: 25_000, left_out: 0 }));
    assert_eq!(front.world.injector().total(), 3);
    let long = "y".repeat(700_000);
    assert_eq!(front.lines("long", &[&long, &long, &long]).await, Ok(Done { copied: 3, left_out: 0 }));
    assert_eq!(front.world.injector().total(), 6);
}

#[tokio::test]
async fn lines_that_are_too_old_are_counted() {
    let front = front(None);
    let now = front.now();
    let day = 24 * 60 * 60 * 1_000;
    let lines = [(now - 15 * day, "a"), (now - 2 * day, "b"), (now, "c"), (now + day, "d")];
    let done = front.hear(&delivery("DATA_MESSAGE", GROUP, "web", &lines)).await;
    assert_eq!(
        (done, front.copied("web")),
        (Done { copied: 2, left_out: 2 }, vec!["b".to_owned(), "c".to_owned()])
    );
}

/// However often it is tried, and wherever it ended before.
#[tokio::test]
async fn after_a_fault_at_any_call_the_next_try_copies_every_line() {
    let lines: Vec<String> = (0..20_005).map(|n| format!("{n} john@example.com")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let expect: Vec<String> = lines.iter().map(|line| line.replace("john@", "j***@")).collect();
    for call in 0..3 {
        for when in [When::Before, When::After] {
            let front = front(None);
            front.world.injector().arm(Plan::nth(Point::LogCopiesAppend, call).when(when));
            let error = front.lines("web", &lines).await.expect_err("a fault");
            assert_eq!(error.error_type(), Class::Transient.error_type());
            assert_eq!(front.lines("web", &lines).await, Ok(Done { copied: 20_005, left_out: 0 }));
            let copied = front.copied("web");
            assert_eq!(copied[copied.len() - expect.len()..], expect, "{call} {when:?}");
            let twice = usize::try_from(call).expect("few") + usize::from(when == When::After);
            assert_eq!(copied.len() - expect.len(), (twice * 10_000).min(20_005), "{call} {when:?}");
        }
    }
}

#[tokio::test]
async fn what_is_no_delivery_is_refused_and_not_quoted() {
    let front = front(None);
    let secret = "john@example.com";
    let check = async |invocation: &Invocation, expect: &str| {
        let Err(StepError::Fault(fault)) = run(&front.ports, invocation).await else {
            panic!("{expect}: it was taken");
        };
        assert_eq!(
            (fault.class, fault.code, fault.detail.as_str()),
            (Class::Permanent, Code::LogsNotCopied, expect)
        );
        assert!(!format!("{fault} {fault:?} {invocation:?}").contains("john"));
    };
    let plain = |data: &str| Invocation { awslogs: Packed { data: Personal::new(data) } };
    check(&plain(secret), "no-base64").await;
    check(&plain(&STANDARD.encode(secret)), "no-gzip").await;
    let whole = packed(secret.as_bytes()).awslogs.data.expose().to_owned();
    check(&plain(&STANDARD.encode(&STANDARD.decode(&whole).expect("base64")[..20])), "no-gzip").await;
    check(&packed(secret.as_bytes()), "no-delivery").await;
    check(&packed(b"{}"), "no-delivery").await;
    check(
        &packed(
            br#"{"messageType":"DATA_MESSAGE","logGroup":"/a","logStream":"john@example.com","logEvents":7}"#,
        ),
        "no-delivery",
    )
    .await;
    check(&delivery("OTHER", GROUP, secret, &[(0, secret)]), "no-delivery").await;
    check(&packed(&[0xff, 0xfe]), "no-delivery").await;
    check(&plain(&"A".repeat(delivery::MOST_PACKED + 4)), "too-large").await;
}

#[tokio::test]
async fn what_unpacks_to_more_than_it_may_is_not_read_to_its_end() {
    let front = front(None);
    let most = usize::try_from(delivery::MOST_UNPACKED).expect("it fits");
    for (bytes, expect) in [(most + 1, "too-large-unpacked"), (most, "no-delivery")] {
        let bomb = packed(&vec![b' '; bytes]);
        assert!(bomb.awslogs.data.expose().len() < 1 << 20, "it is small before");
        let Err(StepError::Fault(fault)) = run(&front.ports, &bomb).await else { panic!("it was taken") };
        assert_eq!(fault.detail, expect);
    }
}

#[tokio::test]
async fn a_copy_that_was_not_deployed_is_an_error_that_names_it() {
    let front = front(None);
    let lines = [(front.now(), "from john@example.com")];
    let heard = run(&front.ports, &delivery("DATA_MESSAGE", "/other", "john@example.com", &lines)).await;
    let error = heard.expect_err("no copy").to_string();
    assert_eq!(error, "logs-not-copied: log_copies.append on /other/masked: no-such-copy");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the lines are, what is in the copy is what masking makes of them, in order; and nobody's address is in it.
    #[test]
    fn a_copy_has_every_line_masked(
        lines in prop::collection::vec((0..100_i64, "[ -~é€\n]{0,30}", any::<bool>()), 0..40)
    ) {
        let front = front(None);
        let now = front.now();
        let lines: Vec<(i64, String)> = lines
            .into_iter()
            .map(|(ago, text, named)| (now - ago, if named { format!("{text}\njohn@example.com") } else { text }))
            .collect();
        let given: Vec<(i64, &str)> = lines.iter().map(|(at, text)| (*at, text.as_str())).collect();
        let invocation = delivery("DATA_MESSAGE", GROUP, "web", &given);
        let heard = futures::executor::block_on(run(&front.ports, &invocation));
        let mut expect: Vec<(i64, String)> = Vec::new();
        for (at, text) in given.iter().filter(|(_, text)| !text.is_empty()) {
            expect.push((*at, mask(&Masker::default(), text).expect("text").expose().to_owned()));
        }
        expect.sort_by_key(|(at, _)| *at);
        prop_assert_eq!(heard, Ok(Done { copied: expect.len(), left_out: 0 }));
        let copied = front.world.copied(COPIED).remove("web").unwrap_or_default();
        prop_assert!(copied.iter().all(|(_, text)| !text.contains("john@example.com")));
        prop_assert_eq!(copied, expect);
    }
}
