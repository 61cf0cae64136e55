//! `sluice validate`: checks state machines and templates without running anything.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::json;
use sluice_cloud::validation::{self, Finding, Severity, TemplateSource};

use crate::parameter;
use crate::terminal::{self, Tone, plain};

const EXAMPLES: &str = "\
Examples:
  sluice validate workflow.asl.json
  sluice validate --parameter AdminEmail=me@example.com cfn/*.yaml
  sluice validate --json machine.json | jq '.items[].code'

A file is a template if it has Resources, else a state machine's definition. The codes of findings about definitions are
those of ValidateStateMachineDefinition.

Exit codes: 0 nothing but warnings, 1 errors, 2 a file cannot be read.";

/// The exit code when a file cannot be read.
const UNREADABLE: u8 = 2;

/// Options of `sluice validate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Validate {
    /// Definitions (JSON) and templates (YAML or JSON)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A parameter of the templates that have it; may be repeated
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = parameter::parse)]
    parameters: Vec<(String, String)>,
    /// The stack's name, which templates put into the names of what they export
    #[arg(long, value_name = "NAME", default_value = "sluice")]
    stack_name: String,
    /// Check definitions as of an Express state machine
    #[arg(long)]
    express: bool,
    /// Exit with 1 for warnings too
    #[arg(long)]
    strict: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Checks the files; 0 if there is nothing but warnings.
pub(crate) fn run(options: &Validate) -> anyhow::Result<ExitCode> {
    let given: BTreeMap<String, String> = options.parameters.iter().cloned().collect();
    let mut defaults = parameter::local();
    defaults.insert("WorkflowStackName".to_owned(), options.stack_name.clone());
    let (mut all, mut templates) = (Vec::new(), Vec::new());
    for file in &options.files {
        let text = match std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display())) {
            Ok(text) => text,
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "sluice: {error:#}");
                return Ok(ExitCode::from(UNREADABLE));
            }
        };
        if validation::is_template(&text) {
            let file = file.clone();
            templates.push(TemplateSource { file, text });
        } else {
            all.extend(validation::definition(
                &file.display().to_string(),
                &text,
                options.express,
            ));
        }
    }
    all.extend(validation::templates(
        &options.stack_name,
        &templates,
        &given,
        &defaults,
    ));
    all.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    let errors = count(&all, Severity::Error);
    let warnings = count(&all, Severity::Warning);
    let text = if options.json {
        format!(
            "{:#}\n",
            json!({ "items": all, "errors": errors, "warnings": warnings })
        )
    } else {
        words(&all, options.files.len(), errors, warnings)
    };
    terminal::say(&text);
    let fine = errors == 0 && !(options.strict && warnings > 0);
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn count(all: &[Finding], severity: Severity) -> usize {
    all.iter().filter(|one| one.severity == severity).count()
}

/// A line a finding, as compilers write them, and one for all.
fn words(all: &[Finding], files: usize, errors: usize, warnings: usize) -> String {
    let mut text = String::new();
    for finding in all {
        let file = plain(&finding.file);
        let place = match (finding.line, finding.column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            _ => file.into_owned(),
        };
        let (word, tone) = match finding.severity {
            Severity::Error => ("error", Tone::Bad),
            Severity::Warning => ("warning", Tone::Attention),
        };
        let code = finding.code.map(|code| format!(" {code}")).unwrap_or_default();
        let at = finding
            .location
            .as_deref()
            .map(|at| format!(" {}:", plain(at)))
            .unwrap_or_default();
        text += &format!("{place}: {}{code}:{at} {}\n", tone.paint(word), plain(&finding.message));
    }
    let number = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    text + &format!(
        "{}: {}, {}\n",
        number(files, "file"),
        number(errors, "error"),
        number(warnings, "warning")
    )
}
