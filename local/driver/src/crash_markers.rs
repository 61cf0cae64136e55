//! CrashMarkers of what is being decided, for the case that the process does not survive it.
//!
//! Before a log is folded, and before a decision that may be dangerous, its execution and the number of its next fact are
//! written into a small file, and taken out of it afterwards. It is not synced: what ends the process does not end the
//! machine. A later process finds what an earlier one died over; what several died over, one after the other, or what
//! was found not to end, is set aside by it. A death for another reason, `kill -9` among them, is no evidence by itself.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The file's name in the data directory.
const FILE: &str = "decisions.marks";

/// The number of processes that must have died over the same work before it is to blame.
const DEATHS: u32 = 3;

/// The marks that can be there at a time: one for each thread that decides, and room for more.
const SLOTS: usize = 8;

/// The bytes of a slot.
const SLOT: usize = 24;

/// The suspects lie behind the slots; the state of the process before all.
const HEAD: usize = 8;
const SUSPECTS: usize = HEAD + SLOTS * SLOT;
const SIZE: usize = SUSPECTS + SLOTS * SLOT;

/// The work that is being done on an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its log is being folded.
    Folding,
    /// The consequences of a fact are being decided.
    Deciding,
}

/// The work that an earlier process did when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CrashMarker {
    pub(crate) key: u64,
    /// The number of the fact that would have been next.
    pub(crate) seq: u32,
    pub(crate) phase: Phase,
}

/// The marks of this process. Without a file, which is no reason not to start, nothing is marked.
#[derive(Debug)]
pub(crate) struct CrashMarkers {
    file: Option<File>,
    /// True if the process before was not closed: each decision is marked.
    wary: bool,
    used: AtomicU32,
}

/// A mark, until it is dropped.
#[derive(Debug)]
pub(crate) struct MarkerGuard {
    marks: Arc<CrashMarkers>,
    slot: usize,
    mark: CrashMarker,
}

const EMPTY: u8 = 0;
const TRIED: u8 = 1;
const HUNG: u8 = 2;

const OPEN: u8 = 1;

impl CrashMarkers {
    /// Opens the file; answers with what is to blame for the end of earlier processes.
    pub(crate) fn open(directory: &Path) -> (Arc<Self>, Vec<CrashMarker>) {
        let path = directory.join(FILE);
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "decisions are not marked");
                return (Arc::new(Self::without()), Vec::new());
            }
        };
        let mut found = [0; SIZE];
        // a shorter file is a new one
        let read = file.read_at(&mut found, 0).unwrap_or(0);
        if read < SIZE {
            found = [0; SIZE];
        }
        let (culprits, suspects) = assess(&found);
        let marks = Self {
            wary: found[0] == OPEN,
            file: Some(file),
            used: AtomicU32::new(0),
        };
        let mut fresh = [0; SIZE];
        fresh[0] = OPEN;
        fresh[SUSPECTS..].copy_from_slice(&suspects);
        marks.write(&fresh, 0);
        (Arc::new(marks), culprits)
    }

    fn without() -> Self {
        Self {
            file: None,
            wary: false,
            used: AtomicU32::new(0),
        }
    }

    /// Returns true if decisions that look harmless are to be marked as well.
    pub(crate) fn is_wary(&self) -> bool {
        self.wary
    }

    /// Clears the marks: the process was closed.
    pub(crate) fn close(&self) {
        self.write(&[0; SIZE], 0);
    }

    /// Marks the work until the answer is dropped.
    pub(crate) fn mark(self: &Arc<Self>, mark: CrashMarker) -> Option<MarkerGuard> {
        let taken = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
            let free = (!used).trailing_zeros();
            (free < SLOTS as u32).then_some(used | 1 << free)
        });
        // more at a time than there are threads cannot be
        let slot = (!taken.ok()?).trailing_zeros() as usize;
        let marked = MarkerGuard {
            marks: self.clone(),
            slot,
            mark,
        };
        marked.write(TRIED);
        Some(marked)
    }

    /// Marks for the next process that this work does not end.
    fn give_up(self: &Arc<Self>, mark: CrashMarker) {
        let Some(marked) = self.mark(mark) else { return };
        marked.write(HUNG);
        // the process ends with it
        std::mem::forget(marked);
    }

    fn write(&self, bytes: &[u8], at: usize) {
        if let Some(file) = &self.file
            && let Err(error) = file.write_all_at(bytes, at as u64)
        {
            // a full disk, of which others tell
            tracing::debug!(%error, "a decision is not marked");
        }
    }
}

impl MarkerGuard {
    fn write(&self, state: u8) {
        self.marks.write(&encode(state, self.mark, 0), HEAD + self.slot * SLOT);
    }
}

impl Drop for MarkerGuard {
    fn drop(&mut self) {
        self.write(EMPTY);
        self.marks.used.fetch_and(!(1 << self.slot), Ordering::AcqRel);
    }
}

/// Judges the marks of earlier processes: returns those to blame, and the suspects from now on.
fn assess(found: &[u8; SIZE]) -> (Vec<CrashMarker>, [u8; SLOTS * SLOT]) {
    let slots = |from: usize| (0..SLOTS).filter_map(move |slot| decode(&found[from + slot * SLOT..][..SLOT]));
    let known: Vec<(u8, CrashMarker, u32)> = slots(SUSPECTS).collect();
    let (mut culprits, mut suspects, mut next) = (Vec::new(), [0; SLOTS * SLOT], 0);
    for (state, mark, _) in slots(HEAD) {
        let before = known.iter().find(|(_, suspect, _)| *suspect == mark);
        let deaths = before.map_or(0, |(_, _, deaths)| *deaths) + 1;
        if state == HUNG || deaths >= DEATHS {
            culprits.push(mark);
        } else {
            suspects[next..next + SLOT].copy_from_slice(&encode(TRIED, mark, deaths));
            next += SLOT;
        }
    }
    (culprits, suspects)
}

fn encode(state: u8, mark: CrashMarker, deaths: u32) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[0] = state;
    slot[1] = u8::from(mark.phase == Phase::Deciding);
    slot[4..8].copy_from_slice(&deaths.to_le_bytes());
    slot[8..16].copy_from_slice(&mark.key.to_le_bytes());
    slot[16..20].copy_from_slice(&mark.seq.to_le_bytes());
    slot
}

fn decode(slot: &[u8]) -> Option<(u8, CrashMarker, u32)> {
    let number = |from: usize| Some(u32::from_le_bytes(*slot.get(from..)?.first_chunk()?));
    let state = *slot.first()?;
    let mark = CrashMarker {
        key: u64::from_le_bytes(*slot.get(8..)?.first_chunk()?),
        seq: number(16)?,
        phase: if *slot.get(1)? == 0 {
            Phase::Folding
        } else {
            Phase::Deciding
        },
    };
    (state == TRIED || state == HUNG).then_some((state, mark, number(4)?))
}

/// The code with which a process ends that hangs over a decision.
const HANGS: i32 = 70;

/// Ends the process over what does not end, so that a later one sets it aside.
pub(crate) fn exit_on_hang(marks: &Arc<CrashMarkers>) -> impl Fn(CrashMarker) + Send + Sync + 'static {
    let marks = marks.clone();
    move |mark| {
        marks.give_up(mark);
        tracing::error!(
            execution = mark.key,
            "a decision does not end: this process ends, and the next start sets the execution aside"
        );
        std::process::exit(HANGS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(key: u64) -> CrashMarker {
        CrashMarker {
            key,
            seq: 3,
            phase: Phase::Deciding,
        }
    }

    /// One process after the other on the same directory, each dying over what it is told; the last finds who is to blame.
    fn check(deaths: &[&[CrashMarker]], expected: &[CrashMarker]) {
        let directory = tempfile::tempdir().expect("a directory");
        for marked in deaths {
            let (marks, culprits) = CrashMarkers::open(directory.path());
            assert_eq!(culprits, [], "{deaths:?}");
            let held: Vec<_> = marked.iter().filter_map(|mark| marks.mark(*mark)).collect();
            std::mem::forget(held);
        }
        let (marks, culprits) = CrashMarkers::open(directory.path());
        assert_eq!(culprits, expected, "{deaths:?}");
        assert_eq!(marks.is_wary(), !deaths.is_empty());
    }

    #[test]
    fn three_deaths_in_a_row_over_the_same_are_enough() {
        check(&[], &[]);
        check(&[&[mark(1)]], &[]);
        check(&[&[mark(1)], &[mark(1)]], &[]);
        check(&[&[mark(1)], &[mark(1)], &[mark(1)]], &[mark(1)]);
        check(&[&[mark(1)], &[], &[mark(1)], &[mark(1)]], &[]);
        check(&[&[mark(1)], &[mark(2)], &[mark(1)]], &[]);
        check(&[&[mark(1), mark(2)], &[mark(2)], &[mark(3), mark(2)]], &[mark(2)]);
        let folding = CrashMarker {
            phase: Phase::Folding,
            ..mark(1)
        };
        check(&[&[mark(1)], &[mark(1)], &[folding]], &[]);
    }

    #[test]
    fn what_hung_is_to_blame_at_once_and_what_ended_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let (marks, _) = CrashMarkers::open(directory.path());
        let first = marks.mark(mark(1)).expect("marked");
        drop(first);
        marks.give_up(mark(2));
        let (marks, culprits) = CrashMarkers::open(directory.path());
        assert_eq!(culprits, [mark(2)]);
        assert!(marks.is_wary());
        marks.close();
        let (marks, culprits) = CrashMarkers::open(directory.path());
        assert!(culprits.is_empty() && !marks.is_wary());
    }

    #[test]
    fn a_file_that_makes_no_sense_blames_nobody() {
        let directory = tempfile::tempdir().expect("a directory");
        for content in [vec![], vec![9; 10], vec![0xff; SIZE], vec![7; 2 * SIZE]] {
            std::fs::write(directory.path().join(FILE), content).expect("written");
            assert_eq!(CrashMarkers::open(directory.path()).1, []);
        }
    }
}
