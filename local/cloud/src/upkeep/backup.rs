//! `sluice backup`: a copy of a data directory that may be in use.
//!
//! All databases are copied as they are at one moment: for the time of a few reads nobody writes, and the copies are made
//! from what is seen then, beside the writers. Copies of several moments would contradict each other, in whichever order they
//! are made: tables that are older than their journal lack entries that it believes to be stored, and tables that are newer
//! hold a decision as told to a workflow that still waits for it.

use std::io;
use std::path::{Path, PathBuf};

use sluice_storage::{CopyError, Snapshots, sibling_path};

use super::check::{CheckError, Report, check};
use crate::directory::{JOURNAL, METRICS, STREAMS, TABLES};

/// The databases, and which must be there.
const DATABASES: [(&str, bool); 4] = [(STREAMS, false), (JOURNAL, true), (TABLES, true), (METRICS, false)];

/// A directory cannot be copied.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no journal, or no tables.
    #[error("{} is no data directory of sluice: it has no {file}", .directory.display())]
    NoDirectory {
        /// The directory that was to be copied.
        directory: PathBuf,
        /// The database that is missing.
        file: &'static str,
    },
    /// The target exists.
    #[error("{} exists already; a backup overwrites nothing: name a directory that is not there yet", .0.display())]
    Exists(PathBuf),
    /// The target cannot be written.
    #[error("cannot write {}: {source}", .path.display())]
    Target {
        /// The directory or file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A database cannot be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The copy cannot be looked at.
    #[error("the copy cannot be verified: {0}")]
    Check(#[from] CheckError),
    /// The copy is damaged, as what was copied must be.
    #[error("what was copied is damaged; the copy is left in {}: look at it with `sluice check`", .0.display())]
    Damaged(PathBuf),
}

/// Copies a data directory, which may be in use, into one that is not there yet, and verifies the copy. Until that is done, it
/// lies beside the target as `TO.partial`.
///
/// # Errors
/// When the target exists, something cannot be read or written, or the copy is damaged.
pub fn backup(data: &Path, to: &Path) -> Result<Report, BackupError> {
    for (file, needed) in DATABASES {
        if needed && !data.join(file).exists() {
            let directory = data.to_owned();
            return Err(BackupError::NoDirectory { directory, file });
        }
    }
    let partial = sibling_path(to, ".partial");
    for path in [to, &partial] {
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(path.to_owned()));
        }
    }
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::Target { path, source }
    };
    make_private(&partial).map_err(at(&partial))?;
    let sources: Vec<PathBuf> = DATABASES.iter().map(|(file, _)| data.join(file)).collect();
    let sources: Vec<PathBuf> = sources.into_iter().filter(|source| source.exists()).collect();
    let snapshots = Snapshots::take(&sources)?;
    snapshots.copy(|source| partial.join(source.file_name().unwrap_or_default()))?;
    drop(snapshots);
    let report = check(&partial)?;
    if !report.is_whole() {
        return Err(BackupError::Damaged(partial));
    }
    tidy(&partial).map_err(at(&partial))?;
    std::fs::rename(&partial, to).map_err(at(to))?;
    sync(to.parent().filter(|parent| !parent.as_os_str().is_empty())).map_err(at(to))?;
    Ok(Report {
        directory: to.to_owned(),
        ..report
    })
}

/// The directory is for this user alone: it holds submissions and task tokens.
fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Removes what looking at the copy has left: the lock, and logs in which nothing is.
fn tidy(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_log = name.ends_with("-wal") && entry.metadata()?.len() == 0;
        if is_log || name.ends_with("-shm") || name == "lock" {
            std::fs::remove_file(entry.path())?;
        }
    }
    sync(Some(directory))
}

/// Puts a directory's names on disk.
fn sync(directory: Option<&Path>) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}
