//! `sluice inbox attack`: does to each link in the inbox what mail systems do to links, and proves that nothing was decided.
//!
//! Scanners fetch, fetch again, run what they find and press its buttons; gateways rewrite links, mail clients break them, chats
//! preview them. None of them knows what a mail says besides its links. So everything that was open has to be open afterwards.

mod disguise;
mod form;
mod page;
mod plan;
mod report;
mod send;
mod standing;

use std::collections::VecDeque;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;

use crate::client::Endpoint;
use plan::Attack;
use report::Report;
use send::{Outcome, Sender};
use standing::Standing;

/// The exit code when something did not stay as it was.
const BROKEN: u8 = 1;

/// The exit code when the attack could not be made.
const IMPOSSIBLE: u8 = 2;

/// The steps that a scanner goes on from a link, and the pages that it looks at.
const DEPTH: usize = 2;
const MOST_PAGES: usize = 20;

/// Options of `sluice inbox attack`.
#[derive(Debug, Args)]
pub(crate) struct AttackOptions {
    /// Only the Nth mail, the newest being 1 [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    mail: Option<u32>,
    /// Print each request and what came of it as JSON
    #[arg(long)]
    json: bool,
    /// Print each request, not only each kind of attack
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Attacks the inbox. Exit codes: 0 everything is as it was, 1 something changed, 2 it could not be tried.
pub(crate) fn run(options: &AttackOptions) -> ExitCode {
    match attack(options) {
        Ok(report) => {
            let said = match options.json {
                true => report.json(),
                false => report.words(options.verbose),
            };
            // nobody may be reading: the code says it too
            let _ = std::io::stdout().write_all(said.as_bytes());
            match report.stands() {
                true => ExitCode::SUCCESS,
                false => ExitCode::from(BROKEN),
            }
        }
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "sluice: {reason}");
            ExitCode::from(IMPOSSIBLE)
        }
    }
}

fn attack(options: &AttackOptions) -> Result<Report, String> {
    let endpoint = options.endpoint.endpoint.trim_end_matches('/');
    let sender = Sender::new();
    let mails = standing::inbox(&sender, endpoint, options.mail)?;
    let (links, left_alone) = standing::links(&mails);
    if links.is_empty() {
        return Err(format!(
            "none of the {} mails in the inbox of {endpoint} has a link to this machine; submit something half right first",
            mails.len()
        ));
    }
    let before = Standing::now(&sender, endpoint, &links)?;
    if before.executions.is_empty() {
        return Err(format!(
            "no execution runs at {endpoint}, so there is nothing that an attack could change"
        ));
    }
    let mut outcomes = Vec::new();
    for link in &links {
        outcomes.extend(sender.one_by_one(plan::on_link(link)));
        for disguised in disguise::all(link) {
            outcomes.extend(sender.one_by_one(plan::on_disguise(&disguised)));
        }
        outcomes.extend(on_pages(&sender, link));
    }
    // all at once, and again
    for round in ["all links at once", "all links at once, again"] {
        let fetches = links.iter().map(|link| Attack::fetch(round, link)).collect();
        outcomes.extend(sender.at_once(fetches));
    }
    let after = Standing::now(&sender, endpoint, &links)?;
    Ok(Report {
        mails: mails.len(),
        links: links.len(),
        left_alone,
        open: before.executions.len(),
        changes: before.changes(&after),
        outcomes,
    })
}

/// Does as a scanner with a browser does: reads the page, follows its links, and sends each form of what it finds with each button.
fn on_pages(sender: &Sender, link: &str) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut pages = VecDeque::from([(link.to_owned(), 0)]);
    let mut seen: Vec<String> = vec![link.to_owned()];
    while let Some((address, depth)) = pages.pop_front() {
        let Some(html) = sender.page(&address) else { continue };
        let page = page::read(&html, &address);
        outcomes.extend(sender.one_by_one(plan::on_links_of(&page)));
        outcomes.extend(sender.one_by_one(plan::on_forms_of(&page)));
        for attack in plan::double_clicks(&page) {
            outcomes.extend(sender.at_once(vec![attack.clone(), attack]));
        }
        for found in page.links {
            let new = depth < DEPTH && seen.len() < MOST_PAGES && !seen.contains(&found);
            if new && plan::origin_of(&found) == plan::origin_of(link) {
                seen.push(found.clone());
                pages.push_back((found, depth + 1));
            }
        }
    }
    outcomes
}
