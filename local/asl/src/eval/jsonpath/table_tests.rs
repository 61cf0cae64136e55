//! Each row of the documentation's tables.

use std::sync::Arc;

use serde_json::{Value, json};

use super::JsonPathQuery;
use crate::eval::{Entropy, Scope, Variables};

const PAGE: &str = include_str!("../../../../docs/jsonpath.md");

struct Row<'p> {
    path: String,
    taken: bool,
    finds: &'p str,
}

/// The rows of tables that have a verdict.
fn rows() -> Vec<Row<'static>> {
    let marked = PAGE.replace("\\|", "\u{1}");
    let marked: &'static str = Box::leak(marked.into_boxed_str());
    let mut rows = Vec::new();
    for line in marked.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [path, verdict, finds, _] = cells[..] else { continue };
        let path = path
            .strip_prefix(" `")
            .and_then(|path| path.strip_suffix("` "))
            .expect(line);
        rows.push(Row {
            path: path.replace('\u{1}', "|"),
            taken: match verdict.trim() {
                "taken" | "unknown, taken" => true,
                "refused" | "unknown, refused" => false,
                other => panic!("{other}: {line}"),
            },
            finds: finds.trim().trim_matches('`'),
        });
    }
    rows
}

fn document() -> Value {
    let (_, rest) = PAGE.split_once("```json\n").expect("a document");
    let (document, _) = rest.split_once("```").expect("its end");
    serde_json::from_str(document).expect("JSON")
}

#[test]
fn each_row_is_true() {
    let (input, context, variables) = (
        document(),
        json!({}),
        Variables::from_iter([("v".into(), Arc::new(json!(1)))]),
    );
    let entropy = Entropy::new([0, 0]);
    let scope = Scope::of(&input, &context, &variables, &entropy);
    let rows = rows();
    assert!(rows.len() > 120, "{}", rows.len());
    for row in rows {
        let Row { path, taken, finds } = row;
        let query = match JsonPathQuery::parse(&path) {
            Ok(query) => query,
            Err(error) => {
                assert!(!taken, "{error}");
                continue;
            }
        };
        assert!(taken, "{path} is taken");
        match (query.select(&scope), finds) {
            (Err(_), "nothing") => {}
            (Ok(found), "an object") => assert!(found.is_object(), "{path}"),
            (Ok(found), finds) => {
                let expected: Value = serde_json::from_str(finds).unwrap_or_else(|_| panic!("{path}: {finds}"));
                assert_eq!(*found, expected, "{path}");
            }
            (Err(missing), _) => panic!("{path}: {}", missing.0),
        }
    }
}
