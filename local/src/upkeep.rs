//! `sluice check` and `sluice backup`.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use sluice_cloud::{Report, backup, check};

/// The exit code when something is damaged.
const DAMAGED: u8 = 1;

/// The exit code when the directory cannot be read.
const UNKNOWN: u8 = 2;

/// Prints what is wrong with a directory; 0: nothing, 1: something, 2: it could not be looked at.
pub(crate) fn run_check(data: &Path, json: bool) -> ExitCode {
    match check(data) {
        Ok(report) => {
            let text = if json { as_json(&report) } else { as_text(&report) };
            say(&text);
            if report.is_whole() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(DAMAGED)
            }
        }
        Err(error) => {
            refuse(&error.to_string(), json);
            ExitCode::from(UNKNOWN)
        }
    }
}

/// Copies a directory; 0: done and verified, 1: what was copied is damaged or something failed.
pub(crate) fn run_backup(data: &Path, to: &Path, json: bool) -> ExitCode {
    match backup(data, to) {
        Ok(report) => {
            let text = if json { as_json(&report) } else { as_text(&report) };
            say(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            refuse(&error.to_string(), json);
            ExitCode::FAILURE
        }
    }
}

fn as_json(report: &Report) -> String {
    let mut value = serde_json::json!(report);
    value["whole"] = report.is_whole().into();
    format!("{value:#}\n")
}

fn as_text(report: &Report) -> String {
    let mut text = String::new();
    for database in &report.databases {
        for finding in &database.findings {
            let about = match finding.about == database.file {
                true => String::new(),
                false => format!(" {}:", finding.about),
            };
            text += &format!("{}:{about} {}\n", database.file, finding.problem);
        }
    }
    let (directory, identity) = (
        report.directory.display(),
        report.identity.as_deref().unwrap_or("none yet"),
    );
    let findings: usize = report.databases.iter().map(|database| database.findings.len()).sum();
    let verdict = match findings {
        0 => "whole".to_owned(),
        1 => "1 finding".to_owned(),
        more => format!("{more} findings"),
    };
    text += &format!(
        "{directory}: {verdict}; {} executions with {} facts, {} items; identity {identity}\n",
        report.executions, report.facts, report.items
    );
    text
}

fn say(text: &str) {
    // nobody may be reading
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn refuse(error: &str, json: bool) {
    if json {
        say(&format!("{:#}\n", serde_json::json!({ "error": error })));
    }
    let _ = writeln!(std::io::stderr(), "sluice: {error}");
}
