//! `sluice inbox attack`: what mail systems do to links decides nothing, and the attack can tell when it does.

mod support;

use std::process::Output;

use serde_json::Value;
use support::approvals::{Asked, ask_for_approval, audit, decided_once};
use support::{Sluice, program};

fn attack(sluice: &Sluice, words: &[&str]) -> Output {
    let mut command = program();
    command
        .args(["inbox", "attack"])
        .args(words)
        .args(["--endpoint", sluice.endpoint()]);
    command.output().expect("runs")
}

fn report(done: &Output) -> Value {
    let text = String::from_utf8_lossy(&done.stdout);
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text} {}", String::from_utf8_lossy(&done.stderr)))
}

#[test]
fn whatever_mail_systems_do_everything_stays_open_and_a_person_with_the_code_decides() {
    let sluice = Sluice::started();
    let asked: Vec<Asked> = ["Ada", "Grace"]
        .iter()
        .map(|name| ask_for_approval(&sluice, name))
        .collect();
    let done = attack(&sluice, &["--json"]);
    let report = report(&done);
    assert!(
        done.status.success() && report["stands"] == true,
        "{:#}",
        report["changes"]
    );
    let requests = report["requests"].as_array().expect("a list");
    let made = |part: &str| {
        requests
            .iter()
            .filter(|one| one["attack"].as_str().is_some_and(|kind| kind.contains(part)))
            .count()
    };
    for kind in [
        "HEAD",
        "preview: Slack",
        "Safe Links",
        "quoted-printable",
        "form: decision=approve",
        "double click",
        "unsubscribe",
        "at once",
    ] {
        assert!(made(kind) >= 2, "no {kind} on each link");
    }
    for (one, decision) in asked.iter().zip(["approve", "reject"]) {
        assert_eq!(one.decide(decision).expect("answers"), 200);
        decided_once(&sluice, one, decision);
        let trail = audit(&sluice, &one.id);
        let records = trail["records"].as_array().expect("records");
        let decided = records
            .iter()
            .find(|record| record["kind"] == "decided")
            .expect("a decision");
        assert_eq!(decided["data"]["decided_by"], one.to.as_str(), "{decided}");
        assert!(records.iter().any(|record| record["kind"] == "fetched"), "{trail}");
    }
}

#[test]
fn without_a_code_a_scanner_that_presses_buttons_decides_and_the_attack_says_so() {
    let mut sluice = Sluice::with(&["--parameter", "ApprovalCode=false"]);
    sluice.start();
    support::approvals::submit(&sluice, "Ada");
    let done = attack(&sluice, &[]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("CHANGED: the execution "), "{said}");
}

#[test]
fn without_a_mail_there_is_nothing_to_attack() {
    let sluice = Sluice::started();
    let done = attack(&sluice, &[]);
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("half right"), "{done:?}");
}
