//! The page, and what is sent to it.

use super::super::{form, page};
use super::*;
use proptest::prelude::*;

const CODE: &str = "93885a4b0d1f6e2c7a93885a4b0d1f6e2c7a93885a4b0d1f6e2c7a93885a4b0d";

#[test]
fn the_page_runs_nothing_loads_nothing_and_is_framed_by_nobody() {
    let page = super::super::page();
    assert_eq!(page.status, 200);
    let html = page.body.to_lowercase();
    for absent in
        ["<script", "javascript:", " onclick", " onload", " onsubmit", "http", "src=", "url(", "@import"]
    {
        assert!(!html.contains(absent), "{absent}");
    }
    let header = |name| Door::header(&page, name).unwrap_or_default();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-content-type-options"), "nosniff");
    let policy = header("content-security-policy");
    let rules: Vec<&str> = policy.split(';').map(str::trim).collect();
    assert_eq!(
        rules,
        [
            "default-src 'none'",
            "style-src 'unsafe-inline'",
            "form-action 'self' https://*.amazonaws.com https://*.amazonaws.com.cn",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    );
}

#[test]
fn a_size_is_said_as_people_say_it() {
    let of = |bytes| {
        let packages = [Package { name: "a.zip".into(), bytes, sha256: String::new() }];
        let answer = super::super::page::parts(&packages);
        let size = answer.body.split("1 of 1, ").nth(1).and_then(|rest| rest.split('<').next());
        size.expect("a size").to_owned()
    };
    assert_eq!(of(15), "15 bytes");
    assert_eq!(of(1_500), "1.5 kB");
    assert_eq!(of(2 << 30), "2.2 GB");
    assert_eq!(of(u64::MAX), "1844674407.4 GB");
}

fn code_of(text: &str) -> Option<(String, Option<usize>)> {
    form::read(text.as_bytes()).map(|form| (form.code.expose().to_owned(), form.package))
}

#[test]
fn a_code_is_read_as_people_paste_it() {
    let (a, b) = CODE.split_at(32);
    for text in [
        format!("code={CODE}"),
        format!("code=++{CODE}%0D%0A"),
        format!("code={a}%0d%0a{b}&package="),
        format!("code={}", CODE.to_uppercase()),
        format!("x=1&code=%39{}&y", &CODE[1..]),
        format!("code={a}%C2%A0{b}"),
    ] {
        assert_eq!(code_of(&text), Some((CODE.to_owned(), None)), "{text}");
    }
    assert_eq!(code_of(&format!("code={CODE}&package=12")), Some((CODE.to_owned(), Some(12))));
}

#[test]
fn what_is_no_form_holds_no_code() {
    let long = "0".repeat(5_000);
    for text in [
        "",
        "=",
        "&&&",
        "code",
        "code=",
        "code=%",
        "code=%zz",
        "code=%4",
        "code=%ff",
        &format!("code=%00{CODE}"),
        &format!("code={CODE}0"),
        &format!("code=g{}", &CODE[1..]),
        &format!("Code={CODE}"),
        &format!("code={CODE}&code={CODE}"),
        &format!("code={CODE}&package=1&package=2"),
        &format!("code={CODE}&package=0"),
        &format!("code={CODE}&package=<b>"),
        &format!("code={CODE}&pad={long}"),
        &format!("{{\"code\":\"{CODE}\"}}"),
    ] {
        assert_eq!(code_of(text), None, "{text}");
    }
    assert!(form::read(b"code=\xff\xfe").is_none());
}

#[tokio::test]
async fn a_page_repeats_nothing_that_was_sent() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let answer = door.post_form("demo", id.as_str(), b"code=<img src=x>zqx7mark").await;
    assert_eq!(answer.status, 400);
    assert!(!answer.body.contains("zqx7mark") && !answer.body.contains("<img"));
    assert!(answer.body.contains("role=\"alert\""));
}

proptest! {
    #[test]
    fn no_form_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "(code|package)?=?[%&=+0-9a-f]{0,200}") {
        for form in [bytes.as_slice(), text.as_bytes()] {
            if let Some(read) = form::read(form) {
                prop_assert_eq!(read.code.expose().len(), 64);
            }
        }
        prop_assert_eq!(page().body.matches("<form").count(), 1);
    }
}
