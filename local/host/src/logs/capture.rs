//! The output of one instance, gathered for the invocation that is running.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use tokio::net::unix::pipe;

use super::line::LineSplitter;

/// The most bytes of one invocation's lines that are kept; further lines are only counted.
const MAX_BYTES: usize = 256 * 1024;

/// The most bytes that are read at once before other tasks get their turn.
const MAX_DRAIN: usize = 1024 * 1024;

/// Lines that wait for their invocation to end.
#[derive(Debug)]
pub(crate) struct Capture {
    /// The pipe that the log task waits on. It is read past what that knows of its readiness, so that what a function wrote
    /// before it answered is read before its answer is passed on.
    pipe: Option<Arc<pipe::Receiver>>,
    splitter: LineSplitter,
    before: Vec<String>,
    during: Vec<String>,
    running: bool,
    bytes: usize,
    dropped: usize,
}

/// The lines of one invocation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Captured {
    /// Written since the last invocation: for the first one, while the process started.
    pub(crate) before: Vec<String>,
    /// Written while it ran.
    pub(crate) during: Vec<String>,
    /// Lines beyond the limit.
    pub(crate) dropped: usize,
}

impl Capture {
    pub(crate) fn new() -> Self {
        Self {
            pipe: None,
            splitter: LineSplitter::default(),
            before: Vec::new(),
            during: Vec::new(),
            running: false,
            bytes: 0,
            dropped: 0,
        }
    }

    /// The pipe to read from.
    pub(crate) fn attach(&mut self, pipe: Arc<pipe::Receiver>) {
        self.pipe = Some(pipe);
    }

    /// From here on lines belong to an invocation.
    pub(crate) fn begin(&mut self) {
        self.running = true;
    }

    /// Reads what is there.
    pub(crate) fn drain(&mut self) {
        if let Some(pipe) = self.pipe.take()
            && !self.drain_from(|buffer| Ok(rustix::io::read(&*pipe, buffer)?))
        {
            self.pipe = Some(pipe);
        }
    }

    /// Reads through `read` until it would block. `true` at the end of the output.
    pub(crate) fn drain_from(&mut self, mut read: impl FnMut(&mut [u8]) -> io::Result<usize>) -> bool {
        let mut buffer = [0; 4096];
        let mut total = 0;
        while total < MAX_DRAIN {
            match read(&mut buffer) {
                Ok(0) => return true,
                Ok(count) => {
                    total += count;
                    self.feed(&buffer[..count]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => {
                    tracing::debug!(%error, "reading a function's output");
                    return true;
                }
            }
        }
        false
    }

    fn feed(&mut self, bytes: &[u8]) {
        let mut splitter = std::mem::take(&mut self.splitter);
        splitter.feed(bytes, |line| self.keep(line));
        self.splitter = splitter;
    }

    fn keep(&mut self, line: String) {
        if self.bytes + line.len() > MAX_BYTES {
            self.dropped += 1;
            return;
        }
        self.bytes += line.len() + 1;
        if self.running {
            &mut self.during
        } else {
            &mut self.before
        }
        .push(line);
    }

    /// The invocation is over: reads what it still wrote and hands over its lines.
    pub(crate) fn end(&mut self) -> Captured {
        self.drain();
        if let Some(line) = self.splitter.finish() {
            self.keep(line);
        }
        self.running = false;
        self.bytes = 0;
        Captured {
            before: std::mem::take(&mut self.before),
            during: std::mem::take(&mut self.during),
            dropped: std::mem::take(&mut self.dropped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_belong_to_the_invocation_then_running() {
        let mut capture = Capture::new();
        capture.feed(b"starting\nready\n");
        capture.begin();
        capture.feed(b"one\ntwo");
        let captured = capture.end();
        assert_eq!(captured.before, ["starting", "ready"]);
        assert_eq!(captured.during, ["one", "two"]);
        capture.feed(b"between\n");
        capture.begin();
        assert_eq!(
            capture.end(),
            Captured {
                before: vec!["between".into()],
                ..Captured::default()
            }
        );
    }

    #[test]
    fn a_flood_is_counted_not_kept() {
        let mut capture = Capture::new();
        capture.begin();
        let line = [vec![b'x'; 1023], vec![b'\n']].concat();
        for _ in 0..300 {
            capture.feed(&line);
        }
        let captured = capture.end();
        assert_eq!((captured.during.len(), captured.dropped), (256, 44));
        capture.begin();
        capture.feed(b"after\n");
        assert_eq!(capture.end().during, ["after"]);
    }
}
