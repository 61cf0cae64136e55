//! A metrics' file that cannot be used makes room for a new one, and stays beside it.

use std::path::Path;

use sluice_metrics::Timestamp;
use sluice_storage::identity::{self, Ownership};
use sluice_storage::sibling_path;

use crate::store::{OpenError, Store};

/// Opens the file; one that is damaged or of another directory is set aside first.
pub(crate) fn open_or_replace(path: &Path, identity: Option<&str>, now: Timestamp) -> Result<Store, OpenError> {
    if let (Ok(Ownership::Directory(found)), Some(identity)) = (identity::read(path), identity)
        && found != identity
    {
        let reason = format!("it is of the data directory {found}");
        return replace(path, Some(identity), now, &reason);
    }
    match Store::open(path, identity) {
        Err(error) if error.is_damage() => replace(path, identity, now, &error),
        opened => opened,
    }
}

/// Sets the file aside and opens a new one.
pub(crate) fn replace(
    path: &Path,
    identity: Option<&str>,
    now: Timestamp,
    reason: &dyn std::fmt::Display,
) -> Result<Store, OpenError> {
    let aside = sibling_path(path, &format!(".broken-{now}"));
    tracing::error!(
        file = %path.display(), aside = %aside.display(), %reason,
        "the metrics' file cannot be used: it is set aside, and metrics begin anew"
    );
    for part in ["", "-wal", "-shm"] {
        // What is not there, or cannot be moved, shows when the new file is opened.
        let _ = std::fs::rename(sibling_path(path, part), sibling_path(&aside, part));
    }
    Store::open(path, identity)
}
