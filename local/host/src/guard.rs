//! Ends function processes when the host dies without a chance to do so itself.
//!
//! A guard process holds the reading end of a pipe and the list of live process groups. When the
//! host dies, however it dies, the kernel closes the pipe and the guard kills what is on the list.
//! Unlike a parent-death signal this needs no code between fork and exec, does not depend on which
//! thread started the child, and reaches what the functions started themselves.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

use crate::sync::lock;

const SCRIPT: &str = r#"
set -f
trap '' HUP INT TERM
live=' '
while read -r verb group; do
  case $verb in
    watch) live="$live$group " ;;
    forget) case $live in *" $group "*) live="${live%% "$group" *} ${live#* "$group" }" ;; esac ;;
  esac
done
for group in $live; do kill -s KILL -- "-$group" 2>/dev/null; done
"#;

/// The guard process of one host.
#[derive(Debug)]
pub(crate) struct Guard {
    process: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    pipe: ChildStdin,
}

impl Guard {
    /// Starts the guard. Without a shell there is none: runtimes then end themselves when their
    /// connection to the host breaks.
    pub(crate) fn start() -> Self {
        let spawned = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sluice-guard"])
            .env_clear()
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let running = match spawned {
            Ok(mut child) => child.stdin.take().map(|pipe| Running { child, pipe }),
            Err(error) => {
                tracing::warn!(%error, "no guard process: if this process is killed, functions end only with their next call");
                None
            }
        };
        Self {
            process: Mutex::new(running),
        }
    }

    /// Adds a process group.
    pub(crate) fn watch(&self, group: u32) {
        self.tell("watch", group);
    }

    /// Removes a process group that has ended.
    pub(crate) fn forget(&self, group: u32) {
        self.tell("forget", group);
    }

    fn tell(&self, verb: &str, group: u32) {
        let mut process = lock(&self.process);
        let Some(running) = process.as_mut() else { return };
        if let Err(error) = running.pipe.write_all(format!("{verb} {group}\n").as_bytes()) {
            tracing::warn!(%error, "the guard process is gone");
            if let Some(mut gone) = process.take() {
                // It cannot be asked to end, and must not stay as a zombie.
                let _ = gone.child.kill();
                let _ = gone.child.wait();
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(Running { mut child, pipe }) = lock(&self.process).take() {
            drop(pipe);
            if let Err(error) = child.wait() {
                tracing::debug!(%error, "waiting for the guard process");
            }
        }
    }
}
