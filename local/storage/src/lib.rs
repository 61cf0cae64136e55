//! The one way to be durable, for all databases of a data directory.
//!
//! Each of them is one SQLite file with a log beside it, one thread that writes it, and readers beside that. The crate knows
//! nothing of what is in a database, and of nobody who asks for anything.
//!
//! Writing:
//! - [`serve`] and [`WriterThread`]: requests that wait at the same time are one group.
//! - [`GroupWriter`]: one transaction and one sync for a group; what happens if it fails.
//! - [`HeldReplies`]: nobody is answered before that.
//! - [`WriteHealth`]: writing fails for a while (a full disk, a foreign lock) and is tried again; or it can never succeed (the
//!   file is damaged or gone), which is reported to whoever runs the process.
//! - [`catch_panic`]: a panic costs the one request that it happened in.
//!
//! Reading: [`ReaderPool`].
//!
//! The file:
//! - [`Schema`]: its formats, and the steps between them.
//! - [`identity`]: the directory's one identity, which each of its databases carries.
//! - [`Snapshots`]: copies of databases that are written to meanwhile, all of one moment.
//! - [`verify`]: the check by SQLite that a file is whole.

mod copy;
mod fault;
pub mod identity;
mod panics;
mod readers;
mod replies;
mod schema;
mod sqlite;
mod thread;
mod verify;
mod watched_files;
mod write_health;
mod writer;

pub use copy::{CopyError, Snapshots, copy_to};
pub use fault::{Fault, classify, classify_text};
pub use panics::{Panicked, catch_panic};
pub use readers::{ReadError, ReaderPool};
pub use replies::{HeldReplies, HeldReply};
pub use schema::{Schema, SchemaError};
pub use sqlite::{OldSqlite, check_sqlite};
pub use thread::{Next, WriterThread, serve};
pub use verify::{open_to_read, verify};
pub use watched_files::{WatchedFiles, sibling_path};
pub use write_health::{RetryBackoff, WriteHealth};
pub use writer::{GroupWriter, WriteError, open_writer};
