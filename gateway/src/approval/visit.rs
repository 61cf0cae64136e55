use serde_json::{Map, Value};
use sluice_aws::{Link, Secret};
use sluice_workflows::AuditData;

use super::visitor;
use crate::http::{Problem, Representation, Request, parameters};

/// A request by a link.
pub(super) struct Visit<'a> {
    pub(super) request: &'a Request,
    pub(super) representation: Representation,
    /// The time of the request (milliseconds since 1970).
    pub(super) now_ms: i64,
    /// The secret in the link.
    pub(super) secret: &'a Secret,
    /// The link; none for one of a mail without a code.
    pub(super) link: Option<&'a Link>,
    /// The parameters of the query.
    pub(super) query: Map<String, Value>,
    /// True for a request that is reached from the page of everything open.
    pub(super) from_list: bool,
}

impl Visit<'_> {
    /// The text of a parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// The body.
    pub(super) fn body(&self) -> Result<Map<String, Value>, Problem> {
        parameters(self.request).map(|parameters| parameters.body)
    }

    /// The address that the link went to; empty if nobody knows it.
    pub(super) fn approver(&self) -> &str {
        self.link.map_or("", |link| link.approver.as_str())
    }

    pub(super) fn needs_code(&self) -> bool {
        self.link.is_some_and(|link| link.has_code)
    }

    pub(super) fn is_locked(&self) -> bool {
        self.link.is_some_and(Link::is_locked)
    }

    /// The chain of the audit for what concerns no single request: the link's own.
    pub(super) fn chain(&self) -> String {
        format!("list#{}", self.secret.hash().as_str())
    }

    /// The request for the audit: who, by which link. Of the link only a part of its hash: enough to tell links apart.
    pub(super) fn audit_data(&self) -> AuditData {
        let mut data = visitor::audit_data(self.request);
        let hash = self.secret.hash();
        let part = hash.as_str().get(..8).unwrap_or_default();
        data.insert("link".to_owned(), Value::from(part));
        if let Some(link) = self.link {
            data.insert("purpose".to_owned(), Value::from(link.purpose.as_str()));
            if !link.approver.is_empty() {
                data.insert("sent_to".to_owned(), Value::from(link.approver.as_str()));
            }
        }
        data
    }
}
