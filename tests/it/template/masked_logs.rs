//! Masked copies of log groups: who may hand lines over, where they are written, and what is kept of those that are not.

use serde_json::json;

use super::cloudformation::{ROOT, Templates, check, need, parse};
use super::roles::{documents, statements};
use crate::repository::read;

const GROUP: &str = "infra/masked-logs.yaml";
const ROLES: &str = "infra/roles.yaml";

/// Streams of groups whose names end so. No name of a group or a stream has a colon.
const COPIES: &str = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*/masked:*";

fn handed_over(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let one = |kind: &str| {
        let all = templates.of_kind(kind);
        assert!(all.len() == 1 && all[0].file == GROUP, "{kind} is in {GROUP} alone");
        all[0].properties()
    };
    let group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${LogGroup}:*";
    let permitted = json!({
        "FunctionName": {"Ref": "MaskLogsFunctionArn"}, "Action": "lambda:InvokeFunction", "Principal": "logs.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"}, "SourceArn": {"Fn::Sub": group},
    });
    let permission = one("AWS::Lambda::Permission");
    need(&mut wrong, *permission == permitted, || format!("who may call: {permission:#}"));
    let subscribed = json!({
        "LogGroupName": {"Ref": "LogGroup"}, "FilterName": "lacuna-mask-logs", "FilterPattern": "",
        "DestinationArn": {"Ref": "MaskLogsFunctionArn"},
    });
    let subscription = one("AWS::Logs::SubscriptionFilter");
    need(&mut wrong, *subscription == subscribed, || format!("what is handed over: {subscription:#}"));
    let copy = templates.of_kind("AWS::Logs::LogGroup").into_iter().find(|group| group.file == GROUP);
    let name = copy.map(|copy| copy.properties()["LogGroupName"].clone());
    need(&mut wrong, name == Some(json!({"Fn::Sub": "${LogGroup}/masked"})), || {
        format!("it is called {name:?}")
    });
    wrong
}

#[test]
fn one_group_hands_its_lines_over_and_gets_a_copy() {
    check(
        handed_over,
        &[
            (GROUP, "log-group:${LogGroup}:*", "log-group:*"),
            (GROUP, "      SourceAccount: !Ref AWS::AccountId\n", ""),
            (GROUP, "FilterPattern: ''", "FilterPattern: ERROR"),
            (GROUP, "LogGroupName: !Sub '${LogGroup}/masked'", "LogGroupName: !Sub '${LogGroup}-masked'"),
            (GROUP, "Principal: logs.amazonaws.com", "Principal: '*'"),
        ],
    );
}

fn written_elsewhere(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    for role in templates.of_kind("AWS::IAM::Role") {
        for statement in documents(templates, &role).into_iter().flat_map(statements) {
            let actions = statement["Action"].to_string();
            let on = templates.text(role.file, &statement["Resource"]);
            let reads = [
                "logs:GetLogEvents",
                "logs:Filter",
                "logs:StartQuery",
                "logs:StartLiveTail",
                "logs:Unmask",
                "logs:CreateLogGroup",
            ];
            let reads = reads.iter().any(|action| actions.contains(action));
            need(&mut wrong, !reads, || format!("{} reads logs, or makes groups", role.at()));
            let writes = actions.contains("logs:PutLogEvents") && on != "FunctionLogs.Arn";
            let may = role.id == "MaskLogsRole" && on == COPIES;
            need(&mut wrong, !writes || may, || format!("{} writes to {on}", role.at()));
        }
    }
    wrong
}

/// Copies are written, and nothing is read: not a group, nor a copy.
#[test]
fn lines_are_written_to_copies_and_read_by_nobody_here() {
    check(
        written_elsewhere,
        &[
            (ROLES, "log-group:*/masked:*", "log-group:*"),
            (ROLES, "log-group:*/masked:*", "log-group:*/masked*"),
            (
                ROLES,
                "Sid: Copies, Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents]",
                "Sid: Copies, Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents, logs:GetLogEvents]",
            ),
            (
                ROLES,
                "Sid: Copies, Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents]",
                "Sid: Copies, Effect: Allow, Action: [logs:CreateLogGroup, logs:CreateLogStream, logs:PutLogEvents]",
            ),
        ],
    );
}

fn kept(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let function = &templates.root()["Resources"]["MaskLogsFunction"]["Properties"];
    let asynchronous = &function["EventInvokeConfig"];
    need(&mut wrong, *asynchronous == json!({"MaximumRetryAttempts": 2}), || format!("{asynchronous}"));
    for queue in ["DeadLetterQueue", "DeadLetterConfig"] {
        need(&mut wrong, function.get(queue).is_none(), || format!("{queue} keeps lines"));
    }
    wrong
}

/// What Lambda puts into a queue when it gives up is the invocation: lines that nobody has masked.
#[test]
fn lines_that_cannot_be_copied_are_kept_nowhere_else() {
    let own = "      EventInvokeConfig: {MaximumRetryAttempts: 2}\n\n  # What it gives proves itself";
    check(
        kept,
        &[
            (
                ROOT,
                own,
                "      EventInvokeConfig:\n        MaximumRetryAttempts: 2\n        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Queues.Outputs.EventDeadLettersArn}}\n\n  # What it gives proves itself",
            ),
            (
                ROOT,
                own,
                "      EventInvokeConfig: {MaximumRetryAttempts: 2}\n      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Queues.Outputs.EventDeadLettersArn}\n\n  # What it gives proves itself",
            ),
        ],
    );
}

/// Their lines would bring the function more lines.
#[test]
fn a_copy_and_lacunas_own_functions_are_refused_by_the_template() {
    let pattern = &parse(GROUP, &read(GROUP))["Parameters"]["LogGroup"]["AllowedPattern"];
    assert_eq!(pattern, "^(?!.*/masked$)(?!/lacuna/[^/]+/functions$)[-_./#A-Za-z0-9]{1,505}$");
    let templates = Templates::of_the_repository();
    let own = templates.of_kind("AWS::Logs::LogGroup").into_iter().find(|group| group.id == "FunctionLogs");
    let own = own.expect("the functions' group").properties()["LogGroupName"].clone();
    assert_eq!(own, json!({"Fn::Sub": "/lacuna/${Prefix}/functions"}), "the pattern names it");
}
