use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sluice_aws::{CallError, CallErrorKind, EntryChunk, EntryOrder, EntryPosition, EntryRange};

use super::*;
use crate::http::Request;
use crate::ingest::Settings;
use crate::start::Workflow;
use crate::submission_id::SubmissionIds;

/// A table with its index, as DynamoDB answers it: entries of one millisecond in an order of their own.
#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    /// The number of entries of each answer.
    read: RefCell<Vec<usize>>,
    no_index: bool,
}

impl Table {
    fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        Table {
            entries: entries.into_iter().collect(),
            ..Table::default()
        }
    }
}

fn scrambled(entry: &Entry) -> (String, Vec<u8>) {
    (entry.stored_at.clone(), entry.id.bytes().rev().collect())
}

impl EntryList for &Table {
    async fn chunk(&self, range: &EntryRange<'_>) -> Result<EntryChunk, EntriesError> {
        assert!(range.from <= range.to, "DynamoDB refuses that");
        if self.no_index {
            return Err(EntriesError::NoIndex(CallError {
                action: "dynamodb:Query",
                kind: CallErrorKind::Refused,
                message: "no index".to_owned(),
            }));
        }
        let mut wanted: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| entry.status == range.status)
            .filter(|entry| (range.from..=range.to).contains(&entry.stored_at.as_str()))
            .cloned()
            .collect();
        wanted.sort_by_key(scrambled);
        if range.order == EntryOrder::NewestFirst {
            wanted.reverse();
        }
        if let Some(EntryPosition { id, .. }) = range.after {
            let at = wanted.iter().position(|entry| entry.id == *id).unwrap();
            wanted.drain(..=at);
        }
        let has_more = wanted.len() > range.limit;
        wanted.truncate(range.limit);
        self.read.borrow_mut().push(wanted.len());
        let next = wanted.last().filter(|_| has_more).map(|entry| EntryPosition {
            id: entry.id.clone(),
            stored_at: entry.stored_at.clone(),
        });
        Ok(EntryChunk { entries: wanted, next })
    }

    async fn entry(&self, id: &str) -> Result<Option<Entry>, CallError> {
        Ok(self.entries.iter().find(|entry| entry.id == id).cloned())
    }
}

struct Nobody;

impl Workflow for Nobody {
    async fn start(&self, _: &str, _: &str) -> Result<i64, sluice_aws::StartError> {
        unreachable!("a list starts nothing")
    }

    async fn find(&self, _: &str) -> Result<Option<sluice_aws::SubmissionRecord>, CallError> {
        unreachable!("a list asks for no submission")
    }
}

impl Randomness for Nobody {
    fn uuid(&self) -> String {
        "01987a52-8c00-7000-8000-000000000000".to_owned()
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

async fn ask(table: &Table, target: &str, accept: &str) -> Response {
    let settings = Settings {
        public_listing: true,
        wait: Duration::ZERO,
        longest_wait: Duration::ZERO,
    };
    let ids = SubmissionIds::new(&"s".repeat(32)).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request: Request = serde_json::from_value(json!({"rawPath": path, "rawQueryString": query,
        "headers": {"accept": accept}, "requestContext": {"http": {"method": "GET"}}}))
    .unwrap();
    Ingest::new(Nobody, table, Nobody, ids, settings)
        .handle(&request, Duration::from_secs(30))
        .await
}

/// The entry number `n`: stored at its second, every third one approved.
fn entry(n: usize) -> Entry {
    let status = if n.is_multiple_of(3) { "approved" } else { "ingested" };
    serde_json::from_value(
        json!({"id": format!("a{n}@b.com"), "user_name": format!("Ada {n}"), "email": format!("a{n}@b.com"),
        "pincode": format!("{:04}", n), "status": status, "submission_id": format!("s-{n}"), "submitted_at": "t",
        "stored_at": format!("2026-11-{:02}T10:{:02}:{:02}.000Z", 20 + n / 3600, n / 60 % 60, n % 60)}),
    )
    .unwrap()
}

fn at(n: usize, stored_at: &str) -> Entry {
    Entry {
        stored_at: stored_at.to_owned(),
        ..entry(n)
    }
}

/// The names on a page, and the targets of its links.
fn page(response: &Response) -> (Vec<String>, Map<String, Value>) {
    assert_eq!(response.status, 200, "{response:?}");
    let entries: Vec<Entry> = serde_json::from_str(&response.body).unwrap();
    let links = response.headers.get("link").map(String::as_str).unwrap_or_default();
    let links = links.split(", ").filter_map(|link| {
        let (target, rel) = link.strip_prefix('<')?.split_once(">; rel=")?;
        Some((rel.trim_matches('"').to_owned(), Value::from(target)))
    });
    (
        entries.into_iter().map(|entry| entry.user_name.unwrap()).collect(),
        links.collect(),
    )
}

/// Follows the links of one kind from a target to the last page.
async fn walk(table: &Table, mut target: String, rel: &str) -> (Vec<Vec<String>>, String) {
    let mut pages = Vec::new();
    loop {
        let (names, links) = page(&ask(table, &target, "application/json").await);
        pages.push(names);
        assert!(pages.len() < 200, "it goes round");
        match links.get(rel).and_then(Value::as_str) {
            Some(next) => target = next.to_owned(),
            None => return (pages, target),
        }
    }
}

#[tokio::test]
async fn every_entry_is_on_one_page_newest_first_and_so_on_the_way_back() {
    let same = "2026-11-20T10:00:00.000Z";
    let tables = [
        Table::new((0..23).map(entry)),
        // More of one millisecond than a page holds.
        Table::new((0..23).map(|n| at(n, same))),
        Table::new((0..23).map(|n| {
            at(
                n,
                if n.is_multiple_of(2) {
                    same
                } else {
                    "2026-11-21T10:00:00.000Z"
                },
            )
        })),
        Table::new([]),
    ];
    for table in tables {
        let (all, _) = page(&ask(&table, "/", "application/json").await);
        assert_eq!(all.len(), table.entries.len());
        for limit in [1, 2, 5, 23, 50] {
            let (pages, last) = walk(&table, format!("/?limit={limit}&format=json"), "next").await;
            assert_eq!(pages.concat(), all, "limit {limit}");
            assert!(pages.iter().rev().skip(1).all(|page| page.len() == limit));
            if pages.len() > 1 {
                let (mut back, _) = walk(&table, last, "prev").await;
                back.reverse();
                let back = back.concat();
                assert_eq!(back, all, "limit {limit}");
            }
        }
    }
    // By `Accept` alone there is one link at most, as there always was.
    let times = Table::new((0..23).map(entry));
    let (_, links) = page(&ask(&times, "/?limit=3", "application/json").await);
    let second = ask(&times, links["next"].as_str().unwrap(), "application/json").await;
    assert!(second.headers["link"].ends_with("; rel=\"next\"") && second.headers["link"].matches("rel=").count() == 1);
    let (names, _) = page(&ask(&times, "/?limit=3&format=json", "application/json").await);
    assert_eq!(names, ["Ada 22", "Ada 21", "Ada 20"]);
}

#[tokio::test]
async fn what_came_in_since_is_newer() {
    let mut table = Table::new((0..6).map(entry));
    let (_, links) = page(&ask(&table, "/?limit=3&format=json", "application/json").await);
    table.entries.extend((6..8).map(entry));
    let (names, links) = page(&ask(&table, links["next"].as_str().unwrap(), "application/json").await);
    assert_eq!(names, ["Ada 2", "Ada 1", "Ada 0"]);
    let (names, links) = page(&ask(&table, links["prev"].as_str().unwrap(), "application/json").await);
    assert_eq!(names, ["Ada 5", "Ada 4", "Ada 3"]);
    let (names, links) = page(&ask(&table, links["prev"].as_str().unwrap(), "application/json").await);
    assert_eq!(names, ["Ada 7", "Ada 6"]);
    assert!(!links.contains_key("prev"), "{links:?}");
}

#[tokio::test]
async fn entries_are_found_by_what_one_knows_of_them() {
    let table = Table::new(
        (0..30)
            .map(|n| at(n, &format!("2026-11-{:02}T23:59:59.999Z", n + 1)))
            .chain([Entry {
                id: "submission#x".to_owned(),
                user_name: Some("Ärne".to_owned()),
                email: Some("Arne@Example".to_owned()),
                ..at(3, "2026-12-01T00:00:00.000Z")
            }]),
    );
    let rows: [(&str, &[&str]); 14] = [
        ("q=ada+29", &["Ada 29"]),
        ("q=A7@B.com", &["Ada 7"]),
        ("q=arne@EX", &["Ärne"]),
        ("q=%C3%A4RN", &["Ärne"]),
        ("q=0017", &["Ada 17"]),
        ("q=nobody", &[]),
        ("q=a7@b.com&status=approved", &[]),
        ("q=a7@b.com&from=2026-11-09", &[]),
        ("status=approved&from=2026-11-28", &["Ärne", "Ada 27"]),
        ("from=2026-11-30&to=2026-11-30", &["Ada 29"]),
        ("to=2026-11-01", &["Ada 0"]),
        ("from=2027-01-01", &[]),
        ("q=&status=&from=&to=2026-11-02&limit=1", &["Ada 1"]),
        ("q=ada&from=2026-11-29&status=ingested", &["Ada 29", "Ada 28"]),
    ];
    for (query, expected) in rows {
        let (names, _) = page(&ask(&table, &format!("/?{query}"), "application/json").await);
        assert_eq!(names, expected, "{query}");
    }
}

#[tokio::test]
async fn a_page_costs_the_same_however_large_the_table() {
    let table = Table::new((0..7000).map(entry));
    page(&ask(&table, "/", "application/json").await);
    assert_eq!(table.read.take(), [51, 51]);
    // A search ends, and says where one can go on.
    let response = ask(&table, "/?q=ada+12&limit=200", "application/json").await;
    let (names, links) = page(&response);
    let read: usize = table.read.take().iter().sum();
    assert!(names.is_empty() && read <= 1500, "{names:?}, {read}");
    let (found, _) = walk(&table, links["next"].as_str().unwrap().to_owned(), "next").await;
    assert_eq!(found.concat().len(), 111, "Ada 12, 120 to 129, 1200 to 1299");
    let html = ask(&table, "/?q=ada+12", "text/html").await;
    assert!(html.body.contains("Looked through 1000 entries") && html.body.contains("Search further back"));
}

#[tokio::test]
async fn an_answer_stays_far_below_what_lambda_can_give() {
    let table = Table::new((0..200).map(|n| Entry {
        pincode: Some("9".repeat(60_000)),
        ..entry(n)
    }));
    let response = ask(&table, "/?limit=200", "application/json").await;
    assert!(response.body.len() < 2_000_000, "{}", response.body.len());
    let (pages, _) = walk(&table, "/?limit=200".to_owned(), "next").await;
    assert_eq!(pages.concat().len(), 200);
    let html = ask(&table, "/", "text/html").await;
    assert!(html.body.len() < 100_000, "{}", html.body.len());
}

#[tokio::test]
async fn a_mistake_in_the_query_says_what_is_right() {
    let table = Table::new([]);
    for (query, part) in [
        ("limit=0", "limit must be a number from 1 to 200"),
        ("limit=", "limit must be"),
        ("status=stored", "ingested or approved"),
        ("from=yesterday", "from must be a day"),
        ("to=2026-2-3", "to must be a day"),
        ("from=2026-11-02&to=2026-11-01", "after to"),
        ("format=xml", "json, csv or html"),
        ("cursor=YUBiLmNvbQ", "cursor must be one from a Link header"),
        ("cursor=bw", "cursor must be"),
        ("cursor=!", "cursor must be"),
    ] {
        let response = ask(&table, &format!("/?{query}"), "application/json").await;
        assert_eq!(response.status, 400, "{query}");
        assert!(response.body.contains(part), "{query}: {}", response.body);
    }
    let long = ask(&table, &format!("/?q={}", "a".repeat(255)), "application/json").await;
    assert_eq!(long.status, 400);
}

#[tokio::test]
async fn the_same_is_had_as_csv_and_json() {
    let mut table = Table::new([entry(1)]);
    table.entries[0].user_name = Some("=1+\"1\"".to_owned());
    table.entries[0].decided_by = Some("Grace".to_owned());
    let csv = ask(&table, "/?format=csv", "text/html").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(
        csv.headers["content-disposition"],
        "attachment; filename=\"entries.csv\""
    );
    assert_eq!(
        csv.body,
        "id,user_name,email,pincode,status,submission_id,submitted_at,stored_at\r\n\
         \"a1@b.com\",\"'=1+\"\"1\"\"\",\"a1@b.com\",\"0001\",\"ingested\",\"s-1\",\"t\",\"2026-11-20T10:00:01.000Z\"\r\n"
    );
    let json = ask(&table, "/?format=json", "text/html").await;
    assert_eq!(json.headers["content-type"], "application/json");
    assert!(!json.body.contains("Grace"));
    let html = ask(&table, "/?q=1&from=2026-11-20&limit=7", "text/html").await;
    for target in ["csv", "json"] {
        let link = format!("href=\"/?limit=7&amp;q=1&amp;from=2026-11-20&amp;format={target}\"");
        assert!(html.body.contains(&link), "{link} is not in {}", html.body);
    }
}

#[tokio::test]
async fn without_entries_or_their_index_the_page_says_so() {
    let empty = ask(&Table::new([]), "/", "text/html").await;
    assert!(empty.body.contains("No entries yet") && empty.body.contains("action=\"/\""));
    let nothing = ask(&Table::new([entry(1)]), "/?q=zzz", "text/html").await;
    assert!(nothing.body.contains("No entry is like that") && nothing.body.contains("value=\"zzz\""));
    let broken = Table {
        no_index: true,
        ..Table::default()
    };
    for (accept, part) in [
        ("application/json", "urn:sluice:problem:unavailable"),
        ("text/html", "action=\"/\""),
    ] {
        let response = ask(&broken, "/", accept).await;
        assert_eq!((response.status, response.headers["retry-after"].as_str()), (503, "10"));
        assert!(
            response.body.contains(part) && response.body.contains("no index by time"),
            "{}",
            response.body
        );
    }
}

#[tokio::test]
async fn only_a_submission_that_can_be_asked_for_is_linked() {
    let id = SubmissionIds::new(&"s".repeat(32))
        .unwrap()
        .random("01987a52-8c00-7000-8000-000000000001");
    let table = Table::new([
        entry(1),
        Entry {
            submission_id: id.clone(),
            ..entry(2)
        },
    ]);
    let html = ask(&table, "/", "text/html").await;
    assert!(html.body.contains(&format!("href=\"/submissions/{id}\"")));
    assert!(!html.body.contains("/submissions/s-1"));
}
