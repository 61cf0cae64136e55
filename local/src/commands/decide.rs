//! `sluice approve`, `reject` and `repair`: decides by the mail's link and code, as the person does whom the mail went to.
//!
//! The mail is taken from the inbox of this machine. Nothing here knows more than the mail: what the link refuses is refused.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::{Map, Value, json};

use super::inbox::{self, Mail};
use super::stacks;
use crate::client::{Answer, Asked, Client};
use crate::terminal::{self, Tone, plain};

const APPROVE_EXAMPLES: &str = "\
Examples:
  sluice approve 0198f2a0
  sluice approve 0198f2a0 --comment 'called her'

The link and the code come from the newest mail about the ID in the inbox of this machine (`sluice inbox`).";

const REJECT_EXAMPLES: &str = "\
Examples:
  sluice reject 0198f2a0 --reason 'This address is not in use'

The link and the code come from the newest mail about the ID in the inbox of this machine (`sluice inbox`).";

const REPAIR_EXAMPLES: &str = "\
Examples:
  sluice repair 0198f2a0 pincode=1234

Repaired fields are checked again. The link and the code come from the newest mail about the ID in the inbox of this
machine (`sluice inbox`).";

/// The mails about an ID that are looked at: reminders come on top of the first.
const MAILS: usize = 20;

/// The characters of a code.
const CODE: usize = 6;

/// Options of `sluice approve`.
#[derive(Debug, Args)]
#[command(after_help = APPROVE_EXAMPLES)]
pub(crate) struct Approve {
    #[command(flatten)]
    about: About,
}

/// Options of `sluice reject`.
#[derive(Debug, Args)]
#[command(after_help = REJECT_EXAMPLES)]
pub(crate) struct Reject {
    /// The reason, which the submitter sees
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    about: About,
}

/// Options of `sluice repair`.
#[derive(Debug, Args)]
#[command(after_help = REPAIR_EXAMPLES)]
pub(crate) struct Repair {
    #[command(flatten)]
    about: About,
    /// The fields that change, as text
    #[arg(value_name = "NAME=VALUE", required = true, value_parser = super::submit::field)]
    fields: Vec<(String, String)>,
}

/// The options of all decisions.
#[derive(Debug, Args)]
struct About {
    /// The submission's ID, or enough of its beginning
    id: String,
    /// A comment that only admins see
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// The code of the mail, if it is not to be read from the mail
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

pub(crate) fn approve(options: &Approve) -> anyhow::Result<ExitCode> {
    decide(&options.about, "approve", Map::new())
}

pub(crate) fn reject(options: &Reject) -> anyhow::Result<ExitCode> {
    let mut members = Map::new();
    if let Some(reason) = &options.reason {
        members.insert("reason".to_owned(), reason.as_str().into());
    }
    decide(&options.about, "reject", members)
}

pub(crate) fn repair(options: &Repair) -> anyhow::Result<ExitCode> {
    let fields = options.fields.iter();
    let repaired: Map<String, Value> = fields
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let members = Map::from_iter([("repaired".to_owned(), Value::Object(repaired))]);
    decide(&options.about, "repair", members)
}

fn decide(about: &About, decision: &str, mut members: Map<String, Value>) -> anyhow::Result<ExitCode> {
    let client = Client::new(&about.asked.endpoint);
    let urls: Vec<String> = stacks::all(&client)?
        .into_iter()
        .flat_map(|stack| stack.function_urls)
        .collect();
    let letter = letter(&client, &about.id, &urls)?;
    members.insert("decision".to_owned(), decision.into());
    if let Some(code) = about.code.clone().or(letter.code) {
        members.insert("code".to_owned(), code.into());
    }
    if let Some(comment) = &about.comment {
        members.insert("comment".to_owned(), comment.as_str().into());
    }
    let answer = client.ask_url(&letter.link, Some(&Value::Object(members)), &[])?;
    let text = if about.asked.json {
        format!("{:#}\n", json!({ "status": answer.status, "body": answer.body }))
    } else {
        words(&answer, decision, &about.id)
    };
    terminal::say(&text);
    Ok(if answer.status < 300 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A mail's way to decide.
#[derive(Debug, PartialEq, Eq)]
struct Letter {
    /// The link without what it preselects.
    link: String,
    /// The code, if the mail has one.
    code: Option<String>,
}

/// Finds the newest mail about an ID that has a link to one of the function URLs.
fn letter(client: &Client, id: &str, urls: &[String]) -> anyhow::Result<Letter> {
    let mails = inbox::mails(client, Some(id), MAILS)?;
    let about = mails
        .iter()
        .filter(|mail| mail.text.contains(id) || mail.subject.contains(id));
    match about.filter_map(|mail| read(mail, urls)).next() {
        Some(letter) => Ok(letter),
        None => bail!(
            "no mail about {:?} with a link lies in the inbox; `sluice inbox` lists the mails, `sluice show {}` says how it stands",
            plain(id),
            plain(id)
        ),
    }
}

/// Reads link and code from a mail.
fn read(mail: &Mail, urls: &[String]) -> Option<Letter> {
    let mut words = mail.text.split_whitespace();
    let link = words.find(|word| urls.iter().any(|url| word.starts_with(url) && word.len() > url.len()))?;
    let link = link.split(['?', '#']).next().unwrap_or(link).to_owned();
    // the code stands behind the link: what was submitted, which stands before it, may look like one
    let code = mail
        .text
        .lines()
        .skip_while(|line| !line.contains(&link))
        .find_map(code);
    Some(Letter { link, code })
}

/// The code that a line holds and nothing else. Strangers' text never begins a line of a mail.
fn code(line: &str) -> Option<String> {
    let is_code = line.len() == CODE
        && line
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_code.then(|| line.to_owned())
}

fn words(answer: &Answer, decision: &str, id: &str) -> String {
    let member = |name: &str| answer.body[name].as_str().unwrap_or_default();
    if answer.status < 300 {
        let done = match decision {
            "approve" => "approved",
            "repair" => "repaired, and checked again",
            _ => "rejected",
        };
        return format!(
            "{}\nSee what becomes of it: sluice show {}\n",
            Tone::Good.paint(done),
            plain(id)
        );
    }
    let detail = [member("detail"), member("title")]
        .into_iter()
        .find(|text| !text.is_empty());
    let text = detail.map_or_else(|| answer.body.to_string(), str::to_owned);
    format!("{} {}\n", Tone::Bad.paint(&answer.status.to_string()), plain(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_and_code_are_read_from_a_mail() {
        fn check(text: &str, expected: Option<(&str, Option<&str>)>) {
            let mail = Mail {
                id: "m".to_owned(),
                to: "a@x.com".to_owned(),
                subject: String::new(),
                text: text.to_owned(),
                sent_at: String::new(),
            };
            let found = read(
                &mail,
                &["http://127.0.0.1:4567/".to_owned(), "http://127.0.0.1:4568/".to_owned()],
            );
            let expected = expected.map(|(link, code)| Letter {
                link: link.to_owned(),
                code: code.map(str::to_owned),
            });
            assert_eq!(found, expected, "{text}");
        }
        let link = "http://127.0.0.1:4568/SECRET";
        check(
            "Look:\nhttp://127.0.0.1:4568/SECRET\n\nABC234\n",
            Some((link, Some("ABC234"))),
        );
        check(
            "Pincode:   123456\nLook:\nhttp://127.0.0.1:4568/SECRET\n\nIts code:\n\nABC234\n",
            Some((link, Some("ABC234"))),
        );
        check(
            "QWE123\nhttp://127.0.0.1:4568/SECRET\n  QWE124\nABCDEF\n",
            Some((link, Some("ABCDEF"))),
        );
        check(
            "Approve:\nhttp://127.0.0.1:4568/s.1/SECRET?decision=approve\n",
            Some(("http://127.0.0.1:4568/s.1/SECRET", None)),
        );
        // a stranger's value is no link of ours, and a word no code
        check("hxxp://evil.example/x http://evil.example/\nREJECT\n", None);
        check("http://127.0.0.1:4568/\n", None);
        check(
            "http://127.0.0.1:4568/SECRET\nPincode:   123456789\n",
            Some((link, None)),
        );
    }

    #[test]
    fn an_answer_is_said_in_words() {
        fn check(status: u16, body: Value, expected: &str) {
            let answer = Answer {
                status,
                body,
                location: None,
            };
            let text = words(&answer, "approve", "s-1");
            assert_eq!(anstream::adapter::strip_str(&text).to_string(), expected);
        }
        check(200, json!({}), "approved\nSee what becomes of it: sluice show s-1\n");
        check(
            409,
            json!({ "title": "Decided before", "detail": "Rejected by Grace." }),
            "409 Rejected by Grace.\n",
        );
        check(403, json!({ "title": "Wrong code" }), "403 Wrong code\n");
    }
}
