//! The topic on which the owners of stores are paged.

use contract::page::{Page, doc};
use domain::RequestId;
use jiff::Timestamp;
use ports::Code;
use serde_json::Value;

use super::{account, engine, fresh};

fn page() -> Page {
    let code = Code::PersonFoundAgain.as_str();
    let request_id = RequestId::new(Timestamp::UNIX_EPOCH, 7);
    Page {
        id: format!("{request_id}-1-crm"),
        tenant: "demo".parse().expect("a tenant"),
        request_id,
        store: "crm".parse().expect("a store"),
        code: code.into(),
        team: "sales".into(),
        page: "sales-oncall".into(),
        doc: doc(code),
    }
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn a_page_reaches_who_subscribed_for_the_team_and_nobody_else() {
    let sdk = engine().await;
    let (topics, queues) = (aws_sdk_sns::Client::new(&sdk), aws_sdk_sqs::Client::new(&sdk));
    let name = fresh("pages");
    let topic = topics.create_topic().name(&name).send().await;
    let topic = topic.expect("a topic").topic_arn.expect("its ARN");
    let mut subscribed = Vec::new();
    for team in ["sales", "support"] {
        let own = format!("{name}-{team}");
        let queue = queues.create_queue().queue_name(&own).send().await;
        subscribed.push(queue.expect("a queue").queue_url.expect("its URL"));
        let endpoint = topic.replace(":sns:", ":sqs:").replace(&name, &own);
        let filter = format!(r#"{{"team":["{team}"]}}"#);
        let subscription = topics.subscribe().topic_arn(&topic).protocol("sqs").endpoint(endpoint);
        subscription.attributes("FilterPolicy", filter).send().await.expect("subscribed");
    }
    let pager = account(&sdk, &[("LACUNA_PAGES_TOPIC", &*topic)]).pager().expect("the pager");
    let sent = page();
    pager.page(&sent).await.expect("paged");
    let receive = async |queue: &str| {
        let received = queues.receive_message().queue_url(queue).wait_time_seconds(2).send().await;
        received.expect("received").messages().first().and_then(|m| m.body().map(str::to_owned))
    };
    let envelope: Value =
        serde_json::from_str(&receive(&subscribed[0]).await.expect("a page")).expect("JSON");
    let got: Page = serde_json::from_str(envelope["Message"].as_str().expect("text")).expect("a page");
    assert_eq!(got, sent);
    for (name, value) in
        [("team", "sales"), ("page", "sales-oncall"), ("tenant", "demo"), ("code", &sent.code)]
    {
        assert_eq!(envelope["MessageAttributes"][name]["Value"], value);
    }
    assert_eq!(receive(&subscribed[1]).await, None);
    let nowhere = "arn:aws:sns:us-east-1:000000000000:none";
    let nobody = account(&sdk, &[("LACUNA_PAGES_TOPIC", nowhere)]).pager().expect("the pager");
    assert_eq!(nobody.page(&sent).await.expect_err("no topic").code, Code::PagingFailed);
}
