//! `kill -9` at every step of a decision, single and bulk: of the function that decides, and of the runtime. Exactly one decision
//! each, and the workflow hears it.
//!
//! A proxy stands between the function and the endpoint, and kills at its Nth call: before the call is made, and after it was
//! carried out and before its answer is back.

mod support;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};
use support::approvals::{Asked, ask_for_approval, decided_once, open_list};
use support::tap::{Tap, When};
use support::{Sluice, binaries, until};

/// More calls than a decision makes. Reaching it means that the tap sees other calls than those of the decision.
const MOST_CALLS: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Function,
    Runtime,
}

/// A stack of which one function reaches the endpoint through a tap.
struct Tapped {
    sluice: Sluice,
    tap: Tap,
    /// The file to which each process of the function adds its id.
    pid_file: PathBuf,
    program: PathBuf,
    _functions: tempfile::TempDir,
}

impl Tapped {
    fn new(function: &str) -> Self {
        let tap = Tap::new();
        let functions = tempfile::tempdir().expect("a directory");
        for built in std::fs::read_dir(binaries()).expect("built").flatten() {
            let path = built.path();
            if path.is_file() && path.extension().is_none() {
                symlink(&path, functions.path().join(built.file_name())).expect("a link");
            }
        }
        let wrapper = functions.path().join(function);
        let pid_file = functions.path().join(format!("{function}.pid"));
        std::fs::remove_file(&wrapper).expect("the function is built");
        let program = binaries().join(function).canonicalize().expect("the function is built");
        let script = format!(
            "#!/bin/sh\necho $$ >> '{}'\nAWS_ENDPOINT_URL={} exec '{}'\n",
            pid_file.display(),
            tap.url(),
            program.display()
        );
        std::fs::write(&wrapper, script).expect("is written");
        std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).expect("is set");
        let mut sluice = Sluice::new();
        sluice.set_functions(functions.path());
        sluice.start();
        tap.lead_to(sluice.endpoint());
        Self {
            sluice,
            tap,
            pid_file,
            program,
            _functions: functions,
        }
    }

    fn strike(&self, victim: Victim, at: usize, when: When) {
        let (pid_file, program, runtime) = (self.pid_file.clone(), self.program.clone(), self.sluice.id());
        self.tap.strike(at, when, move || match victim {
            Victim::Function => {
                let processes = processes_of(&program, &pid_file);
                assert!(!processes.is_empty(), "no process of {} runs", program.display());
                processes.iter().for_each(|pid| kill(pid));
            }
            Victim::Runtime => kill(&runtime.to_string()),
        });
    }

    /// Strikes no more; true if it has struck. What was killed runs again then.
    fn recover(&mut self, victim: Victim) -> bool {
        let struck = self.tap.disarm();
        if struck && victim == Victim::Runtime {
            self.sluice.kill();
            self.sluice.start();
            self.tap.lead_to(self.sluice.endpoint());
        }
        struck
    }
}

/// The processes in the list that run the program still: the number of one that has ended may be another's by now.
fn processes_of(program: &Path, list: &Path) -> Vec<String> {
    let listed = std::fs::read_to_string(list).expect("the function runs");
    let runs = |pid: &&str| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|found| found == program);
    listed.lines().filter(runs).map(str::to_owned).collect()
}

fn kill(pid: &str) {
    let killed = Command::new("kill").args(["-9", pid]).status().expect("kill runs");
    assert!(killed.success(), "there is no process {pid}");
}

/// Does something with a strike at its first call, its second, and so on, until there is no such call; before and after each.
/// Answers how many there were. `act` answers whether it was struck.
fn at_every_call(mut act: impl FnMut(usize, When) -> bool) -> usize {
    let mut strikes = 0;
    for when in [When::Before, When::After] {
        for at in 1.. {
            assert!(at < MOST_CALLS, "the calls never end");
            if !act(at, when) {
                break;
            }
            strikes += 1;
        }
    }
    strikes
}

/// A person presses the button, and again until there is an answer.
fn decide(tapped: &mut Tapped, asked: &Asked, victim: Victim) -> bool {
    // the first answer may never come
    let _ = asked.decide("approve");
    let struck = tapped.recover(victim);
    let status = until("the decision is taken", || {
        asked.decide("approve").ok().filter(|status| *status < 500)
    });
    assert_eq!(status, 200, "{asked:?}");
    struck
}

fn a_decision_survives(victim: Victim) {
    let mut tapped = Tapped::new("approval");
    let strikes = at_every_call(|at, when| {
        // a new minute's mails
        tapped.sluice.advance_clock("1m");
        let asked = ask_for_approval(&tapped.sluice, "Ada");
        // the function is there, so that its process is known, and its first call is one of the decision
        asked.look();
        tapped.strike(victim, at, when);
        let struck = decide(&mut tapped, &asked, victim);
        decided_once(&tapped.sluice, &asked, "approve");
        struck
    });
    // the link, the code, the decision with its counter and audit, the delivery, and the note that it was delivered
    assert!(strikes >= 8, "only {strikes} strikes");
}

#[test]
fn a_decision_survives_the_death_of_its_function_at_every_step() {
    a_decision_survives(Victim::Function);
}

#[test]
fn a_decision_survives_the_death_of_the_runtime_at_every_step() {
    a_decision_survives(Victim::Runtime);
}

/// The part of the list that an approval is in: those of one part are decided as one group.
fn shard(asked: &Asked) -> u8 {
    Sha256::digest(format!("{}.1", asked.id))[0] % 8
}

/// Asks until two requests are of one group, beside others that are alone: of nine at the latest, mostly of four.
fn ask_for_a_group(sluice: &Sluice) -> Vec<Asked> {
    let mut asked: Vec<Asked> = Vec::new();
    loop {
        if asked.len().is_multiple_of(5) {
            // a new minute's mails
            sluice.advance_clock("1m");
        }
        let newest = ask_for_approval(sluice, &format!("Ada{}", asked.len()));
        let is_second = asked.iter().any(|other| shard(other) == shard(&newest));
        asked.push(newest);
        if is_second {
            return asked;
        }
    }
}

fn a_batch_survives(victim: Victim) {
    let mut tapped = Tapped::new("decide-batch");
    let strikes = at_every_call(|at, when| {
        let asked = ask_for_a_group(&tapped.sluice);
        let list = open_list(&tapped.sluice);
        tapped.strike(victim, at, when);
        // at least 16 characters
        let batch = list.approve_all(&format!("batch-of-{victim:?}-{when:?}-{at:02}"));
        // the state machine calls the function in its own time
        until("the batch is struck, or done", || {
            (tapped.tap.has_struck() || list.is_done(&batch)).then_some(())
        });
        let struck = tapped.recover(victim);
        until("the batch is done", || list.is_done(&batch).then_some(()));
        for one in &asked {
            decided_once(&tapped.sluice, one, "approve");
        }
        struck
    });
    // the batch, its slice and the list's parts; of each group a read, a write, a delivery and the note of it; the slice's end
    assert!(strikes >= 2 * (1 + 1 + 8 + 4 + 1), "only {strikes} strikes");
}

#[test]
fn a_batch_survives_the_death_of_its_function_at_every_step() {
    a_batch_survives(Victim::Function);
}

#[test]
fn a_batch_survives_the_death_of_the_runtime_at_every_step() {
    a_batch_survives(Victim::Runtime);
}
