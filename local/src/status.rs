//! `sluice status`: the health of the running `sluice up`, in words or as JSON.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use sluice_cloud::health::{Report, Status};

use crate::cli::StatusOptions;

/// The time that the answer may take. It is made within a third of a second, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(3);

/// The exit code when it is degraded or failed.
const NOT_READY: u8 = 1;

/// The exit code when nobody answers, or it is not `sluice up`.
const UNREACHABLE: u8 = 2;

/// Prints the health of the running `sluice up`. Exit codes: 0 ready, 1 degraded or failed, 2 not reachable.
pub(crate) fn run(options: &StatusOptions) -> ExitCode {
    let endpoint = options.endpoint.endpoint.trim_end_matches('/');
    match ask(endpoint) {
        Ok((text, report)) => {
            let said = if options.json {
                format!("{text}\n")
            } else {
                words(endpoint, &report)
            };
            // nobody may be reading: the code says it too
            let _ = std::io::stdout().write_all(said.as_bytes());
            match report.status {
                Status::Ready => ExitCode::SUCCESS,
                Status::Degraded | Status::Failed => ExitCode::from(NOT_READY),
            }
        }
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "sluice: {reason}");
            ExitCode::from(UNREACHABLE)
        }
    }
}

fn ask(endpoint: &str) -> Result<(String, Report), String> {
    let answer = ureq::get(format!("{endpoint}/health"))
        .config()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .call();
    let text = answer
        .and_then(|mut answer| answer.body_mut().read_to_string())
        .map_err(|error| {
            format!("no `sluice up` answers at {endpoint} ({error}); start it, or name it with --endpoint")
        })?;
    let report = serde_json::from_str(&text)
        .map_err(|error| format!("what answers at {endpoint} is not this release of `sluice up` ({error})"))?;
    Ok((text, report))
}

/// One line for the whole, and one for each part.
fn words(endpoint: &str, report: &Report) -> String {
    let taken = if report.accepting {
        "are taken in"
    } else {
        "are not taken in"
    };
    let mut text = format!("{endpoint} is {}; submissions {taken}\n", report.status.as_str());
    for (name, component) in &report.components {
        let reason = component
            .reason
            .as_deref()
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        text.push_str(&format!("  {name:<10} {}{reason}\n", component.status.as_str()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_part_and_why() {
        let report: Report = serde_json::from_str(
            r#"{"status":"failed","accepting":false,"components":{
                "engine":{"status":"ready"},"journal":{"status":"failed","reason":"the disk is full"}}}"#,
        )
        .expect("a report");
        assert_eq!(
            words("http://h", &report),
            "http://h is failed; submissions are not taken in\n  engine     ready\n  journal    failed: the disk is full\n"
        );
    }

    #[test]
    fn nobody_there_is_told_from_trouble() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let reason = ask(&format!("http://{address}")).expect_err("nobody answers");
        assert!(reason.contains("--endpoint"), "{reason}");
    }
}
