//! Reminder, escalation and deadline, by the engine's clock.

mod support;

use serde_json::{Value, json};
use support::approvals::until_parked;
use support::raw;
use support::{Sluice, until};

fn submit(sluice: &Sluice) -> String {
    let body = json!({ "user_name": "Half", "email": "half@example.com", "pincode": "12" }).to_string();
    let headers = [("content-type", "application/json"), ("prefer", "wait=30")];
    let answer = raw::send(&sluice.output("FunctionURLAPI"), "PUT", "/", &headers, body.as_bytes());
    assert_eq!(answer.status, 202, "{answer:?}");
    let location = answer.header("location").expect("a location");
    let id = location.rsplit('/').next().expect("an id").to_owned();
    until_parked(sluice, &id);
    id
}

/// Recipient and first words of the subject of each mail, the oldest first.
fn mails(sluice: &Sluice) -> Vec<(String, String)> {
    let inbox = sluice.aws().json(&format!("{}/console/inbox", sluice.endpoint()));
    let text = |mail: &Value, name: &str| mail[name].as_str().expect("text").to_owned();
    let all = inbox["items"].as_array().expect("a list").iter().rev();
    all.map(|mail| {
        let subject = text(mail, "subject");
        let begins = subject.split([':', ',']).next().unwrap_or_default().to_owned();
        (text(mail, "to"), begins)
    })
    .collect()
}

fn until_mails(sluice: &Sluice, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(to, begins)| ((*to).to_owned(), (*begins).to_owned()))
        .collect();
    until(&format!("the mails are {expected:?}"), || {
        let mut found = mails(sluice);
        // those of one moment are in no order
        found.sort_by_key(|(to, begins)| expected.iter().position(|one| (&one.0, &one.1) == (to, begins)));
        (found == expected).then_some(())
    });
}

fn answer(sluice: &Sluice, id: &str) -> Value {
    let url = format!(
        "{}/submissions/{id}",
        sluice.output("FunctionURLAPI").trim_end_matches('/')
    );
    sluice.aws().json(&url)
}

#[test]
fn admins_are_reminded_others_hear_of_it_and_then_it_expires() {
    let mut sluice = Sluice::with(&[
        "--parameter",
        "ApprovalTimeoutDays=10",
        "--parameter",
        "AdminEmail2=second@example.com",
        "--parameter",
        "EscalationEmail=boss@example.com",
    ]);
    sluice.start();
    let id = submit(&sluice);
    let mut expected = vec![
        ("admin@example.com", "Approve? Half"),
        ("second@example.com", "Approve? Half"),
    ];
    until_mails(&sluice, &expected);
    sluice.advance_clock("4d 23h");
    assert_eq!(mails(&sluice).len(), 2);
    sluice.advance_clock("2h");
    expected.extend([("admin@example.com", "Reminder"), ("second@example.com", "Reminder")]);
    until_mails(&sluice, &expected);
    sluice.advance_clock("3d");
    expected.push(("boss@example.com", "Nobody decided"));
    until_mails(&sluice, &expected);
    sluice.advance_clock("2d 1h");
    until("it has expired", || {
        (answer(&sluice, &id)["status"] == "expired").then_some(())
    });
    until_mails(&sluice, &expected);
}

#[test]
fn the_deadline_decides_as_the_parameter_says() {
    for (decision, status) in [("approve", "approved"), ("reject", "rejected")] {
        let parameter = format!("ExpiryDecision={decision}");
        let mut sluice = Sluice::with(&[
            "--parameter",
            &parameter,
            "--parameter",
            "RemindAtPercent=0",
            "--parameter",
            "EscalateAtPercent=0",
        ]);
        sluice.start();
        let id = submit(&sluice);
        sluice.advance_clock("7d 1m");
        let end = until("it has ended", || {
            let answer = answer(&sluice, &id);
            (answer["status"] == status).then_some(answer)
        });
        if decision == "reject" {
            assert_eq!(end["reason"], "No admin decided within 7 days.", "{end}");
        }
        assert_eq!(mails(&sluice).len(), 1, "nobody is reminded: {:?}", mails(&sluice));
    }
}
