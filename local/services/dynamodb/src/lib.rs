//! DynamoDB: dynoxide's tables in a SQLite file, called in process.
//!
//! A call goes through the proxy, which turns the ARNs of tables and streams into the database's own, to the tables' one thread.
//! That runs it on the database, in process where it can and by HTTP where it must, and puts what all waiting calls wrote on
//! disk together (`group_commit`, `wal`).

mod ensure_table;
mod error;
mod group_commit;
mod health;
mod http_fallback;
mod in_process;
mod metering;
mod observer;
mod partitions;
mod proxy;
mod rewrite;
mod service;
mod tables;
#[cfg(test)]
mod tests;
mod ttl;
mod wal;

pub use ensure_table::EnsuredTable;
pub use error::DynamoError;
pub use observer::{Observer, Unobserved, Usage};
pub use proxy::DynamoDbResponse;
pub use service::DynamoDb;
