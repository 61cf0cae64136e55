//! One worker, from outside.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{WorkerCommand, frame};

/// The time that one look at a worker waits, and the unit of its time. What counts is the processor time that it has used, where
/// the system tells: on a busy machine it may have to wait for its turn. Otherwise looks are counted, so that a machine or
/// process that was stopped counts for nothing.
pub(super) const TICK_MS: u32 = 10;

/// The number of looks that count as one tick even if the worker has used no time: it waits for something else.
const LOOKS: u32 = 4;

/// The number of answers, or of ticks in all, after which a worker is replaced: what it has left over goes with it.
const MOST_ANSWERS: u32 = 1_000;
const MOST_TICKS: u32 = 3_000;

/// The memory at which a worker is ended, in bytes, where the system tells: it has a limit of its own below that.
const MOST_MEMORY: u64 = 192 << 20;

/// The signals that end a worker over its own limits.
const OWN_FAULTS: [i32; 6] = [4, 6, 7, 9, 11, 24]; // ILL, ABRT, BUS, KILL (of a machine without memory), SEGV, XCPU

/// A worker process. Killed when it is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    answers: u32,
    ticks: u32,
}

/// The resources that a worker has used.
#[derive(Debug, Clone, Copy)]
struct Used {
    /// Of processor time.
    ticks: u32,
    /// In bytes, now.
    memory: u64,
}

/// The result of a question to a worker.
#[derive(Debug)]
pub(super) enum WorkerReply {
    /// The answer's body.
    Answered(Vec<u8>),
    /// Nothing, in the time that it had.
    Late,
    /// Nobody waits for the answer any more.
    Unwanted,
    /// The worker ended over it.
    Died,
    /// The worker ended, or could not be reached, for a reason that has nothing to do with the question.
    Lost,
}

impl Process {
    pub(super) fn start(command: &WorkerCommand) -> io::Result<Self> {
        let mut child = Command::new(&command.program)
            .args(&command.arguments)
            .env_clear()
            .envs(command.environment.iter().cloned())
            .current_dir("/")
            // what is meant for everybody in the terminal is not meant for it
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a process without its pipes"));
        };
        let process = Self {
            child,
            stdin,
            stdout,
            answers: 0,
            ticks: 0,
        };
        rustix::io::ioctl_fionbio(&process.stdin, true)?;
        rustix::io::ioctl_fionbio(&process.stdout, true)?;
        Ok(process)
    }

    /// Returns true if it has answered before: then the cause of its death may have been left over.
    pub(super) fn is_used(&self) -> bool {
        self.answers > 0
    }

    pub(super) fn is_worn(&self) -> bool {
        self.answers >= MOST_ANSWERS || self.ticks >= MOST_TICKS
    }

    /// Asks; whatever comes but an answer, the process must not be asked again. Takes what it needs off `ticks`.
    pub(super) fn ask(&mut self, frame: &[u8], ticks: &mut u32, wanted: &dyn Fn() -> bool) -> WorkerReply {
        let mut spent = 0;
        let asked = self.converse(frame, *ticks, &mut spent, wanted);
        self.ticks += spent;
        *ticks = ticks.saturating_sub(spent);
        match asked {
            Ok(asked) => asked,
            Err(error) => {
                tracing::debug!(%error, "a worker is gone");
                self.fate()
            }
        }
    }

    /// Says the frame and listens, for `ticks`; `spent`: how many it took.
    fn converse(
        &mut self,
        frame: &[u8],
        ticks: u32,
        spent: &mut u32,
        wanted: &dyn Fn() -> bool,
    ) -> io::Result<WorkerReply> {
        let (mut unsent, mut received) = (frame, Vec::new());
        let (mut expected, mut looks, begun) = (None, 0, self.used());
        loop {
            let writes = !unsent.is_empty();
            let ready = if writes {
                wait(&self.stdin, PollFlags::OUT)?
            } else {
                wait(&self.stdout, PollFlags::IN)?
            };
            if !wanted() {
                return Ok(WorkerReply::Unwanted);
            }
            if !ready {
                looks += 1;
                let used = match (self.used(), begun) {
                    (Some(now), _) if now.memory > MOST_MEMORY => return Ok(WorkerReply::Died),
                    (Some(now), Some(begun)) => now.ticks.saturating_sub(begun.ticks).max(looks / LOOKS),
                    _ => looks,
                };
                *spent = used;
                if used > ticks {
                    return Ok(WorkerReply::Late);
                }
                continue;
            }
            if writes {
                let sent = self.stdin.write(unsent)?;
                unsent = &unsent[sent..];
                continue;
            }
            let mut chunk = [0; 64 * 1024];
            match self.stdout.read(&mut chunk)? {
                0 => return Ok(self.fate()),
                read => received.extend_from_slice(&chunk[..read]),
            }
            if expected.is_none()
                && let Some(header) = received.first_chunk::<4>()
            {
                expected = Some(4 + frame::length(*header)?);
            }
            if expected.is_some_and(|expected| received.len() >= expected) {
                self.answers += 1;
                received.drain(..4);
                return Ok(WorkerReply::Answered(received));
            }
        }
    }

    /// Reads the resources that it has used, where the system tells.
    fn used(&self) -> Option<Used> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // behind the name, which may hold anything: the 14th and 15th field of all, in hundredths of a second
        let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
        let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let pages: u64 = fields.nth(8)?.parse().ok()?;
        Some(Used {
            ticks: (user + system) * (10 / TICK_MS),
            memory: pages * rustix::param::page_size() as u64,
        })
    }

    /// Waits for its end and tells the reason.
    fn fate(&mut self) -> WorkerReply {
        let ended = self.child.wait();
        let own_fault = |status: ExitStatus| status.signal().is_some_and(|signal| OWN_FAULTS.contains(&signal));
        match ended {
            Ok(status) if own_fault(status) => WorkerReply::Died,
            _ => WorkerReply::Lost,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for one tick; false: nothing has come of it.
fn wait(pipe: &impl AsFd, for_what: PollFlags) -> io::Result<bool> {
    let tick = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(TICK_MS) * 1_000_000,
    };
    match poll(&mut [PollFd::new(pipe, for_what)], Some(&tick)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
