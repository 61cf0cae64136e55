use std::collections::VecDeque;

use futures_util::future::try_join_all;
use sluice_aws::{EntriesError, EntryChunk, EntryOrder, EntryRange};
use sluice_workflows::{Entry, EntryStatus};

use crate::ingest::EntryList;
use crate::ingest::query::{Direction, Place, Query, Searched};

/// The most entries that one search looks through.
const SEARCHED: usize = 1000;

/// The entries that a search asks for at a time.
const CHUNK: usize = 250;

/// The most text of a page, in bytes; Lambda answers at most 6 MB.
const LARGEST: usize = 1_000_000;

/// A page of entries, newest first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    /// The place to read on from, in the direction of the page.
    pub(super) more: Option<Place>,
    /// The end of a search that was cut short.
    pub(super) searched: Option<Searched>,
}

impl Found {
    /// The address of the older entries.
    pub(super) fn older(&self, query: &Query) -> Option<String> {
        let place = match query.direction() {
            Direction::Older => self.more.clone(),
            Direction::Newer => self.edge(self.entries.last(), query),
        };
        place.map(|place| query.onward(Direction::Older, &place))
    }

    /// The address of the newer entries.
    pub(super) fn newer(&self, query: &Query) -> Option<String> {
        let place = match query.direction() {
            Direction::Newer => self.more.clone(),
            Direction::Older => self.edge(self.entries.first(), query),
        };
        place.map(|place| query.onward(Direction::Newer, &place))
    }

    /// The place on the side that the page was reached from; none on the first page.
    fn edge(&self, entry: Option<&Entry>, query: &Query) -> Option<Place> {
        let (_, after) = query.after.as_ref()?;
        Some(entry.map_or_else(|| after.clone(), Place::of))
    }
}

/// Reads one page. It costs what the page holds, or what a search may look through, however large the table is.
pub(super) async fn read(list: &impl EntryList, query: &Query) -> Result<Found, EntriesError> {
    if let Some(text) = &query.text
        && text.contains('@')
        && query.after.is_none()
        && let Some(entry) = list.entry(&text.to_lowercase()).await?
        && is_within(&entry, query)
    {
        // The key of an entry is its address, so that is the only one.
        return Ok(Found {
            entries: vec![entry],
            more: None,
            searched: None,
        });
    }
    let statuses: Vec<_> = EntryStatus::ALL
        .into_iter()
        .filter(|status| query.status.is_none_or(|wanted| wanted == *status))
        .collect();
    let mut streams: Vec<_> = statuses.iter().map(|status| Stream::new(*status, query)).collect();
    try_join_all(streams.iter_mut().map(|stream| stream.fill(list))).await?;
    let mut page = Page::new(query);
    while page.wants_more() {
        let newest = streams
            .iter_mut()
            .filter(|stream| !stream.ready.is_empty())
            .max_by(|one, other| one.compare(other));
        let Some(stream) = newest else { break };
        if let Some(entry) = stream.ready.pop_front() {
            page.take(entry);
        }
        stream.fill(list).await?;
    }
    Ok(page.found(streams.iter().any(|stream| !stream.ready.is_empty())))
}

fn is_within(entry: &Entry, query: &Query) -> bool {
    let (from, to) = query.bounds();
    query.status.is_none_or(|status| status == entry.status) && (from..=to).contains(&entry.stored_at)
}

/// Tells whether an entry has the text in its name, address or pincode.
fn has_text(entry: &Entry, text: &str) -> bool {
    [&entry.user_name, &entry.email, &entry.pincode]
        .into_iter()
        .flatten()
        .any(|value| value.to_lowercase().contains(text))
}

/// The page as it fills.
struct Page<'a> {
    query: &'a Query,
    text: Option<String>,
    entries: Vec<Entry>,
    bytes: usize,
    looked_at: usize,
    last: Option<Place>,
}

impl<'a> Page<'a> {
    fn new(query: &'a Query) -> Self {
        Page {
            query,
            text: query.text.as_ref().map(|text| text.to_lowercase()),
            entries: Vec::new(),
            bytes: 0,
            looked_at: 0,
            last: None,
        }
    }

    fn wants_more(&self) -> bool {
        self.entries.len() < self.query.limit && self.bytes < LARGEST && !self.is_cut_short()
    }

    /// A search ends somewhere; a list without one ends with its page.
    fn is_cut_short(&self) -> bool {
        self.text.is_some() && self.looked_at >= SEARCHED
    }

    fn take(&mut self, entry: Entry) {
        self.looked_at += 1;
        self.last = Some(Place::of(&entry));
        if self.text.as_ref().is_none_or(|text| has_text(&entry, text)) {
            let values = [&entry.user_name, &entry.email, &entry.pincode];
            self.bytes += values.into_iter().flatten().map(String::len).sum::<usize>();
            self.entries.push(entry);
        }
    }

    /// The page as it was found; `has_more`: there are entries that were not looked at.
    fn found(mut self, has_more: bool) -> Found {
        let is_cut_short = self.is_cut_short();
        if self.query.direction() == Direction::Newer {
            self.entries.reverse();
        }
        let searched = self
            .last
            .as_ref()
            .filter(|_| is_cut_short && has_more)
            .map(|last| Searched {
                entries: self.looked_at,
                back_to: last.stored_at.clone(),
            });
        Found {
            entries: self.entries,
            more: self.last.filter(|_| has_more),
            searched,
        }
    }
}

/// The entries of one status, in the order of the page.
///
/// DynamoDB has no order among entries of the same millisecond, so they are read to the last and put in the order of their ids:
/// a page must be able to end between them.
struct Stream<'a> {
    status: EntryStatus,
    query: &'a Query,
    /// In order.
    ready: VecDeque<Entry>,
    /// Those of the last millisecond, of which there may be more.
    held: Vec<Entry>,
    next: Next,
}

enum Next {
    Chunk(Option<sluice_aws::EntryPosition>),
    End,
}

impl<'a> Stream<'a> {
    fn new(status: EntryStatus, query: &'a Query) -> Self {
        Stream {
            status,
            query,
            ready: VecDeque::new(),
            held: Vec::new(),
            next: Next::Chunk(None),
        }
    }

    /// Reads on until there is an entry, or the end.
    async fn fill(&mut self, list: &impl EntryList) -> Result<(), EntriesError> {
        while self.ready.is_empty()
            && let Next::Chunk(position) = &self.next
        {
            let (from, to) = self.bounds();
            if from > to {
                // The place lies outside of the days asked for.
                self.next = Next::End;
                break;
            }
            let range = EntryRange {
                status: self.status,
                from: &from,
                to: &to,
                order: match self.query.direction() {
                    Direction::Older => EntryOrder::NewestFirst,
                    Direction::Newer => EntryOrder::OldestFirst,
                },
                limit: if self.query.text.is_some() {
                    CHUNK
                } else {
                    self.query.limit + 1
                },
                after: position.as_ref(),
            };
            let EntryChunk { entries, next } = list.chunk(&range).await?;
            for entry in entries {
                self.hold(entry);
            }
            self.next = next.map_or(Next::End, |position| Next::Chunk(Some(position)));
            if matches!(self.next, Next::End) {
                self.release();
            }
        }
        Ok(())
    }

    /// The times asked for, from the place that the page goes on from.
    fn bounds(&self) -> (String, String) {
        let (from, to) = self.query.bounds();
        match &self.query.after {
            Some((Direction::Older, place)) => (from, to.min(place.stored_at.clone())),
            Some((Direction::Newer, place)) => (from.max(place.stored_at.clone()), to),
            None => (from, to),
        }
    }

    fn hold(&mut self, entry: Entry) {
        if self.held.first().is_some_and(|held| held.stored_at != entry.stored_at) {
            self.release();
        }
        let is_behind = match &self.query.after {
            Some((Direction::Older, place)) => Place::of(&entry) < *place,
            Some((Direction::Newer, place)) => Place::of(&entry) > *place,
            None => true,
        };
        if is_behind {
            self.held.push(entry);
        }
    }

    fn release(&mut self) {
        self.held.sort_by(|one, other| one.id.cmp(&other.id));
        if self.query.direction() == Direction::Older {
            self.held.reverse();
        }
        self.ready.extend(self.held.drain(..));
    }

    /// The greater is the one whose first entry comes first on the page. Both have one.
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let place = |stream: &Self| stream.ready.front().map(Place::of);
        match self.query.direction() {
            Direction::Older => place(self).cmp(&place(other)),
            Direction::Newer => place(other).cmp(&place(self)),
        }
    }
}
