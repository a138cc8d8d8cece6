//! The topic, and the webhook with its secret.

use aws_config::SdkConfig;
use contract::outcome::{Announcement, sign};
use contract::settings::{Settings, Webhook};
use domain::request::RequestType;
use domain::{RequestId, Status};
use jiff::Timestamp;
use ports::{Announcer, Class, Code};
use serde_json::Value;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{account, engine, fresh};

fn announcement() -> Announcement {
    Announcement {
        id: "a-1".into(),
        tenant: "demo".parse().expect("a tenant"),
        request_id: RequestId::new(Timestamp::UNIX_EPOCH, 7),
        kind: RequestType::Erasure,
        status: Status::Fulfilled,
        closed_at: Some(Timestamp::UNIX_EPOCH),
        expires_at: None,
        reason: None,
        unproven: Vec::new(),
        stores: vec![],
    }
}

fn settings(url: &str, secret: &str) -> Settings {
    Settings {
        tenant: "demo".parse().expect("a tenant"),
        name: "Demo".into(),
        cooling_off_for: "PT5S".into(),
        recheck_after: None,
        receipt_salt_for: None,
        catalog_version: None,
        webhook: Some(Webhook { url: url.into(), secret: secret.into() }),
        topic: true,
        sanctions: vec![],
        allowed_hosts: vec!["127.0.0.1".into()],
        rotate_keys_every: [].into(),
        exports: contract::settings::ExportSettings::default(),
        masking: None,
    }
}

fn announcer(sdk: &SdkConfig, topic: &str) -> Arc<dyn Announcer> {
    let variables = [("LACUNA_OUTCOME_TOPIC", topic), ("LACUNA_ALLOW_LOOPBACK", "true")];
    account(sdk, &variables).announcer().expect("the announcer")
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn an_outcome_is_published_with_its_tenant_and_status() {
    let sdk = engine().await;
    let (topics, queues) = (aws_sdk_sns::Client::new(&sdk), aws_sdk_sqs::Client::new(&sdk));
    let name = fresh("outcomes");
    let topic = topics.create_topic().name(&name).send().await;
    let topic = topic.expect("a topic").topic_arn.expect("its ARN");
    let queue = queues.create_queue().queue_name(&name).send().await;
    let queue = queue.expect("a queue").queue_url.expect("its URL");
    let endpoint = topic.replace(":sns:", ":sqs:");
    let subscribed = topics.subscribe().topic_arn(&topic).protocol("sqs").endpoint(endpoint).send();
    subscribed.await.expect("subscribed");

    let sent = announcement();
    announcer(&sdk, &topic).topic(&sent).await.expect("told");
    let received =
        queues.receive_message().queue_url(&queue).wait_time_seconds(5).send().await.expect("received");
    let body = received.messages().first().and_then(|m| m.body());
    let envelope: Value = serde_json::from_str(body.expect("a message")).expect("JSON");
    let message = envelope["Message"].as_str().expect("text");
    let got: Announcement = serde_json::from_str(message).expect("an announcement");
    assert_eq!(got, sent);
    assert_eq!(envelope["MessageAttributes"]["tenant"]["Value"], "demo");
    assert_eq!(envelope["MessageAttributes"]["status"]["Value"], "fulfilled");
}

/// Answers one request, and says what it was.
async fn receiver(status: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let mut text = String::new();
        let mut buffer = [0; 4096];
        while !text.ends_with("\"stores\":[]}") {
            let n = stream.read(&mut buffer).await.expect("a request");
            text.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.expect("answered");
        text
    });
    (port, asked)
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn a_webhook_is_signed_with_the_tenants_secret() {
    let sdk = engine().await;
    let name = fresh("lacuna/demo/webhook");
    let secret = aws_sdk_secretsmanager::Client::new(&sdk)
        .create_secret()
        .name(&name)
        .secret_string(r#"{"key":"k-1"}"#)
        .send();
    secret.await.expect("a secret");
    let announcer = announcer(&sdk, "arn:aws:sns:us-east-1:000000000000:none");
    let sent = announcement();
    let at = Timestamp::from_second(1_800_000_000).expect("a time");

    let (port, asked) = receiver("204 No Content").await;
    let to = settings(&format!("http://127.0.0.1:{port}/hook"), &name);
    assert_eq!(announcer.webhook(&to, &sent, at).await, Ok(()));
    let asked = asked.await.expect("asked");
    let (head, body) = asked.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("POST /hook HTTP/1.1\r\n"), "{head}");
    let signature = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("Lacuna-Signature"))
        .map(|(_, value)| value);
    assert_eq!(signature, Some(&*sign(b"k-1", at, body.as_bytes())));
    let got: Announcement = serde_json::from_str(body).expect("an announcement");
    assert_eq!(got, sent);

    let (port, _asked) = receiver("410 Gone").await;
    let gone = settings(&format!("http://127.0.0.1:{port}/hook"), &name);
    let fault = announcer.webhook(&gone, &sent, at).await;
    let fault = fault.expect_err("gone");
    assert_eq!(
        (fault.class, fault.code, &*fault.detail),
        (Class::Permanent, Code::AnnouncementFailed, "status 410")
    );

    let mut nowhere = to.clone();
    nowhere.webhook = None;
    assert_eq!(announcer.webhook(&nowhere, &sent, at).await, Ok(()));
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn a_secret_that_is_not_there_is_the_settings_to_mend() {
    let sdk = engine().await;
    let announcer = announcer(&sdk, "arn:aws:sns:us-east-1:000000000000:none");
    let to = settings("http://127.0.0.1:1/", &fresh("lacuna/demo/none"));
    let fault = announcer.webhook(&to, &announcement(), Timestamp::UNIX_EPOCH).await.expect_err("no secret");
    assert_eq!(
        (fault.class, fault.code, &*fault.detail),
        (Class::Permanent, Code::SettingsInvalid, "ResourceNotFoundException")
    );
}
