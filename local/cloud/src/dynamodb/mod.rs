//! DynamoDB: dynoxide's tables in a SQLite file, called in process.
//!
//! A call goes to the tables' one thread (`group`), which runs it on the database (`plain`; what that does not take,
//! `by_the_book`) and puts what all waiting calls wrote on disk together (`wal`). `forward` is how calls of the endpoint and
//! of tasks get there, and turns the ARNs of tables and streams into ones of its own region and account.

mod by_the_book;
mod ensure_table;
mod error;
mod forward;
mod group;
mod health;
mod metering;
mod plain;
mod rewrite;
mod tables;
#[cfg(test)]
mod tests;
mod ttl;
mod wal;

pub use ensure_table::EnsuredTable;
pub use error::DynamoError;
pub(crate) use forward::forward;
pub use tables::Dynamo;
