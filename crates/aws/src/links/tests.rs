use std::io;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;

use super::*;
use crate::testing::{Answer, Asked, Canned, SetClock, canned};

const ROLE: &str = "arn:aws-cn:iam::111122223333:role/lacuna-export-reader";
const KEY: &str = "arn:aws-cn:kms:cn-north-1:111122223333:key/1";
const REQUEST: &str = "req_01j00000000000000000000000";
const NAME: &str = "export.zip";

/// 2026-03-02T09:00:00Z.
const NOW: i64 = 1_772_442_000;

fn id() -> RequestId {
    REQUEST.parse().expect("a request's id")
}

fn tenant() -> TenantId {
    "demo".parse().expect("a tenant")
}

fn key() -> String {
    format!("demo/{REQUEST}/{NAME}")
}

fn session(ends: &str) -> Answer {
    Answer::xml(
        200,
        &format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
             <AccessKeyId>ASIAOFTHESESSION</AccessKeyId><SecretAccessKey>markedsecret</SecretAccessKey>\
             <SessionToken>markedtoken</SessionToken><Expiration>{ends}</Expiration>\
             </Credentials></AssumeRoleResult></AssumeRoleResponse>"
        ),
    )
}

fn listing(key: Option<&str>) -> Answer {
    let found = key.map(|key| format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>"));
    let found = found.unwrap_or_default();
    Answer::xml(200, &format!("<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"))
}

async fn links(session: Answer, listing: Answer) -> (StsLinks, Canned) {
    let answers = move |asked: &Asked| if asked.method == "POST" { session.clone() } else { listing.clone() };
    let server = canned(answers).await;
    let sdk = server.sdk();
    let objects = Config::from(&sdk).force_path_style(true);
    let clock = SetClock::at(NOW);
    let links = StsLinks::new(Client::new(&sdk), objects, "exports", ROLE, KEY, clock).expect("ARNs");
    (links, server)
}

async fn sign(links: &StsLinks) -> Result<Option<Link>, Fault> {
    let minutes = SignedDuration::from_mins(5);
    links.sign(&tenant(), &id(), NAME, "Your data.zip", minutes).await
}

fn parameters(text: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}")).expect("a URL");
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn one<'a>(all: &'a [(String, String)], name: &str) -> &'a str {
    let mut found = all.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let value = found.next().map_or("", |(_, value)| value);
    assert!(found.next().is_none(), "{name} is there twice");
    value
}

const LATER: &str = "2026-03-02T09:15:00Z";

#[tokio::test]
async fn a_session_may_read_one_object_and_no_other() {
    let (links, server) = links(session(LATER), listing(Some(&key()))).await;
    sign(&links).await.expect("signed").expect("there");
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "a session, and a look");
    let form = parameters(std::str::from_utf8(&asked[0].body).expect("text"));
    assert_eq!(one(&form, "Action"), "AssumeRole");
    assert_eq!(one(&form, "RoleArn"), ROLE);
    assert_eq!(one(&form, "RoleSessionName"), REQUEST);
    assert_eq!(one(&form, "DurationSeconds"), "900");
    let policy = one(&form, "Policy");
    assert!(policy.len() < 2_048, "as much as STS takes");
    let policy: serde_json::Value = serde_json::from_str(policy).expect("JSON");
    let bucket = "arn:aws-cn:s3:::exports";
    let expect = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("{bucket}/{}", key())},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket,
            "Condition": {"StringEquals": {"s3:prefix": key()}}},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY, "Condition": {"StringEquals":
            {"kms:EncryptionContext:tenant": "demo", "kms:EncryptionContext:request": REQUEST}}},
    ]});
    assert_eq!(policy, expect);
    let look = parameters(&asked[1].query);
    assert_eq!((one(&look, "prefix"), one(&look, "max-keys")), (&*key(), "1"));
    let by = asked[1].header("authorization").expect("signed").to_owned();
    assert!(by.contains("ASIAOFTHESESSION"), "with the session's credentials");
    assert_eq!(asked[1].header("x-amz-security-token"), Some("markedtoken"));
}

#[tokio::test]
async fn a_link_is_of_the_session_and_says_how_it_is_saved() {
    let (links, _server) = links(session(LATER), listing(Some(&key()))).await;
    let link = sign(&links).await.expect("signed").expect("there");
    assert_eq!(link.expires_at.as_second(), NOW + 300);
    let url = link.url.expose();
    let (place, query) = url.split_once('?').expect("a query");
    assert!(place.ends_with(&format!("/exports/{}", key())), "its object");
    let all = parameters(query);
    assert_eq!(one(&all, "X-Amz-Date"), "20260302T090000Z");
    assert_eq!(one(&all, "X-Amz-Expires"), "300");
    assert_eq!(one(&all, "X-Amz-SignedHeaders"), "host", "nothing else has to be sent");
    assert_eq!(one(&all, "X-Amz-Security-Token"), "markedtoken");
    assert!(one(&all, "X-Amz-Credential").starts_with("ASIAOFTHESESSION/20260302/"));
    assert_eq!(one(&all, "response-content-disposition"), "attachment; filename=\"Your_data.zip\"");
    assert_eq!(one(&all, "response-content-type"), "application/zip");
    assert_eq!(one(&all, "response-cache-control"), "no-store");
}

#[tokio::test]
async fn what_is_not_there_has_no_link() {
    for found in [None, Some(format!("{}.age", key()))] {
        let (links, _server) = links(session(LATER), listing(found.as_deref())).await;
        assert_eq!(sign(&links).await, Ok(None), "{found:?}");
    }
}

#[tokio::test]
async fn a_link_for_too_long_or_to_no_name_is_refused_before_anything_is_asked() {
    let (links, server) = links(session(LATER), listing(Some(&key()))).await;
    let minute = SignedDuration::from_mins(1);
    let tenth = SignedDuration::from_millis(100);
    for works_for in [minute * 5 + tenth, minute * 60, tenth, SignedDuration::ZERO, -minute] {
        let fault = links.sign(&tenant(), &id(), NAME, "a", works_for).await.expect_err("refused");
        assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "works-too-long-or-not-at-all"));
    }
    for name in ["", ".", "..", "../x", "a/b", "*", "a?", "${aws:username}", "a b", &"a".repeat(129)] {
        let fault = links.sign(&tenant(), &id(), name, "a", minute).await.expect_err("refused");
        assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "not-a-name"));
    }
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn a_link_never_outlives_its_session() {
    let (links, _server) = links(session("2026-03-02T09:04:59Z"), listing(Some(&key()))).await;
    let fault = sign(&links).await.expect_err("too short");
    assert_eq!((fault.class, &*fault.detail), (Class::Transient, "session-too-short"));
    let minute = SignedDuration::from_mins(1);
    let link = links.sign(&tenant(), &id(), NAME, "a", minute).await.expect("signed");
    assert!(link.is_some());
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A link is a credential: it is in no log line, whatever the level, and in no fault.
#[tokio::test]
async fn a_link_is_never_printed() {
    let lines = Lines::default();
    let writer = lines.clone();
    let logging = crate::log::subscriber(LevelFilter::TRACE, move || writer.clone());
    let guard = tracing::subscriber::set_default(logging);
    let refused = Answer::xml(403, "<Error><Code>AccessDenied</Code><Message>marked</Message></Error>");
    let no_session = Answer::xml(
        403,
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>marked</Message></Error></ErrorResponse>",
    );
    let (working, _one) = links(session(LATER), listing(Some(&key()))).await;
    let link = sign(&working).await;
    assert!(!format!("{link:?}").contains("Signature"));
    let (unseen, _two) = links(session(LATER), refused).await;
    let (unassumed, _three) = links(no_session, listing(None)).await;
    for (links, operation) in [(unseen, "s3:ListBucket"), (unassumed, "sts:AssumeRole")] {
        let fault = sign(&links).await.expect_err("refused");
        assert_eq!(
            (fault.class, fault.operation, &*fault.detail),
            (Class::Permanent, operation, "AccessDenied")
        );
        tracing::warn!(%fault, "refused");
    }
    drop(guard);
    let text = String::from_utf8(lines.0.lock().expect("a lock").clone()).expect("text");
    assert!(text.contains("refused"), "it was listened to");
    for secret in ["marked", "X-Amz", "ASIAOFTHESESSION"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_file_name_is_only_that() {
    fn check(name: &str, expect: &str) {
        assert_eq!(saved_as(name), expect, "{name:?}");
    }
    check("export-2026.zip", "export-2026.zip");
    check("a\"; filename*=x\r\nSet-Cookie: a", "a___filename__x__Set-Cookie__a");
    check("../../etc/passwd", "_.._etc_passwd");
    check("\u{dc}ber Zo\u{eb}.zip", "_ber_Zo_.zip");
    check("...", "package");
    check("", "package");
    check(&"a".repeat(500), &"a".repeat(100));
}

#[test]
fn roles_and_keys_are_arns() {
    for (arn, expect) in [
        (ROLE, Ok("aws-cn")),
        ("arn:aws:kms:us-east-1:1:key/2", Ok("aws")),
        ("lacuna-export-reader", Err(NotArn)),
        ("alias/exports", Err(NotArn)),
        ("arn::iam::1:role/a", Err(NotArn)),
        ("", Err(NotArn)),
    ] {
        assert_eq!(partition(arn), expect, "{arn}");
    }
}
