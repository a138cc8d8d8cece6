//! The intake queue and the state machine.

use aws_sdk_sqs::types::MessageSystemAttributeName;
use ports::Class;
use serde_json::{Value, json};

use super::{account, engine, fresh, start};

#[tokio::test]
#[ignore = "needs an engine"]
async fn a_start_is_queued_in_its_tenants_group() {
    let sdk = engine().await;
    let client = aws_sdk_sqs::Client::new(&sdk);
    let queue = client.create_queue().queue_name(fresh("intake")).send();
    let queue = queue.await.expect("a queue").queue_url.expect("its URL");
    let intake = account(&sdk, &[("LACUNA_INTAKE_QUEUE", &queue)]).intake();
    let start = start(2);
    intake.expect("intake").send(&start).await.expect("sent");

    let received = client
        .receive_message()
        .queue_url(&queue)
        .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
        .wait_time_seconds(5)
        .send()
        .await
        .expect("received");
    let message = received.messages().first().expect("a message");
    let body: Value = serde_json::from_str(message.body().expect("a body")).expect("JSON");
    assert_eq!(body, serde_json::to_value(&start).expect("JSON"));
    let group = message.attributes().and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
    assert_eq!(group.map(String::as_str), Some("demo"));
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn a_missing_queue_is_a_fault() {
    let sdk = engine().await;
    let url = format!("{}/000000000000/none", sdk.endpoint_url().unwrap_or_default());
    let intake = account(&sdk, &[("LACUNA_INTAKE_QUEUE", &url)]).intake();
    let fault = intake.expect("intake").send(&start(1)).await;
    assert_eq!(fault.expect_err("none").class, Class::Permanent);
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn an_execution_is_started_once_and_stopped_whenever() {
    let sdk = engine().await;
    let client = aws_sdk_sfn::Client::new(&sdk);
    let definition = json!({"StartAt": "Sleep", "QueryLanguage": "JSONata",
        "States": {"Sleep": {"Type": "Wait", "Seconds": 3600, "End": true}}});
    let machine = client
        .create_state_machine()
        .name(fresh("lifecycle"))
        .role_arn("arn:aws:iam::000000000000:role/lifecycle")
        .definition(definition.to_string())
        .send()
        .await
        .expect("a machine")
        .state_machine_arn;
    let executions = account(&sdk, &[("LACUNA_STATE_MACHINE", &machine)]).executions();
    let executions = executions.expect("executions");
    let start = start(1);
    let name = format!("{}-{}", start.run.request_id, start.run.generation);

    assert_eq!(executions.stop(&name).await, Ok(false));
    assert_eq!(executions.start(&name, &start).await, Ok(()));
    assert_eq!(executions.start(&name, &start).await, Ok(()));
    let arn = machine.replace(":stateMachine:", ":execution:") + ":" + &name;
    let described = client.describe_execution().execution_arn(&arn).send().await;
    let described = described.expect("an execution");
    let id = &start.run.request_id;
    assert_eq!(
        described.input().unwrap_or_default(),
        format!(r#"{{"enter_at":"Plan","generation":1,"request_id":"{id}","tenant":"demo"}}"#)
    );

    assert_eq!(executions.stop(&name).await, Ok(true));
    assert_eq!(executions.stop(&name).await, Ok(true));
    let described = client.describe_execution().execution_arn(&arn).send().await;
    assert_eq!(described.expect("an execution").status().as_str(), "ABORTED");
    assert_eq!(executions.start(&name, &start).await, Ok(()));
}
