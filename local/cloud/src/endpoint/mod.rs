//! The AWS endpoint: one port that speaks AWS's own protocols, so that the CLI, boto3 and the SDKs work with
//! `AWS_ENDPOINT_URL` alone.
//!
//! Signatures are not verified: whoever reaches the port is the account's owner, which is why it listens on loopback
//! unless told otherwise. What a request is meant for is read from its target header, its form's `Version`, or its path.

#[cfg(test)]
mod anything_tests;
mod arn;
mod constraints;
mod error;
mod json;
mod outbound;
mod page_token;
mod query;
mod request_id;
mod rest;
mod routes;
mod services;
mod sts;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod time;
mod xml;

pub(crate) use arn::Arn;
pub(crate) use constraints::Constraints;
pub(crate) use error::ApiError;
pub(crate) use json::{failure as json_failure, parse as json_request, response as json_response};
pub(crate) use outbound::{Answer, HttpClient, HttpError};
pub(crate) use page_token::PageToken;
pub(crate) use query::{Form, QueryService, invalid_action};
pub(crate) use request_id::RequestId;
pub(crate) use text::shortened;
pub(crate) use time::{epoch_seconds, http_date, iso_8601, rfc_3339};
pub(crate) use xml::Xml;

pub use routes::router;
pub use services::{Config, Seed, Services};
