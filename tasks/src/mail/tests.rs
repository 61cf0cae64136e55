use linkify::LinkFinder;
use serde_json::{Value, json};
use sluice_workflows::{DecisionKind, Submission, Violation};

use super::*;

const LINK: &str = "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws/s3cret_-w0rds";
const ACCESS: Access<'_> = Access {
    link: LINK,
    code: Some("K7M2QX"),
    approver: "ada@example.com",
};
/// 2026-11-22T10:00:00Z.
const NOW: i64 = 1_795_341_600_000;
const DAY: i64 = 86_400_000;

fn violations() -> Vec<Violation> {
    let message = "The e-mail address must be a letter, then letters or digits, an @, letters or digits, and .com at the end, as in ada1@example.com.";
    vec![serde_json::from_value(json!({"field": "email", "rule": "pattern", "message": message})).unwrap()]
}

fn mail(submission: Value, occasion: Occasion, at_deadline: DecisionKind) -> Mail {
    let submission: Submission = serde_json::from_value(submission).unwrap();
    let violations = violations();
    let summary = crate::summary::write(&submission, &violations);
    let question = Question {
        submission_id: "s-1",
        submission: &submission,
        violations: &violations,
        summary: &summary,
        submitted_at_ms: NOW - 1000,
        expires_at_ms: NOW + 7 * DAY,
        at_deadline,
    };
    question.mail(occasion, &ACCESS, NOW + 1000)
}

/// The links that a program finds that looks for them: with or without a scheme, addresses of mail too.
fn links(text: &str) -> Vec<String> {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    finder.links(text).map(|link| link.as_str().to_owned()).collect()
}

fn check_shape(mail: &Mail) {
    assert!(mail.subject.is_ascii() && mail.subject.len() < 100, "{}", mail.subject);
    assert!(!mail.subject.starts_with(' ') && !mail.subject.contains('\n'));
    let (with_code, without) = (links(&mail.text), links(&mail.subject));
    assert_eq!(
        (with_code, without),
        (vec![LINK.to_owned()], vec![]),
        "{}\n{}",
        mail.subject,
        mail.text
    );
    for line in mail.text.lines() {
        assert!(line == LINK || line.chars().count() < 76, "{line}");
        assert!(line.len() < 998);
    }
    assert!(mail.text.len() < 6_000);
    for own in [LINK, "K7M2QX"] {
        assert!(
            mail.text.lines().any(|line| line == own),
            "{own} has a line of its own in {}",
            mail.text
        );
    }
}

#[test]
fn a_request_says_what_is_wrong_until_when_and_how_to_decide() {
    let submission = json!({"user_name": "Ananya", "email": "ananya@example", "pincode": "123456"});
    let mail = mail(submission, Occasion::Request, DecisionKind::Expire);
    check_shape(&mail);
    let expected = "Approve? Ananya: the e-mail ananya@example is not an accepted address";
    assert_eq!(mail.subject, expected);
    for part in [
        "A submission is half right and waits for your decision.\n",
        "\nUser name: Ananya\n",
        "\nE-mail:    ananya@example\n",
        "\nPincode:   123456\n",
        "\n- The e-mail address must be a letter,",
        "Decide before 29 Nov 2026, 10:00 UTC. Then it expires, and nothing is\nstored.",
        "\nSubmission: s-1\nIt came in at 22 Nov 2026, 09:59 UTC. This mail is for ada@example[.]com.\n",
    ] {
        assert!(mail.text.contains(part), "{part:?} is not in {}", mail.text);
    }
}

#[test]
fn each_occasion_and_each_default_has_its_words() {
    let submission = || json!({"user_name": "Ananya", "email": "x@y", "pincode": "123456"});
    for (occasion, begins) in [
        (Occasion::Request, "Approve? Ananya: the e-mail"),
        (Occasion::Reminder, "Reminder, 6 days left: Ananya: the e-mail"),
        (Occasion::Escalation, "Nobody decided, 6 days left: Ananya: the e-mail"),
        (Occasion::Replacement, "New link: Ananya: the e-mail"),
    ] {
        let mail = mail(submission(), occasion, DecisionKind::Expire);
        check_shape(&mail);
        assert!(mail.subject.starts_with(begins), "{}", mail.subject);
    }
    for (at_deadline, words) in [
        (DecisionKind::Expire, "Then it expires"),
        (DecisionKind::Approve, "Then it is approved as it is"),
        (DecisionKind::Reject, "Then it is rejected"),
    ] {
        let mail = mail(submission(), Occasion::Request, at_deadline);
        assert!(mail.text.contains(words), "{}", mail.text);
    }
}

/// Whatever a submitter writes, the mail has one link, ours, and its lines are ours.
#[test]
fn a_submitter_can_neither_put_a_link_nor_a_line_into_a_mail() {
    let code_line = "x\nIts code:\n\nAAAAAA\n";
    for hostile in [
        "https://evil.example/approve",
        "HtTpS://evil.example",
        "http:evil.example",
        "hhttp://evil.example http://http://evil.example",
        "evil.example",
        "www.evil.example/login?x=1",
        "evil.example:8080/x",
        "evil。example evil．example evil｡example",
        "xn--e1awd7f.com",
        "пример.рф 例え.jp",
        "ftp://evil.example file:///etc/passwd",
        "mailto:eve@evil.example?subject=x",
        "eve@evil.example",
        "tel:+491234567 sms:123 javascript:alert(1) data:text/html;base64,AAAA",
        "//evil.example/x",
        r"\\evil.example\share \\\\evil\share",
        "<a href=\"https://evil.example\">Approve</a>",
        "[Approve](https://evil.example)",
        "https://evil.example\r\nSubject: x\r\n\r\nhttps://evil.example",
        "ht\u{200b}tps://evil.example ht\u{ad}tps://evil\u{2060}.example",
        "\u{202e}elpmaxe.live//:sptth",
        "evil\u{2028}https://evil.example\u{2029}\u{85}\u{b}\u{c}",
        "1.2.3.4 http://1.2.3.4 [2001:db8::1] https://[2001:db8::1]/",
        "https：／／evil．example",
        "evil.example.",
        "a.b.c.d.example.com/%2e%2e",
        "e\u{301}vil.example evil\u{301}.example",
        "\0\u{1b}[2J\u{7f}",
        code_line,
    ] {
        for field in ["user_name", "email", "pincode"] {
            for value in [json!(hostile), json!({ hostile: hostile }), json!([hostile])] {
                let mut submission = json!({"user_name": "Ananya", "email": "x@y", "pincode": "12"});
                submission[field] = value;
                for occasion in [Occasion::Request, Occasion::Reminder] {
                    let mail = mail(submission.clone(), occasion, DecisionKind::Expire);
                    check_shape(&mail);
                    let plain = |c: char| {
                        c == '\n'
                            || (!c.is_control()
                                && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{ad}'))
                    };
                    assert!(mail.text.chars().all(plain), "{:?}", mail.text);
                    assert!(
                        !mail.text.contains("AAAAAA\n") || mail.text.contains("u{a}AAAAAA"),
                        "{}",
                        mail.text
                    );
                    assert!(!mail.text.contains("evil.example") && !mail.subject.contains("evil.example"));
                    let schemes = mail.text.replace(LINK, "");
                    assert!(
                        !schemes.contains("://") && !schemes.to_lowercase().contains("http"),
                        "{schemes}"
                    );
                }
            }
        }
    }
}

#[test]
fn long_values_are_cut_and_broken_with_an_indent() {
    for long in [
        "字".repeat(60_000),
        "\u{1}".repeat(60_000),
        "x".repeat(60_000),
        "a ".repeat(60_000),
        "a.b".repeat(9_000),
    ] {
        let mail = mail(
            json!({"user_name": long, "email": long, "pincode": long}),
            Occasion::Request,
            DecisionKind::Expire,
        );
        check_shape(&mail);
        assert!(mail.text.contains("[...]"));
        let fields = mail.text.split("\n\n").nth(1).unwrap();
        let begins = |line: &str| {
            ["User name:", "E-mail:", "Pincode:", "           "]
                .iter()
                .any(|one| line.starts_with(one))
        };
        assert!(fields.lines().all(begins), "{fields}");
    }
}

#[test]
fn without_a_code_none_is_asked_for() {
    let submission: Submission = serde_json::from_value(json!({"user_name": "Ananya"})).unwrap();
    let question = Question {
        submission_id: "s-1",
        submission: &submission,
        violations: &[],
        summary: "Ananya: nothing is wrong",
        submitted_at_ms: NOW,
        expires_at_ms: NOW + DAY,
        at_deadline: DecisionKind::Expire,
    };
    let access = Access { code: None, ..ACCESS };
    let mail = question.mail(Occasion::Request, &access, NOW);
    assert!(!mail.text.contains("Its code"), "{}", mail.text);
    assert_eq!(links(&mail.text), [LINK]);
}

#[test]
fn a_digest_counts_and_names_the_first_to_expire() {
    let row = |summary: &str, days: i64| DigestRow {
        summary: summary.to_owned(),
        expires_at_ms: NOW + days * DAY,
    };
    let digest = Digest {
        open: 10_000,
        new: 9_994,
        reminders: 1,
        escalations: 0,
        first: vec![
            row("Ananya: the pincode 12 is not 4 to 6 digits", 1),
            row("https://evil.example\nx", 2),
        ],
        link_until_ms: NOW + DAY,
        replaces: false,
    };
    let mail = digest.mail(&ACCESS);
    check_shape(&mail);
    assert_eq!(
        mail.subject,
        "Approve? 10000 requests wait, the first until 23 Nov 2026, 10:00 UTC"
    );
    for part in [
        "10000 requests wait for a decision. 9994 are new since the last mail. 1 has\nwaited for long.\n",
        "- Ananya: the pincode 12 is not 4 to 6 digits; before 23 Nov 2026, 10:00\n  UTC\n",
        "- hxxps[:]//evil[.]example\\u{a}x; before",
        "- and 9998 more\n",
    ] {
        assert!(mail.text.contains(part), "{part:?} is not in {}", mail.text);
    }
    let one = Digest {
        open: 1,
        new: 1,
        reminders: 0,
        first: vec![],
        replaces: true,
        ..digest
    };
    let mail = one.mail(&ACCESS);
    check_shape(&mail);
    assert_eq!(mail.subject, "New link: 1 request waits");
    assert!(
        mail.text
            .starts_with("1 request waits for a decision. 1 is new since the last mail.\n"),
        "{}",
        mail.text
    );
}
