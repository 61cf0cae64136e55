//! `sluice submit`: sends fields to the entrance of the running stack, as a form would.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::stacks;
use crate::client::{Answer, Asked, Client};
use crate::terminal::{self, Tone, plain};

const EXAMPLES: &str = "\
Examples:
  sluice submit user_name=Rishabh email=rishabh@gmail.com pincode=3055
  sluice submit --wait 5 user_name=Ananya email=ananya@gmail.com pincode=12
  echo '{\"user_name\": \"Zoë\"}' | sluice submit --body -

Exit codes: 0 taken in, 1 refused or not reachable.";

/// Options of `sluice submit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Submit {
    /// The fields, as text
    #[arg(value_name = "NAME=VALUE", value_parser = field, required_unless_present = "body")]
    fields: Vec<(String, String)>,
    /// Send this file's JSON instead (-: standard input)
    #[arg(long, value_name = "FILE", conflicts_with = "fields")]
    body: Option<String>,
    /// Send it under this key: however often it is sent, it is one submission
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Wait so many seconds for its end; 0 does not wait [default: the stack decides]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u32>,
    /// Send to this address instead of the stack's entrance
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

/// Sends it; 0 if it was taken in.
pub(crate) fn run(options: &Submit) -> anyhow::Result<ExitCode> {
    let client = Client::new(&options.asked.endpoint);
    let url = match &options.url {
        Some(url) => url.clone(),
        None => stacks::entrance(&client)?.address,
    };
    let body = match options.body.as_deref() {
        None => {
            let fields = options.fields.iter();
            Value::Object(
                fields
                    .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                    .collect(),
            )
        }
        Some(file) => read_body(file)?,
    };
    let mut headers = Vec::new();
    if let Some(key) = &options.key {
        headers.push(("idempotency-key", key.clone()));
    }
    match options.wait {
        Some(0) => headers.push(("prefer", "respond-async".to_owned())),
        Some(seconds) => headers.push(("prefer", format!("wait={seconds}"))),
        None => {}
    }
    let answer = client.ask_url(&url, Some(&body), &headers)?;
    let text = if options.asked.json {
        format!(
            "{:#}\n",
            json!({ "status": answer.status, "location": answer.location, "body": answer.body })
        )
    } else {
        words(&answer)
    };
    terminal::say(&text);
    Ok(if answer.status < 300 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn read_body(file: &str) -> anyhow::Result<Value> {
    let text = match file {
        "-" => std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?,
        file => std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?,
    };
    let body: Value = serde_json::from_str(&text).with_context(|| format!("{file} is no JSON"))?;
    if !body.is_object() {
        bail!("{file} is no JSON object, such as {{\"name\": \"value\"}}");
    }
    Ok(body)
}

/// The answer in lines: what it is, what is wrong, and how to follow it.
fn words(answer: &Answer) -> String {
    let member = |name: &str| answer.body[name].as_str();
    let tone = match answer.status {
        200 | 201 => Tone::Good,
        202 => Tone::Attention,
        _ => Tone::Bad,
    };
    // a problem (RFC 9457) has a title and a detail; anything else that is taken in has a status of its own
    let what = member("title")
        .map(str::to_owned)
        .or_else(|| member("status").map(|word| word.replace('_', " ")));
    let mut text = tone.paint(&format!("{} {}", answer.status, plain(&what.unwrap_or_default())));
    if let Some(id) = member("id") {
        text += &format!("  {}", plain(id));
    }
    text.push('\n');
    if let Some(detail) = member("detail").filter(|_| problems(&answer.body).is_empty()) {
        text += &format!("  {}\n", plain(detail));
    }
    for (what, message) in problems(&answer.body) {
        text += &format!("  {}: {}\n", plain(&what), plain(&message));
    }
    if answer.body.is_string() {
        text += &format!("  {}\n", plain(answer.body.as_str().unwrap_or_default().trim()));
    }
    if answer.status == 202
        && let Some(id) = member("id")
    {
        text += &format!("Follow it: sluice show {}\n", plain(id));
    }
    text
}

/// The single faults that a problem lists: objects with a message, and what each is about.
fn problems(body: &Value) -> Vec<(String, String)> {
    let lists = body
        .as_object()
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_array);
    let faults = lists.flatten().filter_map(|fault| {
        let message = fault.get("message")?.as_str()?;
        let about = ["field", "name", "pointer"]
            .into_iter()
            .find_map(|name| fault.get(name)?.as_str());
        Some((about.unwrap_or("fault").to_owned(), message.to_owned()))
    });
    faults.collect()
}

pub(super) fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("'{text}' is not NAME=VALUE, for example email=ada@example.com")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_said_in_words() {
        fn check(status: u16, body: Value, expected: &str) {
            let answer = Answer {
                status,
                body,
                location: None,
            };
            assert_eq!(anstream::adapter::strip_str(&words(&answer)).to_string(), expected);
        }
        check(
            201,
            json!({ "id": "s-1", "status": "ingested", "entry": {} }),
            "201 ingested  s-1\n",
        );
        check(
            202,
            json!({ "id": "s-1", "status": "waiting_for_approval" }),
            "202 waiting for approval  s-1\nFollow it: sluice show s-1\n",
        );
        let violations = json!([{ "field": "email", "rule": "pattern", "message": "is no\u{1b} address" }]);
        check(
            400,
            json!({ "title": "Refused", "detail": "Two fields are wrong.", "id": "s-1", "violations": violations }),
            "400 Refused  s-1\n  email: is no\\u{1b} address\n",
        );
        check(
            400,
            json!({ "title": "Bad JSON", "detail": "At 1." }),
            "400 Bad JSON\n  At 1.\n",
        );
        check(429, json!({ "Message": "Rate Exceeded." }), "429 \n");
        check(502, json!("a page"), "502 \n  a page\n");
    }

    #[test]
    fn a_field_has_a_name() {
        assert_eq!(field("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(field("a="), Ok(("a".to_owned(), String::new())));
        assert!(field("=b").is_err() && field("ab").is_err());
    }
}
