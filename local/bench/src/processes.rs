//! The processor time and the memory of a running `sluice` and the functions that it started, by the name of their binary.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use crate::load::line;
use crate::support::Sluice;

/// A tick of the kernel's accounts, which is a hundredth of a second on every Linux that runs this.
const TICK: Duration = Duration::from_millis(10);

/// The use of processor and memory by the processes of one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Usage {
    processes: usize,
    user: Duration,
    system: Duration,
    /// Bytes, with what is shared counted in parts.
    memory: u64,
}

/// The processes of a stack at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Processes(BTreeMap<String, Usage>);

/// One line of `/proc/ID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    name: String,
    parent: u32,
    user: Duration,
    system: Duration,
    /// Of its children that have ended.
    ended: Duration,
}

/// Reads a line of `/proc/ID/stat`: the name may hold anything, also brackets.
fn stat(text: &str) -> Option<Stat> {
    let (head, numbers) = text.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let numbers: Vec<&str> = numbers.split_whitespace().collect();
    let ticks = |n: usize| Some(TICK * numbers.get(n)?.parse::<u32>().ok()?);
    Some(Stat {
        name: name.to_owned(),
        parent: numbers.get(1)?.parse().ok()?,
        user: ticks(11)?,
        system: ticks(12)?,
        ended: ticks(13)? + ticks(14)?,
    })
}

/// The proportional size of a process, in bytes.
fn memory(id: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find(|line| line.starts_with("Pss:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

impl Processes {
    /// Those that run now: `sluice`, and what descends from it.
    pub(crate) fn of(sluice: &Sluice) -> Self {
        let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let all: BTreeMap<u32, Stat> = ids
            .filter_map(|id| Some((id, stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?)))
            .collect();
        let mut family = BTreeSet::from([sluice.id()]);
        // a child may have a lower number than its parent: until nothing is added
        loop {
            let before = family.len();
            family.extend(
                all.iter()
                    .filter(|(_, stat)| family.contains(&stat.parent))
                    .map(|(id, _)| *id)
                    .collect::<Vec<_>>(),
            );
            if family.len() == before {
                break;
            }
        }
        let mut found = Self::default();
        for (id, stat) in all.into_iter().filter(|(id, _)| family.contains(id)) {
            found.add(&stat, memory(id));
        }
        found
    }

    fn add(&mut self, stat: &Stat, memory: u64) {
        let usage = self.0.entry(stat.name.clone()).or_default();
        usage.processes += 1;
        usage.user += stat.user;
        usage.system += stat.system;
        usage.memory += memory;
        if !stat.ended.is_zero() {
            self.0.entry("(ended)".to_owned()).or_default().user += stat.ended;
        }
    }

    /// Prints what each name took since `before`, for each of `count` submissions.
    pub(crate) fn tell_since(&self, before: &Self, count: usize) {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
        let mut all = Duration::ZERO;
        let mut rows = Vec::new();
        for (name, now) in &self.0 {
            let then = before.0.get(name).copied().unwrap_or_default();
            let (user, system) = (
                now.user.saturating_sub(then.user),
                now.system.saturating_sub(then.system),
            );
            all += user + system;
            rows.push((name, user, system));
        }
        line("processor time of a submission", each(all), "µs");
        for (name, user, system) in rows
            .into_iter()
            .filter(|(_, user, system)| !(*user + *system).is_zero())
        {
            println!(
                "{:<44} {:>8.1} µs, of which {:.1} in the kernel",
                format!("  {name}"),
                each(user + system),
                each(system)
            );
        }
        let (processes, memory) = self.0.values().fold((0, 0), |(processes, memory), usage| {
            (processes + usage.processes, memory + usage.memory)
        });
        line("processes", processes as f64, "");
        line("memory of all of them", memory as f64 / 1048576.0, "MB");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_is_read_whatever_the_name_is() {
        let text = "42 (a) b) S 7 42 42 0 -1 4194560 1 2 3 4 11 22 33 44 20 0 1 0 5 6 7";
        let expected = Stat {
            name: "a) b".to_owned(),
            parent: 7,
            user: TICK * 11,
            system: TICK * 22,
            ended: TICK * 77,
        };
        assert_eq!(stat(text), Some(expected));
        assert_eq!(stat("42 (a S"), None);
    }
}
