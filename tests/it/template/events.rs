//! What calls a function: by the clock, and by the stream. Nobody is told of a call that never comes, but for the alarms.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cloudformation::{ROOT, Templates, check, need};

/// Who works by the clock, and how often.
const BY_THE_CLOCK: [(&str, &str); 6] = [
    ("CheckpointAuditFunction", "rate(5 minutes)"),
    ("PlantControlsFunction", "rate(1 hour)"),
    ("ReplayLedgerFunction", "rate(1 minute)"),
    ("RotateKeysFunction", "rate(1 hour)"),
    ("SampleStoresFunction", "rate(1 hour)"),
    ("SweepFunction", "rate(1 minute)"),
];

fn by_another_clock(templates: &Templates) -> Vec<String> {
    let (mut wrong, mut clocks) = (Vec::new(), BTreeMap::new());
    for function in templates.of_kind("AWS::Serverless::Function") {
        let events = function.properties()["Events"].as_object().into_iter().flat_map(|all| all.values());
        // Of another type is `ScheduleV2`, whose retries and switch are written otherwise.
        let is_clock =
            |event: &&Value| event["Type"].as_str().is_some_and(|kind| kind.starts_with("Schedule"));
        for event in events.filter(is_clock) {
            let properties = &event["Properties"];
            let rate = properties["Schedule"].as_str().unwrap_or_default();
            need(&mut wrong, clocks.insert(function.id, rate.to_owned()).is_none(), || {
                format!("{} has two clocks", function.at())
            });
            // On, since nothing says that it is off; and a run that fails is made up for by the next one.
            let expected = json!({ "Schedule": rate, "RetryPolicy": { "MaximumRetryAttempts": 0 } });
            let plain = event["Type"] == "Schedule" && *properties == expected;
            need(&mut wrong, plain, || format!("{}: {event}", function.at()));
        }
    }
    let expected = BY_THE_CLOCK.map(|(function, rate)| (function, rate.to_owned()));
    need(&mut wrong, clocks == BTreeMap::from(expected), || format!("{clocks:#?}"));
    for kind in ["AWS::Events::Rule", "AWS::Scheduler::Schedule"] {
        let elsewhere = templates.resources().any(|resource| resource.kind() == kind);
        need(&mut wrong, !elsewhere, || format!("a clock of its own: {kind}"));
    }
    wrong
}

#[test]
fn what_works_by_the_clock_is_called_as_often_as_is_promised() {
    let hourly = "Schedule: rate(1 hour)\n            RetryPolicy: {MaximumRetryAttempts: 0}";
    let each = "Schedule: rate(1 minute)\n            RetryPolicy: {MaximumRetryAttempts: 0}";
    check(
        by_another_clock,
        &[
            (ROOT, "rate(5 minutes)", "rate(5 hours)"),
            (ROOT, "rate(5 minutes)", "rate(5 minutes)\n            Enabled: false"),
            (ROOT, "rate(5 minutes)", "rate(5 minutes)\n            State: DISABLED"),
            (ROOT, hourly, "Schedule: rate(1 day)"),
            (ROOT, hourly, "Schedule: rate(1 hour)"),
            (ROOT, each, "Schedule: cron(0 3 * * ? *)\n            RetryPolicy: {MaximumRetryAttempts: 0}"),
            (
                ROOT,
                "EveryFiveMinutes:\n          Type: Schedule\n",
                "EveryFiveMinutes:\n          Type: SNS\n",
            ),
            (ROOT, "EveryHour:\n          Type: Schedule\n", "EveryHour:\n          Type: ScheduleV2\n"),
            (
                ROOT,
                "        EveryMinute:\n          Type: Schedule",
                "        EveryHour:\n          Type: Schedule\n          Properties: {Schedule: rate(1 hour), RetryPolicy: {MaximumRetryAttempts: 0}}\n        EveryMinute:\n          Type: Schedule",
            ),
        ],
    );
}

/// The functions that hear of the stream, how many events each takes at once, and where those go that it never can.
const BY_THE_STREAM: [(&str, u64, &str); 2] = [
    ("RelayRequestFunction", 100, "RelayDeadLetters.Arn"),
    // With the block that chains them they fill a transaction.
    ("WriteAuditFunction", 99, "AuditDeadLetters.Arn"),
];

fn lossy(templates: &Templates) -> Vec<String> {
    let (mut wrong, mut heard) = (Vec::new(), BTreeMap::new());
    for function in templates.of_kind("AWS::Serverless::Function") {
        let events = function.properties()["Events"].as_object().into_iter().flat_map(|all| all.values());
        for event in events.filter(|event| event["Type"] == "DynamoDB") {
            let mut properties = templates.plain(function.file, &event["Properties"]);
            // Which events: another test has them.
            properties["FilterCriteria"].take();
            heard.insert(function.id, properties);
        }
    }
    let expected = BY_THE_STREAM.map(|(function, most, dead_letters)| {
        let mapping = json!({
            "Stream": "RequestsTable.StreamArn",
            // What was written while the stack was made counts, too.
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": most,
            // What failed comes again alone, and holds nobody up for ever.
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": true,
            "MaximumRetryAttempts": 10,
            "DestinationConfig": { "OnFailure": { "Destination": dead_letters } },
            "FilterCriteria": null,
        });
        (function, mapping)
    });
    need(&mut wrong, heard == BTreeMap::from(expected), || format!("{heard:#?}"));
    wrong
}

/// Without the answer's type, Lambda takes whatever a function reports as failed for done.
#[test]
fn what_fails_of_a_batch_comes_again_alone_and_is_given_up_aloud() {
    let audit = "BatchSize: 99\n            BisectBatchOnFunctionError: true\n            MaximumRetryAttempts: 10\n            FunctionResponseTypes: [ReportBatchItemFailures]\n";
    let with = |from: &str, to: &str| {
        assert!(audit.contains(from), "{from}");
        audit.replace(from, to)
    };
    let mappings = [
        with("            FunctionResponseTypes: [ReportBatchItemFailures]\n", ""),
        with("BisectBatchOnFunctionError: true", "BisectBatchOnFunctionError: false"),
        with("MaximumRetryAttempts: 10", "MaximumRetryAttempts: -1"),
        with("            MaximumRetryAttempts: 10\n", ""),
        with("BatchSize: 99", "BatchSize: 100"),
        with("BatchSize: 99", "ParallelizationFactor: 2\n            BatchSize: 99"),
    ];
    let mut breaks: Vec<(&str, &str, &str)> = mappings.iter().map(|to| (ROOT, audit, to.as_str())).collect();
    breaks.extend([
        (
            ROOT,
            "            DestinationConfig: {OnFailure: {Destination: !GetAtt Queues.Outputs.AuditDeadLettersArn}}\n",
            "",
        ),
        (
            ROOT,
            "OnFailure: {Destination: !GetAtt Queues.Outputs.AuditDeadLettersArn}",
            "OnFailure: {Destination: !GetAtt Queues.Outputs.RelayDeadLettersArn}",
        ),
        (
            ROOT,
            "OnFailure: {Destination: !GetAtt Queues.Outputs.RelayDeadLettersArn}",
            "OnFailure: {Destination: !GetAtt Queues.Outputs.AuditDeadLettersArn}",
        ),
        (ROOT, "StartingPosition: TRIM_HORIZON\n            BatchSize: 99", "StartingPosition: LATEST\n            BatchSize: 99"),
        (ROOT, "BatchSize: 100\n", "BatchSize: 1000\n"),
    ]);
    check(lossy, &breaks);
}
