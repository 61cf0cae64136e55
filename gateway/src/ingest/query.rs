use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use serde_json::{Map, Value};
use sluice_workflows::{Entry, EntryStatus};

use crate::http::{Kind, Problem, escaped};

const DEFAULT_LIMIT: usize = 50;
const LARGEST_LIMIT: usize = 200;

/// The longest text that is searched for, in characters.
const LONGEST_TEXT: usize = 254;

/// The longest id of an entry, in bytes: DynamoDB's for a key.
const LONGEST_ID: usize = 2048;

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// For browsers.
    Html,
}

/// The direction in which one reads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To older entries.
    Older,
    /// To newer entries.
    Newer,
}

/// A place in the order of the entries: by the time at which they were stored, then by id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) stored_at: String,
    pub(crate) id: String,
}

impl Place {
    pub(crate) fn of(entry: &Entry) -> Self {
        Place {
            stored_at: entry.stored_at.clone(),
            id: entry.id.clone(),
        }
    }
}

/// The end of a search that was cut short, so that it costs no more with a large table than with a small one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Searched {
    /// The number of entries that were looked through.
    pub(crate) entries: usize,
    /// The time at which the last of them was stored.
    pub(crate) back_to: String,
}

/// A search for entries, and a page of what it finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// A part of the name, the e-mail address or the pincode, in upper or lower case.
    pub(crate) text: Option<String>,
    /// The status.
    pub(crate) status: Option<EntryStatus>,
    /// The first day on which they were stored.
    pub(crate) from: Option<String>,
    /// The last one.
    pub(crate) to: Option<String>,
    pub(crate) limit: usize,
    pub(crate) after: Option<(Direction, Place)>,
    pub(crate) format: Option<Format>,
}

impl Query {
    /// Reads the parameters. Those of a form that were left empty count as not given.
    pub(crate) fn read(query: &Map<String, Value>) -> Result<Self, Problem> {
        let text = filled(query, "q");
        if text.is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
            return Err(bad(format!(
                "The parameter q must have at most {LONGEST_TEXT} characters."
            )));
        }
        let query = Query {
            text: text.map(str::to_owned),
            status: filled(query, "status").map(status).transpose()?,
            from: day(query, "from")?,
            to: day(query, "to")?,
            limit: limit(query)?,
            after: filled(query, "cursor").map(cursor).transpose()?,
            format: filled(query, "format").map(format).transpose()?,
        };
        match (&query.from, &query.to) {
            (Some(from), Some(to)) if from > to => {
                Err(bad(format!("The parameter from is {from}, which is after to, {to}.")))
            }
            _ => Ok(query),
        }
    }

    /// Tells whether some entries are left out.
    pub(crate) fn is_filtered(&self) -> bool {
        self.text.is_some() || self.status.is_some() || self.from.is_some() || self.to.is_some()
    }

    /// The direction in which this page goes on.
    pub(crate) fn direction(&self) -> Direction {
        self.after
            .as_ref()
            .map_or(Direction::Older, |(direction, _)| *direction)
    }

    /// The first moment of the time asked for, and the last, as text that compares as the times do.
    pub(crate) fn bounds(&self) -> (String, String) {
        let from = self
            .from
            .as_ref()
            .map_or("0".to_owned(), |day| format!("{day}T00:00:00.000Z"));
        let to = self.to.as_ref().map_or("9999-12-31T23:59:59.999Z".to_owned(), |day| {
            format!("{day}T23:59:59.999Z")
        });
        (from, to)
    }

    /// The address of this page in another form.
    pub(crate) fn link(&self, format: Option<&str>) -> String {
        let cursor = self.after.as_ref().map(|(direction, place)| written(*direction, place));
        self.address(cursor.as_deref(), format)
    }

    /// The address of the page that goes on from a place, in the form of this one.
    pub(crate) fn onward(&self, direction: Direction, place: &Place) -> String {
        let format = self.format.map(|format| match format {
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Html => "html",
        });
        self.address(Some(&written(direction, place)), format)
    }

    fn address(&self, cursor: Option<&str>, format: Option<&str>) -> String {
        let limit = self.limit.to_string();
        let parameters = [
            ("limit", Some(limit.as_str())),
            ("q", self.text.as_deref()),
            ("status", self.status.map(EntryStatus::as_str)),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
            ("cursor", cursor),
            ("format", format),
        ];
        let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let written: Vec<_> = given
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        format!("/?{}", written.join("&"))
    }
}

/// The value of a parameter that is given and not empty, as a form sends all of its fields.
fn filled<'a>(query: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    query
        .get(name)
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::BadRequest, detail)
}

fn status(name: &str) -> Result<EntryStatus, Problem> {
    EntryStatus::parse(name).ok_or_else(|| bad("The parameter status must be ingested or approved."))
}

fn format(name: &str) -> Result<Format, Problem> {
    match name {
        "json" => Ok(Format::Json),
        "csv" => Ok(Format::Csv),
        "html" => Ok(Format::Html),
        _ => Err(bad("The parameter format must be json, csv or html.")),
    }
}

fn day(query: &Map<String, Value>, name: &str) -> Result<Option<String>, Problem> {
    let Some(text) = filled(query, name) else {
        return Ok(None);
    };
    // The text is compared as it is, so it must be written as times begin.
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) if day.to_string() == text => Ok(Some(text.to_owned())),
        _ => Err(bad(format!("The parameter {name} must be a day, as 2026-12-31."))),
    }
}

fn limit(query: &Map<String, Value>) -> Result<usize, Problem> {
    let Some(text) = query.get("limit").and_then(Value::as_str) else {
        return Ok(DEFAULT_LIMIT);
    };
    text.parse()
        .ok()
        .filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
        .ok_or_else(|| {
            bad(format!(
                "The parameter limit must be a number from 1 to {LARGEST_LIMIT}."
            ))
        })
}

/// Callers are to treat a cursor as opaque; it names a place, and gives no right.
fn written(direction: Direction, place: &Place) -> String {
    let direction = match direction {
        Direction::Older => 'o',
        Direction::Newer => 'n',
    };
    URL_SAFE_NO_PAD.encode(format!("{direction}{}\n{}", place.stored_at, place.id))
}

fn cursor(text: &str) -> Result<(Direction, Place), Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let read = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| {
        let direction = match text.chars().next()? {
            'o' => Direction::Older,
            'n' => Direction::Newer,
            _ => return None,
        };
        let (stored_at, id) = text.get(1..)?.split_once('\n')?;
        let is_place = (1..=64).contains(&stored_at.len()) && (1..=LONGEST_ID).contains(&id.len());
        is_place.then(|| {
            (
                direction,
                Place {
                    stored_at: stored_at.to_owned(),
                    id: id.to_owned(),
                },
            )
        })
    });
    read.ok_or_else(|| bad("The parameter cursor must be one from a Link header of this list, unchanged."))
}
