//! The output of a container, written line by line into its file.

use std::io::{PipeReader, Read as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::config::Clock;
use crate::logs::{Files, LineSplitter, timestamp};

/// Keeps what comes through `pipe` until its last writer is gone, on a thread of its own: the disk may be slow, and a
/// process that writes faster than it waits for it. None if no thread can be started: the process then gets the
/// error of a closed pipe when it writes.
pub(crate) fn keep(mut pipe: PipeReader, dir: PathBuf, name: Arc<str>, now: Clock) -> Option<JoinHandle<()>> {
    let keep = move || {
        let mut files = Files::new(dir);
        let mut splitter = LineSplitter::default();
        let mut buffer = [0; 8 * 1024];
        loop {
            let mut text = String::new();
            let mut line = |line: String| text.extend([timestamp(now()).as_str(), " ", &line, "\n"]);
            let ended = match pipe.read(&mut buffer) {
                Ok(0) => true,
                Ok(read) => {
                    splitter.feed(buffer.get(..read).unwrap_or_default(), &mut line);
                    false
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => false,
                Err(_) => true,
            };
            if let (true, Some(last)) = (ended, splitter.finish()) {
                line(last);
            }
            if !text.is_empty() {
                files.keep(&name, &text);
            }
            if ended {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("task-log".into()).spawn(keep);
    match thread {
        Ok(thread) => Some(thread),
        Err(error) => {
            tracing::warn!(%error, "what a task writes is not kept");
            None
        }
    }
}
