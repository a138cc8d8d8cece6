use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::testing::{Answer, Asked, Canned, canned};

const KEY: &str = "demo/checkpoint/1";

async fn evidence(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (S3Evidence, Canned) {
    let server = canned(answer).await;
    let config = aws_sdk_s3::config::Builder::from(&server.sdk()).force_path_style(true).build();
    (S3Evidence::new(Client::from_conf(config), "evidence"), server)
}

/// What was done, in short.
fn done(asked: &Asked) -> &'static str {
    match asked.method.as_str() {
        "GET" if asked.has("versions") => "list",
        "GET" => "get",
        "PUT" => "put",
        _ => "something else",
    }
}

fn version(key: &str, id: &str) -> String {
    format!("<Version><Key>{key}</Key><VersionId>{id}</VersionId></Version>")
}

fn marker(key: &str, id: &str) -> String {
    format!("<DeleteMarker><Key>{key}</Key><VersionId>{id}</VersionId></DeleteMarker>")
}

/// A page of a listing, and where the next one begins.
fn listing(entries: &[String], next: Option<(&str, &str)>) -> Answer {
    let next = next.map_or(String::new(), |(key, id)| {
        format!(
            "<IsTruncated>true</IsTruncated><NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>"
        )
    });
    Answer::xml(200, &format!("<ListVersionsResult>{next}{}</ListVersionsResult>", entries.concat()))
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::xml(status, &format!("<Error><Code>{code}</Code><Message>about {KEY}</Message></Error>"))
}

/// As S3 answers when this version was written, and the listing has these.
fn well(written: &'static str, listed: Vec<String>) -> impl Fn(&Asked) -> Answer + Send + Sync {
    move |asked| match done(asked) {
        "put" => Answer::xml(200, "").with("etag", "\"e\"").with("x-amz-version-id", written),
        "list" => listing(&listed, None),
        _ => Answer::xml(200, "bytes"),
    }
}

fn all_done(server: &Canned) -> Vec<&'static str> {
    server.asked().iter().map(done).collect()
}

#[tokio::test]
async fn an_object_is_put_if_there_is_none_with_its_sum() {
    let (evidence, server) = evidence(well("v1", vec![version(KEY, "v1")])).await;
    assert_eq!(evidence.put_once(KEY, b"proof".to_vec()).await, Ok(Put::Written));
    let asked = server.asked();
    assert_eq!(all_done(&server), ["put", "list"]);
    assert_eq!(asked[0].path, format!("/evidence/{KEY}"));
    assert_eq!(asked[0].header("if-none-match"), Some("*"));
    assert_eq!(asked[0].header("x-amz-checksum-sha256"), Some(&*STANDARD.encode(digest(&SHA256, b"proof"))));
    assert_eq!(asked[0].body, b"proof");
    // The retention is the bucket's: whoever could say one here could say a shorter one.
    assert_eq!(asked[0].header("x-amz-object-lock-mode"), None);
}

#[tokio::test]
async fn what_was_let_in_above_a_delete_marker_is_not_the_first() {
    let listed = vec![version(KEY, "v2"), version(KEY, "v1")];
    let (evidence, _server) = evidence(well("v2", listed)).await;
    assert_eq!(evidence.put_once(KEY, vec![1]).await, Ok(Put::There));
}

async fn check_put(answer: Answer, expect: Result<Put, (Class, &str)>) {
    let (evidence, _server) = evidence(move |_| answer.clone()).await;
    let got = evidence.put_once(KEY, vec![1]).await.map_err(|fault| (fault.class, fault.detail));
    assert_eq!(got, expect.map_err(|(class, detail)| (class, detail.to_owned())));
}

#[tokio::test]
async fn a_refused_put_is_told_by_its_code() {
    check_put(refused(412, "PreconditionFailed"), Ok(Put::There)).await;
    check_put(
        refused(409, "ConditionalRequestConflict"),
        Err((Class::Transient, "ConditionalRequestConflict")),
    )
    .await;
    check_put(refused(403, "AccessDenied"), Err((Class::Permanent, "AccessDenied"))).await;
    check_put(refused(503, "SlowDown"), Err((Class::Throttled, "SlowDown"))).await;
}

/// It would be replaced by the next one.
#[tokio::test]
async fn a_bucket_without_versions_is_no_place_for_proofs() {
    check_put(Answer::xml(200, ""), Err((Class::Permanent, "not-versioned"))).await;
    let null = Answer::xml(200, "").with("x-amz-version-id", "null");
    check_put(null, Err((Class::Permanent, "not-versioned"))).await;
    let (evidence, _server) = evidence(|_| listing(&[version(KEY, "null")], None)).await;
    let fault = evidence.get(KEY).await.expect_err("none");
    assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "not-versioned"));
}

#[tokio::test]
async fn a_version_that_is_not_listed_yet_is_asked_for_again() {
    let (evidence, _server) = evidence(well("v1", vec![])).await;
    let fault = evidence.put_once(KEY, vec![1]).await.expect_err("unknown");
    assert_eq!((fault.class, &*fault.detail), (Class::Transient, "not-listed"));
}

#[tokio::test]
async fn what_is_too_large_is_not_sent() {
    let (evidence, server) = evidence(well("v1", vec![])).await;
    let fault = evidence.put_once(KEY, vec![0; objects::MOST_BYTES + 1]).await.expect_err("too large");
    assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "too-large"));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn the_oldest_version_is_read_however_many_pages_lie_above_it() {
    let (evidence, server) = evidence(|asked| match done(asked) {
        "get" => Answer::xml(200, "proof"),
        _ if asked.query.contains("version-id-marker=v2") => {
            // The last page has a key that this one is the beginning of.
            listing(&[version(KEY, "v1"), version(&format!("{KEY}0"), "v0")], None)
        }
        _ => listing(&[marker(KEY, "v4"), version(KEY, "v3"), version(KEY, "v2")], Some((KEY, "v2"))),
    })
    .await;
    assert_eq!(evidence.get(KEY).await, Ok(Some(b"proof".to_vec())));
    assert_eq!(all_done(&server), ["list", "list", "get"]);
    assert!(server.asked()[0].query.contains("max-keys=2"), "few are read where few are looked for");
    let read = &server.asked()[2];
    assert_eq!(read.path, format!("/evidence/{KEY}"));
    assert!(read.query.contains("versionId=v1"), "{}", read.query);
}

#[tokio::test]
async fn a_key_that_only_others_begin_with_is_not_there() {
    let listed = [marker(KEY, "v2"), version(&format!("{KEY}0"), "v0")];
    let (evidence, server) = evidence(move |_| listing(&listed, Some((KEY, "v0")))).await;
    assert_eq!(evidence.get(KEY).await, Ok(None));
    assert_eq!(all_done(&server), ["list"], "there is nothing of it behind another key");
}

/// Somebody who may write can pile versions up, and must not keep us busy for ever.
#[tokio::test]
async fn versions_without_end_are_a_fault() {
    let (evidence, server) = evidence(|_| listing(&[version(KEY, "v9")], Some((KEY, "v9")))).await;
    let fault = evidence.get(KEY).await.expect_err("no end");
    assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "too-many-versions"));
    let fault = evidence.list("demo/", None, 2).await.expect_err("no end");
    assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "too-many-versions"));
    assert_eq!(server.asked().len(), 2 * MOST_PAGES);
}

#[tokio::test]
async fn a_page_that_names_no_next_one_is_a_fault() {
    let body = "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>";
    let (evidence, _server) = evidence(move |_| Answer::xml(200, body)).await;
    for fault in [
        evidence.get(KEY).await.expect_err("unknown"),
        evidence.list("demo/", None, 2).await.expect_err("unknown"),
    ] {
        assert_eq!((fault.class, &*fault.detail), (Class::Transient, "no-next-page"));
    }
}

#[tokio::test]
async fn keys_are_listed_once_whether_or_not_a_listing_has_its_marker() {
    let pages = Mutex::new(0);
    let (evidence, server) = evidence(move |_| {
        let mut page = pages.lock().expect("a count");
        *page += 1;
        match *page {
            // The first has the key that it should begin after, and the second goes on within a key.
            1 => listing(
                &[version("d/1", "v1"), version("d/2", "v9"), marker("d/3", "v1"), version("d/4", "v3")],
                Some(("d/4", "v3")),
            ),
            _ => listing(&[version("d/4", "v2"), version("d/5", "v1"), version("d/6", "v1")], None),
        }
    })
    .await;
    assert_eq!(
        evidence.list("d/", Some("d/1"), 3).await,
        Ok(["d/2", "d/4", "d/5"].map(str::to_owned).to_vec())
    );
    let asked = server.asked();
    for (asked, parts) in
        asked.iter().zip([["key-marker=d%2F1", "max-keys=4"], ["version-id-marker=v3", "max-keys=1000"]])
    {
        assert!(parts.iter().all(|part| asked.query.contains(part)), "{}", asked.query);
    }
}
