//! What wakes somebody up.

use std::collections::BTreeSet;

use serde_json::json;

use super::cloudformation::{ROOT, Templates, check, need};
use crate::repository::read;

const ALARMS: &str = "infra/alarms.yaml";

/// What must not fail in silence: metric, and what it is of. Dead-letter queues come on top.
const WATCHED: [(&str, &str); 37] = [
    ("5XXError", "${AWS::StackName}, live"),
    ("Errors", "AuthorizeFunction"),
    ("Errors", "CheckpointAuditFunction"),
    ("Errors", "ParkRequestFunction"),
    ("Errors", "PlantControlsFunction"),
    ("Errors", "RecordDownloadFunction"),
    ("Errors", "ReplayLedgerFunction"),
    ("Errors", "RotateKeysFunction"),
    ("Errors", "SampleStoresFunction"),
    ("Errors", "StartRequestFunction"),
    ("Errors", "SweepFunction"),
    ("Errors", "WriteAuditFunction"),
    ("Invocations", "CheckpointAuditFunction"),
    ("Invocations", "PlantControlsFunction"),
    ("Invocations", "ReplayLedgerFunction"),
    ("Invocations", "RotateKeysFunction"),
    ("Invocations", "SampleStoresFunction"),
    ("Invocations", "SweepFunction"),
    ("IteratorAge", "RelayRequestFunction"),
    ("IteratorAge", "WriteAuditFunction"),
    ("AsyncEventsDropped", "MaskLogsFunction"),
    ("DeliveryErrors", "${LogGroup}, Lambda, lacuna-mask-logs"),
    ("ExecutionsFailed", "Lifecycle"),
    ("ExecutionsTimedOut", "Lifecycle"),
    ("AuditSweepLag", "sweep"),
    ("PoisonEvents", "write-audit"),
    ("UnchainedEvents", "sweep"),
    ("LinesNotCopied", "mask-logs"),
    ("Untold", "announce"),
    ("ControlsMissing", "plant-controls"),
    ("LogsBroken", "checkpoint-audit"),
    ("LogsUnsigned", "checkpoint-audit"),
    ("ReceiptsUnissuable", "checkpoint-audit"),
    ("TenantsUnreadable", "checkpoint-audit"),
    ("PeopleMet", "sample-stores"),
    ("ReplaysFailed", "replay-ledger"),
    ("ReplaysLate", "replay-ledger"),
];

/// Metrics of our own, where each is counted, and how.
const OURS: [(&str, &str, &str); 13] = [
    ("LinesNotCopied", "mask-logs", "telemetry::count(\"mask-logs\", Metric::LinesNotCopied, done.left_out)"),
    ("AuditSweepLag", "sweep", "telemetry::measure(\"sweep\", Metric::AuditSweepLag, swept.behind)"),
    (
        "ControlsMissing",
        "plant-controls",
        "telemetry::count(\"plant-controls\", Metric::ControlsMissing, done.missing.len())",
    ),
    ("PeopleMet", "sample-stores", "telemetry::count(\"sample-stores\", Metric::PeopleMet, done.met)"),
    (
        "LogsBroken",
        "checkpoint-audit",
        "telemetry::count(\"checkpoint-audit\", Metric::LogsBroken, done.broken)",
    ),
    (
        "LogsUnsigned",
        "checkpoint-audit",
        "telemetry::count(\"checkpoint-audit\", Metric::LogsUnsigned, done.unsigned)",
    ),
    (
        "PoisonEvents",
        "write-audit",
        "telemetry::count(\"write-audit\", Metric::PoisonEvents, written.poison)",
    ),
    (
        "ReceiptsUnissuable",
        "checkpoint-audit",
        "telemetry::count(\"checkpoint-audit\", Metric::ReceiptsUnissuable, done.unissuable)",
    ),
    (
        "TenantsUnreadable",
        "checkpoint-audit",
        "telemetry::count(\"checkpoint-audit\", Metric::TenantsUnreadable, done.unreadable)",
    ),
    (
        "ReplaysFailed",
        "replay-ledger",
        "telemetry::count(\"replay-ledger\", Metric::ReplaysFailed, ran.failed)",
    ),
    ("ReplaysLate", "replay-ledger", "telemetry::count(\"replay-ledger\", Metric::ReplaysLate, ran.late)"),
    ("UnchainedEvents", "sweep", "telemetry::count(\"sweep\", Metric::UnchainedEvents, swept.unchained)"),
    ("Untold", "announce", "telemetry::count(\"announce\", Metric::Untold, announced.untold)"),
];

/// What fails once an hour for one request, at growing intervals, and must not do so for days: metric, and namespace.
const SLOW: [(&str, &str, &str); 3] = [
    ("ControlsAreMissing", "ControlsMissing", "Lacuna"),
    ("SweepKeepsFailing", "Errors", "AWS/Lambda"),
    ("PersonsAreNotTold", "Untold", "Lacuna"),
];

fn silent(templates: &Templates) -> Vec<String> {
    let (mut wrong, mut watched) = (Vec::new(), BTreeSet::new());
    for alarm in templates.of_kind("AWS::CloudWatch::Alarm") {
        let properties = alarm.properties();
        let of = properties["Dimensions"].as_array().into_iter().flatten();
        let of: Vec<String> = of.map(|d| templates.text(alarm.file, &d["Value"])).collect();
        watched.insert((properties["MetricName"].as_str().unwrap_or_default(), of.join(", ")));
        let ours = OURS.iter().any(|(metric, ..)| properties["MetricName"] == *metric);
        need(&mut wrong, ours == (properties["Namespace"] == "Lacuna"), || {
            format!("{}: {}", alarm.at(), properties["Namespace"])
        });
        let told = json!({ "Fn::If": ["HasTopic", [{ "Ref": "AlarmTopicArn" }], { "Ref": "AWS::NoValue" }] });
        need(&mut wrong, properties["AlarmActions"] == told, || format!("{} tells nobody", alarm.at()));
        // Nothing is not a failure, but for what must come by itself.
        let by_itself = properties["ComparisonOperator"] == "LessThanThreshold";
        let missing = if by_itself { "breaching" } else { "notBreaching" };
        need(&mut wrong, properties["TreatMissingData"] == missing, || {
            format!("{}: missing data", alarm.at())
        });
    }
    let queues = templates.of_kind("AWS::SQS::Queue").into_iter().filter(|q| q.id.ends_with("DeadLetters"));
    let queues = queues.map(|q| ("ApproximateNumberOfMessagesVisible", format!("{}.QueueName", q.id)));
    let must = WATCHED.iter().map(|(metric, of)| (*metric, (*of).to_owned())).chain(queues);
    for (metric, of) in must {
        need(&mut wrong, watched.contains(&(metric, of.clone())), || format!("no alarm on {metric} of {of}"));
    }
    for (id, metric, namespace) in SLOW {
        let alarms = templates.of_kind("AWS::CloudWatch::Alarm");
        let says = alarms.iter().find(|alarm| alarm.id == id).map(|alarm| {
            let says = |name: &str| alarm.properties()[name].clone();
            let of = (says("MetricName"), says("Namespace"));
            (of, ["Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"].map(says))
        });
        let expected = ((json!(metric), json!(namespace)), [json!(3600), json!(6), json!(3), json!(1)]);
        need(&mut wrong, says.as_ref() == Some(&expected), || format!("{id}: {says:?}"));
    }
    // Its dimension is the API's name.
    let name = &templates.root()["Resources"]["Api"]["Properties"]["Name"];
    need(&mut wrong, *name == json!({ "Ref": "AWS::StackName" }), || format!("the API is called {name}"));
    wrong
}

#[test]
fn what_fails_for_good_tells_somebody() {
    check(
        silent,
        &[
            (ALARMS, "MetricName: Errors", "MetricName: Duration"),
            (ALARMS, "MetricName: 5XXError", "MetricName: 4XXError"),
            (ALARMS, "MetricName: Untold", "MetricName: Duration"),
            (ALARMS, "MetricName: PoisonEvents", "MetricName: Failures"),
            (ALARMS, "MetricName: UnchainedEvents", "MetricName: Failures"),
            (ALARMS, "MetricName: ReplaysFailed", "MetricName: Failures"),
            (ALARMS, "MetricName: PeopleMet", "MetricName: Failures"),
            (ALARMS, "MetricName: LinesNotCopied", "MetricName: Failures"),
            (ALARMS, "MetricName: AsyncEventsDropped", "MetricName: Throttles"),
            ("infra/masked-logs.yaml", "MetricName: DeliveryErrors", "MetricName: DeliveryThrottling"),
            (ALARMS, "MetricName: AuditSweepLag", "MetricName: Duration"),
            (ALARMS, "MetricName: LogsBroken", "MetricName: Failures"),
            (ALARMS, "MetricName: LogsUnsigned", "MetricName: Failures"),
            (ALARMS, "MetricName: ReceiptsUnissuable", "MetricName: Failures"),
            (ALARMS, "MetricName: TenantsUnreadable", "MetricName: Failures"),
            (ALARMS, "Namespace: Lacuna", "Namespace: AWS/Lambda"),
            (ALARMS, "{Name: step, Value: announce}", "{Name: step, Value: sweep}"),
            (ALARMS, "Period: 3600\n      EvaluationPeriods: 6", "Period: 300\n      EvaluationPeriods: 6"),
            (ALARMS, "DatapointsToAlarm: 3", "DatapointsToAlarm: 6"),
            (ALARMS, "{Name: Stage, Value: live}", "{Name: Stage, Value: prod}"),
            (ALARMS, "[!Ref AlarmTopicArn]", "[]"),
            (ALARMS, "TreatMissingData: breaching", "TreatMissingData: notBreaching"),
            (ROOT, "SweepFunction: !Ref SweepFunction", "SweepFunction: !Ref ApiFunction"),
            (
                ROOT,
                "CheckpointAuditFunction: !Ref CheckpointAuditFunction",
                "CheckpointAuditFunction: !Ref WriteAuditFunction",
            ),
            (
                ROOT,
                "AuditDeadLetters: !GetAtt Queues.Outputs.AuditDeadLetters",
                "AuditDeadLetters: !GetAtt Queues.Outputs.RelayDeadLetters",
            ),
        ],
    );
}

/// A metric of our own that nobody counts never alarms.
#[test]
fn what_is_watched_of_ours_is_counted() {
    let telemetry = read("crates/aws/src/telemetry.rs");
    assert!(telemetry.contains("NAMESPACE: &str = \"Lacuna\""));
    for (metric, function, counted) in OURS {
        assert!(telemetry.contains(&format!("Self::{metric} => \"{metric}\"")), "{metric}");
        assert!(read(&format!("functions/{function}/src/main.rs")).contains(counted), "{metric}");
    }
}

#[test]
fn for_every_alarm_the_guide_says_what_to_do() {
    let guide = read("docs/deploy.md");
    let templates = Templates::of_the_repository();
    for alarm in templates.of_kind("AWS::CloudWatch::Alarm") {
        assert!(
            guide.contains(&format!("`{}`", alarm.id)),
            "docs/deploy.md does not say what {} asks for",
            alarm.id
        );
    }
}
