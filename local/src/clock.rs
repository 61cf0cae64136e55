//! `sluice clock`: a client of the running endpoint's clock.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::client::Endpoint;

/// The time that the endpoint may take beside what it is told to wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// The subcommands of `sluice clock`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClockAction {
    /// Move the clock ahead, and say what that set off: waits, timeouts and expiries that fall into that span happen now
    Advance {
        /// Span to advance it by: 90s, 15m, 2h 30m, 7d
        #[arg(value_parser = humantime::parse_duration)]
        by: Duration,
        #[command(flatten)]
        options: JumpOptions,
    },
    /// Move the clock to the next deadline, and say what that set off. A schedule that recurs is called on the way; it is a goal
    /// only where nothing else waits
    Next {
        #[command(flatten)]
        options: JumpOptions,
    },
    /// Print what time it is for the executions, and the next deadlines
    Show {
        /// As JSON, as `/_sluice/clock` answers it
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        endpoint: Endpoint,
    },
}

/// Options of the commands that move the clock.
#[derive(Debug, Args)]
pub(crate) struct JumpOptions {
    /// Longest wait for what was set off to come to rest, at most 60s
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    wait: Duration,
    /// As JSON, as `/_sluice/clock` answers it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

pub(crate) fn run(action: ClockAction) -> anyhow::Result<()> {
    let (answer, as_json) = match action {
        ClockAction::Advance { by, options } => {
            let by = u64::try_from(by.as_millis()).context("that is too far")?;
            (jump(json!({ "advance_ms": by }), &options)?, options.json)
        }
        ClockAction::Next { options } => (jump(json!({ "to": "next" }), &options)?, options.json),
        ClockAction::Show { json, endpoint } => {
            let request = ureq::get(url(&endpoint)).config();
            let request = request.http_status_as_error(false).timeout_global(Some(PATIENCE));
            (read(request.build().call(), &endpoint)?, json)
        }
    };
    let said = match as_json {
        true => format!("{answer:#}\n"),
        false => words(&answer),
    };
    std::io::stdout()
        .write_all(said.as_bytes())
        .context("nobody reads the answer")
}

fn jump(mut body: Value, options: &JumpOptions) -> anyhow::Result<Value> {
    body["wait_ms"] = u64::try_from(options.wait.as_millis())
        .context("--wait is too long")?
        .into();
    let request = ureq::post(url(&options.endpoint)).header("content-type", "application/json");
    let request = request.config().http_status_as_error(false);
    let answer = request
        .timeout_global(Some(PATIENCE + options.wait))
        .build()
        .send(body.to_string());
    read(answer, &options.endpoint)
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>, endpoint: &Endpoint) -> anyhow::Result<Value> {
    let endpoint = &endpoint.endpoint;
    let mut answer = answer
        .with_context(|| format!("no `sluice up` answers at {endpoint}; start it, or name it with --endpoint"))?;
    let text = answer
        .body_mut()
        .read_to_string()
        .context("the endpoint's answer broke off")?;
    if !answer.status().is_success() {
        bail!("{endpoint} answered {}: {}", answer.status(), text.trim());
    }
    serde_json::from_str(&text).with_context(|| format!("what answers at {endpoint} is not `sluice up`"))
}

/// The time on a line of its own, then what was set off, or the deadlines to come.
fn words(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut said = format!("{}\n", text(&answer["now"]));
    if let Some(to) = answer.get("to") {
        let by = answer["advanced_ms"].as_u64().unwrap_or(0);
        // of a long span nobody wants the milliseconds
        let by = match Duration::from_millis(by) {
            long if long > Duration::from_secs(60) => Duration::from_secs(long.as_secs()),
            short => short,
        };
        said += &format!("{} later: {}\n", humantime::format_duration(by), text(&to["what"]));
    }
    if let Some(set_off) = answer["words"].as_str() {
        said += &format!("{set_off}\n");
    }
    for next in answer["next"].as_array().into_iter().flatten() {
        let again = match next["recurring"] == true {
            true => " (recurs)",
            false => "",
        };
        said += &format!("next: {} {}{again}\n", text(&next["at"]), text(&next["what"]));
    }
    said
}

fn url(endpoint: &Endpoint) -> String {
    format!("{}/_sluice/clock", endpoint.endpoint.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_with_the_time() {
        let check = |answer: Value, expected: &str| assert_eq!(words(&answer), expected);
        check(
            json!({"now": "T", "advanced_ms": 5_000, "words": "1 deadline passed."}),
            "T\n1 deadline passed.\n",
        );
        check(
            json!({"now": "T", "advanced_ms": 302_400_000, "words": "1 mail.", "to": {"what": "the wait W of m ends"}}),
            "T\n3days 12h later: the wait W of m ends\n1 mail.\n",
        );
        check(
            json!({"now": "T", "next": [{"at": "U", "what": "the schedule s calls its target", "recurring": true}]}),
            "T\nnext: U the schedule s calls its target (recurs)\n",
        );
    }
}
