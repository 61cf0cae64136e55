//! `sluice audit`: checks the audit of an approval, offline.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};
use sluice_workflows::{AuditRecord, AuditTrail, ChainFault, verify_chain};

/// The exit code when the chain is not as it was written.
const BROKEN: u8 = 1;

/// The exit code when it cannot be read.
const UNREADABLE: u8 = 2;

/// The time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most bytes that are read of it.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The subcommands of `sluice audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditAction {
    /// Check that no record of an approval's audit was changed, removed or reordered: exit code 0, it is whole; 1, it is not; 2, it
    /// cannot be read
    ///
    /// The audit comes as JSON from the approval page (?view=audit), or from the approval function:
    ///
    ///   aws lambda invoke --function-name NAME --payload '{"operation":"audit","id":"ID"}' audit.json
    ///
    /// Each record holds the hash of the one before. That the newest records are missing cannot be seen in a chain: compare the
    /// last hash with one that was noted before (--last).
    Verify {
        /// A file, an http(s) address, or - for standard input
        source: String,
        /// The hash of the last record, or of one that must be among them, as it was noted elsewhere
        #[arg(long, value_name = "HASH")]
        last: Option<String>,
        /// Print what was found as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs a subcommand.
pub(crate) fn run(action: &AuditAction) -> ExitCode {
    let AuditAction::Verify { source, last, json } = action;
    match read(source).and_then(|text| parse(&text, source)) {
        Ok(trail) => {
            let found = Verdict::of(&trail, last.as_deref());
            let said = if *json { found.json() } else { found.words() };
            // nobody may be reading: the code says it too
            let _ = std::io::stdout().write_all(said.as_bytes());
            match found.is_whole() {
                true => ExitCode::SUCCESS,
                false => ExitCode::from(BROKEN),
            }
        }
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "sluice: {reason}");
            ExitCode::from(UNREADABLE)
        }
    }
}

fn read(source: &str) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{source} cannot be read: {error}");
    if source.starts_with("http://") || source.starts_with("https://") {
        let request = ureq::get(source).header("accept", "application/json").config();
        let answer = request
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .call();
        let mut answer = answer.map_err(|error| failed(&error))?;
        let text = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string();
        let text = text.map_err(|error| failed(&error))?;
        return match answer.status().is_success() {
            true => Ok(text),
            false => Err(failed(&format!("it answers {}", answer.status()))),
        };
    }
    let mut text = String::new();
    let read = match source {
        "-" => std::io::stdin().lock().take(MOST_BYTES).read_to_string(&mut text),
        file => std::fs::File::open(file).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text)),
    };
    read.map_err(|error| failed(&error)).map(|_| text)
}

/// Reads a whole audit, or only its records.
fn parse(text: &str, source: &str) -> Result<AuditTrail, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("{source} is no JSON: {error}"))?;
    let trail = match value {
        Value::Array(_) => {
            let records: Result<Vec<AuditRecord>, _> = serde_json::from_value(value);
            records.map(|records| AuditTrail {
                approval_id: records
                    .first()
                    .map_or_else(String::new, |first| first.approval_id.clone()),
                records,
                fetches_counted: 0,
            })
        }
        other => serde_json::from_value(other),
    };
    trail.map_err(|error| {
        format!("{source} is no audit of an approval ({error}); it is an object with \"approval_id\" and \"records\"")
    })
}

/// The verdict on an audit.
struct Verdict<'a> {
    trail: &'a AuditTrail,
    faults: Vec<ChainFault>,
    /// A hash that should be among the records' and is not.
    lacks: Option<&'a str>,
}

impl<'a> Verdict<'a> {
    fn of(trail: &'a AuditTrail, last: Option<&'a str>) -> Self {
        let has = |hash: &&str| trail.records.iter().any(|record| record.hash == *hash);
        Self {
            faults: verify_chain(&trail.records),
            lacks: last.filter(|hash| !has(hash)),
            trail,
        }
    }

    fn is_whole(&self) -> bool {
        self.faults.is_empty() && self.lacks.is_none() && !self.trail.records.is_empty()
    }

    fn words(&self) -> String {
        let records = &self.trail.records;
        let mut said: Vec<String> = self.faults.iter().map(ToString::to_string).collect();
        if let Some(hash) = self.lacks {
            said.push(format!(
                "no record has the hash {hash}: the newest were removed, or it is another chain"
            ));
        }
        let id = &self.trail.approval_id;
        match (records.first(), records.last()) {
            (Some(first), Some(last)) if self.is_whole() => said.push(format!(
                "{id}: whole. {} records from {} ({}) to {} ({}); last hash {}",
                records.len(),
                first.at,
                first.kind.as_str(),
                last.at,
                last.kind.as_str(),
                last.hash
            )),
            (Some(_), Some(_)) => said.push(format!("{id}: NOT as it was written; {} records", records.len())),
            _ => said.push(format!("{id}: there are no records, so nothing is proved")),
        }
        said.join("\n") + "\n"
    }

    fn json(&self) -> String {
        let fault = |fault: &ChainFault| json!({ "seq": fault.seq, "problem": fault.kind.to_string() });
        let found = json!({
            "approval_id": self.trail.approval_id,
            "records": self.trail.records.len(),
            "last_hash": self.trail.records.last().map(|last| &last.hash),
            "lacks": self.lacks,
            "faults": self.faults.iter().map(fault).collect::<Vec<_>>(),
            "whole": self.is_whole(),
        });
        format!("{found:#}\n")
    }
}

#[cfg(test)]
mod tests {
    use sluice_workflows::{AuditData, AuditKind};

    use super::*;

    fn trail() -> AuditTrail {
        let mut records: Vec<AuditRecord> = Vec::new();
        for kind in [AuditKind::Opened, AuditKind::Mailed, AuditKind::Decided] {
            let next = AuditRecord::next(records.last(), "s-1.1", "T".to_owned(), kind, AuditData::new());
            records.push(next);
        }
        AuditTrail {
            approval_id: "s-1.1".to_owned(),
            records,
            fetches_counted: 0,
        }
    }

    #[test]
    fn whatever_was_done_to_an_audit_is_said() {
        let check = |change: &dyn Fn(&mut Vec<AuditRecord>), last: Option<&str>, whole: bool, part: &str| {
            let mut trail = trail();
            change(&mut trail.records);
            let text = serde_json::to_string(&trail).expect("JSON");
            let trail = parse(&text, "x").expect("an audit");
            let found = Verdict::of(&trail, last);
            assert_eq!(found.is_whole(), whole, "{}", found.words());
            assert!(found.words().contains(part), "{}", found.words());
            let json: Value = serde_json::from_str(&found.json()).expect("JSON");
            assert_eq!(json["whole"], whole);
        };
        let noted = trail().records[2].hash.clone();
        check(&|_| {}, None, true, "s-1.1: whole. 3 records");
        check(&|_| {}, Some(&noted), true, "whole");
        check(
            &|records| records[1].at = "U".to_owned(),
            None,
            false,
            "record 2: it was changed",
        );
        check(
            &|records| drop(records.remove(1)),
            None,
            false,
            "record 3: 1 record(s) before it are missing",
        );
        check(
            &|records| records.swap(0, 1),
            None,
            false,
            "record 1: it stands behind record 2",
        );
        check(&|records| records.truncate(2), None, true, "2 records");
        check(
            &|records| records.truncate(2),
            Some(&noted),
            false,
            "the newest were removed",
        );
        check(&Vec::clear, None, false, "nothing is proved");
    }

    #[test]
    fn records_alone_will_do_and_what_is_no_audit_is_refused() {
        let records = serde_json::to_string(&trail().records).expect("JSON");
        assert_eq!(parse(&records, "x").expect("an audit"), trail());
        for (text, part) in [
            ("<html>", "no JSON"),
            ("{}", "no audit"),
            ("[1]", "no audit"),
            ("\"a\"", "no audit"),
        ] {
            let refused = parse(text, "x").expect_err(text);
            assert!(refused.contains(part), "{refused}");
        }
    }
}
