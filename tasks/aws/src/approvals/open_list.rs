use std::collections::VecDeque;

use sluice_workflows::{Submission, Violation};

use super::cursor::{OpenCursor, OpenKey, Place};
use super::item::{Item, flag, integer, number, optional_string, parsed, string, text, unusable};
use super::opening::open_shard;
use super::table::{Approvals, SHARDS};
use crate::call::{CallError, boxed};

const QUERY: &str = "dynamodb:Query";

/// The index that has the open approvals, those that expire first at the head of each part.
const INDEX: &str = "OpenByDeadline";

/// An open approval, as the index has it: all of its record that a list shows, and no token.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenItem {
    /// `<submission id>.<round>`.
    pub id: String,
    /// The submission.
    pub submission_id: String,
    /// Its fields.
    pub submission: Submission,
    /// The rules that they break.
    pub violations: Vec<Violation>,
    /// The time at which the submission came in (ISO 8601, UTC).
    pub submitted_at: String,
    /// The time at which the workflow stops waiting (ISO 8601, UTC).
    pub expires_at: String,
    /// The same in milliseconds since 1970.
    pub expires_at_ms: i64,
    /// The time at which it was opened, in milliseconds since 1970.
    pub opened_at_ms: i64,
    /// Its subject, in the words of lists.
    pub summary: String,
    /// True once a mail of its own went out.
    pub mailed: bool,
}

/// A page of open approvals.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenPage {
    /// The approvals, those that expire first at its head.
    pub items: Vec<OpenItem>,
    /// The place behind the page; none: there are no more.
    pub next: Option<OpenCursor>,
}

impl OpenItem {
    /// Its place in its part of the index.
    pub fn key(&self) -> OpenKey {
        OpenKey(self.expires_at_ms, self.id.clone())
    }
}

/// A part of the index while pages are merged.
struct Part {
    shard: usize,
    ahead: VecDeque<OpenItem>,
    /// The place behind what was taken.
    place: Place,
    /// The place behind what is ahead.
    read_to: Place,
}

impl Approvals {
    /// A page of at most `limit` open approvals, those that expire first at its head. The index lags the table by moments.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or an item cannot be read.
    pub async fn open_list(&self, after: Option<&OpenCursor>, limit: usize) -> Result<OpenPage, CallError> {
        // each part has an eighth of them, more or less
        let at_once = limit.div_ceil(SHARDS / 2).max(1);
        let begin = after.cloned().unwrap_or_default();
        let mut parts = Vec::with_capacity(SHARDS);
        for (shard, place) in begin.places.into_iter().enumerate() {
            let read_to = place.clone();
            let ahead = VecDeque::new();
            parts.push(Part {
                shard,
                ahead,
                place,
                read_to,
            });
        }
        let mut items = Vec::new();
        loop {
            for part in &mut parts {
                self.read_ahead(part, at_once).await?;
            }
            if items.len() == limit {
                break;
            }
            let first = parts.iter_mut().filter(|part| !part.ahead.is_empty());
            let first = first.min_by_key(|part| part.ahead.front().map(|item| (item.expires_at_ms, item.id.clone())));
            let Some(item) = first.and_then(Part::take) else { break };
            items.push(item);
        }
        let is_end = parts.iter().all(|part| part.place == Place::End);
        let places = parts.into_iter().map(|part| part.place).collect::<Vec<_>>();
        let places = <[Place; SHARDS]>::try_from(places).unwrap_or_default();
        Ok(OpenPage {
            items,
            next: (!is_end).then_some(OpenCursor { places }),
        })
    }

    /// At most `limit` open approvals of one part, those that expire first at their head, and the place behind them; none: there
    /// are no more.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or an item cannot be read.
    pub async fn open_shard_page(
        &self,
        shard: usize,
        after: Option<&OpenKey>,
        limit: usize,
    ) -> Result<(Vec<OpenItem>, Option<OpenKey>), CallError> {
        let part = text(&open_shard(shard));
        let start = after.map(|OpenKey(expires_at_ms, id)| {
            Item::from([
                ("id".to_owned(), text(id)),
                ("open_shard".to_owned(), part.clone()),
                ("expires_at_ms".to_owned(), number(*expires_at_ms)),
            ])
        });
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("open_shard = :part")
            .expression_attribute_values(":part", part)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start);
        let page = boxed(request.send()).await;
        let page = page.map_err(|error| CallError::from_sdk(QUERY, &error))?;
        let items: Vec<OpenItem> = page.items().iter().map(read).collect::<Result<_, _>>()?;
        let next = page.last_evaluated_key().map(|key| {
            Ok::<_, CallError>(OpenKey(
                integer(key, "expires_at_ms").ok_or_else(|| unusable(QUERY, key, "expires_at_ms"))?,
                string(QUERY, key, "id")?,
            ))
        });
        Ok((items, next.transpose()?))
    }

    /// The open approval that expires first.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or an item cannot be read.
    pub async fn first_open(&self) -> Result<Option<OpenItem>, CallError> {
        let mut first: Option<OpenItem> = None;
        for shard in 0..SHARDS {
            let (items, _) = self.open_shard_page(shard, None, 1).await?;
            let found = items.into_iter().next();
            first = first.into_iter().chain(found).min_by_key(|item| item.expires_at_ms);
        }
        Ok(first)
    }

    async fn read_ahead(&self, part: &mut Part, limit: usize) -> Result<(), CallError> {
        while part.ahead.is_empty() && part.read_to != Place::End {
            let after = match &part.read_to {
                Place::After(key) => Some(key),
                Place::Start | Place::End => None,
            };
            let (items, next) = self.open_shard_page(part.shard, after, limit).await?;
            part.read_to = next.map_or(Place::End, Place::After);
            part.ahead = items.into();
            if part.ahead.is_empty() {
                part.place = part.read_to.clone();
            }
        }
        Ok(())
    }
}

impl Part {
    /// The first of what is ahead.
    fn take(&mut self) -> Option<OpenItem> {
        let item = self.ahead.pop_front()?;
        self.place = if self.ahead.is_empty() {
            self.read_to.clone()
        } else {
            Place::After(item.key())
        };
        Some(item)
    }
}

fn read(row: &Item) -> Result<OpenItem, CallError> {
    let whole = |name| integer(row, name).ok_or_else(|| unusable(QUERY, row, name));
    Ok(OpenItem {
        id: string(QUERY, row, "id")?,
        submission_id: string(QUERY, row, "submission_id")?,
        submission: parsed(QUERY, row, "submission")?,
        violations: parsed(QUERY, row, "violations")?,
        submitted_at: string(QUERY, row, "submitted_at")?,
        expires_at: string(QUERY, row, "expires_at")?,
        expires_at_ms: whole("expires_at_ms")?,
        opened_at_ms: whole("opened_at_ms")?,
        summary: optional_string(row, "summary").unwrap_or_default().to_owned(),
        mailed: flag(row, "mailed"),
    })
}
