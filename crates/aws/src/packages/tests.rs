use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::writing::PART;
use super::*;
use crate::testing::{Answer, Asked, Canned, canned};

const REQUEST: &str = "req_01j00000000000000000000000";
const KMS_KEY: &str = "arn:aws:kms:us-east-1:1:key/2";

fn id() -> RequestId {
    REQUEST.parse().expect("a request's id")
}

fn tenant() -> TenantId {
    "demo".parse().expect("a tenant")
}

fn key() -> String {
    format!("demo/{REQUEST}/export.zip")
}

/// What was done, in short.
fn done(asked: &Asked) -> &'static str {
    match asked.method.as_str() {
        "GET" if asked.has("uploads") => "list uploads",
        "GET" if asked.has("versions") => "list versions",
        "POST" if asked.has("uploads") => "create",
        "POST" if asked.has("delete") => "delete",
        "POST" if asked.has("uploadId") => "complete",
        "PUT" if asked.has("partNumber") => "part",
        "PUT" => "put",
        "DELETE" if asked.has("uploadId") => "abort",
        _ => "something else",
    }
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::xml(status, &format!("<Error><Code>{code}</Code><Message>about {}</Message></Error>", key()))
}

/// As S3 answers when all is well, and nothing is there.
fn well(asked: &Asked) -> Answer {
    match done(asked) {
        "list uploads" => Answer::xml(200, "<ListMultipartUploadsResult></ListMultipartUploadsResult>"),
        "list versions" => Answer::xml(200, "<ListVersionsResult></ListVersionsResult>"),
        "create" => Answer::xml(
            200,
            "<InitiateMultipartUploadResult><UploadId>up1</UploadId></InitiateMultipartUploadResult>",
        ),
        "delete" => Answer::xml(200, "<DeleteResult></DeleteResult>"),
        "complete" => {
            Answer::xml(200, "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")
        }
        "part" | "put" => Answer::xml(200, "").with("etag", "\"e\""),
        _ => Answer::xml(204, ""),
    }
}

async fn packages(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (S3Packages, Canned) {
    let server = canned(answer).await;
    let config = aws_sdk_s3::config::Builder::from(&server.sdk()).force_path_style(true).build();
    (S3Packages::new(Client::from_conf(config), "exports", KMS_KEY), server)
}

async fn begun(packages: &S3Packages) -> Box<dyn Upload> {
    packages.begin(&tenant(), &id(), "export.zip").await.expect("begun")
}

fn all_done(server: &Canned) -> Vec<&'static str> {
    server.asked().iter().map(done).collect()
}

/// Abandoning happens beside us.
async fn until(server: &Canned, expect: &[&str]) {
    for _ in 0..200 {
        if all_done(server) == expect {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(all_done(server), expect);
}

fn check_encryption(asked: &Asked) {
    assert_eq!(asked.path, format!("/exports/{}", key()));
    for (name, expect) in [
        ("content-type", "application/zip"),
        ("cache-control", "no-store"),
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-aws-kms-key-id", KMS_KEY),
        ("x-amz-server-side-encryption-bucket-key-enabled", "false"),
    ] {
        assert_eq!(asked.header(name), Some(expect), "{name}");
    }
    let context = asked.header("x-amz-server-side-encryption-context").expect("a context");
    let context = STANDARD.decode(context).expect("base64");
    let context: serde_json::Value = serde_json::from_slice(&context).expect("JSON");
    assert_eq!(context, serde_json::json!({"tenant": "demo", "request": REQUEST}));
}

fn sum(bytes: &[u8]) -> String {
    STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}

#[tokio::test]
async fn a_small_package_is_put_at_once_under_its_own_key_and_context() {
    for size in [0, 1, PART] {
        let (packages, server) = packages(well).await;
        let mut upload = begun(&packages).await;
        upload.write(vec![7; size]).await.expect("written");
        upload.finish().await.expect("finished");
        let asked = server.asked();
        assert_eq!(all_done(&server), ["list uploads", "put"], "{size}");
        check_encryption(&asked[1]);
        assert_eq!(asked[1].body, vec![7; size]);
        let expect = sum(&vec![7; size]);
        assert_eq!(asked[1].header("x-amz-checksum-sha256"), Some(&*expect));
    }
}

#[tokio::test]
async fn a_large_package_goes_up_in_parts_each_with_its_sum() {
    let (packages, server) = packages(well).await;
    let mut upload = begun(&packages).await;
    let whole: Vec<u8> = (0..2 * PART + 5).map(|n| u8::try_from(n % 251).expect("a byte")).collect();
    for piece in whole.chunks(700_001) {
        upload.write(piece.to_vec()).await.expect("written");
    }
    upload.finish().await.expect("finished");
    let asked = server.asked();
    assert_eq!(all_done(&server)[..2], ["list uploads", "create"]);
    check_encryption(&asked[1]);
    assert_eq!(asked[1].header("x-amz-checksum-algorithm"), Some("SHA256"));
    let mut parts: Vec<&Asked> = asked.iter().filter(|asked| done(asked) == "part").collect();
    parts.sort_by(|one, other| one.query.cmp(&other.query));
    assert_eq!(parts.iter().flat_map(|part| part.body.clone()).collect::<Vec<u8>>(), whole);
    let last = asked.last().expect("a call");
    assert_eq!(done(last), "complete");
    assert_eq!(last.header("x-amz-mp-object-size"), Some(&*whole.len().to_string()));
    let listed = String::from_utf8(last.body.clone()).expect("text");
    let mut at = 0;
    for (part, bytes) in parts.iter().zip(whole.chunks(PART)) {
        assert_eq!(part.header("x-amz-checksum-sha256"), Some(&*sum(bytes)));
        // In their order, and with the sums that we made.
        at += listed[at..].find(&sum(bytes)).expect("its sum");
    }
}

#[tokio::test]
async fn at_most_two_parts_are_on_their_way() {
    static FLYING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let (packages, server) = packages(|asked| {
        if done(asked) != "part" {
            return well(asked);
        }
        MOST.fetch_max(FLYING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::spawn(async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            FLYING.fetch_sub(1, Ordering::SeqCst);
        });
        well(asked).after(Duration::from_millis(150))
    })
    .await;
    let mut upload = begun(&packages).await;
    upload.write(vec![1; 4 * PART]).await.expect("written");
    upload.finish().await.expect("finished");
    assert_eq!(server.asked().iter().filter(|asked| done(asked) == "part").count(), 4);
    assert_eq!(MOST.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_an_earlier_attempt_left_goes_and_nothing_else() {
    let (packages, server) = packages(|asked| match done(asked) {
        "list uploads" if asked.has("key-marker") => Answer::xml(
            200,
            &format!(
                "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>\
                 <Upload><Key>{}</Key><UploadId>second</UploadId></Upload></ListMultipartUploadsResult>",
                key()
            ),
        ),
        "list uploads" => Answer::xml(
            200,
            &format!(
                "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>\
                 <NextUploadIdMarker>u</NextUploadIdMarker><Upload><Key>{0}</Key><UploadId>first</UploadId></Upload>\
                 <Upload><Key>{0}.age</Key><UploadId>another</UploadId></Upload></ListMultipartUploadsResult>",
                key()
            ),
        ),
        // Somebody else gave it up meanwhile.
        "abort" if asked.query.contains("second") => refused(404, "NoSuchUpload"),
        _ => well(asked),
    })
    .await;
    begun(&packages).await;
    assert_eq!(all_done(&server), ["list uploads", "abort", "list uploads", "abort"]);
    let asked = server.asked();
    assert!(asked[1].query.contains("uploadId=first") && asked[3].query.contains("uploadId=second"));
    assert!(asked[2].query.contains("key-marker=k") && asked[2].query.contains("upload-id-marker=u"));
}

#[tokio::test]
async fn an_abandoned_and_a_dropped_upload_are_given_up() {
    let slow = |asked: &Asked| match done(asked) {
        "part" => well(asked).after(Duration::from_millis(100)),
        _ => well(asked),
    };
    for dropped in [false, true] {
        let (packages, server) = packages(slow).await;
        let mut upload = begun(&packages).await;
        upload.write(vec![1; PART + 1]).await.expect("written");
        if dropped {
            drop(upload);
        } else {
            upload.abandon().await.expect("abandoned");
        }
        // After the part has arrived: otherwise it would stay.
        until(&server, &["list uploads", "create", "part", "abort"]).await;
    }
    let (packages, server) = packages(slow).await;
    let mut upload = begun(&packages).await;
    upload.write(vec![1; PART]).await.expect("written");
    upload.abandon().await.expect("abandoned");
    assert_eq!(all_done(&server), ["list uploads"], "nothing of it was ever there");
}

#[tokio::test]
async fn a_part_that_is_refused_breaks_the_whole_and_is_given_up() {
    for (code, status, class) in [
        ("SlowDown", 503, Class::Throttled),
        ("AccessDenied", 403, Class::Permanent),
        ("BadDigest", 400, Class::Permanent),
        // A later attempt began.
        ("NoSuchUpload", 404, Class::Transient),
    ] {
        let (packages, server) = packages(move |asked| match done(asked) {
            "part" => refused(status, code),
            _ => well(asked),
        })
        .await;
        let mut upload = begun(&packages).await;
        upload.write(vec![1; PART + 1]).await.expect("on its way");
        let fault = upload.finish().await.expect_err("a fault");
        let expect = Fault::new(class, Code::ControlUnavailable, "s3:UploadPart", "exports", code);
        assert_eq!(fault, expect);
        let done = all_done(&server);
        assert!(!done.contains(&"complete") && done.last() == Some(&"abort"), "{done:?}");
    }
}

#[tokio::test]
async fn after_a_fault_nothing_more_is_taken() {
    let (packages, server) = packages(|asked| match done(asked) {
        "create" => refused(500, "InternalError"),
        _ => well(asked),
    })
    .await;
    let mut upload = begun(&packages).await;
    let fault = upload.write(vec![1; PART + 1]).await.expect_err("a fault");
    assert_eq!((fault.class, &*fault.detail), (Class::Transient, "InternalError"));
    let fault = upload.write(vec![1]).await.expect_err("broken");
    assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "broken"));
    assert_eq!(upload.finish().await.expect_err("broken").detail, "broken");
    assert_eq!(all_done(&server), ["list uploads", "create"], "and nothing is put");
}

/// S3 may say 200, and then that it failed.
#[tokio::test]
async fn a_failure_to_put_the_parts_together_is_a_fault_whatever_the_status() {
    for (status, code, class) in [
        (200, "InternalError", Class::Transient),
        (404, "NoSuchUpload", Class::Transient),
        (400, "InvalidPart", Class::Permanent),
    ] {
        let (packages, server) = packages(move |asked| match done(asked) {
            "complete" => refused(status, code),
            _ => well(asked),
        })
        .await;
        let mut upload = begun(&packages).await;
        upload.write(vec![1; PART + 1]).await.expect("written");
        let fault = upload.finish().await.expect_err("a fault");
        assert_eq!((fault.operation, &*fault.detail), ("s3:CompleteMultipartUpload", code));
        assert_eq!(fault.class, class, "{status} {code}");
        assert_eq!(all_done(&server).last(), Some(&"abort"));
    }
}

#[tokio::test]
async fn a_name_is_one_part_of_a_key() {
    let (packages, server) = packages(well).await;
    for name in ["", ".", "..", ".hidden", "a/b", "../a", "*", "a b", "\u{e4}", &"a".repeat(129)] {
        let fault = packages.begin(&tenant(), &id(), name).await.map(drop).expect_err("none");
        assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "not-a-name"), "{name}");
    }
    assert_eq!(server.asked().len(), 0);
    assert_eq!(content_type("export.ZIP"), "application/zip");
    assert_eq!(content_type("export.zip.age"), "application/octet-stream");
    assert_eq!(content_type("zip"), "application/octet-stream");
}

/// A bucket with these entries, from which what is deleted goes.
fn bucket(entries: &[&'static str]) -> impl Fn(&Asked) -> Answer + Send + Sync + use<> {
    let left: Arc<Mutex<BTreeSet<&'static str>>> = Arc::new(Mutex::new(entries.iter().copied().collect()));
    move |asked| {
        let mut left = left.lock().expect("a lock");
        match done(asked) {
            "list uploads" => {
                let one = left.iter().find(|entry| entry.starts_with('u'));
                let one =
                    one.map(|id| format!("<Upload><Key>{}</Key><UploadId>{id}</UploadId></Upload>", key()));
                let one = one.unwrap_or_default();
                Answer::xml(200, &format!("<ListMultipartUploadsResult>{one}</ListMultipartUploadsResult>"))
            }
            "abort" => {
                left.retain(|entry| !asked.query.contains(entry));
                Answer::xml(204, "")
            }
            // Two pages: versions, then markers.
            "list versions" => {
                let (first, kind, tag, more) = if asked.has("key-marker") {
                    ('m', "DeleteMarker", "false", "")
                } else {
                    ('v', "Version", "true", "<NextKeyMarker>k</NextKeyMarker>")
                };
                let found: Vec<String> = left
                    .iter()
                    .filter(|entry| entry.starts_with(first))
                    .map(|id| format!("<{kind}><Key>{}</Key><VersionId>{id}</VersionId></{kind}>", key()))
                    .collect();
                let found = found.concat();
                let text = format!(
                    "<ListVersionsResult><IsTruncated>{tag}</IsTruncated>{more}{found}</ListVersionsResult>"
                );
                Answer::xml(200, &text)
            }
            "delete" => {
                let body = String::from_utf8_lossy(&asked.body);
                left.retain(|entry| !body.contains(&format!("<VersionId>{entry}</VersionId>")));
                Answer::xml(200, "<DeleteResult></DeleteResult>")
            }
            _ => well(asked),
        }
    }
}

#[tokio::test]
async fn versions_markers_and_unfinished_uploads_are_destroyed_and_looked_for_again() {
    let (packages, server) = packages(bucket(&["v1", "v2", "m1", "u1"])).await;
    assert_eq!(packages.destroy(&tenant(), &id()).await, Ok(()));
    let look = ["list uploads", "list versions", "list versions"];
    let first = ["list uploads", "abort", "list versions", "delete", "list versions", "delete"];
    assert_eq!(all_done(&server), [&first[..], &look[..]].concat());
    for asked in server.asked().iter().filter(|asked| asked.method == "GET") {
        assert!(asked.query.contains(&format!("prefix=demo%2F{REQUEST}%2F")), "{}", asked.query);
    }
    assert_eq!(packages.destroy(&tenant(), &id()).await, Ok(()), "twice is fine");
}

#[tokio::test]
async fn what_is_still_there_is_a_fault() {
    let (packages, _server) = packages(|asked| match done(asked) {
        "list versions" => Answer::xml(
            200,
            &format!(
                "<ListVersionsResult><Version><Key>{}</Key><VersionId>v1</VersionId></Version></ListVersionsResult>",
                key()
            ),
        ),
        _ => well(asked),
    })
    .await;
    let fault = packages.destroy(&tenant(), &id()).await.expect_err("there");
    assert_eq!((fault.class, &*fault.detail), (Class::Transient, "still-there"));
}

#[tokio::test]
async fn a_version_that_was_not_deleted_is_a_fault_though_the_status_is_200() {
    for (code, class) in [("AccessDenied", Class::Permanent), ("InternalError", Class::Transient)] {
        let there = bucket(&["v1"]);
        let (packages, _server) = packages(move |asked| match done(asked) {
            "delete" => Answer::xml(
                200,
                &format!(
                    "<DeleteResult><Error><Key>{}</Key><VersionId>v1</VersionId><Code>{code}</Code>\
                     <Message>about {0}</Message></Error></DeleteResult>",
                    key()
                ),
            ),
            _ => there(asked),
        })
        .await;
        let fault = packages.destroy(&tenant(), &id()).await.expect_err("there");
        let expect = Fault::new(class, Code::ControlUnavailable, "s3:DeleteObjects", "exports", code);
        assert_eq!(fault, expect);
    }
}
