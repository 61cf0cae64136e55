//! Replays recorded executions of AWS Step Functions with the engine alone, and compares the histories.
//!
//! `cargo run -p sluice-engine --example conformance -- CASES [FILTER] [-v]`
//!
//! Nothing is called: a task's answer is taken from the recording, and time jumps from deadline to deadline.

mod matching;
mod replay;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let verbose = arguments.iter().any(|argument| argument == "-v");
    arguments.retain(|argument| argument != "-v");
    let directory = arguments
        .first()
        .ok_or("which directory holds the cases? CASES [FILTER] [-v]")?;
    let filter = arguments.get(1).map_or("", String::as_str);
    let mut files: Vec<PathBuf> = fs::read_dir(directory)?
        .map(|file| Ok(file?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();

    let mut out = std::io::stdout().lock();
    let mut rates: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains(filter) || file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let case: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
        if case["kind"] != "execution" || !replay::can_replay(&case) {
            continue;
        }
        let difference = match std::panic::catch_unwind(|| replay::run(&case)) {
            Ok(difference) => difference,
            Err(_) => Err("panicked".to_owned()),
        };
        let rate = rates
            .entry(case["group"].as_str().unwrap_or_default().to_owned())
            .or_default();
        rate.1 += 1;
        match difference {
            Ok(()) => rate.0 += 1,
            Err(difference) if verbose => writeln!(out, "{name}\n    {difference}")?,
            Err(_) => writeln!(out, "{name}")?,
        }
    }
    let mut total = (0, 0);
    for (group, (same, all)) in &rates {
        writeln!(
            out,
            "{group:24} {same:4} of {all:4}  {:5.1} %",
            100.0 * f64::from(*same) / f64::from(*all)
        )?;
        total = (total.0 + same, total.1 + all);
    }
    writeln!(out, "{:24} {:4} of {:4}", "total", total.0, total.1)?;
    Ok(())
}
