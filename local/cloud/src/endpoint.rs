//! The AWS endpoint: one port that speaks AWS's own protocols, so that the CLI, boto3 and the SDKs work with
//! `AWS_ENDPOINT_URL` alone.
//!
//! Signatures are not verified: whoever reaches the port is the account's owner, which is why it listens on loopback
//! unless told otherwise. What a request is meant for is read from its target header, its form's `Version`, or its path.

#[cfg(test)]
mod anything_tests;
mod in_process;
#[cfg(test)]
mod integration_tests;
pub(crate) mod query_apis;
mod routes;
mod s3;
mod services;
mod sts;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use sluice_wire::query::invalid_action;
pub(crate) use sluice_wire::{ApiError, Form, RequestId, Xml, iso_8601, rfc_3339};

pub(crate) use s3::without_s3;

pub(crate) use in_process::Surroundings;
pub use routes::router;

pub use services::Services;
