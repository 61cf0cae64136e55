//! Tests of alarms of a stack: the state follows the clock, the admin gets a mail, and a kill loses neither.

mod support;

use serde_json::{Value, json};
use support::{Sluice, until};

/// The alarms of the stack, by the part of their name that the template gives.
fn alarm(sluice: &Sluice, part: &str) -> Value {
    let answer = sluice
        .aws()
        .call("GraniteServiceVersion20100801.DescribeAlarms", &json!({}));
    let answer = answer.expect("an answer");
    let alarms = answer["MetricAlarms"].as_array().expect("alarms").clone();
    let of_name = |alarm: &Value| alarm["AlarmName"].as_str().is_some_and(|name| name.contains(part));
    alarms.into_iter().find(of_name).expect("the alarm")
}

fn is_in(sluice: &Sluice, part: &str, state: &str) -> Option<()> {
    (alarm(sluice, part)["StateValue"] == state).then_some(())
}

/// The subjects of the mails of alarms that are in the ALARM state, the latest first.
fn mails(sluice: &Sluice) -> Vec<String> {
    let inbox = sluice
        .aws()
        .json(&format!("{}/console/inbox?limit=200", sluice.endpoint()));
    let subjects = inbox["items"].as_array().expect("mails").iter();
    let subjects = subjects.map(|mail| mail["subject"].as_str().expect("a subject").to_owned());
    subjects.filter(|subject| subject.starts_with("ALARM: ")).collect()
}

fn state_changes(sluice: &Sluice, name: &Value) -> usize {
    let request = json!({ "AlarmName": name, "HistoryItemType": "StateUpdate" });
    let answer = sluice
        .aws()
        .call("GraniteServiceVersion20100801.DescribeAlarmHistory", &request);
    let answer = answer.expect("an answer");
    answer["AlarmHistoryItems"].as_array().expect("items").len()
}

#[test]
fn a_lost_execution_raises_the_alarm_and_a_kill_loses_neither_state_nor_mail() {
    let mut sluice = Sluice::started();
    assert_eq!(alarm(&sluice, "ExecutionsLost")["StateValue"], "INSUFFICIENT_DATA");
    sluice.advance_clock("1m");
    until("nothing is lost", || is_in(&sluice, "ExecutionsLost", "OK"));
    let half_right = json!({ "user_name": "Half", "email": "half@example.com", "pincode": "x" });
    let start = json!({ "stateMachineArn": sluice.output("StateMachineArn"), "input": half_right.to_string() });
    let started = sluice
        .aws()
        .call("AWSStepFunctions.StartExecution", &start)
        .expect("started");
    let stop = json!({ "executionArn": started["executionArn"] });
    sluice
        .aws()
        .call("AWSStepFunctions.StopExecution", &stop)
        .expect("stopped");
    sluice.advance_clock("1m");
    until("the alarm is raised", || is_in(&sluice, "ExecutionsLost", "ALARM"));
    until("the admin has a mail", || (mails(&sluice).len() == 1).then_some(()));
    let raised = alarm(&sluice, "ExecutionsLost");
    let reason = raised["StateReason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("Threshold Crossed: 1 out of the last 1 datapoint [1.0 ("),
        "{reason}"
    );
    let page = sluice
        .aws()
        .json(&format!("{}/console/alarms?limit=200", sluice.endpoint()));
    let items = page["items"].as_array().expect("alarms");
    assert!(
        items
            .iter()
            .any(|item| item["name"] == raised["AlarmName"] && item["state"] == "ALARM"),
        "{page}"
    );

    sluice.kill();
    sluice.start();
    let kept = alarm(&sluice, "ExecutionsLost");
    for member in ["StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp"] {
        assert_eq!(kept[member], raised[member], "{member}");
    }
    assert_eq!(mails(&sluice).len(), 1);
    for _ in 0..4 {
        sluice.advance_clock("1m");
    }
    until("nothing is lost any more", || is_in(&sluice, "ExecutionsLost", "OK"));
    // INSUFFICIENT_DATA, OK, ALARM, OK
    assert_eq!(state_changes(&sluice, &raised["AlarmName"]), 3);
    assert_eq!(mails(&sluice).len(), 1);
}
