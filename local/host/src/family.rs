//! The processes of this machine: which process has started which, and which end together.
//!
//! A function's process is the first of a group, and the whole group is killed with it. What has left the group (by
//! `setsid`, or by forking twice) is found by the mark in its environment, which it has inherited: [`MARK`].

/// The variable that marks what a host has started: the host's id, a dot, and the number of the start.
pub(crate) const MARK: &str = "_SLUICE_STARTED_BY";

/// One process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    pub(crate) session: u32,
    /// It has ended, and its parent has not read its status.
    pub(crate) ended: bool,
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{adopt_orphans, kill_marked, processes, reap_orphans};

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{adopt_orphans, kill_marked, reap_orphans};

#[cfg(target_os = "linux")]
mod linux {
    use procfs::process::all_processes;
    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid};

    use super::{MARK, Process};

    /// The number of rounds of looking and killing: something may have been started meanwhile.
    const ROUNDS: usize = 4;

    /// All processes that can be seen.
    pub(crate) fn processes() -> Vec<Process> {
        let Ok(all) = all_processes() else { return Vec::new() };
        let number = |value: i32| u32::try_from(value).unwrap_or(0);
        all.filter_map(|process| {
            let stat = process.ok()?.stat().ok()?;
            Some(Process {
                pid: number(stat.pid),
                parent: number(stat.ppid),
                group: number(stat.pgrp),
                session: number(stat.session),
                ended: stat.state == 'Z',
            })
        })
        .collect()
    }

    /// Makes this process the new parent of orphans below it, in the place of process 1: so they can be found.
    pub(crate) fn adopt_orphans() {
        if let Err(error) = set_child_subreaper(Some(getpid())) {
            tracing::debug!(%error, "orphans of functions go to process 1");
        }
    }

    /// Kills every process whose mark is one of these.
    pub(crate) fn kill_marked(wanted: impl Fn(&str) -> bool) {
        for _ in 0..ROUNDS {
            let Ok(all) = all_processes() else { return };
            let marked: Vec<Pid> = all
                .filter_map(|process| {
                    let pid = process.ok()?.pid();
                    wanted(&mark_of(pid)?).then(|| Pid::from_raw(pid))?
                })
                .collect();
            if marked.is_empty() {
                return;
            }
            for pid in marked {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    /// The mark in the environment that a process was started with. One that has ended has none.
    fn mark_of(pid: i32) -> Option<String> {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let marked = |variable: &[u8]| {
            let mark = variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"=")?;
            String::from_utf8(mark.to_vec()).ok()
        };
        environment.split(|byte| *byte == 0).find_map(marked)
    }

    /// Reads the status of adopted processes that have ended, so that nothing of them is left. What this process has started
    /// itself is in its session, and leads a group or is in this process's own; its status is read by whoever started it.
    pub(crate) fn reap_orphans() {
        let all = processes();
        let Some(own) = all.iter().find(|process| process.pid == std::process::id()) else {
            return;
        };
        for process in &all {
            let led = process.group != process.pid && process.group != own.group;
            if process.parent != own.pid || !process.ended || !(process.session != own.session || led) {
                continue;
            }
            if let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) {
                let _ = waitpid(Some(pid), WaitOptions::NOHANG);
            }
        }
    }
}

/// Other systems, without `/proc`: only process groups are killed.
#[cfg(not(target_os = "linux"))]
mod elsewhere {
    pub(crate) fn adopt_orphans() {}

    pub(crate) fn kill_marked(_wanted: impl Fn(&str) -> bool) {}

    pub(crate) fn reap_orphans() {}
}
