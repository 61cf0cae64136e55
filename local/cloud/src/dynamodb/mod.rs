//! DynamoDB: tables in a SQLite file, served by dynoxide on a loopback port of its own.
//!
//! Functions may call that port directly; the endpoint forwards to it what comes to the main port, and turns the ARNs of
//! tables and streams into ones of its own region and account.

mod ensure_table;
mod error;
mod forward;
mod rewrite;
mod server;
#[cfg(test)]
mod tests;

pub use ensure_table::EnsuredTable;
pub use error::DynamoError;
pub(crate) use forward::forward;
pub use server::Dynamo;
