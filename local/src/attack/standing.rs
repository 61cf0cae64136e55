//! The things that stand open, as the runtime's API and the links' own pages say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::send::{Sender, is_this_machine};

/// A mail of the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) text: String,
}

/// The members of a link's JSON that an attack must not change.
const LASTING: [&str; 5] = ["state", "status", "locked", "decision", "submission"];

/// The state of everything that an attack could change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// The ARNs of the executions that run.
    pub(super) executions: BTreeSet<String>,
    /// The answer of each link: its status, and the lasting members of its JSON.
    pub(super) links: BTreeMap<String, (u16, Value)>,
    /// The subscriptions through which mails come.
    pub(super) subscriptions: BTreeSet<String>,
}

impl Standing {
    pub(super) fn now(sender: &Sender, endpoint: &str, links: &[String]) -> Result<Self, String> {
        let mut found = BTreeMap::new();
        for link in links {
            let (status, said) = sender.json(link)?;
            found.insert(link.clone(), (status, lasting(&said)));
        }
        Ok(Self {
            executions: running(sender, endpoint)?,
            links: found,
            subscriptions: subscriptions(sender, endpoint)?,
        })
    }

    /// Says in words what is not any more as it was. What has been added meanwhile is nobody's fault.
    pub(super) fn changes(&self, after: &Self) -> Vec<String> {
        let ended = self.executions.difference(&after.executions);
        let ended = ended.map(|arn| format!("the execution {arn} does not run any more"));
        let changed = self.links.iter().filter_map(|(link, was)| {
            let is = after.links.get(link)?;
            (was != is).then(|| format!("{link} answered {} {}, and now {} {}", was.0, was.1, is.0, is.1))
        });
        let gone = self.subscriptions.difference(&after.subscriptions);
        let gone = gone.map(|arn| format!("the subscription {arn} is gone"));
        ended.chain(changed).chain(gone).collect()
    }
}

/// The mails of the inbox, the newest first; or only the one with this number.
pub(super) fn inbox(sender: &Sender, endpoint: &str, only: Option<u32>) -> Result<Vec<Mail>, String> {
    let mut mails = Vec::new();
    let mut next = Some("/console/inbox?limit=200".to_owned());
    while let Some(path) = next {
        let (status, page) = sender.json(&format!("{endpoint}{path}")).map_err(|reason| {
            format!("no `sluice up` answers at {endpoint} ({reason}); start it, or name it with --endpoint")
        })?;
        let items = page["items"].as_array();
        let items = items.ok_or_else(|| format!("what answers at {endpoint} has no inbox (status {status})"))?;
        mails.extend(items.iter().map(|mail| Mail {
            text: mail["text"].as_str().unwrap_or_default().to_owned(),
        }));
        next = page["next"].as_str().map(str::to_owned);
    }
    match only {
        None => Ok(mails),
        Some(number) => {
            let count = mails.len();
            let mail = mails.into_iter().nth(number as usize - 1);
            mail.map(|mail| vec![mail])
                .ok_or_else(|| format!("there is no mail number {number}: the inbox has {count}"))
        }
    }
}

/// The links to this machine in mails, each once; and the others, which are left alone.
pub(super) fn links(mails: &[Mail]) -> (Vec<String>, Vec<String>) {
    let mut all: Vec<String> = Vec::new();
    for mail in mails {
        for word in mail.text.split_whitespace() {
            let word = word.trim_matches(|c| matches!(c, '<' | '>' | '(' | ')' | '"' | ','));
            if (word.starts_with("http://") || word.starts_with("https://")) && !all.iter().any(|known| known == word) {
                all.push(word.to_owned());
            }
        }
    }
    all.into_iter().partition(|link| is_this_machine(link))
}

fn lasting(said: &Value) -> Value {
    let kept = LASTING
        .iter()
        .filter_map(|member| Some(((*member).to_owned(), said.get(member)?.clone())));
    Value::Object(kept.collect())
}

/// The executions that run, of all state machines.
fn running(sender: &Sender, endpoint: &str) -> Result<BTreeSet<String>, String> {
    let machines = all_pages(sender, endpoint, "ListStateMachines", "stateMachines", &json!({}))?;
    let mut running = BTreeSet::new();
    for machine in machines.iter().filter(|machine| machine["type"] != "EXPRESS") {
        let of = json!({ "stateMachineArn": machine["stateMachineArn"], "statusFilter": "RUNNING" });
        let executions = all_pages(sender, endpoint, "ListExecutions", "executions", &of)?;
        running.extend(
            executions
                .iter()
                .filter_map(|one| one["executionArn"].as_str().map(str::to_owned)),
        );
    }
    Ok(running)
}

fn all_pages(sender: &Sender, endpoint: &str, action: &str, items: &str, of: &Value) -> Result<Vec<Value>, String> {
    let (mut all, mut request) = (Vec::new(), of.clone());
    loop {
        let mut page = sender.action(endpoint, &format!("AWSStepFunctions.{action}"), &request)?;
        if let Some(found) = page[items].as_array_mut() {
            all.append(found);
        }
        match page["nextToken"].as_str() {
            Some(token) => request["nextToken"] = token.into(),
            None => return Ok(all),
        }
    }
}

fn subscriptions(sender: &Sender, endpoint: &str) -> Result<BTreeSet<String>, String> {
    let text = sender.query(endpoint, "Action=ListSubscriptions&Version=2010-03-31")?;
    let arns = text.split("<SubscriptionArn>").skip(1);
    Ok(arns
        .filter_map(|rest| Some(rest.split_once('<')?.0.to_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_from_those_of_strangers() {
        let mail = |text: &str| Mail { text: text.to_owned() };
        let mails = [
            mail("Approve:\nhttp://127.0.0.1:1/secret\n\nCode: ABC234\n"),
            mail("see https://evil.example/x and <http://localhost:1/y>, http://127.0.0.1:1/secret hxxp://a[.]b"),
        ];
        let (ours, others) = links(&mails);
        assert_eq!(ours, ["http://127.0.0.1:1/secret", "http://localhost:1/y"]);
        assert_eq!(others, ["https://evil.example/x"]);
    }

    #[test]
    fn whatever_is_not_as_it_was_is_told() {
        let standing = |executions: &[&str], status: u16, state: &str, subscriptions: &[&str]| Standing {
            executions: executions.iter().map(|&one| one.to_owned()).collect(),
            links: BTreeMap::from([("l".to_owned(), (status, json!({ "state": state })))]),
            subscriptions: subscriptions.iter().map(|&one| one.to_owned()).collect(),
        };
        let before = standing(&["a", "b"], 200, "open", &["s"]);
        let check = |after: Standing, expected: usize| assert_eq!(before.changes(&after).len(), expected, "{after:?}");
        check(before.clone(), 0);
        check(standing(&["a", "b", "c"], 200, "open", &["s", "t"]), 0);
        check(standing(&["a"], 200, "open", &["s"]), 1);
        check(standing(&["a", "b"], 200, "locked", &["s"]), 1);
        check(standing(&["a", "b"], 404, "open", &[]), 2);
    }
}
