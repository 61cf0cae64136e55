//! The report of an attack, in words and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::send::Outcome;

/// An attack on an inbox, and what stands afterwards.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) mails: usize,
    pub(super) links: usize,
    /// Links that lead elsewhere.
    pub(super) left_alone: Vec<String>,
    /// Executions that ran before.
    pub(super) open: usize,
    /// The changes, in words.
    pub(super) changes: Vec<String>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Report {
    /// Returns true if everything is as it was, and every request was made.
    pub(super) fn stands(&self) -> bool {
        self.changes.is_empty()
    }

    /// The report as JSON: `requests` one by one, `changes`, `stands`.
    pub(super) fn json(&self) -> String {
        let requests: Vec<Value> = self.outcomes.iter().map(request).collect();
        let report = json!({
            "mails": self.mails,
            "links": self.links,
            "left_alone": self.left_alone,
            "open": self.open,
            "requests": requests,
            "changes": self.changes,
            "stands": self.stands(),
        });
        format!("{report:#}\n")
    }

    /// A line for each kind of attack, or for each request; then the verdict.
    pub(super) fn words(&self, verbose: bool) -> String {
        let mut text = String::new();
        for link in &self.left_alone {
            let _ = writeln!(text, "left alone, since it is not of this machine: {link}");
        }
        if verbose {
            for one in &self.outcomes {
                let attack = &one.attack;
                let _ = writeln!(
                    text,
                    "{}: {} {}\n    {}",
                    attack.kind,
                    attack.method,
                    attack.url,
                    answer(one)
                );
            }
        } else {
            for (kind, answers) in self.by_kind() {
                let _ = writeln!(text, "{kind}\n    {}", answers.join(", "));
            }
        }
        let _ = writeln!(
            text,
            "\n{} requests on {} links of {} mails; {} executions were open",
            self.outcomes.len(),
            self.links,
            self.mails,
            self.open
        );
        for change in &self.changes {
            let _ = writeln!(text, "CHANGED: {change}");
        }
        let _ = writeln!(
            text,
            "{}",
            match self.stands() {
                true => "Everything is still open, as it was.",
                false => "Something in a mail's way can decide.",
            }
        );
        text
    }

    /// The kinds of attack in their order, each with the answers that it got and how often.
    fn by_kind(&self) -> Vec<(&str, Vec<String>)> {
        let mut kinds: Vec<(&str, Vec<(String, usize)>)> = Vec::new();
        for one in &self.outcomes {
            let kind = one.attack.kind.as_str();
            let at = kinds
                .iter()
                .position(|(known, _)| *known == kind)
                .unwrap_or(kinds.len());
            if at == kinds.len() {
                kinds.push((kind, Vec::new()));
            }
            let (answers, said) = (&mut kinds[at].1, answer(one));
            match answers.iter_mut().find(|(known, _)| *known == said) {
                Some((_, times)) => *times += 1,
                None => answers.push((said, 1)),
            }
        }
        let told = |(said, times): (String, usize)| match times {
            1 => said,
            more => format!("{said} ({more} times)"),
        };
        kinds
            .into_iter()
            .map(|(kind, answers)| (kind, answers.into_iter().map(told).collect()))
            .collect()
    }
}

fn answer(one: &Outcome) -> String {
    match (&one.status, one.said.as_str()) {
        (Ok(status), "") => status.to_string(),
        (Ok(status), said) => format!("{status} {said}"),
        (Err(reason), _) => format!("no answer: {reason}"),
    }
}

fn request(one: &Outcome) -> Value {
    let attack = &one.attack;
    json!({
        "attack": attack.kind,
        "method": attack.method,
        "url": attack.url,
        "body": attack.body,
        "status": one.status.as_ref().ok(),
        "error": one.status.as_ref().err(),
        "said": one.said,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::plan::Attack;

    #[test]
    fn answers_are_counted_by_kind_and_the_verdict_comes_last() {
        let outcome = |kind: &str, status: u16| Outcome {
            attack: Attack::fetch(kind, "http://127.0.0.1/x"),
            status: Ok(status),
            said: "Please decide".to_owned(),
        };
        let mut report = Report {
            mails: 1,
            links: 1,
            left_alone: vec!["https://a.example/".to_owned()],
            open: 1,
            changes: Vec::new(),
            outcomes: vec![outcome("GET", 200), outcome("HEAD", 200), outcome("GET", 200)],
        };
        let words = report.words(false);
        assert!(words.contains("GET\n    200 Please decide (2 times)\n"), "{words}");
        assert!(words.ends_with("Everything is still open, as it was.\n"), "{words}");
        report.changes.push("the execution e does not run any more".to_owned());
        assert!(report.words(true).contains("CHANGED: the execution e"));
        let json: Value = serde_json::from_str(&report.json()).expect("JSON");
        assert_eq!(
            (&json["stands"], &json["requests"][0]["status"]),
            (&json!(false), &json!(200))
        );
    }
}
