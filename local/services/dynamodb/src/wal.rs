//! SQLite's log, synced by hand: a commit is on disk once that is done.
//!
//! SQLite with `synchronous=FULL` syncs its log (the `-wal` file) at the end of every commit: one wait for the disk per
//! write, one after the other. Here it runs with `NORMAL`, which leaves out just that sync, and [`Wal::sync`] makes up for
//! it: called after any number of commits and before any of them is answered. Why that is as safe as `FULL`:
//!
//! * A commit appends its frames to the log. SQLite believes a frame at recovery only if its salt is the log header's
//!   and its checksum continues that of all frames before it, so a commit is safe when the log up to and including its
//!   frames is on disk. `fdatasync` of the log, begun after the commit returned, does that: it covers every byte written to the
//!   file by then, through whichever descriptor, and the length that is needed to read them.
//! * A checkpoint may come between the commit and our sync (after a thousand pages, within a later commit). At `NORMAL` it
//!   still syncs the log before it copies pages into the database, so what is copied is on disk in the log; a crash midway
//!   finds the log whole and repeats it.
//! * The log may also have been restarted in between: new frames with a new salt overwrite the commit's. SQLite
//!   restarts it only once a checkpoint has copied every frame, and that checkpoint ends by syncing the database. Our commit is on
//!   disk there. A restart writes and syncs the header with the new salt before any frame (`NORMAL` too), so that old and
//!   new frames cannot mix. If another process reads and keeps a checkpoint from copying all, the database is not synced, and the log
//!   is not restarted either.
//! * The log stays one file, the one opened here: SQLite deletes it only when the last connection is closed, and
//!   dynoxide's outlives this. Closing a descriptor gives up the process's POSIX locks on *that* file; SQLite has locks on
//!   the database and the `-shm` file, so only the log may be opened like this.
//!
//! What a power cut can take are commits that nobody was told about. Nor has anyone read them: reads that come after
//! unsynced commits wait for the same sync. `kill -9` takes nothing, since what was written is the kernel's.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// The log beside a database that is open.
#[derive(Debug)]
pub(crate) struct Wal(File);

impl Wal {
    /// Opens the log of a database that dynoxide has opened, and makes sure that its name is on disk too.
    pub(crate) fn open(database: &Path) -> io::Result<Self> {
        let mut name = OsString::from(database);
        name.push("-wal");
        // Some systems sync only what is open for writing.
        let file = OpenOptions::new().read(true).write(true).open(&name)?;
        #[cfg(unix)]
        if let Some(directory) = database.parent() {
            let directory = if directory.as_os_str().is_empty() {
                Path::new(".")
            } else {
                directory
            };
            File::open(directory)?.sync_all()?;
        }
        Ok(Self(file))
    }

    /// Returns once every commit that returned before the call is on disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
