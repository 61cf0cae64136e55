//! The common part of all databases of a data directory.
//!
//! Each of them is one SQLite file with a log beside it. What may befall such a file is the same for all:
//!
//! - [`Disk`]: writing fails for a while (a full disk, a foreign lock) and is tried again; or it can never succeed (the
//!   file is damaged or gone), which whoever runs the process is told.
//! - [`identity`]: the directory's one identity, which each of its databases carries.
//! - [`Snapshots`]: copies of databases that are written to meanwhile, all of one moment.
//! - [`verify`]: whether SQLite finds a file whole.

mod copy;
mod disk;
mod fault;
pub mod identity;
mod place;
mod verify;

pub use copy::{CopyError, Snapshots, copy_to};
pub use disk::{Disk, Retry};
pub use fault::{Fault, fault, fault_of_text};
pub use place::{Place, beside};
pub use verify::{open_to_read, verify};
