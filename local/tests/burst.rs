//! A burst of half-right submissions under AWS's quotas: SNS would suspend the admin's subscription after the tenth mail of a second.

mod support;

use serde_json::{Value, json};
use support::raw;
use support::{Sluice, until};

const MANY: usize = 300;

fn inbox(sluice: &Sluice) -> Vec<Value> {
    let page = sluice
        .aws()
        .json(&format!("{}/console/inbox?limit=100", sluice.endpoint()));
    assert!(page["next"].is_null(), "more than a hundred mails");
    page["items"].as_array().expect("a list").clone()
}

fn subjects(sluice: &Sluice, begins: &str) -> Vec<String> {
    let all = inbox(sluice);
    let subjects = all
        .iter()
        .map(|mail| mail["subject"].as_str().expect("a subject").to_owned());
    subjects.filter(|subject| subject.starts_with(begins)).collect()
}

/// Submits one, again and again while the API says that it has no room.
fn submit(url: &str, number: usize) {
    let body =
        json!({ "user_name": "Half", "email": format!("half{number}@example.com"), "pincode": "12" }).to_string();
    let key = format!("burst-{number}");
    let headers = [
        ("content-type", "application/json"),
        ("prefer", "respond-async"),
        ("idempotency-key", key.as_str()),
    ];
    until("it is taken in", || {
        let answer = raw::send(url, "PUT", "/", &headers, body.as_bytes());
        assert!([202, 429, 503].contains(&answer.status), "{answer:?}");
        (answer.status == 202).then_some(())
    });
}

#[test]
fn a_burst_makes_a_handful_of_mails_then_a_digest_and_nothing_is_lost() {
    let mut sluice = Sluice::with(&["--quotas", "aws"]);
    sluice.start();
    let url = sluice.output("FunctionURLAPI");
    std::thread::scope(|scope| {
        for lane in 0..6 {
            let url = url.as_str();
            scope.spawn(move || (lane..MANY).step_by(6).for_each(|number| submit(url, number)));
        }
    });
    let open = || {
        let request = json!({ "TableName": sluice.output("ApprovalsTableName"), "IndexName": "OpenByDeadline", "Select": "COUNT",
            "KeyConditionExpression": "open_shard = :shard" });
        let counted = (0..8).map(|shard| {
            let mut request = request.clone();
            request["ExpressionAttributeValues"] = json!({ ":shard": { "S": format!("open#{shard}") } });
            let page = sluice.aws().call("DynamoDB_20120810.Query", &request).expect("counted");
            page["Count"].as_u64().expect("a number")
        });
        counted.sum::<u64>()
    };
    until("all are open", || {
        (open() == u64::try_from(MANY).unwrap()).then_some(())
    });
    let single = subjects(&sluice, "Approve? Half: the pincode 12 is not 4 to 6 digits").len();
    // six at once, and one more for each ten seconds that the burst took
    assert!((1..=30).contains(&single), "{single} mails");

    sluice.advance_clock("2m");
    until("a digest tells of the others", || {
        let digests = subjects(&sluice, "Approve? 300 requests wait");
        (!digests.is_empty()).then_some(())
    });
    let attributes = sluice.aws().query(
        "sns",
        &format!(
            "Action=GetTopicAttributes&Version=2010-03-31&TopicArn={}",
            sluice.output("TopicArn")
        ),
    );
    assert!(
        attributes.contains("<key>SubscriptionsPending</key><value>0</value>"),
        "the subscription is alive: {attributes}"
    );
}

#[test]
fn beyond_the_limit_a_half_right_submission_is_refused_with_the_reason() {
    let mut sluice = Sluice::with(&["--parameter", "OpenApprovalsLimit=2"]);
    sluice.start();
    let url = sluice.output("FunctionURLAPI");
    let put = |number: usize| {
        let body = json!({ "user_name": "Half", "email": format!("half{number}@example.com"), "pincode": "12" });
        let headers = [
            ("content-type", "application/json"),
            ("accept", "application/json"),
            ("prefer", "wait=30"),
        ];
        raw::send(&url, "PUT", "/", &headers, body.to_string().as_bytes())
    };
    for number in 0..2 {
        assert_eq!(put(number).json()["status"], "waiting_for_approval");
    }
    let refused = put(2);
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(
        refused.body.contains("Too many submissions wait for an admin already"),
        "{refused:?}"
    );
}
