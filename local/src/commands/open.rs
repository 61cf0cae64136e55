//! `sluice open`: a page of the running runtime in the browser.

use clap::Args;

use super::{lookup, stacks};
use crate::client::{Asked, Client};
use crate::terminal;

const EXAMPLES: &str = "\
Examples:
  sluice open                 # the console
  sluice open submit          # the form
  sluice open inbox
  sluice open 0198f2          # the execution that begins so";

/// Options of `sluice open`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Open {
    /// console, submit, inbox, approvals, logs, or the ID of an execution
    #[arg(value_name = "WHAT", default_value = "console")]
    what: String,
    /// Only print the address
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    asked: Asked,
}

/// Opens it, and says its address.
pub(crate) fn run(options: &Open) -> anyhow::Result<()> {
    let client = Client::new(&options.asked.endpoint);
    let url = address(&client, &options.what)?;
    // whoever is not there opens no page
    client.get("/health").map(drop).or_else(|error| match error {
        crate::client::ClientError::Refused { .. } => Ok(()),
        other => Err(other),
    })?;
    if options.asked.json {
        terminal::say(&format!("{:#}\n", serde_json::json!({ "url": url })));
    } else {
        terminal::say(&format!("{url}\n"));
    }
    if !options.print
        && !options.asked.json
        && let Err(error) = open::that_detached(&url)
    {
        anyhow::bail!("no browser can be started here ({error}); open the address yourself");
    }
    Ok(())
}

fn address(client: &Client, what: &str) -> anyhow::Result<String> {
    let console = format!("{}/console", client.endpoint());
    Ok(match what {
        "console" => console,
        "inbox" | "approvals" | "logs" => format!("{console}/{what}"),
        "submit" => stacks::entrance(client)?.address,
        id => {
            let found = lookup::execution(client, id)?;
            format!("{console}/executions/{}", super::machines::text(&found, "executionArn"))
        }
    })
}
