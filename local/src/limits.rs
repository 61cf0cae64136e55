//! Limits that the operating system sets for this process: it raises that of open files.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// No limit is raised above this: some systems have hard limits of a billion, and programs that close all files up to the
/// limit when they start.
const MOST: u64 = 1 << 20;

/// The most that macOS takes where it calls the hard limit unlimited.
const MACOS_MOST: u64 = 10_240;

/// Below this the soft limit is worth a line.
const COMFORTABLE: u64 = 1024;

/// Raises the soft limit of open files to the hard one. A line for the user where that leaves few.
pub(crate) fn raise_open_files() -> Option<String> {
    let before = getrlimit(Resource::Nofile);
    let soft = before.current?;
    raised(soft, before.maximum, |to| {
        let limit = Rlimit {
            current: Some(to),
            maximum: before.maximum,
        };
        setrlimit(Resource::Nofile, limit)
    })
}

fn raised(soft: u64, hard: Option<u64>, mut set: impl FnMut(u64) -> Result<(), Errno>) -> Option<String> {
    let wanted = hard.unwrap_or(MOST).min(MOST);
    let mut reached = soft;
    let mut refused = None;
    for to in [wanted, MACOS_MOST.min(wanted)] {
        if to <= soft {
            continue;
        }
        match set(to) {
            Ok(()) => {
                reached = to;
                refused = None;
                break;
            }
            Err(errno) => refused = Some(errno),
        }
    }
    let why = match refused {
        Some(errno) => format!("and it cannot be raised ({errno})"),
        None if reached < COMFORTABLE => "and the hard limit allows no more".to_owned(),
        None => return None,
    };
    Some(format!(
        "this process may have {reached} files open, {why}: under load it takes fewer connections and starts fewer function \
         processes; raise it with `ulimit -n`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(soft: u64, hard: Option<u64>, allowed: u64, reached: u64, said: &str) {
        let mut now = soft;
        let line = raised(soft, hard, |to| {
            if to > allowed {
                return Err(Errno::INVAL);
            }
            now = to;
            Ok(())
        });
        assert_eq!(now, reached, "{soft} {hard:?} {allowed}");
        match line {
            None => assert_eq!(said, "", "{soft} {hard:?} {allowed}"),
            Some(line) => assert!(!said.is_empty() && line.contains(said), "{line}"),
        }
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one_where_the_system_lets_it() {
        check(256, Some(20_000), u64::MAX, 20_000, "");
        check(1024, Some(1024), u64::MAX, 1024, "");
        check(
            256,
            Some(256),
            u64::MAX,
            256,
            "may have 256 files open, and the hard limit allows no more",
        );
        check(1024, Some(1_073_741_816), u64::MAX, MOST, "");
        // macOS
        check(256, None, MACOS_MOST, MACOS_MOST, "");
        check(
            256,
            None,
            0,
            256,
            "may have 256 files open, and it cannot be raised (Invalid argument",
        );
        check(2 * MOST, None, u64::MAX, 2 * MOST, "");
    }
}
