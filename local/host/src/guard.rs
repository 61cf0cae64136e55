//! Ends function processes when the host dies without a chance to do so itself.
//!
//! A guard process holds the reading end of a pipe and the list of live process groups. When the
//! host dies, however it dies, the kernel closes the pipe and the guard kills what is on the list,
//! and what has left its group but carries the host's mark ([`family`](crate::family)).
//! Unlike a parent-death signal this needs no code between fork and exec, does not depend on which
//! thread started the child, and reaches what the functions started themselves. A thread waits for the guard: one that
//! is killed is started again, with the same list.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uuid::Uuid;

use crate::family::{self, MARK};

const SCRIPT: &str = r#"
trap '' HUP INT TERM
live=' '
while read -r verb group; do
  case $verb in
    watch) live="$live$group " ;;
    forget) case $live in *" $group "*) live="${live%% "$group" *} ${live#* "$group" }" ;; esac ;;
  esac
done
for group in $live; do kill -s KILL -- "-$group" 2>/dev/null; done
for round in 1 2 3; do
  for file in $(grep -lF -- "$1" /proc/[0-9]*/environ 2>/dev/null); do
    process=${file#/proc/}
    kill -s KILL -- "${process%/environ}" 2>/dev/null
  done
  # what was being started has its environment a moment later
  if [ "$round" = 2 ]; then sleep 0.5; fi
done
"#;

/// The pause before a guard that has ended is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// The guard process of one host.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The beginning of all marks of this host.
    id: Uuid,
    started: AtomicU64,
    state: Arc<Mutex<GuardState>>,
    keeper: Option<JoinHandle<()>>,
    /// The marks of ended processes, whose leftovers are still to be killed; none while no task does that.
    leftovers: Arc<Mutex<Option<BTreeSet<String>>>>,
}

#[derive(Debug, Default)]
struct GuardState {
    live: BTreeSet<u32>,
    pipe: Option<ChildStdin>,
    closing: bool,
}

impl Guard {
    /// Starts the guard. Without a shell there is none: runtimes then end themselves when their
    /// connection to the host breaks.
    pub(crate) fn start() -> Self {
        family::adopt_orphans();
        let id = Uuid::new_v4();
        let state = Arc::new(Mutex::new(GuardState::default()));
        let first = spawn(id, &state);
        if let Err(error) = &first {
            tracing::warn!(%error, "no guard process: if this process is killed, functions end only with their next call");
        }
        let keeper = first.ok().and_then(|first| {
            let state = Arc::clone(&state);
            std::thread::Builder::new()
                .name("sluice-guard".to_owned())
                .spawn(move || keep(id, &state, first))
                .ok()
        });
        Self {
            id,
            started: AtomicU64::new(0),
            state,
            keeper,
            leftovers: Arc::default(),
        }
    }

    /// A mark for what is started next, to be put into its environment as [`MARK`].
    pub(crate) fn mark(&self) -> String {
        format!("{}.{}", self.id.simple(), self.started.fetch_add(1, Ordering::Relaxed))
    }

    /// Adds a process group.
    pub(crate) fn watch(&self, group: u32) {
        let mut state = self.state.lock();
        state.live.insert(group);
        tell(&mut state, "watch", group);
    }

    /// Removes a process group that has ended, and kills what has left it.
    pub(crate) fn forget(&self, group: u32, mark: String) {
        let mut state = self.state.lock();
        state.live.remove(&group);
        tell(&mut state, "forget", group);
        drop(state);
        self.kill_leftovers(mark);
    }

    /// Reading the process table takes milliseconds: once for all that end at about the same time.
    fn kill_leftovers(&self, mark: String) {
        let mut leftovers = self.leftovers.lock();
        if let Some(waiting) = &mut *leftovers {
            waiting.insert(mark);
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        *leftovers = Some(BTreeSet::from([mark]));
        let leftovers = Arc::clone(&self.leftovers);
        runtime.spawn_blocking(move || {
            loop {
                let marks = match &mut *leftovers.lock() {
                    Some(waiting) if !waiting.is_empty() => std::mem::take(waiting),
                    none => {
                        *none = None;
                        return;
                    }
                };
                family::kill_marked(|mark| marks.contains(mark));
                family::reap_orphans();
            }
        });
    }
}

/// Starts a guard process that knows what lives.
fn spawn(id: Uuid, state: &Mutex<GuardState>) -> io::Result<Child> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", SCRIPT, "sluice-guard", &format!("{MARK}={}.", id.simple())])
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut state = state.lock();
    // once it is to close, there is nothing to hold it open
    state.pipe = child.stdin.take().filter(|_| !state.closing);
    let live: Vec<u32> = state.live.iter().copied().collect();
    for group in live {
        tell(&mut state, "watch", group);
    }
    Ok(child)
}

/// Tells the guard process; one that is gone is told everything when it is started again.
fn tell(state: &mut GuardState, verb: &str, group: u32) {
    let Some(pipe) = &mut state.pipe else { return };
    if let Err(error) = pipe.write_all(format!("{verb} {group}\n").as_bytes()) {
        tracing::debug!(%error, "the guard process is gone");
        state.pipe = None;
    }
}

/// Waits for the guard process, and starts another one as long as the host lives.
fn keep(id: Uuid, state: &Mutex<GuardState>, first: Child) {
    let mut guard = Some(first);
    loop {
        let began = Instant::now();
        if let Some(mut process) = guard.take()
            && let Err(error) = process.wait()
        {
            tracing::debug!(%error, "waiting for the guard process");
        }
        if state.lock().closing {
            return;
        }
        tracing::warn!("the guard process has ended; another one takes its place");
        if began.elapsed() < PAUSE {
            std::thread::sleep(PAUSE);
        }
        match spawn(id, state) {
            Ok(process) => guard = Some(process),
            Err(error) => tracing::warn!(%error, "no guard process; it is tried again"),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let pipe = {
            let mut state = self.state.lock();
            state.closing = true;
            state.pipe.take()
        };
        drop(pipe);
        if let Some(keeper) = self.keeper.take()
            && keeper.join().is_err()
        {
            tracing::debug!("the guard's thread has panicked");
        }
    }
}
