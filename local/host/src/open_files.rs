//! The shares of the open files that the system allows this process.
//!
//! A process that has none left can neither accept a connection nor start another process, nor open the file that it is
//! asked for. So each kind of use has a share, and some files belong to none: databases, logs, and what starting a process takes
//! for a moment.

use rustix::process::{Resource, getrlimit};

/// Files that one function process takes here: its output, its Runtime API's listener and connection, and what watches
/// for its end.
const PER_INSTANCE: usize = 4;

/// Databases with their logs, the readers of the journal, standard files, the runtime's own.
const RESERVE: usize = 80;

/// The number of files that this process may have open.
///
/// ```
/// let files = sluice_host::OpenFiles::new(1_024);
/// assert!(files.instances() > 1 && files.url_connections() > files.instances());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFiles(usize);

impl OpenFiles {
    /// As the system has it now: a limit is raised before.
    pub fn of_process() -> Self {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self::new(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// As many.
    pub fn new(limit: usize) -> Self {
        Self(limit)
    }

    /// An eighth of what is not kept back. With very few files all is scarce, and something must go on.
    fn eighth(self) -> usize {
        self.0.saturating_sub(RESERVE).max(self.0 / 4) / 8
    }

    /// Function processes that there are files for: half.
    pub fn instances(self) -> usize {
        (4 * self.eighth() / PER_INSTANCE).max(1)
    }

    /// Connections to function URLs: a quarter.
    pub fn url_connections(self) -> usize {
        (2 * self.eighth()).max(1)
    }

    /// Connections to the AWS endpoint, which the functions need too: a quarter.
    pub fn endpoint_connections(self) -> usize {
        (2 * self.eighth()).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_has_its_share_and_something_is_kept_back() {
        // limit -> function processes, connections to URLs, connections to the endpoint
        for (limit, instances, urls, endpoint) in [
            (16, 1, 1, 1),
            (64, 2, 4, 4),
            (256, 22, 44, 44),
            (1024, 118, 236, 236),
            (20_000, 2_490, 4_980, 4_980),
        ] {
            let files = OpenFiles::new(limit);
            assert_eq!(
                (files.instances(), files.url_connections(), files.endpoint_connections()),
                (instances, urls, endpoint),
                "{limit}"
            );
            assert!(instances * PER_INSTANCE + urls + endpoint < limit);
        }
    }
}
