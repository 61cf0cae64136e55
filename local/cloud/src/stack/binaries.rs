//! The binaries of functions and containers: found where a template's `Code` says, or in a directory of built ones.

mod bootstrap;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::{FunctionCode, Plans, StartError};
use bootstrap::Found;

/// The binaries of functions and containers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Binaries {
    /// Those of functions, by the path of their code: see [`FunctionCode`]. They come before those by name.
    pub by_code: BTreeMap<PathBuf, PathBuf>,
    /// Those of functions and containers, by name.
    pub by_name: BTreeMap<String, PathBuf>,
}

/// The places where binaries are looked for.
#[derive(Debug, Clone, Default)]
pub struct BinaryPlaces {
    /// A directory of built ones, laid out flat or as `cargo lambda build` does it (`name/bootstrap`). It counts first.
    pub directory: Option<PathBuf>,
    /// True if a template's `Code` may hold them.
    pub code: bool,
}

/// Binaries that were looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundBinaries {
    /// Those that were found.
    pub found: Binaries,
    /// The names of the others.
    pub missing: BTreeSet<String>,
    /// The reasons for which functions have none in their `Code`, each with what to do.
    pub reasons: Vec<String>,
}

impl Plans {
    /// Looks for the binaries of all plans.
    ///
    /// # Errors
    /// A function whose `Code` names no binary; a file that is there and cannot be read.
    pub fn find_binaries(&self, places: &BinaryPlaces) -> Result<FoundBinaries, StartError> {
        let mut all = FoundBinaries::default();
        let mut names: BTreeSet<String> = self.containers();
        for function in self.function_code()? {
            let is_built = places
                .directory
                .as_deref()
                .is_some_and(|at| built(at, &function.binary).is_some());
            if !places.code || is_built {
                names.insert(function.binary);
            } else {
                all.look_in_code(function)?;
            }
        }
        for name in names {
            match places
                .directory
                .as_deref()
                .and_then(|directory| built(directory, &name))
            {
                Some(path) => {
                    let absolute = path.canonicalize().map_err(|source| file_error(&path, source))?;
                    all.found.by_name.insert(name, absolute);
                }
                None => {
                    all.missing.insert(name);
                }
            }
        }
        Ok(all)
    }
}

impl FoundBinaries {
    fn look_in_code(&mut self, function: FunctionCode) -> Result<(), StartError> {
        match bootstrap::at(&function.path).map_err(|(path, source)| file_error(&path, source))? {
            Found::Binary(path) => {
                self.found.by_code.insert(function.path, path);
            }
            Found::Unusable(reason) => {
                self.missing.insert(function.binary);
                self.reasons.push(format!("{}: {reason}", function.logical_id));
            }
        }
        Ok(())
    }
}

/// The binary of a name in a directory of built ones.
fn built(directory: &Path, name: &str) -> Option<PathBuf> {
    let candidates = [directory.join(name).join("bootstrap"), directory.join(name)];
    candidates.into_iter().find(|path| path.is_file())
}

fn file_error(path: &Path, source: io::Error) -> StartError {
    StartError::File {
        path: path.to_owned(),
        source,
    }
}
