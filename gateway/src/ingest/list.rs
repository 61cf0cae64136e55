//! The list of entries: newest first, searched, paged both ways; as a page, as JSON and as CSV.

mod csv;
mod read;
#[cfg(test)]
mod tests;

use serde_json::json;
use sluice_aws::EntriesError;
use sluice_workflows::Entry;

use self::read::Found;
use super::pages::{self, EntriesPage, Form};
use super::query::{Format, Query};
use super::{EntryList, Ingest, Randomness, Workflow};
use crate::http::{Kind, Parameters, Problem, Representation, Response};

impl<W: Workflow, E: EntryList, R: Randomness> Ingest<W, E, R> {
    /// Answers one page of the entries; to a browser, below the form.
    pub(super) async fn list(
        &self,
        parameters: &Parameters,
        representation: Representation,
    ) -> Result<Response, Problem> {
        let key = self.randomness.uuid();
        let form = Form::empty(&key);
        if !self.settings.public_listing {
            return match representation {
                Representation::Json => Err(not_public()),
                Representation::Html => Ok(pages::no_entries(&form, None)),
            };
        }
        let query = Query::read(&parameters.query)?;
        let found = match read::read(&self.entries, &query).await {
            Ok(found) => found,
            Err(error) => {
                let problem = self.unreadable(error);
                return match representation {
                    Representation::Json => Err(problem),
                    Representation::Html => Ok(pages::no_entries(&form, Some(&problem))),
                };
            }
        };
        let format = query.format.unwrap_or(match representation {
            Representation::Json => Format::Json,
            Representation::Html => Format::Html,
        });
        Ok(self.response(form, &query, found, format))
    }

    fn response(&self, form: Form<'_>, query: &Query, found: Found, format: Format) -> Response {
        let (newer, older) = (found.newer(query), found.older(query));
        let entries: Vec<_> = found.entries.into_iter().map(Entry::public).collect();
        let response = match format {
            Format::Json => Response::json(200, &json!(entries)),
            Format::Csv => Response::new(200, "text/csv; charset=utf-8; header=present", csv::write(&entries))
                .with("content-disposition", "attachment; filename=\"entries.csv\""),
            Format::Html => {
                let own = |entry: &Entry| {
                    let id = &entry.submission_id;
                    self.ids.is_ours(id).then(|| format!("/submissions/{id}"))
                };
                let linked = |entry: Entry| {
                    let href = own(&entry);
                    (entry, href)
                };
                let entries: Vec<_> = entries.into_iter().map(linked).collect();
                pages::entries(&EntriesPage {
                    form,
                    query,
                    entries: &entries,
                    newer: newer.as_deref(),
                    older: older.as_deref(),
                    searched: found.searched.as_ref(),
                })
            }
        };
        // Whoever knows this list from before takes its header for one link.
        let newer = newer.filter(|_| query.format.is_some() || format == Format::Html);
        let links: Vec<_> = [(older, "next"), (newer, "prev")]
            .into_iter()
            .filter_map(|(href, rel)| Some(format!("<{}>; rel=\"{rel}\"", href?)))
            .collect();
        if links.is_empty() {
            response
        } else {
            response.with("link", links.join(", "))
        }
    }

    fn unreadable(&self, error: EntriesError) -> Problem {
        match error {
            EntriesError::Call(error) => self.failed(&error),
            EntriesError::NoIndex(error) => {
                tracing::error!(%error, "the entries cannot be listed");
                Problem::new(
                    Kind::Unavailable,
                    "The entries cannot be listed yet: their table has no index by time, or it is being filled. Submissions are taken in.",
                )
                .with_header("retry-after", "10")
            }
        }
    }
}

fn not_public() -> Problem {
    Problem::new(
        Kind::ListingNotPublic,
        "The entries are personal data, and are not shown to the public here. Submissions are welcome.",
    )
}
