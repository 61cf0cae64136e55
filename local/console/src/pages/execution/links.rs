//! The addresses of an execution's page and of its parts.

use crate::query::{Query, execution_path};

/// The parameters of the page.
pub(crate) const PARAMETERS: [&str; 11] = [
    "state", "visit", "within", "item", "items", "from", "type", "of", "failed", "open", "only",
];

/// The addresses of one page. They are relative, since a page has hundreds of them, unless the ARN is a parameter.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    path: String,
    base: String,
    /// The query that the page was asked with.
    query: Query,
}

impl Links {
    pub(crate) fn new(arn: &str, query: &Query) -> Self {
        let kept: Vec<&str> = PARAMETERS.into_iter().chain(["limit", "format", "refresh"]).collect();
        let path = execution_path(arn);
        Self {
            base: query.filled("arn").map_or_else(String::new, |_| path.clone()),
            path,
            query: query.only(&kept),
        }
    }

    fn to(&self, query: &Query, place: &str) -> String {
        let address = query.link(&self.base);
        // a relative address without a query would keep the one that the page has
        let address = if address.is_empty() { "?".to_owned() } else { address };
        format!("{address}#{place}")
    }

    /// A state's visit that tells most.
    pub(crate) fn state(&self, name: &str) -> String {
        let query = self.query.only(&["within", "item", "items"]);
        self.to(&query.with("state", Some(name)), "visit")
    }

    /// A visit.
    pub(crate) fn visit(&self, id: u64) -> String {
        let query = self.query.only(&["within", "item", "items"]);
        self.to(&query.with("visit", Some(&id.to_string())), "visit")
    }

    /// All states.
    pub(crate) fn whole(&self) -> String {
        self.to(&Query::default(), "states")
    }

    /// The branches or items of a visit.
    pub(crate) fn items(&self, visit: u64, from: u64, failed: bool) -> String {
        let mut query = Query::default().with("within", Some(&visit.to_string()));
        if from > 0 {
            query = query.with("from", Some(&from.to_string()));
        }
        if failed {
            query = query.with("items", Some("failed"));
        }
        self.to(&query, "states")
    }

    /// One branch or item.
    pub(crate) fn item(&self, visit: u64, index: u64) -> String {
        let query = Query::default().with("within", Some(&visit.to_string()));
        self.to(&query.with("item", Some(&index.to_string())), "states")
    }

    /// All events.
    pub(crate) fn events_of_all(&self) -> String {
        self.to(&Query::default(), "events")
    }

    /// The events of a state.
    pub(crate) fn events_of(&self, state: &str) -> String {
        self.to(&Query::default().with("of", Some(state)), "events")
    }

    /// The same events with their details open or closed.
    pub(crate) fn opened(&self, open: bool) -> String {
        self.to(&self.query.with("open", open.then_some("1")), "events")
    }

    /// The graph alone.
    pub(crate) fn graph(&self) -> String {
        self.query.with("only", Some("graph")).link(&self.base)
    }

    /// The events before one, with the same filters.
    pub(crate) fn earlier(&self, cursor: u64) -> String {
        self.query.with("cursor", Some(&cursor.to_string())).link(&self.path)
    }

    /// The items from a number on, with the same filter.
    pub(crate) fn later_items(&self, from: u64) -> String {
        self.query.with("from", Some(&from.to_string())).link(&self.path)
    }

    /// The path of the page.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}
