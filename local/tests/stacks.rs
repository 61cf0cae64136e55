//! Several stacks: the load stack sends what ends up in the table, deletes itself, and leaves nothing behind.
#![cfg(target_os = "linux")] // it looks at processes in /proc

mod support;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::{Sluice, until};

const WORKFLOW: [&str; 2] = ["--stack", "workflow"];

/// Workflow and load, for a minute, with `more`.
fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let load = ["--stack", "load", "--parameter", "LifetimeMinutes=1"];
    WORKFLOW.iter().chain(&load).chain(more).copied().collect()
}

fn loaded(more: &[&str]) -> Sluice {
    let mut sluice = Sluice::with(&arguments(more));
    sluice.start();
    sluice
}

/// The processes of pingers that an endpoint has started.
fn pingers(endpoint: &str) -> Vec<String> {
    let wanted = format!("AWS_ENDPOINT_URL={endpoint}");
    let is_pinger = |process: &Path| {
        // one that is ending has none of these any more
        let read = |name: &str| std::fs::read(process.join(name)).unwrap_or_default();
        read("comm").starts_with(b"pinger") && read("environ").split(|&b| b == 0).any(|line| line == wanted.as_bytes())
    };
    let processes = std::fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let pingers = processes.map(|entry| entry.path()).filter(|path| is_pinger(path));
    pingers.map(|path| path.display().to_string()).collect()
}

/// The submission ids in the table.
fn entries(sluice: &Sluice) -> Vec<String> {
    let mut ids = Vec::new();
    let mut request = json!({ "TableName": sluice.output("TableName") });
    loop {
        let page = sluice.aws().call("DynamoDB_20120810.Scan", &request).expect("scanned");
        let items = page["Items"].as_array().expect("items");
        ids.extend(
            items
                .iter()
                .filter_map(|item| item["submission_id"]["S"].as_str().map(str::to_owned)),
        );
        if page["LastEvaluatedKey"].is_null() {
            return ids;
        }
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    }
}

/// The id that the producer gave: a submission's id has a prefix before it, and behind it a code of the stack.
fn sent_id(id: &str) -> String {
    const CODE: usize = 1 + 14;
    let own = id.strip_prefix("p-");
    own.and_then(|own| own.get(..own.len().checked_sub(CODE)?))
        .unwrap_or(id)
        .to_owned()
}

fn more_entries_than(sluice: &Sluice, count: usize) -> usize {
    until("entries arrive", || {
        Some(entries(sluice).len()).filter(|found| *found > count)
    })
}

/// The names of the executions with a status.
fn executions(sluice: &Sluice, status: &str) -> BTreeSet<String> {
    let mut request =
        json!({ "stateMachineArn": sluice.output("StateMachineArn"), "statusFilter": status, "maxResults": 1000 });
    let mut names = BTreeSet::new();
    loop {
        let page = sluice
            .aws()
            .call("AWSStepFunctions.ListExecutions", &request)
            .expect("listed");
        let page_names = page["executions"].as_array().expect("a list").iter();
        names.extend(page_names.filter_map(|one| one["name"].as_str().map(str::to_owned)));
        if page["nextToken"].is_null() {
            return names;
        }
        request["nextToken"] = page["nextToken"].clone();
    }
}

/// Everything that an execution stored is in the table once, and nothing else is.
fn check_table(sluice: &Sluice) -> usize {
    until("all executions end", || {
        executions(sluice, "RUNNING").is_empty().then_some(())
    });
    let entries = entries(sluice);
    let stored: BTreeSet<String> = entries.iter().cloned().collect();
    assert_eq!(stored.len(), entries.len(), "a submission is stored twice");
    let succeeded = executions(sluice, "SUCCEEDED");
    let missing: Vec<_> = succeeded.difference(&stored).collect();
    assert!(missing.is_empty(), "not stored: {missing:?}");
    let mut all = succeeded.clone();
    for status in ["FAILED", "TIMED_OUT", "ABORTED"] {
        all.extend(executions(sluice, status));
    }
    let alien: Vec<_> = stored.difference(&all).collect();
    assert!(alien.is_empty(), "nobody submitted: {alien:?}");
    succeeded.len()
}

fn cloudformation(sluice: &Sluice, action: &str, parameters: &str) -> String {
    sluice.aws().query(
        "cloudformation",
        &format!("Action={action}&Version=2010-05-15&{parameters}"),
    )
}

fn describe(sluice: &Sluice, name: &str) -> String {
    cloudformation(sluice, "DescribeStacks", &format!("StackName={name}"))
}

fn element(text: &str, name: &str) -> String {
    let found = text
        .split(&format!("<{name}>"))
        .nth(1)
        .and_then(|rest| rest.split("</").next());
    found.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
}

fn wait_for_its_end(sluice: &Sluice) {
    until("the load stack is gone", || {
        describe(sluice, "sluice-load")
            .contains("Stack with id sluice-load does not exist")
            .then_some(())
    });
    assert_eq!(
        pingers(sluice.endpoint()),
        [""; 0],
        "the stack is gone, so are its processes"
    );
}

/// Starts on a load stack whose time has passed meanwhile: that is reported, and the stack is deleted.
fn start_past_its_time(sluice: &mut Sluice) {
    sluice.start();
    let welcome = sluice.welcome();
    assert!(welcome.contains("stack sluice-load is deleted"), "{welcome}");
    wait_for_its_end(sluice);
}

/// The logs of both pingers, held open: they can still be read when they are removed.
fn logs(sluice: &Sluice) -> Vec<File> {
    let directory = sluice.data().join("logs").join(physical_id(sluice, "PingerLogs"));
    let open = |number| {
        until("a log", || {
            File::open(directory.join(format!("pinger-{number}.log"))).ok()
        })
    };
    vec![open(1), open(2)]
}

/// Returns the number of submissions that ended in one of these ways by a pinger's summary.
fn counted_by(log: &mut File, outcomes: &[&str]) -> usize {
    let mut text = String::new();
    log.read_to_string(&mut text).expect("text");
    let (_, summary) = text
        .rsplit_once(" outcome ")
        .unwrap_or_else(|| panic!("no summary in {text}"));
    let counts = summary.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| outcomes.contains(word))?;
        words.get(at + 1)?.replace(',', "").parse::<usize>().ok()
    });
    counts.sum()
}

#[test]
fn the_load_ends_itself_and_what_it_sent_is_there() {
    let sluice = loaded(&["--parameter", "PingerRate=5"]);
    let load = "2 x pinger, 5 submissions a second each, until 20";
    assert!(sluice.welcome().contains(load), "{}", sluice.welcome());
    until("two pingers", || (pingers(sluice.endpoint()).len() == 2).then_some(()));
    let id = element(&describe(&sluice, "sluice-load"), "StackId");
    more_entries_than(&sluice, 40);
    let mut logs = logs(&sluice);
    sluice.advance_clock("61s");
    wait_for_its_end(&sluice);
    // a busy machine answers 202 to what takes long
    let accepted: usize = logs.iter_mut().map(|log| counted_by(log, &["201", "202"])).sum();
    let succeeded = check_table(&sluice);
    let executions = succeeded + timed_out(&sluice).len();
    assert!(
        accepted > 40 && accepted <= executions,
        "{accepted} answers 201 and 202, {executions} executions"
    );
    let described = describe(&sluice, &id);
    assert_eq!(element(&described, "StackStatus"), "DELETE_COMPLETE");
    let listed = cloudformation(&sluice, "ListStacks", "StackStatusFilter.member.1=DELETE_COMPLETE");
    assert_eq!(element(&listed, "StackId"), id);
}

#[test]
fn a_killed_sluice_takes_its_pingers_along_and_goes_on_with_the_stack() {
    let mut sluice = loaded(&["--parameter", "PingerRate=5"]);
    let until_when = element(&describe(&sluice, "sluice-load"), "OutputValue");
    let before = more_entries_than(&sluice, 20);
    let endpoint = sluice.endpoint().to_owned();
    sluice.kill();
    until("no pinger outlives it", || pingers(&endpoint).is_empty().then_some(()));
    sluice.start();
    let described = describe(&sluice, "sluice-load");
    assert_eq!(element(&described, "StackStatus"), "CREATE_COMPLETE");
    assert_eq!(
        element(&described, "OutputValue"),
        until_when,
        "a restart does not change its outputs"
    );
    let ends = |text: &str| {
        text.split(", until ")
            .nth(1)
            .and_then(|rest| rest.split(';').next())
            .map(str::to_owned)
    };
    assert!(
        described.contains(&ends(sluice.welcome()).expect("a time")),
        "{described}"
    );
    more_entries_than(&sluice, before + 20);
    sluice.advance_clock("61s");
    wait_for_its_end(&sluice);
    assert!(check_table(&sluice) > before);
}

fn kinesis(sluice: &Sluice, action: &str, body: &Value) -> Value {
    let answer = sluice.aws().call(&format!("Kinesis_20131202.{action}"), body);
    answer.unwrap_or_else(|error| panic!("{action}: {error:?}"))
}

/// Returns the value of `Ref` for a resource of the load stack.
fn physical_id(sluice: &Sluice, logical_id: &str) -> String {
    let which = format!("StackName=sluice-load&LogicalResourceId={logical_id}");
    element(
        &cloudformation(sluice, "DescribeStackResources", &which),
        "PhysicalResourceId",
    )
}

/// Returns the number of records that became no submission.
fn failures(sluice: &Sluice) -> u64 {
    let request = json!({ "QueueUrl": physical_id(sluice, "FailureQueue"), "AttributeNames": ["All"] });
    let answer = sluice
        .aws()
        .call("AmazonSQS.GetQueueAttributes", &request)
        .expect("answered");
    let count = answer["Attributes"]["ApproximateNumberOfMessages"]
        .as_str()
        .expect("a number");
    count.parse().expect("a number")
}

/// The submissions that lie in the load stack's stream, done or not.
fn streamed(sluice: &Sluice) -> BTreeSet<String> {
    let call = |action: &str, body: Value| kinesis(sluice, action, &body);
    let stream = physical_id(sluice, "Records");
    let shards = call("ListShards", json!({ "StreamName": stream }));
    let mut ids = BTreeSet::new();
    for shard in shards["Shards"].as_array().expect("shards") {
        let begin = json!({ "StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON" });
        let mut iterator = call("GetShardIterator", begin)["ShardIterator"].clone();
        loop {
            let page = call("GetRecords", json!({ "ShardIterator": iterator }));
            let records = page["Records"].as_array().expect("records");
            ids.extend(records.iter().filter_map(|record| {
                let data = STANDARD.decode(record["Data"].as_str().expect("text")).expect("base64");
                let submission: Value = serde_json::from_slice(&data).expect("JSON");
                submission["submission_id"].as_str().map(str::to_owned)
            }));
            if records.is_empty() && page["MillisBehindLatest"] == 0 {
                break;
            }
            iterator = page["NextShardIterator"].clone();
        }
    }
    ids
}

/// Workflow and load by stream, for ten minutes: each process of `sluice` is given its time.
const BY_STREAM: [&str; 12] = [
    "--stack",
    "workflow",
    "--stack",
    "load",
    "--parameter",
    "LifetimeMinutes=10",
    "--parameter",
    "Feed=kinesis",
    "--parameter",
    "ShardCount=2",
    "--parameter",
    "PingerRate=10",
];

fn loaded_by_stream() -> Sluice {
    let mut sluice = Sluice::with(&BY_STREAM);
    sluice.start();
    sluice
}

/// The submissions whose execution ended without storing anything because the clock was put forward while one of its tasks was at
/// work.
fn timed_out(sluice: &Sluice) -> BTreeSet<String> {
    let prefix = sluice
        .output("StateMachineArn")
        .replace(":stateMachine:", ":execution:");
    let mut ended = executions(sluice, "FAILED");
    for name in &ended {
        let request = json!({ "executionArn": format!("{prefix}:{name}") });
        let described = sluice.aws().call("AWSStepFunctions.DescribeExecution", &request);
        let execution = described.expect("described");
        let timed_out = ["States.Timeout", "Sandbox.Timedout"]
            .iter()
            .any(|error| execution["error"] == *error);
        assert!(timed_out, "{execution}");
    }
    ended.extend(executions(sluice, "TIMED_OUT"));
    ended
}

/// Checks the result of a run by stream: each of these was stored once, like everything else that was sent, unless the jump of
/// the clock at its end took away the time it had. Returns how many submissions became an execution.
fn check_stored(sluice: &Sluice, sent: &BTreeSet<String>) -> usize {
    let succeeded = check_table(sluice);
    let stored: BTreeSet<String> = entries(sluice).iter().map(|id| sent_id(id)).collect();
    let timed_out: BTreeSet<String> = timed_out(sluice).iter().map(|id| sent_id(id)).collect();
    let missing: Vec<_> = sent
        .iter()
        .filter(|id| !stored.contains(*id) && !timed_out.contains(*id))
        .collect();
    assert!(missing.is_empty(), "acknowledged and not stored: {missing:?}");
    succeeded + timed_out.len()
}

#[test]
fn what_the_load_put_into_a_stream_is_there_also_after_kills() {
    let mut sluice = loaded_by_stream();
    let bad =
        json!({ "StreamName": physical_id(&sluice, "Records"), "PartitionKey": "k", "Data": STANDARD.encode("{}") });
    kinesis(&sluice, "PutRecord", &bad);
    until("the bad record is in the queue", || {
        (failures(&sluice) == 1).then_some(())
    });
    let mut sent = BTreeSet::new();
    for _ in 0..3 {
        let before = entries(&sluice).len();
        more_entries_than(&sluice, before + 20);
        sent.extend(streamed(&sluice));
        let endpoint = sluice.endpoint().to_owned();
        sluice.kill();
        until("no pinger outlives it", || pingers(&endpoint).is_empty().then_some(()));
        sluice.start();
    }
    let before = entries(&sluice).len();
    more_entries_than(&sluice, before + 20);
    sent.extend(streamed(&sluice));
    assert_eq!(failures(&sluice), 1, "a restart keeps what the queue holds");
    let mut logs = logs(&sluice);
    sluice.advance_clock("601s");
    wait_for_its_end(&sluice);
    assert!(sent.len() > 80, "{}", sent.len());
    let started = check_stored(&sluice, &sent);
    // what was put after the last look counts as well
    let accepted: usize = logs.iter_mut().map(|log| counted_by(log, &["put"])).sum();
    assert!(
        accepted > 0 && accepted <= started,
        "{accepted} put, {started} executions"
    );
}

#[test]
fn what_lies_in_a_stream_is_delivered_though_its_time_passed_while_nobody_looked() {
    let mut sluice = loaded_by_stream();
    more_entries_than(&sluice, 20);
    let sent = streamed(&sluice);
    sluice.kill();
    sluice.set_arguments(&WORKFLOW);
    sluice.start();
    // tasks at work would time out with the clock
    until("all executions end", || {
        executions(&sluice, "RUNNING").is_empty().then_some(())
    });
    sluice.advance_clock("11m");
    sluice.kill();
    // without its parameters the stack would have no stream: not before that is empty
    sluice.set_arguments(&arguments(&[]));
    let text = refused(&mut sluice.command());
    for words in ["the stack sluice-load has the stream", "--parameter Feed=kinesis"] {
        assert!(text.contains(words), "{text}");
    }
    sluice.set_arguments(&BY_STREAM);
    start_past_its_time(&mut sluice);
    check_stored(&sluice, &sent);
}

#[test]
fn a_stack_whose_time_passed_while_nobody_looked_is_gone_at_once() {
    let slow = ["--parameter", "PingerRate=1"];
    let mut sluice = loaded(&slow);
    let first = element(&describe(&sluice, "sluice-load"), "StackId");
    assert!(sluice.stop().success());
    sluice.set_arguments(&WORKFLOW);
    sluice.start();
    sluice.advance_clock("2m");
    assert!(sluice.stop().success());

    sluice.set_arguments(&arguments(&slow));
    start_past_its_time(&mut sluice);
    assert_eq!(element(&describe(&sluice, &first), "StackStatus"), "DELETE_COMPLETE");
    assert!(sluice.stop().success());

    // and another one takes its place
    sluice.start();
    let second = describe(&sluice, "sluice-load");
    assert_eq!(element(&second, "StackStatus"), "CREATE_COMPLETE");
    assert_ne!(element(&second, "StackId"), first);
    until("its pingers", || (pingers(sluice.endpoint()).len() == 2).then_some(()));
    assert!(sluice.stop().success());
    assert_eq!(pingers(sluice.endpoint()), [""; 0]);
}

#[test]
fn a_changed_parameter_is_a_new_deployment() {
    let mut sluice = loaded(&["--parameter", "PingerRate=1"]);
    let before = describe(&sluice, "sluice-load");
    sluice.advance_clock("30s");
    assert!(sluice.stop().success());
    sluice.set_arguments(&arguments(&[
        "--parameter",
        "PingerRate=1",
        "--parameter",
        "PingerCount=1",
    ]));
    sluice.start();
    let after = describe(&sluice, "sluice-load");
    assert_eq!(element(&after, "StackStatus"), "UPDATE_COMPLETE");
    assert_eq!(element(&after, "StackId"), element(&before, "StackId"));
    assert_eq!(element(&after, "CreationTime"), element(&before, "CreationTime"));
    let ends = |text: &str| {
        let after = text
            .split("<ParameterKey>DeleteAt</ParameterKey>")
            .nth(1)
            .expect("a DeleteAt");
        element(after, "ParameterValue")
    };
    assert!(ends(&after) > ends(&before), "{} {}", ends(&after), ends(&before));
    until("one pinger", || (pingers(sluice.endpoint()).len() == 1).then_some(()));
    // the old end has passed, the new one has not
    sluice.advance_clock("40s");
    assert_eq!(
        element(&describe(&sluice, "sluice-load"), "StackStatus"),
        "UPDATE_COMPLETE"
    );
    sluice.advance_clock("30s");
    wait_for_its_end(&sluice);
}

#[test]
fn a_stack_is_deleted_by_its_name_and_the_workflow_is_not() {
    let sluice = loaded(&["--stack", "dashboard", "--parameter", "PingerRate=1"]);
    let refused = cloudformation(&sluice, "DeleteStack", "StackName=sluice");
    let message = element(&refused, "Message");
    assert!(
        message.contains("cannot be deleted as it is in use by sluice-load"),
        "{message}"
    );
    cloudformation(&sluice, "DeleteStack", "StackName=sluice-load");
    wait_for_its_end(&sluice);
    cloudformation(&sluice, "DeleteStack", "StackName=sluice-dashboard");
    until("the dashboard stack is gone", || {
        describe(&sluice, "sluice-dashboard")
            .contains("does not exist")
            .then_some(())
    });
    let refused = cloudformation(&sluice, "DeleteStack", "StackName=sluice");
    assert!(
        element(&refused, "Message").contains("TerminationProtection"),
        "{refused}"
    );
    assert_eq!(element(&describe(&sluice, "sluice"), "StackStatus"), "CREATE_COMPLETE");
}

/// Runs `sluice up` to its failure; gives what it printed on standard error.
fn refused(command: &mut std::process::Command) -> String {
    let done = command.output().expect("runs");
    assert!(!done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    text
}

#[test]
fn what_is_wrong_with_the_choice_of_stacks_is_told() {
    let check = |arguments: &[&str], words: &[&str]| {
        let text = refused(Sluice::with(arguments).command().args(["--parameter", "PingerRate=1"]));
        for word in words {
            assert!(
                text.contains(word),
                "{arguments:?} should say {word:?} but said: {text}"
            );
        }
    };
    check(&["--stack", "load"], &["--stack load needs", "add --stack workflow"]);
    check(
        &["--stack", "dashboard", "--stack", "load"],
        &["--stack dashboard needs"],
    );
    check(
        &arguments(&["--parameter", "NoSuch=1"]),
        &["`NoSuch`", "sluice, sluice-load"],
    );
    check(
        &arguments(&["--parameter", "PingerCount=101"]),
        &["PingerCount", "load.yaml:"],
    );
    check(
        &arguments(&["--parameter", "DeleteAt=tomorrow"]),
        &["DeleteAt", "must be a time such as"],
    );
    check(&["--stack", "everything"], &["everything", "workflow, dashboard, load"]);
    check(&["--stack", "load", "--template", "t.yaml"], &["--template"]);
}

#[test]
fn a_pinger_that_cannot_start_fails_the_start() {
    let built = tempfile::tempdir().expect("a directory");
    for entry in std::fs::read_dir(support::binaries()).expect("readable") {
        let entry = entry.expect("readable");
        if entry.path().is_file() && entry.path().extension().is_none() {
            std::os::unix::fs::symlink(entry.path(), built.path().join(entry.file_name())).expect("linked");
        }
    }
    let pinger = built.path().join("pinger");
    std::fs::remove_file(&pinger).expect("it was there");
    std::fs::write(&pinger, "").expect("written");
    let data = tempfile::tempdir().expect("a directory");
    let mut command = support::program();
    command
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path());
    command.arg("--functions").arg(built.path()).args(arguments(&[]));
    let text = refused(&mut command);
    for words in ["the container pinger cannot run", "it is not executable"] {
        assert!(text.contains(words), "{text}");
    }
    let failed = humantime::format_rfc3339_millis(std::time::SystemTime::now()).to_string();
    // nothing began to live: with a whole pinger it is a new stack
    let mut sluice = Sluice::on(data, &arguments(&[]));
    sluice.start();
    let created = element(&describe(&sluice, "sluice-load"), "CreationTime");
    assert!(created > failed, "{created} {failed}");
}

#[test]
fn what_a_schedule_is_for_happens_on_the_engines_clock() {
    let template = r#"
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: beats
      RoleArn: arn:aws:iam::000000000000:role/r
      DefinitionString: '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}'
  Beat:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 minute)
      FlexibleTimeWindow: { Mode: "OFF" }
      Target: { Arn: !Ref Machine, RoleArn: r, Input: '{"beat": true}' }
Outputs:
  StateMachineArn:
    Value: !Ref Machine
"#;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("t.yaml");
    std::fs::write(&file, template).expect("written");
    let mut sluice = Sluice::with(&["--template", file.to_str().expect("text")]);
    sluice.start();
    let beats = |sluice: &Sluice, count: usize| {
        until("beats", || {
            (executions(sluice, "SUCCEEDED").len() >= count).then_some(())
        });
    };
    beats(&sluice, 1);
    sluice.advance_clock("1m");
    beats(&sluice, 2);
    // what is missed comes once
    sluice.advance_clock("10m");
    beats(&sluice, 3);
    let arn = sluice.output("StateMachineArn");
    let request = json!({ "stateMachineArn": arn });
    let listed = sluice
        .aws()
        .call("AWSStepFunctions.ListExecutions", &request)
        .expect("listed");
    let newest = &listed["executions"][0]["executionArn"];
    let described: Value = sluice
        .aws()
        .call("AWSStepFunctions.DescribeExecution", &json!({ "executionArn": newest }))
        .expect("described");
    let input = described["input"].as_str().expect("a text");
    assert_eq!(
        serde_json::from_str::<Value>(input).expect("JSON"),
        json!({ "beat": true })
    );
    // a restart keeps the beat: nothing is due
    let before = executions(&sluice, "SUCCEEDED").len();
    assert!(sluice.stop().success());
    sluice.start();
    assert_eq!(executions(&sluice, "SUCCEEDED").len(), before);
    sluice.advance_clock("1m");
    beats(&sluice, before + 1);
}
