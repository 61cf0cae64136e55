//! `sluice draw`: the picture of a state machine, as SVG.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use sluice_cloud::validation;
use sluice_graph::{Definition, Drawing};

use crate::terminal;

const EXAMPLES: &str = "\
Examples:
  sluice draw workflow.asl.json > workflow.svg
  aws stepfunctions describe-state-machine --state-machine-arn \"$ARN\" --query definition --output text | sluice draw - > it.svg";

/// Options of `sluice draw`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Draw {
    /// A definition (JSON); placeholders such as ${Name} may stand in it; -: standard input
    file: PathBuf,
    /// The picture's title [default: the file's name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

/// Prints it.
pub(crate) fn run(options: &Draw) -> anyhow::Result<()> {
    let file = options.file.display();
    let text = match options.file.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?,
        _ => std::fs::read_to_string(&options.file).with_context(|| format!("cannot read {file}"))?,
    };
    if validation::is_template(&text) {
        bail!("{file} is no state machine's definition; of a template, name the file that its DefinitionUri leads to");
    }
    let definition = Definition::parse(&text).with_context(|| format!("{file} cannot be drawn"))?;
    let name = options.file.file_stem().map(|name| name.to_string_lossy().into_owned());
    let title = options.title.clone().or(name).unwrap_or_default();
    terminal::say(&Drawing::of(&definition).document(&title));
    Ok(())
}
