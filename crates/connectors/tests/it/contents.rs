//! Objects whole: their versions, and the content of each, from stores that answer well and others.

use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use connectors::s3::S3;
use domain::Personal;
use domain::catalog::FieldKind;
use domain::export::{Content, Datum, Row};
use domain::plan::Value;
use ports::stores::Opened;
use ports::{Class, Code, Collector, Contents, Fault};
use testkit::conformance::{Fixture, Scene};

use crate::faults::{avatar, bucket, check, record, target};
use crate::s3::{Bucket, Shape, fresh};
use crate::stub::{self, Raw};

const MARK: &str = "marked-person@example.com";
const MIB: usize = 1 << 20;

async fn raw(script: impl Fn(&str) -> Option<Raw> + Send + Sync + 'static) -> S3 {
    waiting(stub::PATIENT, script).await
}

/// One that does not wait for long: for a bucket that falls silent.
async fn hurried(script: impl Fn(&str) -> Option<Raw> + Send + Sync + 'static) -> S3 {
    waiting(stub::HURRIED, script).await
}

async fn waiting(patience: Duration, script: impl Fn(&str) -> Option<Raw> + Send + Sync + 'static) -> S3 {
    let config = stub::waiting(stub::serving_raw(script).await, patience);
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
    S3::over(aws_sdk_s3::Client::from_conf(config.build())).reading_for(patience)
}

fn answer(status: u16, headers: &str, length: usize, body: &[u8]) -> Raw {
    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n");
    Raw { bytes: [head.as_bytes(), body].concat(), stays: false }
}

fn error(status: u16, code: &str) -> Raw {
    let body = format!("<Error><Code>{code}</Code><Message>{MARK}</Message></Error>");
    answer(status, "", body.len(), body.as_bytes())
}

const ETAG: &str = "etag: \"one\"\r\n";

fn content(size: usize) -> Content {
    Content {
        key: Personal::new(format!("avatars/{MARK}.png")),
        shown_key: None,
        version_id: None,
        etag: Some("\"one\"".to_owned()),
        is_latest: true,
        media_type: None,
        size: size as u64,
    }
}

/// The pieces of a content, until its end or a fault.
async fn pieces(connector: &S3, content: &Content) -> (Vec<Vec<u8>>, Option<Fault>) {
    let store = bucket();
    let opened = connector.content(&target(&store), content).await.expect("an answer");
    let mut chunks = opened.there().expect("it is there");
    let mut pieces = Vec::new();
    loop {
        match chunks.next().await {
            Ok(Some(piece)) => pieces.push(piece),
            Ok(None) => {
                assert_eq!(chunks.next().await, Ok(None));
                return (pieces, None);
            }
            Err(fault) => {
                assert!(chunks.next().await.is_err(), "after a fault nothing follows");
                return (pieces, Some(fault));
            }
        }
    }
}

#[tokio::test]
async fn content_comes_in_pieces_of_one_size() {
    let body: Vec<u8> = (0..2 * MIB + 7).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
    let whole = body.clone();
    let connector = raw(move |request| {
        let head = request.to_lowercase();
        assert!(head.starts_with("get /bucket/avatars/") && head.contains("versionid=null"), "{head}");
        assert!(head.contains("if-match: \"one\""), "{head}");
        Some(answer(200, ETAG, whole.len(), &whole))
    })
    .await;
    let (pieces, fault) = pieces(&connector, &content(body.len())).await;
    assert_eq!(fault, None);
    assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [MIB, MIB, 7]);
    assert!(pieces.concat() == body);

    let connector = raw(|_| Some(answer(200, ETAG, 0, b""))).await;
    assert_eq!(self::pieces(&connector, &content(0)).await, (vec![], None));
}

/// What came before a fault is not the whole, and no fault quotes it.
#[tokio::test]
async fn content_that_breaks_off_or_stalls_is_a_fault() {
    let part = vec![b'x'; MIB + 9];
    let cut = part.clone();
    let connector = raw(move |_| Some(answer(200, ETAG, 3 * MIB, &cut))).await;
    let (got, fault) = pieces(&connector, &content(3 * MIB)).await;
    assert_eq!(got.len(), 1);
    check(&fault.expect("a fault"), Class::Transient, Code::StoreUnavailable, "the content broke off");

    let connector = hurried(move |_| Some(Raw { stays: true, ..answer(200, ETAG, 3 * MIB, &part) })).await;
    let (_, fault) = pieces(&connector, &content(3 * MIB)).await;
    check(&fault.expect("a fault"), Class::Transient, Code::StoreUnavailable, "no answer in time");

    // Whole by its own account, and not by what was said of it.
    for (size, what) in [(11, "the content broke off"), (9, "more content than was announced")] {
        let connector = raw(|_| Some(answer(200, ETAG, 10, b"0123456789"))).await;
        let (_, fault) = pieces(&connector, &content(size)).await;
        check(&fault.expect("a fault"), Class::Transient, Code::StoreUnavailable, what);
    }
}

#[tokio::test]
async fn content_that_is_gone_or_another_is_not_read() {
    let open = async |script: fn(&str) -> Option<Raw>| {
        let store = bucket();
        let connector = raw(script).await;
        connector.content(&target(&store), &content(3)).await.map(|opened| match opened {
            Opened::There(_) => "there",
            Opened::Gone => "gone",
            Opened::Archived => "archived",
        })
    };
    assert_eq!(open(|_| Some(answer(200, ETAG, 3, b"abc"))).await, Ok("there"));
    assert_eq!(open(|_| Some(error(404, "NoSuchKey"))).await, Ok("gone"));
    assert_eq!(open(|_| Some(error(404, "NoSuchVersion"))).await, Ok("gone"));
    assert_eq!(open(|_| Some(error(412, "PreconditionFailed"))).await, Ok("gone"));
    assert_eq!(open(|_| Some(answer(412, "", 0, b""))).await, Ok("gone"));
    assert_eq!(open(|_| Some(answer(200, "etag: \"two\"\r\n", 3, b"abc"))).await, Ok("gone"));
    assert_eq!(open(|_| Some(error(403, "InvalidObjectState"))).await, Ok("archived"));

    let failed = async |script| open(script).await.expect_err("it fails");
    let fault = failed(|_| Some(error(404, "NoSuchBucket"))).await;
    check(&fault, Class::Permanent, Code::StoreRefused, "NoSuchBucket");
    let fault = failed(|_| Some(error(403, "AccessDenied"))).await;
    check(&fault, Class::Permanent, Code::StoreRefused, "AccessDenied");
    let fault = failed(|_| Some(error(503, "SlowDown"))).await;
    check(&fault, Class::Throttled, Code::StoreThrottled, "SlowDown");
    let silent = hurried(|_| None).await;
    let fault = silent.content(&target(&bucket()), &content(3)).await.map(|_| ()).expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "no answer in time");
}

fn listed(inner: &str) -> Raw {
    let body = format!("<ListVersionsResult><IsTruncated>false</IsTruncated>{inner}</ListVersionsResult>");
    answer(200, "", body.len(), body.as_bytes())
}

const TWO: &str = "<Version><Key>avatars/7.png</Key><VersionId>b</VersionId><IsLatest>true</IsLatest></Version>\
    <Version><Key>avatars/7.png</Key><VersionId>a</VersionId><IsLatest>false</IsLatest></Version>\
    <DeleteMarker><Key>avatars/7.png</Key><VersionId>c</VersionId><IsLatest>false</IsLatest></DeleteMarker>\
    <Version><Key>avatars/7.png.bak</Key><VersionId>d</VersionId><IsLatest>true</IsLatest></Version>";

const HEAD: &str =
    "etag: \"one\"\r\nlast-modified: Mon, 02 Mar 2026 09:00:00 GMT\r\ncontent-type: image/png\r\n";

/// A version that is deleted between the listing and the question about it is none.
#[tokio::test]
async fn versions_are_told_and_markers_are_not() {
    for gone in ["", "a", "ab"] {
        let connector = raw(move |request| {
            if request.starts_with("GET") {
                return Some(listed(TWO));
            }
            let is_gone = gone.chars().any(|id| request.contains(&format!("versionId={id}")));
            Some(if is_gone { answer(404, "", 0, b"") } else { answer(200, HEAD, 5, b"") })
        })
        .await;
        let store = bucket();
        let collected = connector.collect(&target(&store), &[avatar("7")]).await.expect("an answer");
        let ids = collected.rows.iter().map(|row| {
            let content = row.content.as_ref().expect("a content");
            (content.version_id.as_deref().expect("an id"), content.is_latest)
        });
        let expected = [("b", true), ("a", false)];
        let expected: Vec<_> = expected.into_iter().filter(|(id, _)| !gone.contains(id)).collect();
        assert_eq!(ids.collect::<Vec<_>>(), expected);
        assert_eq!((collected.taken, collected.gone), (1, u64::from(gone == "ab")));
        for row in collected.rows {
            assert_eq!(row.version.as_deref(), Some("2026-03-02T09:00:00Z"));
            let content = row.content.expect("a content");
            assert_eq!((content.size, content.media_type.as_deref()), (5, Some("image/png")));
            assert_eq!((content.key.expose(), content.etag.as_deref()), ("avatars/7.png", Some("\"one\"")));
            assert_eq!(row.fields, [("person".to_owned(), Datum::text("7"))].into());
        }
    }
}

#[tokio::test]
async fn what_is_said_of_a_version_badly_is_a_fault() {
    let head = async |script: fn() -> Raw| {
        let connector =
            raw(move |request| if request.starts_with("GET") { Some(listed(TWO)) } else { Some(script()) })
                .await;
        let store = bucket();
        connector.collect(&target(&store), &[avatar("7")]).await.expect_err("it fails")
    };
    let fault = head(|| answer(403, "", 0, b"")).await;
    check(&fault, Class::Permanent, Code::StoreRefused, "HTTP 403");
    let fault = head(|| answer(503, "", 0, b"")).await;
    check(&fault, Class::Transient, Code::StoreUnavailable, "HTTP 503");
    let fault = head(|| answer(200, ETAG, 5, b"")).await;
    check(&fault, Class::Transient, Code::StoreUnavailable, "a version without length or time");
    let silent = hurried(|request| request.starts_with("GET").then(|| listed(TWO))).await;
    let fault = silent.collect(&target(&bucket()), &[avatar("7")]).await.expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "no answer in time");

    let connector = raw(|_| Some(error(403, "AccessDenied"))).await;
    let store = bucket();
    let fault = connector.collect(&target(&store), &[avatar("7")]).await.expect_err("it fails");
    check(&fault, Class::Permanent, Code::StoreRefused, "AccessDenied");
}

/// Nothing is asked about a key that does not name the person.
#[tokio::test]
async fn an_object_of_somebody_else_is_not_looked_at() {
    let connector = raw(|_| panic!("nothing is asked")).await;
    let store = bucket();
    let text = |text: &str| Value::of(FieldKind::Text, text);
    let asked = [
        record("object", text("avatars/8.png"), "person", text("7")),
        record("object", text("marked/7"), "person", text("7")),
    ];
    let collected = connector.collect(&target(&store), &asked).await.expect("an answer");
    assert_eq!((collected.rows.len(), collected.foreign, collected.taken), (0, 2, 2));
}

/// Each version is a request: after two thousand of them a call answers for what it has.
#[tokio::test]
async fn a_call_makes_no_more_requests_than_it_should() {
    let heads = Arc::new(AtomicUsize::new(0));
    let count = heads.clone();
    let connector = raw(move |request| {
        if request.starts_with("HEAD") {
            count.fetch_add(1, Ordering::Relaxed);
            return Some(answer(200, HEAD, 5, b""));
        }
        let at = request.find("prefix=").expect("a prefix");
        let key = request[at + 7..].split(['&', ' ']).next().expect("its text").replace("%2F", "/");
        let version = |id: usize| format!("<Version><Key>{key}</Key><VersionId>{id}</VersionId></Version>");
        Some(listed(&(0..20).map(version).collect::<String>()))
    })
    .await;
    let store = bucket();
    let asked: Vec<_> = (0..200).map(|person| avatar(&person.to_string())).collect();
    let collected = connector.collect(&target(&store), &asked).await.expect("rows");
    assert_eq!((collected.taken, collected.rows.len()), (100, 2000));
    assert!(heads.load(Ordering::Relaxed) <= 2000 + 20 * 16);
}

/// What a row's content reads as, whole.
async fn read(bucket: &Bucket, row: &Row) -> Option<Vec<u8>> {
    let scene = Scene::of(bucket);
    let content = row.content.as_ref().expect("a content");
    let contents = bucket.contents().expect("it has contents");
    let mut chunks = contents.content(&scene.target(), content).await.expect("an answer").there()?;
    let mut bytes = Vec::new();
    while let Some(piece) = chunks.next().await.expect("a piece") {
        assert!((1..=MIB).contains(&piece.len()));
        bytes.extend(piece);
    }
    Some(bytes)
}

async fn rows(bucket: &Bucket, who: &Value) -> Vec<Row> {
    let scene = Scene::of(bucket);
    let found = scene.locate(from_ref(who)).await;
    scene.collected(&found).await.rows
}

fn ann() -> Value {
    Value::of(FieldKind::Text, "ann")
}

/// 20 MB, under a key with odd characters, as they were put.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn what_was_put_is_what_is_read() {
    for shape in [Shape::Versioned, Shape::Plain] {
        let bucket = fresh(shape).await;
        let who = bucket.person(7);
        let key = match shape {
            Shape::Plain => "docs/7-o'dd \"k\u{eb}y\" + %41 😀.pdf".to_owned(),
            _ => format!("tickets/{}/o'dd \"k\u{eb}y\" + %41 😀.json", who.expose()),
        };
        let body: Vec<u8> =
            (0..20_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        bucket.put_typed(&key, None, body.clone()).await;
        let rows = rows(&bucket, &who).await;
        assert_eq!(rows.len(), 1);
        assert!(read(&bucket, &rows[0]).await == Some(body));
    }
}

/// Where no versions are kept, what was written since is not read in the place of what was there.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn what_was_replaced_since_is_not_read() {
    let bucket = fresh(Shape::Plain).await;
    let who = bucket.person(7);
    let key = "docs/7-1.pdf";
    bucket.put_typed(key, None, b"one".to_vec()).await;
    let before = rows(&bucket, &who).await;
    assert_eq!(before[0].content.as_ref().and_then(|content| content.version_id.as_ref()), None);
    assert_eq!(read(&bucket, &before[0]).await, Some(b"one".to_vec()));
    bucket.put_typed(key, None, b"two".to_vec()).await;
    assert_eq!(read(&bucket, &before[0]).await, None);
    assert_eq!(read(&bucket, &rows(&bucket, &who).await[0]).await, Some(b"two".to_vec()));
    bucket.cover(key).await;
    assert_eq!(read(&bucket, &before[0]).await, None);
    assert_eq!(rows(&bucket, &who).await, []);
}

/// Each version is read as it was, whatever was written or deleted since, until it is deleted itself.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn a_version_is_read_as_long_as_it_is_there() {
    let bucket = fresh(Shape::One).await;
    let key = "avatars/ann.png";
    bucket.put_typed(key, None, b"one".to_vec()).await;
    bucket.put_typed(key, None, b"two".to_vec()).await;
    let before = rows(&bucket, &ann()).await;
    bucket.put_typed(key, None, b"three".to_vec()).await;
    bucket.cover(key).await;
    for (row, body) in before.iter().zip([b"two", b"one"]) {
        assert_eq!(read(&bucket, row).await, Some(body.to_vec()));
    }
    let after = rows(&bucket, &ann()).await;
    assert_eq!(after.len(), 3);
    let latest = |row: &Row| row.content.as_ref().is_some_and(|content| content.is_latest);
    assert!(!after.iter().any(latest), "a delete marker is on top");
    let id = after[1].content.as_ref().and_then(|content| content.version_id.clone());
    let delete = bucket.client.delete_object().bucket(bucket.resource()).key(key);
    delete.set_version_id(id).send().await.expect("it goes");
    assert_eq!(read(&bucket, &before[0]).await, None);
    assert_eq!(read(&bucket, &before[1]).await, Some(b"one".to_vec()));
}

/// A version from before the bucket kept versions lies under the others and has no id.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn a_version_without_an_id_is_read_under_others() {
    use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
    let bucket = fresh(Shape::Plain).await;
    let who = bucket.person(7);
    bucket.put_typed("docs/7-1.pdf", None, b"one".to_vec()).await;
    let before = rows(&bucket, &who).await;
    let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let kept = bucket.client.put_bucket_versioning().bucket(bucket.resource());
    kept.versioning_configuration(versions).send().await.expect("it keeps versions");
    bucket.put_typed("docs/7-1.pdf", None, b"two".to_vec()).await;
    let after = rows(&bucket, &who).await;
    let bodies = [read(&bucket, &after[0]).await, read(&bucket, &after[1]).await];
    assert_eq!(bodies, [Some(b"two".to_vec()), Some(b"one".to_vec())]);
    assert_eq!(read(&bucket, &before[0]).await, Some(b"one".to_vec()));
}

/// More versions than are listed ahead, and more than one listing shows; the latest is the first.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn many_versions_are_all_shown() {
    let bucket = fresh(Shape::One).await;
    let key = "avatars/ann.png";
    for size in 0..1100 {
        bucket.put(key, size).await;
    }
    bucket.put("avatars/ann.png.bak", 3).await;
    bucket.put("avatars/anna.png", 3).await;
    let sizes: Vec<u64> =
        rows(&bucket, &ann()).await.iter().map(|row| row.content.as_ref().expect("a content").size).collect();
    assert_eq!(sizes, (0..1100).rev().collect::<Vec<u64>>());
}

/// What is located by a delete marker or an unfinished upload alone has nothing to show.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn an_object_without_versions_has_nothing_to_show() {
    let bucket = fresh(Shape::Versioned).await;
    let scene = Scene::of(&bucket);
    bucket.cover("tickets/ann/only-covered.json").await;
    bucket.begin_upload("tickets/ann/only-begun.json").await;
    bucket.put("tickets/ann/there.json", 3).await;
    let found = scene.locate(&[ann()]).await;
    assert_eq!(found.len(), 3);
    let collected = scene.collected(&found).await;
    assert_eq!((collected.rows.len(), collected.gone, collected.foreign), (1, 2, 0));
}
