//! `sluice inbox`: the mails that the stack sent, which lie on this machine.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use form_urlencoded::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::attack::{self, AttackOptions};
use crate::client::{Asked, Client, ClientError};
use crate::terminal::{self, Cell, Table, plain, plain_lines};

const EXAMPLES: &str = "\
Examples:
  sluice inbox                   # the newest mails
  sluice inbox show              # the newest one
  sluice inbox show 3            # the third newest
  sluice inbox list --search ananya";

/// Options of `sluice inbox`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Inbox {
    #[command(subcommand)]
    action: Option<InboxAction>,
    #[command(flatten)]
    list: InboxList,
}

/// The subcommands of `sluice inbox`.
#[derive(Debug, Subcommand)]
pub(crate) enum InboxAction {
    /// List mails, newest first
    List(InboxList),
    /// Print a mail
    Show(InboxShow),
    /// Do to each link in the inbox what mail systems do to links, and prove that all stays open: exit code 0, it does; 1, something
    /// changed; 2, it could not be tried
    Attack(AttackOptions),
}

/// Options of `sluice inbox list`.
#[derive(Debug, Args)]
pub(crate) struct InboxList {
    /// Only those in which this text stands
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// The most that are listed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    #[command(flatten)]
    asked: Asked,
}

/// Options of `sluice inbox show`.
#[derive(Debug, Args)]
pub(crate) struct InboxShow {
    /// Its place in the list, from 1, or its ID
    #[arg(value_name = "N|ID", default_value = "1")]
    mail: String,
    #[command(flatten)]
    asked: Asked,
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mail {
    /// Its id.
    pub(crate) id: String,
    /// The address that it went to.
    pub(crate) to: String,
    /// Its subject.
    pub(crate) subject: String,
    /// Its text.
    pub(crate) text: String,
    /// The time, as RFC 3339.
    pub(crate) sent_at: String,
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Mail>,
    next: Option<String>,
}

/// The most mails that a page has.
const PAGE: usize = 200;

/// Lists mails, prints one, or attacks them.
pub(crate) fn run(options: &Inbox) -> anyhow::Result<ExitCode> {
    match &options.action {
        None => list(&options.list)?,
        Some(InboxAction::List(options)) => list(options)?,
        Some(InboxAction::Show(options)) => show(options)?,
        Some(InboxAction::Attack(options)) => return Ok(attack::run(options)),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(options: &InboxList) -> anyhow::Result<()> {
    let client = Client::new(&options.asked.endpoint);
    let limit = usize::from(options.limit);
    let mails = mails(&client, options.search.as_deref(), limit)?;
    if options.asked.json {
        terminal::say(&format!("{:#}\n", json!({ "items": mails })));
        return Ok(());
    }
    if mails.is_empty() {
        terminal::say("No mails.\n");
        return Ok(());
    }
    let mut table = Table::new(&["N", "SENT", "TO", "SUBJECT"], 2);
    for (position, mail) in mails.iter().enumerate() {
        table.row(vec![
            Cell::of(&(position + 1).to_string()),
            Cell::of(&sent(mail)),
            Cell::of(&mail.to),
            Cell::of(&mail.subject),
        ]);
    }
    terminal::say(&table.render(terminal::width()));
    Ok(())
}

fn show(options: &InboxShow) -> anyhow::Result<()> {
    let client = Client::new(&options.asked.endpoint);
    let mail = match options.mail.parse::<usize>() {
        Ok(position) => {
            let found = mails(&client, None, position)?;
            let count = found.len();
            let at = position.checked_sub(1).and_then(|index| found.into_iter().nth(index));
            at.ok_or_else(|| {
                anyhow::anyhow!("there is no mail {position}: there are {count}; `sluice inbox` lists them")
            })?
        }
        Err(_) => by_id(&client, &options.mail)?,
    };
    let text = if options.asked.json {
        format!("{:#}\n", json!(mail))
    } else {
        format!(
            "To:      {}\nSubject: {}\nSent:    {}\n\n{}\n",
            plain(&mail.to),
            plain(&mail.subject),
            sent(&mail),
            plain_lines(&mail.text)
        )
    };
    terminal::say(&text);
    Ok(())
}

fn by_id(client: &Client, id: &str) -> anyhow::Result<Mail> {
    let path = format!("/console/inbox/{}", id.replace('/', "%2F"));
    match client.get(&path) {
        Ok(found) => Ok(serde_json::from_value(found)?),
        Err(error) if error.is_absent() => {
            anyhow::bail!("there is no mail {:?}; `sluice inbox` lists them", plain(id))
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the newest mails in which a text stands; at most `limit`.
pub(super) fn mails(client: &Client, search: Option<&str>, limit: usize) -> Result<Vec<Mail>, ClientError> {
    let mut query = Serializer::new(String::new());
    query
        .append_pair("format", "json")
        .append_pair("limit", &limit.clamp(1, PAGE).to_string());
    if let Some(search) = search {
        query.append_pair("q", search);
    }
    let mut path = format!("/console/inbox?{}", query.finish());
    let mut found: Vec<Mail> = Vec::new();
    loop {
        let page: Page = serde_json::from_value(client.get(&path)?).map_err(|error| ClientError::Foreign {
            endpoint: client.endpoint().to_owned(),
            reason: error.to_string(),
        })?;
        found.extend(page.items);
        match page.next {
            Some(next) if found.len() < limit => path = next,
            Some(_) | None => break,
        }
    }
    found.truncate(limit);
    Ok(found)
}

fn sent(mail: &Mail) -> String {
    match chrono::DateTime::parse_from_rfc3339(&mail.sent_at) {
        Ok(at) => terminal::time(at.timestamp_millis()),
        Err(_) => plain(&mail.sent_at).into_owned(),
    }
}
