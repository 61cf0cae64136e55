//! The Lambda functions that a URL reaches: [`ingest`] for everyone, [`approval`] for the admin's link.
//!
//! They are two functions so that the public one holds no right to complete a task. Both speak Lambda's payload format
//! 2.0 (<https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>) and answer whatever is sent to them: no
//! input is an error of the function.

pub mod approval;
pub mod http;
pub mod ingest;
mod page;
