use std::collections::BTreeMap;

use maud::html;
use serde_json::{Value, json};

use super::accept::Representation;
use super::page;
use super::response::Response;

/// The problems that the functions answer with: one status, type and title each (RFC 9457).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be understood.
    BadRequest,
    /// The submission was refused, by the rules or by an admin.
    Rejected,
    /// The list is not public.
    ListingNotPublic,
    /// The request did not come through the CDN.
    WrongOrigin,
    /// A page of another site sent the request.
    CrossSite,
    /// The code of the mail is missing, or none.
    CodeMissing,
    /// The code is not the mail's.
    WrongCode,
    /// The link is locked after too many wrong codes.
    LinkLocked,
    /// The link is of a mail without a code.
    OldLink,
    /// The link's time is over.
    LinkExpired,
    /// A repaired submission still breaks rules.
    RepairRefused,
    /// There is nothing under this path.
    NotFound,
    /// The path does not know this method.
    MethodNotAllowed,
    /// The idempotency key belongs to a submission with other fields.
    KeyInUse,
    /// Somebody decided otherwise before.
    DecidedBefore,
    /// Nobody decided in time.
    Expired,
    /// The workflow no longer waits for the decision.
    Closed,
    /// The body is too long.
    ContentTooLarge,
    /// The query string is too long.
    UriTooLong,
    /// The body is neither a form nor JSON.
    UnsupportedMediaType,
    /// The submission was taken in, and the workflow broke.
    Failed,
    /// Something behind the function refuses to work; nothing was taken in.
    Broken,
    /// Too much for now, or no answer from behind.
    Unavailable,
}

impl Kind {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Kind::BadRequest | Kind::Rejected | Kind::CodeMissing | Kind::RepairRefused => 400,
            Kind::ListingNotPublic
            | Kind::WrongOrigin
            | Kind::CrossSite
            | Kind::WrongCode
            | Kind::LinkLocked
            | Kind::OldLink => 403,
            Kind::NotFound => 404,
            Kind::MethodNotAllowed => 405,
            Kind::KeyInUse | Kind::DecidedBefore => 409,
            Kind::Expired | Kind::Closed | Kind::LinkExpired => 410,
            Kind::ContentTooLarge => 413,
            Kind::UriTooLong => 414,
            Kind::UnsupportedMediaType => 415,
            Kind::Failed | Kind::Broken => 500,
            Kind::Unavailable => 503,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Kind::BadRequest => "bad-request",
            Kind::Rejected => "rejected",
            Kind::ListingNotPublic => "listing-not-public",
            Kind::WrongOrigin => "wrong-origin",
            Kind::CrossSite => "cross-site",
            Kind::CodeMissing => "code-missing",
            Kind::WrongCode => "wrong-code",
            Kind::LinkLocked => "link-locked",
            Kind::OldLink => "old-link",
            Kind::LinkExpired => "link-expired",
            Kind::RepairRefused => "repair-refused",
            Kind::NotFound => "not-found",
            Kind::MethodNotAllowed => "method-not-allowed",
            Kind::KeyInUse => "key-in-use",
            Kind::DecidedBefore => "decided-before",
            Kind::Expired => "expired",
            Kind::Closed => "closed",
            Kind::ContentTooLarge => "content-too-large",
            Kind::UriTooLong => "uri-too-long",
            Kind::UnsupportedMediaType => "unsupported-media-type",
            Kind::Failed => "failed",
            Kind::Broken => "broken",
            Kind::Unavailable => "unavailable",
        }
    }

    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Kind::BadRequest => "The request cannot be understood",
            Kind::Rejected => "The submission was refused",
            Kind::ListingNotPublic => "The list is not public",
            Kind::WrongOrigin => "Not at this address",
            Kind::CrossSite => "Sent by another site",
            Kind::CodeMissing => "The code is missing",
            Kind::WrongCode => "The code is wrong",
            Kind::LinkLocked => "The link is locked",
            Kind::OldLink => "This link decides nothing",
            Kind::LinkExpired => "The link is no longer good",
            Kind::RepairRefused => "The changes break rules",
            Kind::NotFound => "Nothing here",
            Kind::MethodNotAllowed => "Not with this method",
            Kind::KeyInUse => "The idempotency key is in use",
            Kind::DecidedBefore => "Decided before",
            Kind::Expired => "Expired",
            Kind::Closed => "No longer waiting",
            Kind::ContentTooLarge => "The body is too long",
            Kind::UriTooLong => "The query string is too long",
            Kind::UnsupportedMediaType => "The body is of an unknown type",
            Kind::Failed => "Taken in, but not finished",
            Kind::Broken => "Out of order",
            Kind::Unavailable => "Try again in a moment",
        }
    }
}

/// A problem, ready to be answered (`application/problem+json`, or a page for a browser).
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The kind.
    pub kind: Kind,
    /// Says what is wrong with this request, and what to do.
    pub detail: String,
    /// More members of the JSON object.
    pub members: Vec<(&'static str, Value)>,
    /// More headers.
    pub headers: BTreeMap<&'static str, String>,
    /// The target of the page's way back, if there is one.
    pub back: Option<&'static str>,
}

impl Problem {
    /// A problem with its explanation.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let mut headers = BTreeMap::new();
        if kind == Kind::UnsupportedMediaType {
            headers.insert(
                "accept",
                "application/x-www-form-urlencoded, application/json".to_owned(),
            );
        }
        Problem {
            kind,
            detail: detail.into(),
            members: Vec::new(),
            headers,
            back: Some("/"),
        }
    }

    /// A method that the path does not know.
    pub fn method_not_allowed(allow: &str) -> Self {
        Problem::new(Kind::MethodNotAllowed, format!("This path knows {allow}.")).with_header("allow", allow)
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// The same with one more member.
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// The same with another way back, or none; an empty one leads to the address that was asked.
    #[must_use]
    pub fn with_back(mut self, back: Option<&'static str>) -> Self {
        self.back = back;
        self
    }

    /// The words of the way back.
    fn way_back(&self) -> &'static str {
        match (self.kind, self.back) {
            (Kind::Unavailable, Some("")) => "Try again",
            _ => "Back",
        }
    }

    /// The id of the submission that it is about.
    pub fn id(&self) -> Option<&str> {
        self.member("id").and_then(Value::as_str)
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.members
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The response.
    pub fn response(&self, representation: Representation) -> Response {
        let mut response = match representation {
            Representation::Json => {
                let mut body = json!({
                    "type": format!("urn:sluice:problem:{}", self.kind.name()),
                    "title": self.kind.title(),
                    "status": self.kind.status(),
                    "detail": self.detail,
                });
                if let Some(members) = body.as_object_mut() {
                    members.extend(
                        self.members
                            .iter()
                            .map(|(name, value)| ((*name).to_owned(), value.clone())),
                    );
                }
                Response::new(self.kind.status(), "application/problem+json", body.to_string())
            }
            Representation::Html => page::response(
                self.kind.status(),
                self.kind.title(),
                &html! {
                    p.lead { (page::shown(&self.detail)) }
                    (page::violations(self.member("violations")))
                    @if let Some(id) = self.id() {
                        p.quiet { "Submission " code { (page::shown(id)) } }
                    }
                    @if let Some(back) = self.back { p { a.button href=(back) { (self.way_back()) } } }
                },
            ),
        };
        response.headers.extend(self.headers.clone());
        response
    }
}
