//! The data directory is for one user: it holds submissions, task tokens and approval secrets.

use std::io;
use std::path::Path;

use crate::stack::StartError;

/// Takes from everybody else what they may do with a directory that exists, and with what is in it. One that belongs to
/// another user is refused.
pub(crate) fn make_private(directory: &Path) -> Result<(), StartError> {
    let failed = |source| StartError::DataDirectory {
        directory: directory.to_owned(),
        source,
    };
    #[cfg(unix)]
    {
        match unix::tighten(directory) {
            Ok(0) => {}
            Ok(changed) => tracing::warn!(
                directory = %directory.display(),
                changed,
                "other users could read the data directory: it and its files are this user's alone now"
            ),
            // it is made by whoever opens it
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    #[cfg(not(unix))]
    let _ = failed;
    Ok(())
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Metadata, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::path::Path;

    /// The permission bits of group and others.
    const FOREIGN: u32 = 0o077;

    /// The most levels of directories below the data directory that are tightened: `logs` and its log groups need two.
    const DEPTH: usize = 4;

    /// Tightens a directory and what is in it; answers how many permissions were changed.
    pub(super) fn tighten(directory: &Path) -> io::Result<usize> {
        let found = fs::metadata(directory)?;
        let own = rustix::process::geteuid().as_raw();
        if found.uid() != own {
            let reason = format!("it belongs to the user with the number {}, not to {own}", found.uid());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
        }
        // the directory first: nobody comes in any more while its files are looked at
        let changed = close(directory, &found)?;
        Ok(changed + tighten_below(directory, own, DEPTH)?)
    }

    fn tighten_below(directory: &Path, own: u32, depth: usize) -> io::Result<usize> {
        let mut changed = 0;
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            // not through a link: what it leads to is not ours to change
            let found = match entry.metadata() {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if found.is_symlink() || found.uid() != own {
                continue;
            }
            changed += close(&entry.path(), &found)?;
            if found.is_dir() && depth > 0 {
                changed += tighten_below(&entry.path(), own, depth - 1)?;
            }
        }
        Ok(changed)
    }

    fn close(path: &Path, found: &Metadata) -> io::Result<usize> {
        let mode = found.permissions().mode();
        if mode & FOREIGN == 0 {
            return Ok(0);
        }
        fs::set_permissions(path, Permissions::from_mode(mode & !FOREIGN))?;
        Ok(1)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).expect("it is there").permissions().mode() & 0o777
        }

        #[test]
        fn a_directory_that_others_may_read_is_tightened_with_all_that_is_in_it() {
            let directory = tempfile::tempdir().expect("a directory");
            let (logs, file) = (directory.path().join("logs"), directory.path().join("logs/f.log"));
            let outside = tempfile::NamedTempFile::new().expect("a file");
            fs::create_dir(&logs).expect("makes");
            fs::write(&file, "secret").expect("writes");
            std::os::unix::fs::symlink(outside.path(), directory.path().join("link")).expect("links");
            for (path, mode) in [
                (directory.path(), 0o755),
                (&logs, 0o777),
                (&file, 0o644),
                (outside.path(), 0o666),
            ] {
                fs::set_permissions(path, Permissions::from_mode(mode)).expect("sets");
            }
            assert_eq!(tighten(directory.path()).expect("tightens"), 3);
            assert_eq!(
                (mode(directory.path()), mode(&logs), mode(&file)),
                (0o700, 0o700, 0o600)
            );
            assert_eq!(mode(outside.path()), 0o666, "what a link leads to stays");
            assert_eq!(tighten(directory.path()).expect("finds nothing"), 0);
        }

        #[test]
        fn one_that_is_not_there_is_told() {
            let directory = tempfile::tempdir().expect("a directory");
            let missing = tighten(&directory.path().join("none")).expect_err("nothing to tighten");
            assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        }
    }
}
