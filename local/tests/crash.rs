//! `kill -9` in the middle of traffic: what was acknowledged is there exactly once, what waited still waits. And a clock
//! that jumps in the middle of it: no call in flight runs out of time.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::{Sluice, raw, until};

const CLIENTS: usize = 32;
const ROUNDS: usize = 10;
/// Answers in one round before the kill.
const ANSWERS: usize = 120;

/// The answer to a client.
#[derive(Debug, Clone, PartialEq)]
enum Told {
    /// `201`: stored.
    Stored { email: String, id: String },
    /// `202`: waiting for an admin.
    Waiting { id: String },
    /// `202`, not finished; or an id from StartExecution.
    TakenIn { email: String, id: String },
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_done_twice() {
    let mut sluice = Sluice::new();
    let told = Mutex::new(Vec::new());
    for round in 0..ROUNDS {
        sluice.start();
        traffic_until_killed(&mut sluice, round, &told);
    }
    sluice.start();
    let told = told.into_inner().expect("not poisoned");
    let count = |kind: fn(&Told) -> bool| told.iter().filter(|t| kind(t)).count();
    assert!(count(|t| matches!(t, Told::Stored { .. })) > ROUNDS, "{told:?}");
    assert!(count(|t| matches!(t, Told::Waiting { .. })) > ROUNDS, "{told:?}");
    assert!(count(|t| matches!(t, Told::TakenIn { .. })) > ROUNDS, "{told:?}");
    check_finished(&sluice, &told);
    check_waiting(&sluice, &told);
}

/// As many executions are acknowledged before the clock jumps.
const ACKNOWLEDGED: usize = 40;

#[test]
fn no_call_in_flight_runs_out_of_time_when_the_clock_jumps_or_the_process_ends() {
    let mut sluice = Sluice::started();
    let mut told = Vec::new();
    for by in ["10m", "1d", "kill", "stop"] {
        let (aws, machine) = (sluice.aws(), sluice.output("StateMachineArn"));
        told.extend(
            (0..ACKNOWLEDGED).map(|n| {
                start(&aws, &machine, &format!("by{by}n{n}@example.com")).expect("it runs, so that it answers")
            }),
        );
        match by {
            "kill" => sluice.kill(),
            "stop" => assert!(sluice.stop().success()),
            by => sluice.advance_clock(by),
        }
        if ["kill", "stop"].contains(&by) {
            sluice.start();
            // by far longer than any call of the workflow may take
            sluice.advance_clock("1h");
        }
    }
    check_finished(&sluice, &told);
}

/// 32 clients submit in three ways until enough answers have come; then the process dies with requests in flight.
fn traffic_until_killed(sluice: &mut Sluice, round: usize, told: &Mutex<Vec<Told>>) {
    let (url, machine) = (sluice.output("FunctionURLAPI"), sluice.output("StateMachineArn"));
    let (answers, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let endpoint = sluice.endpoint().to_owned();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (url, machine, endpoint, answers, over) = (&url, &machine, &endpoint, &answers, &over);
            scope.spawn(move || {
                let aws = support::Aws::new(endpoint);
                for n in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let email = format!("r{round}c{client}n{n}@example.com");
                    let answer = match n % 3 {
                        0 => submit(&aws, url, &email, "1234"),
                        1 => submit(&aws, url, &email, "bad"),
                        _ => start(&aws, machine, &email),
                    };
                    // no answer: the kill came first, and nothing was promised
                    let Some(answer) = answer else { continue };
                    told.lock().expect("not poisoned").push(answer);
                    answers.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        until("enough answers", || {
            (answers.load(Ordering::SeqCst) >= ANSWERS).then_some(())
        });
        sluice.kill();
        over.store(true, Ordering::SeqCst);
    });
}

fn submit(aws: &support::Aws, url: &str, email: &str, pincode: &str) -> Option<Told> {
    let body = json!({ "user_name": "Crash", "email": email, "pincode": pincode }).to_string();
    let request = aws
        .agent()
        .put(url)
        .header("content-type", "application/json")
        .header("prefer", "wait=10");
    let mut answer = request.send(body).ok()?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().ok()?;
    // the function URL answers 502 when the function dies under it: nothing was promised
    let body: Value = serde_json::from_str(&text).ok()?;
    let id = body["id"].as_str().map(str::to_owned);
    match (status, body["status"].as_str()) {
        (201, _) => Some(Told::Stored {
            email: email.to_owned(),
            id: id.expect("a 201 has an id"),
        }),
        (202, Some("waiting_for_approval")) => Some(Told::Waiting {
            id: id.expect("a 202 has an id"),
        }),
        (202, _) => Some(Told::TakenIn {
            email: email.to_owned(),
            id: id.expect("a 202 has an id"),
        }),
        (400 | 404 | 409, _) => panic!("{email}: {status} {text}"),
        _ => None,
    }
}

fn start(aws: &support::Aws, machine: &str, email: &str) -> Option<Told> {
    let input = json!({ "user_name": "Crash", "email": email, "pincode": "4321" }).to_string();
    let request = json!({ "stateMachineArn": machine, "input": input });
    match aws.call("AWSStepFunctions.StartExecution", &request) {
        Ok(started) => {
            let id = started["executionArn"]
                .as_str()
                .and_then(|a| a.rsplit(':').next())
                .expect("an ARN")
                .to_owned();
            Some(Told::TakenIn {
                email: email.to_owned(),
                id,
            })
        }
        Err((code, _)) if code == "Connection" => None,
        Err(error) => panic!("{email}: {error:?}"),
    }
}

fn execution(sluice: &Sluice, aws: &support::Aws, id: &str) -> Value {
    let arn = sluice.execution_arn(id);
    aws.call("AWSStepFunctions.DescribeExecution", &json!({ "executionArn": arn }))
        .unwrap_or_else(|e| panic!("{id}: {e:?}"))
}

/// Everything stored or taken in ends as one entry; there is no entry that nobody submitted, and none twice.
fn check_finished(sluice: &Sluice, told: &[Told]) {
    let aws = sluice.aws();
    for one in told {
        if let Told::Stored { id, .. } | Told::TakenIn { id, .. } = one {
            let end = until("it ends", || {
                let now = execution(sluice, &aws, id);
                (now["status"] != "RUNNING").then_some(now)
            });
            assert_eq!(end["status"], "SUCCEEDED", "{end}");
        }
    }
    let mut entries: BTreeMap<String, String> = BTreeMap::new();
    let mut start_key = Value::Null;
    loop {
        let mut request = json!({ "TableName": sluice.output("TableName") });
        if !start_key.is_null() {
            request["ExclusiveStartKey"] = start_key;
        }
        let page = aws.call("DynamoDB_20120810.Scan", &request).expect("scanned");
        for item in page["Items"].as_array().expect("items") {
            let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
            assert!(
                entries.insert(text("email"), text("submission_id")).is_none(),
                "twice: {item}"
            );
        }
        start_key = page["LastEvaluatedKey"].clone();
        if start_key.is_null() {
            break;
        }
    }
    for one in told {
        if let Told::Stored { email, id } | Told::TakenIn { email, id } = one {
            assert_eq!(entries.get(email), Some(id), "{one:?}");
        }
    }
}

/// Everything that waited still waits, once, and the link of a mail from before the kill decides it.
fn check_waiting(sluice: &Sluice, told: &[Told]) {
    let aws = sluice.aws();
    let waiting: BTreeSet<&str> = told
        .iter()
        .filter_map(|t| {
            if let Told::Waiting { id } = t {
                Some(id.as_str())
            } else {
                None
            }
        })
        .collect();
    let mut mails: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut url = format!("{}/console/inbox", sluice.endpoint());
    loop {
        let page = aws.json(&url);
        for mail in page["items"].as_array().expect("a list") {
            let text = mail["text"].as_str().expect("text");
            if let Some(id) = waiting.iter().find(|id| text.contains(*id)) {
                mails.entry((*id).to_owned()).or_default().push(mail.clone());
            }
        }
        match page["next"].as_str() {
            Some(next) if next.starts_with('/') => url = format!("{}{next}", sluice.endpoint()),
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    let mut decided = 0;
    for id in &waiting {
        assert_eq!(execution(sluice, &aws, id)["status"], "RUNNING", "{id}");
        // newest first: the last one is the mail from before the kill, if one was sent again after it
        let Some(mail) = mails.get(*id).and_then(|m| m.last()) else {
            // beyond the budget of mails: it is open, and a digest tells of it
            let key = json!({ "TableName": sluice.output("ApprovalsTableName"), "Key": { "id": { "S": format!("{id}.1") } } });
            let record = aws.call("DynamoDB_20120810.GetItem", &key).expect("read");
            assert!(record["Item"]["open_shard"]["S"].is_string(), "{id}: {record}");
            continue;
        };
        decided += 1;
        let text = mail["text"].as_str().expect("text");
        let link = text.split_whitespace().find(|w| w.starts_with("http")).expect("a link");
        let path = link
            .strip_prefix("http://")
            .and_then(|l| l.find('/').map(|at| &l[at..]))
            .expect("a path");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept", "application/json"),
        ];
        let is_code =
            |line: &&str| line.len() == 6 && line.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let code = text.lines().find(is_code).expect("a code on a line of its own");
        let form = format!("decision=reject&code={code}");
        let answer = raw::send(link, "POST", path, &headers, form.as_bytes());
        assert_eq!(answer.status, 200, "{id}: {answer:?}");
        until("the decision arrives", || {
            (execution(sluice, &aws, id)["status"] == "SUCCEEDED").then_some(())
        });
    }
    assert!(
        waiting.is_empty() || decided > 0,
        "of {} that wait none has a mail",
        waiting.len()
    );
}
