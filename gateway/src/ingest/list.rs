use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sluice_workflows::Entry;

use super::{EntryList, Ingest, Randomness, Workflow, pages};
use crate::http::{Kind, Parameters, Problem, Representation, Response};

const DEFAULT_LIMIT: u16 = 50;
const LARGEST_LIMIT: u16 = 200;

impl<W: Workflow, E: EntryList, R: Randomness> Ingest<W, E, R> {
    /// Answers one page of the entries.
    pub(super) async fn list(
        &self,
        parameters: &Parameters,
        representation: Representation,
    ) -> Result<Response, Problem> {
        if !self.settings.public_listing {
            let problem = Problem::new(
                Kind::ListingNotPublic,
                "The entries are personal data, and are not shown to the public here. Submissions are welcome.",
            );
            return Ok(match representation {
                Representation::Json => problem.response(representation),
                Representation::Html => pages::no_list(&problem),
            });
        }
        let limit = limit(&parameters.query)?;
        let after = cursor(&parameters.query)?;
        let page = self
            .entries
            .page(limit, after.as_deref())
            .await
            .map_err(|error| self.failed(&error))?;
        let entries: Vec<_> = page.entries.into_iter().map(Entry::public).collect();
        let next = page
            .next
            .map(|key| format!("/?limit={limit}&cursor={}", URL_SAFE_NO_PAD.encode(key)));
        let response = match representation {
            Representation::Json => Response::json(200, &json!(entries)),
            Representation::Html => pages::list(&entries, next.as_deref()),
        };
        Ok(match next {
            Some(next) => response.with("link", format!("<{next}>; rel=\"next\"")),
            None => response,
        })
    }
}

fn limit(query: &Map<String, Value>) -> Result<u16, Problem> {
    let Some(text) = query.get("limit").and_then(Value::as_str) else {
        return Ok(DEFAULT_LIMIT);
    };
    text.parse()
        .ok()
        .filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
        .ok_or_else(|| {
            Problem::new(
                Kind::BadRequest,
                format!("The parameter limit must be a number from 1 to {LARGEST_LIMIT}."),
            )
        })
}

/// The key in a cursor. Callers are to treat it as opaque; it names an entry, and gives no right.
fn cursor(query: &Map<String, Value>) -> Result<Option<String>, Problem> {
    let Some(text) = query.get("cursor").and_then(Value::as_str) else {
        return Ok(None);
    };
    let key = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    // DynamoDB takes keys of 1 to 2,048 bytes.
    key.filter(|key| (1..=2048).contains(&key.len()))
        .map(Some)
        .ok_or_else(|| {
            Problem::new(
                Kind::BadRequest,
                "The parameter cursor must be one from a Link header of this list, unchanged.",
            )
        })
}
