//! The first page where a template says what submissions are: the newest, found by text, outcome and date.

use maud::{Markup, html};
use serde::Serialize;
use sluice_driver::ExecutionRecord;
use sluice_engine::Status;
use sluice_pages::Column;

use crate::console::Console;
use crate::forms::FormToken;
use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, execution_path, path};
use crate::spark::{sparkline, sum};
use crate::submissions::{Counts, Found, Search, SubmissionSpec, Tone, name_of};
use crate::{layout, text};

/// The parameters that choose what is listed.
const CHOICE: [&str; 7] = ["outcome", "q", "from", "to", "limit", "format", "refresh"];

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct SubmissionsView {
    counts: Vec<OutcomeCount>,
    last_hour: LastHour,
    /// The reason why counts and searches may miss something; none: they do not.
    approximate: Option<String>,
    items: Vec<Row>,
    next: Option<String>,
    #[serde(skip)]
    columns: Vec<String>,
    #[serde(skip)]
    query: Query,
    #[serde(skip)]
    note: Option<String>,
    #[serde(skip)]
    opens_approvals: bool,
}

/// The number of submissions with an outcome.
#[derive(Debug, Serialize)]
struct OutcomeCount {
    outcome: String,
    #[serde(skip)]
    tone: Tone,
    count: u64,
    /// There may be more.
    at_least: bool,
}

/// The counts of each of the last sixty minutes, the earliest first.
#[derive(Debug, Default, Serialize)]
struct LastHour {
    started: Vec<u64>,
    refused: Vec<u64>,
    failed: Vec<u64>,
}

/// A submission.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    execution_arn: String,
    started_at: At,
    stopped_at: Option<At>,
    outcome: String,
    tone: Tone,
    status: Status,
    values: serde_json::Map<String, serde_json::Value>,
    links: Vec<Link>,
}

#[derive(Debug, Serialize)]
struct Link {
    name: String,
    href: String,
}

impl SubmissionsView {
    /// Asks the journal, and the index over it.
    pub(crate) async fn load(console: &Console, query: &Query) -> Result<Self, Problem> {
        let unreadable = |error| Problem::unreadable("the submissions", error);
        let submissions = console.submissions.as_ref().ok_or_else(|| {
            Problem::not_found("no template here says what a submission is; /console/executions lists what runs")
        })?;
        let spec = submissions.spec();
        let search = Search::read(query, spec)?;
        let (found, counts) = submissions.look(&search).await.map_err(unreadable)?;
        let query = query.only(&CHOICE);
        Ok(Self {
            columns: spec.columns.iter().map(|column| column.name.clone()).collect(),
            next: found.next.map(|key| {
                query
                    .with("cursor", Some(&key.to_string()))
                    .link("/console/submissions")
            }),
            approximate: approximate(&found),
            items: found.records.iter().map(|record| Row::of(spec, record)).collect(),
            last_hour: LastHour {
                started: counts.started.clone(),
                refused: counts.refused.clone(),
                failed: counts.failed.clone(),
            },
            counts: outcome_counts(counts),
            query,
            note: console.notes.executions.clone(),
            opens_approvals: spec.open_approvals.is_some(),
        })
    }

    /// The page.
    pub(crate) fn render(&self, token: &FormToken) -> Markup {
        html! {
            div.head {
                h1 { "Submissions" }
                @if self.opens_approvals {
                    form method="post" action="/console/open-approvals" {
                        (token.field())
                        button.button type="submit" { "Open the approvals page" }
                    }
                }
            }
            div id="counts" data-live {
                (self.last_hour.render())
                (self.render_counts())
            }
            (self.render_search())
            div id="submissions" data-live {
                @if let Some(words) = &self.approximate { p.soft { (words) } }
                @if self.items.is_empty() { (self.render_empty()) } @else { (self.render_table()) }
                (layout::next(self.next.as_deref(), "Older submissions"))
            }
        }
    }

    /// Counts that are also the filter.
    fn render_counts(&self) -> Markup {
        let current = self.query.filled("outcome");
        let link = |outcome: Option<&str>| self.query.with("outcome", outcome).link("/console/submissions");
        html! {
            nav aria-label="Filter by outcome" {
                ul.chips {
                    li { a href=(link(None)) aria-current=[current.is_none().then_some("true")] { "All" } }
                    @for one in &self.counts {
                        li {
                            a href=(link(Some(&one.outcome)))
                                aria-current=[(current == Some(one.outcome.as_str())).then_some("true")] {
                                (text::line(&one.outcome, 40)) " "
                                b class=(one.tone.as_str()) { (one.count) @if one.at_least { "+" } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn render_search(&self) -> Markup {
        let value = |name: &str| self.query.filled(name).unwrap_or_default();
        html! {
            form.search role="search" method="get" action="/console/submissions" {
                @if let Some(outcome) = self.query.filled("outcome") {
                    input type="hidden" name="outcome" value=(outcome);
                }
                div class="field grow" {
                    label for="q" { "Find " (self.columns.join(", ").to_lowercase()) " or id" }
                    input type="search" id="q" name="q" value=(value("q")) autocomplete="off" spellcheck="false";
                }
                div.field {
                    label for="from" { "From" }
                    input type="date" id="from" name="from" value=(value("from"));
                }
                div.field {
                    label for="to" { "To" }
                    input type="date" id="to" name="to" value=(value("to"));
                }
                button.button type="submit" { "Find" }
                @if self.is_filtered() { a href="/console/submissions" { "Show all" } }
                @if !self.items.is_empty() {
                    a href=(self.query.only(&["outcome", "q", "from", "to"]).link("/console/redrive-failed")) {
                        "Redrive what failed…"
                    }
                }
            }
        }
    }

    fn is_filtered(&self) -> bool {
        ["outcome", "q", "from", "to"]
            .iter()
            .any(|name| self.query.filled(name).is_some())
    }

    fn render_empty(&self) -> Markup {
        if self.is_filtered() {
            layout::empty_note("No submission is like this.")
        } else {
            layout::empty_with_note("No submission yet.", self.note.as_deref())
        }
    }

    fn render_table(&self) -> Markup {
        let mut columns = vec![Column::text("Time")];
        columns.extend(self.columns.iter().map(|name| Column::text(name)));
        columns.extend([Column::text("Outcome"), Column::text("Leads to")]);
        sluice_pages::table(
            "Newest first",
            &columns,
            self.items.iter().map(|row| row.cells(&self.columns)),
        )
    }
}

impl Row {
    fn of(spec: &SubmissionSpec, record: &ExecutionRecord) -> Self {
        let id = record.identity.name.to_string();
        let values = spec.columns.iter().zip(spec.values_of(record));
        let mut links = vec![Link {
            name: "Execution".to_owned(),
            href: execution_path(&record.identity.arn),
        }];
        let of_template = spec.links_of(&id).into_iter();
        links.extend(of_template.map(|(name, href)| Link { name, href }));
        let by_id = |name: &str, page: &str| Link {
            name: name.to_owned(),
            href: Query::default().with("q", Some(&id)).link(&path(&[page])),
        };
        links.push(by_id("Mails", "inbox"));
        links.push(by_id("Logs", "logs"));
        Self {
            execution_arn: record.identity.arn.to_string(),
            started_at: At(record.start_date),
            stopped_at: record.stop_date.map(At),
            outcome: name_of(spec, record).to_owned(),
            tone: spec.outcome_of(record).map_or(Tone::Idle, |rule| rule.tone),
            status: record.status,
            values: values
                .map(|(column, value)| (column.name.clone(), value.into()))
                .collect(),
            links,
            id,
        }
    }

    fn cells(&self, columns: &[String]) -> Vec<Markup> {
        let mut cells = vec![html! { a href=(execution_path(&self.execution_arn)) { (self.started_at) } }];
        let value = |column: &String| {
            self.values
                .get(column)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
        };
        cells.extend(columns.iter().map(|column| match value(column) {
            "" => html! {},
            value => text::line(value, 80),
        }));
        cells.push(layout::badge(self.tone, &self.outcome));
        cells.push(html! {
            @for (n, link) in self.links.iter().enumerate() {
                @if n > 0 { " · " }
                a href=(link.href) rel="noreferrer" { (text::line(&link.name, 40)) }
            }
        });
        cells
    }
}

impl LastHour {
    fn render(&self) -> Markup {
        let pictures = [
            ("Started", "run", &self.started),
            ("Refused or expired", "idle", &self.refused),
            ("Broken", "bad", &self.failed),
        ];
        html! {
            ul.tiles aria-label="The last hour" {
                @for (name, tone, values) in pictures {
                    li class=(tone) {
                        span.soft { (name) ", last hour" }
                        b { (sum(values)) }
                        (sparkline(name, values))
                    }
                }
            }
        }
    }
}

fn outcome_counts(counts: Counts) -> Vec<OutcomeCount> {
    let count = |(outcome, tone, count, at_least)| OutcomeCount {
        outcome,
        tone,
        count,
        at_least,
    };
    counts.outcomes.into_iter().map(count).collect()
}

/// The reason why a page may miss something, in words.
fn approximate(found: &Found) -> Option<String> {
    let mut words = Vec::new();
    if found.unseen > 0 {
        words.push(format!(
            "Counts and searches do not know up to {} of the oldest executions yet; they are being read.",
            found.unseen
        ));
    }
    if found.cut {
        words.push("This page ends early, since much had to be looked at: go on with “Older submissions”.".to_owned());
    }
    (!words.is_empty()).then(|| words.join(" "))
}
