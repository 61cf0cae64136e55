//! The check that files are still where they were opened.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

/// Open files, with the identity of each.
///
/// A file that is deleted or replaced while it is open can still be written: into something that is gone when the
/// process ends. So whoever acknowledges looks first whether the paths still lead to what was opened.
#[derive(Debug)]
pub struct WatchedFiles {
    files: Vec<(PathBuf, Inode)>,
}

/// The identity of a file, whatever its name.
type Inode = (u64, u64);

impl WatchedFiles {
    /// Takes note of the files that are at these paths now.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn of(paths: impl IntoIterator<Item = PathBuf>) -> io::Result<Self> {
        let known = |path: PathBuf| {
            let inode = inode(&std::fs::metadata(&path)?);
            Ok((path, inode))
        };
        let files = paths.into_iter().map(known).collect::<io::Result<_>>()?;
        Ok(Self { files })
    }

    /// Describes the first file that is not there any more; none: all are.
    pub fn missing(&self) -> Option<String> {
        self.files
            .iter()
            .find_map(|(path, known)| match std::fs::metadata(path) {
                Ok(found) if inode(&found) == *known => None,
                Ok(_) => Some(format!("{} was replaced by another file", path.display())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Some(format!("{} was deleted", path.display()))
                }
                // Not to be looked at for the moment: that is no proof.
                Err(_) => None,
            })
    }
}

/// The file beside a database with this ending: `-wal`, its log.
pub fn sibling_path(database: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(ending);
    name.into()
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Inode {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Inode {
    // There, a file that is open cannot be deleted.
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_deleted_or_replaced_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, other) = (directory.path().join("a"), directory.path().join("b"));
        assert!(WatchedFiles::of([path.clone()]).is_err(), "not there yet");
        std::fs::write(&path, "1").expect("written");
        let place = WatchedFiles::of([path.clone()]).expect("there");
        std::fs::write(&path, "more").expect("written");
        assert_eq!(place.missing(), None, "the same file with other bytes");
        std::fs::write(&other, "2").expect("written");
        std::fs::rename(&other, &path).expect("renamed");
        assert!(
            place
                .missing()
                .is_some_and(|text| text.ends_with("a was replaced by another file"))
        );
        std::fs::remove_file(&path).expect("removed");
        assert!(place.missing().is_some_and(|text| text.ends_with("a was deleted")));
    }
}
