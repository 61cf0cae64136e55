//! The signals that ask `sluice up` to stop.

use anyhow::Context;

/// Ctrl-C, and where there are such, SIGTERM and the end of the terminal. From its making on, a signal is kept for
/// [`Self::next`] and no longer ends the process.
pub(crate) struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// None where it is ignored: under `nohup` the end of the terminal does not end the process.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

impl StopSignals {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let hangup = if ignores_hangup(&std::fs::read_to_string("/proc/self/status").unwrap_or_default()) {
                None
            } else {
                Some(signal(SignalKind::hangup()).context("cannot wait for SIGHUP")?)
            };
            Ok(Self {
                interrupt: signal(SignalKind::interrupt()).context("cannot wait for Ctrl-C")?,
                terminate: signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?,
                hangup,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    pub(crate) async fn next(&mut self) -> anyhow::Result<()> {
        #[cfg(unix)]
        {
            let hangup = async {
                match &mut self.hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
                _ = hangup => {}
            }
            Ok(())
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
    }
}

/// Returns true if a process with this `/proc/PID/status` was started with SIGHUP ignored. Only Linux has this file.
#[cfg(unix)]
fn ignores_hangup(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is number 1 everywhere
    mask.is_some_and(|mask| mask & 1 != 0)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen() {
        for (status, expected) in [
            ("Name:\tsluice\nSigIgn:\t0000000000001001\nSigCgt:\t0\n", true),
            ("Name:\tsluice\nSigIgn:\t0000000000001000\nSigCgt:\t1\n", false),
            ("", false),
        ] {
            assert_eq!(ignores_hangup(status), expected, "{status:?}");
        }
    }
}
