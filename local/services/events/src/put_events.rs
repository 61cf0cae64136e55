//! [PutEvents](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html)

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluice_engine::Timestamp;
use sluice_wire::{ApiError, Constraints};

use crate::Events;
use crate::event::in_seconds;

/// The most entries of a request.
const MAX_ENTRIES: usize = 10;
/// The most bytes of all entries.
const MAX_BYTES: usize = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    entries: Option<Vec<Entry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
    resources: Option<Vec<String>>,
    /// Seconds since 1970, or as text.
    time: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    failed_entry_count: usize,
    entries: Vec<EntryResult>,
}

#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "PascalCase")]
enum EntryResult {
    Put {
        event_id: String,
    },
    Refused {
        error_code: &'static str,
        error_message: String,
    },
}

pub(crate) async fn call(events: &Events, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::default();
    let entries = constraints.required("entries", request.entries);
    let count = entries.len();
    constraints.count("entries", count, &format!("[{count} entries]"), 1..=MAX_ENTRIES);
    constraints.finish()?;
    if entries.iter().map(Entry::bytes).sum::<usize>() > MAX_BYTES {
        return Err(ApiError::validation(
            "Total size of the entries in the request is over the limit.",
        ));
    }
    let now = events.account.now();
    let mut results = Vec::with_capacity(count);
    for entry in entries {
        results.push(match entry.event(events, now) {
            Ok(event) => {
                let event_id = event["id"].as_str().unwrap_or_default().to_owned();
                let put = events.put(event, now).await;
                put.map_err(|error| ApiError::store(&error, true))?;
                EntryResult::Put { event_id }
            }
            Err((error_code, error_message)) => EntryResult::Refused {
                error_code,
                error_message,
            },
        });
    }
    let refused = results.iter().filter(|one| matches!(one, EntryResult::Refused { .. }));
    Ok(Response {
        failed_entry_count: refused.count(),
        entries: results,
    })
}

type Refused = (&'static str, String);

impl Entry {
    fn bytes(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail];
        let time = if self.time.is_some() { 14 } else { 0 };
        texts.into_iter().flatten().map(String::len).sum::<usize>()
            + self.resources.iter().flatten().map(String::len).sum::<usize>()
            + time
    }

    /// The event, or the code and message by which its entry is refused.
    fn event(self, events: &Events, now: Timestamp) -> Result<Value, Refused> {
        let account = &events.account;
        let is_here = |bus: &str| bus == "default" || bus == account.arn("events", "event-bus/default");
        if let Some(bus) = self.event_bus_name.filter(|bus| !is_here(bus)) {
            let message = format!("EventBus not found: {bus}. There is the bus default.");
            return Err(("InvalidArgument", message));
        }
        let source = required("Source", self.source)?;
        if source.starts_with("aws.") {
            return Err((
                "NotAuthorizedForSourceException",
                "Not authorized for the source.".to_owned(),
            ));
        }
        let detail_type = required("DetailType", self.detail_type)?;
        let detail: Value = serde_json::from_str(&required("Detail", self.detail)?).unwrap_or_default();
        if !detail.is_object() {
            return Err(("MalformedDetail", "Detail is malformed.".to_owned()));
        }
        Ok(json!({
            "version": "0",
            "id": account.uuid().to_string(),
            "detail-type": detail_type,
            "source": source,
            "account": account.id,
            "time": time(self.time)?.unwrap_or_else(|| in_seconds(now)),
            "region": account.region,
            "resources": self.resources.unwrap_or_default(),
            "detail": detail,
        }))
    }
}

fn required(name: &str, value: Option<String>) -> Result<String, Refused> {
    value.filter(|text| !text.is_empty()).ok_or_else(|| {
        let message = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
        ("InvalidArgument", message)
    })
}

#[expect(clippy::cast_possible_truncation, reason = "a time beyond all is none")]
fn time(given: Option<Value>) -> Result<Option<String>, Refused> {
    let at = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(seconds)) => seconds.as_f64().map(|seconds| (seconds * 1_000.0) as Timestamp),
        Some(Value::String(text)) => {
            let parsed = chrono::DateTime::parse_from_rfc3339(&text);
            parsed.ok().map(|time| time.timestamp_millis())
        }
        Some(_) => None,
    };
    match at {
        Some(at) => Ok(Some(in_seconds(at))),
        None => Err((
            "InvalidArgument",
            "Parameter Time is not valid. Reason: it is no time.".to_owned(),
        )),
    }
}
