//! The wire: what all AWS services have in common, below every one of them.
//!
//! - Protocols: [`json`] (awsJson), [`query`] (forms in, [`Xml`] out) and [`rest`] (restJson); [`json_operations!`] and
//!   [`query_operations!`] declare the operations of a service once, for their dispatch and for the error that lists them.
//! - Requests: [`read_body`], [`Constraints`] on their members, [`Arn`]s.
//! - Responses: [`ApiError`], [`Page`]s and the [`PageToken`]s that lead to the next one, times as each protocol writes them.
//! - The [`Account`] that a service acts for: region, clock, randomness; a [`RequestId`] for each request.
//! - [`HttpClient`] for what lies behind other ports.

mod account;
mod arn;
mod body;
mod constraints;
mod error;
mod http_client;
pub mod json;
mod operations;
mod page;
pub mod query;
mod request_id;
pub mod rest;
mod text;
mod time;
mod xml;

pub use account::{Account, Seed};
pub use arn::Arn;
pub use body::read_body;
pub use constraints::Constraints;
pub use error::ApiError;
pub use http_client::{HttpClient, HttpError, HttpResponse};
pub use page::{Page, PageToken};
pub use query::Form;
pub use request_id::RequestId;
pub use text::{conjunction, shortened};
pub use time::{epoch_seconds, http_date, iso_8601, rfc_3339};
pub use xml::Xml;

#[doc(hidden)]
pub use serde_json;
