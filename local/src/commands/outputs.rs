//! `sluice outputs`: the outputs of the stacks, for people, for programs, or for a shell.

use clap::Args;
use serde_json::json;

use super::stacks::{self, Stack};
use crate::client::{Asked, Client};
use crate::terminal::{self, Cell, Table};

const EXAMPLES: &str = "\
Examples:
  sluice outputs
  eval \"$(sluice outputs --env)\"       # outputs and AWS_ENDPOINT_URL in this shell
  curl \"$FunctionURLAPI\"";

/// Options of `sluice outputs`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Outputs {
    /// Print `export NAME='VALUE'` lines for a shell, with what AWS clients need
    #[arg(long, conflicts_with = "json")]
    env: bool,
    /// Only those of this stack
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

/// Prints them.
pub(crate) fn run(options: &Outputs) -> anyhow::Result<()> {
    let client = Client::new(&options.asked.endpoint);
    let mut stacks = stacks::all(&client)?;
    if let Some(name) = &options.stack {
        let names: Vec<String> = stacks.iter().map(|stack| stack.name.clone()).collect();
        stacks.retain(|stack| stack.name == *name);
        if stacks.is_empty() {
            anyhow::bail!("there is no stack {name:?} here; there are: {}", names.join(", "));
        }
    }
    let text = match (options.env, options.asked.json) {
        (true, _) => exports(client.endpoint(), &region(&client)?, &stacks),
        (false, true) => as_json(&stacks),
        (false, false) => as_table(&stacks),
    };
    terminal::say(&text);
    Ok(())
}

/// The region, which the caller's identity has nothing of, so any machine's ARN or the usual one says it.
fn region(client: &Client) -> anyhow::Result<String> {
    let machines = super::machines::all(client)?;
    let arn = machines.first().map(|machine| machine.arn.clone());
    let region = arn.and_then(|arn| arn.split(':').nth(3).map(str::to_owned));
    Ok(region.unwrap_or_else(|| "us-east-1".to_owned()))
}

fn as_json(stacks: &[Stack]) -> String {
    let outputs = stacks.iter().flat_map(|stack| {
        stack.outputs.iter().map(|output| {
            json!({ "stack": stack.name, "key": output.key, "value": output.value, "description": output.description,
                "export": output.export })
        })
    });
    format!("{:#}\n", json!({ "items": outputs.collect::<Vec<_>>() }))
}

fn as_table(stacks: &[Stack]) -> String {
    let mut table = Table::new(&["STACK", "OUTPUT", "VALUE"], 2);
    let mut count = 0;
    for stack in stacks {
        for output in &stack.outputs {
            table.row(vec![
                Cell::of(&stack.name),
                Cell::of(&output.key),
                Cell::of(&output.value),
            ]);
            count += 1;
        }
    }
    match count {
        0 => "No outputs.\n".to_owned(),
        // values are copied from here: they are never cut
        _ => table.render(None),
    }
}

/// The lines for a shell. Any credentials will do; without some, clients look for them elsewhere, and take their time.
fn exports(endpoint: &str, region: &str, stacks: &[Stack]) -> String {
    let aws = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_REGION", region),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ];
    let outputs = stacks.iter().flat_map(|stack| &stack.outputs);
    let all = aws
        .into_iter()
        .chain(outputs.map(|one| (one.key.as_str(), one.value.as_str())));
    all.map(|(name, value)| format!("export {name}={}\n", quoted(value)))
        .collect()
}

/// A value as a shell reads it back.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::stacks::Output;

    #[test]
    fn a_shell_reads_the_values_back() {
        let output = |key: &str, value: &str| Output {
            key: key.to_owned(),
            value: value.to_owned(),
            description: None,
            export: None,
        };
        let stack = Stack {
            name: "s".to_owned(),
            outputs: vec![output("Url", "http://h/?a=1&b=$x"), output("Odd", "it's `x`\nnext")],
            entrance: None,
            function_urls: Vec::new(),
        };
        let script =
            exports("http://e", "eu-west-1", &[stack]) + "printf '%s|%s|%s' \"$Url\" \"$Odd\" \"$AWS_ENDPOINT_URL\"";
        let shell = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .expect("runs");
        assert_eq!(
            String::from_utf8_lossy(&shell.stdout),
            "http://h/?a=1&b=$x|it's `x`\nnext|http://e"
        );
    }
}
