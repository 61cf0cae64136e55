//! `sluice clock`: a client of the running endpoint's clock.

use std::io::Write as _;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::cli::{ClockAction, Endpoint};

pub(crate) fn run(action: ClockAction) -> anyhow::Result<()> {
    let (endpoint, answer) = match action {
        ClockAction::Advance { by, endpoint } => {
            let body = json!({ "advance_ms": u64::try_from(by.as_millis()).context("that is too far")? });
            let answer = ureq::post(url(&endpoint))
                .header("content-type", "application/json")
                .config()
                .http_status_as_error(false)
                .build()
                .send(body.to_string());
            (endpoint, answer)
        }
        ClockAction::Show { endpoint } => {
            let answer = ureq::get(url(&endpoint))
                .config()
                .http_status_as_error(false)
                .build()
                .call();
            (endpoint, answer)
        }
    };
    let mut answer = answer.with_context(|| {
        format!(
            "no `sluice up` answers at {}; start it, or name it with --endpoint",
            endpoint.endpoint
        )
    })?;
    let text = answer
        .body_mut()
        .read_to_string()
        .context("the endpoint's answer broke off")?;
    if !answer.status().is_success() {
        bail!("{} answered {}: {}", endpoint.endpoint, answer.status(), text.trim());
    }
    let clock: Value = serde_json::from_str(&text)
        .with_context(|| format!("what answers at {} is not `sluice up`", endpoint.endpoint))?;
    writeln!(std::io::stdout(), "{}", clock["now"].as_str().unwrap_or(text.trim()))
        .context("nobody reads the answer")?;
    Ok(())
}

fn url(endpoint: &Endpoint) -> String {
    format!("{}/_sluice/clock", endpoint.endpoint.trim_end_matches('/'))
}
