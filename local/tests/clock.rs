//! The time machine of the real binary: `sluice clock`, and the API behind it.

mod support;

use serde_json::{Value, json};
use support::{Sluice, program, until};

/// A state machine that waits two hours, then a day, and ends as it is told.
fn waits(end: Value) -> Value {
    json!({ "StartAt": "Pause", "States": {
        "Pause": { "Type": "Wait", "Seconds": 7_200, "Next": "Rest" },
        "Rest": { "Type": "Wait", "Seconds": 86_400, "Next": "End" },
        "End": end } })
}

fn put(sluice: &Sluice, name: &str, definition: &Value) -> Value {
    let create =
        json!({ "name": name, "definition": definition.to_string(), "roleArn": "arn:aws:iam::000000000000:role/r" });
    sluice
        .aws()
        .call("AWSStepFunctions.CreateStateMachine", &create)
        .expect("created")["stateMachineArn"]
        .clone()
}

fn start(sluice: &Sluice, machine: &Value) {
    let start = json!({ "stateMachineArn": machine });
    sluice
        .aws()
        .call("AWSStepFunctions.StartExecution", &start)
        .expect("started");
}

/// Runs `sluice clock` with these words: true if it succeeded, and what it printed.
fn clock(sluice: &Sluice, words: &[&str]) -> (bool, String) {
    let mut command = program();
    command.arg("clock").args(words).args(["--endpoint", sluice.endpoint()]);
    let done = command.output().expect("runs");
    let printed = if done.status.success() {
        done.stdout
    } else {
        done.stderr
    };
    (done.status.success(), String::from_utf8(printed).expect("UTF-8"))
}

fn next(sluice: &Sluice) -> Value {
    let (ok, printed) = clock(sluice, &["next", "--json"]);
    assert!(ok, "{printed}");
    serde_json::from_str(&printed).expect("JSON")
}

#[test]
fn it_goes_from_deadline_to_deadline_and_says_what_each_set_off() {
    let sluice = Sluice::started();
    let succeeds = put(&sluice, "succeeds", &waits(json!({ "Type": "Succeed" })));
    let fails = put(
        &sluice,
        "fails",
        &waits(json!({ "Type": "Fail", "Error": "Oh", "Cause": "no" })),
    );
    for _ in 0..3 {
        start(&sluice, &succeeds);
    }
    let first = next(&sluice);
    assert_eq!(first["to"]["kind"], "execution", "{first}");
    assert_eq!(
        (&first["to"]["machine"], &first["to"]["state"], &first["settled"]),
        (&json!("succeeds"), &json!("Pause"), &json!(true)),
        "{first}"
    );
    // the three were not started within the same millisecond, perhaps
    clock(&sluice, &["advance", "1m"]);
    start(&sluice, &fails);
    let (_, shown) = clock(&sluice, &["show"]);
    assert!(shown.contains("the wait Pause of fails ends"), "{shown}");
    let second = next(&sluice);
    assert_eq!(second["to"]["state"], "Pause", "{second}");
    assert_eq!(
        second["set_off"]["states"],
        json!([{ "machine": "fails", "state": "Rest", "entered": 1 }])
    );
    let (_, printed) = clock(&sluice, &["advance", "2days"]);
    assert!(printed.contains("4 deadlines passed. States entered: "), "{printed}");
    assert!(printed.contains("succeeds.End 3"), "{printed}");
    assert!(printed.contains("fails.End 1"), "{printed}");
    assert!(printed.contains("Executions: 3 succeeded, 1 failed."), "{printed}");
}

#[test]
fn mails_and_schedules_are_part_of_it() {
    let sluice = Sluice::started();
    let sns = |form: &str| sluice.aws().query("sns", &format!("Version=2010-03-31&{form}"));
    let topic = "arn:aws:sns:us-east-1:000000000000:news";
    sns("Action=CreateTopic&Name=news");
    sns(&format!(
        "Action=Subscribe&TopicArn={topic}&Protocol=email&Endpoint=a%40example.com"
    ));
    let mail = json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": 600, "Next": "Mail" },
        "Mail": { "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": true,
            "Parameters": { "TopicArn": topic, "Subject": "s", "Message": "m" } } } });
    let machine = put(&sluice, "mail", &mail);
    start(&sluice, &machine);
    let jumped = next(&sluice);
    assert_eq!(
        (
            &jumped["set_off"]["mails"],
            &jumped["set_off"]["executions"]["succeeded"]
        ),
        (&json!(1), &json!(1)),
        "{jumped}"
    );
    let called = jumped["set_off"]["schedules"].as_array().expect("a list");
    assert!(
        !called.is_empty(),
        "a schedule that recurs was called on the way: {jumped}"
    );
    let (_, answer) = sluice.aws().get(&format!("{}/_sluice/clock", sluice.endpoint()), &[]);
    let shown: Value = serde_json::from_str(&answer).expect("JSON");
    let kinds: Vec<&Value> = shown["next"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert!(kinds.contains(&&json!("schedule")), "{shown}");
}

#[test]
fn what_it_does_not_understand_it_refuses() {
    let sluice = Sluice::started();
    let check = |body: &str, status: u16, part: &str| {
        let url = format!("{}/_sluice/clock", sluice.endpoint());
        let aws = sluice.aws();
        let request = aws.agent().post(&url).header("content-type", "application/json");
        let mut answer = request.send(body).expect("answers");
        let (found, text) = (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().expect("text"),
        );
        assert!(found == status && text.contains(part), "{body}: {found} {text}");
    };
    check("{}", 400, "advance_ms");
    check(r#"{"to": "next", "advance_ms": 5}"#, 400, "either");
    check(r#"{"advance_ms": 99999999999999}"#, 400, "a hundred years");
    check(r#"{"advance_ms": 1, "wait_ms": 60001}"#, 400, "wait_ms");
    check(r#"{"to": "past"}"#, 422, "next");
    let (ok, said) = clock(&sluice, &["advance", "soon"]);
    assert!(!ok && said.contains("soon"), "{said}");
    until("the refusals moved nothing", || {
        let (_, shown) = clock(&sluice, &["show", "--json"]);
        serde_json::from_str::<Value>(&shown).ok()
    });
}
