//! The state of a machine that lets no more processes be started: its error, and the time of the next try. Pure: time is an
//! argument.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The time for which a shortage is reported after the last failure, if nothing has been started since.
const REMEMBERED: Duration = Duration::from_secs(10);

/// Returns true if an error at the start of a process is the machine's shortage, and so nothing that is wrong with the program.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// The machine's shortage, as far as function processes show it.
#[derive(Debug, Default)]
pub(crate) struct Shortage {
    lasting: Option<Lasting>,
}

#[derive(Debug)]
struct Lasting {
    why: String,
    pause: Duration,
    last: Instant,
}

impl Shortage {
    /// A process could not be started. True: it is the first one of this shortage.
    pub(crate) fn failed(&mut self, why: String, now: Instant) -> bool {
        let pause = self
            .lasting
            .as_ref()
            .map_or(FIRST_PAUSE, |before| (before.pause * 2).min(LONGEST_PAUSE));
        let first = self.lasting.is_none();
        self.lasting = Some(Lasting { why, pause, last: now });
        first
    }

    /// A process was started. True: that ends a shortage.
    pub(crate) fn started(&mut self) -> bool {
        self.lasting.take().is_some()
    }

    /// Returns true if it is too early to try again.
    pub(crate) fn holds(&self, now: Instant) -> bool {
        self.lasting
            .as_ref()
            .is_some_and(|lasting| now.saturating_duration_since(lasting.last) < lasting.pause)
    }

    /// Describes the shortage, if there was one lately.
    pub(crate) fn trouble(&self, now: Instant) -> Option<String> {
        let lasting = self.lasting.as_ref()?;
        (now.saturating_duration_since(lasting.last) < REMEMBERED)
            .then(|| format!("functions cannot be started: {}", lasting.why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_is_told_from_a_program_that_cannot_run() {
        for (errno, expected) in [
            (Errno::MFILE, true),
            (Errno::NFILE, true),
            (Errno::AGAIN, true),
            (Errno::NOMEM, true),
            (Errno::NOENT, false),
            (Errno::NOEXEC, false),
            (Errno::ACCESS, false),
        ] {
            assert_eq!(is_shortage(&errno.into()), expected, "{errno}");
        }
        assert!(!is_shortage(&io::Error::other("something else")));
    }

    #[test]
    fn it_is_tried_again_after_longer_and_longer_pauses_until_it_works() {
        let mut now = Instant::now();
        let mut shortage = Shortage::default();
        assert!(!shortage.holds(now) && shortage.trouble(now).is_none());
        for (number, pause) in [100, 200, 400, 800, 1600, 2000, 2000].into_iter().enumerate() {
            assert_eq!(shortage.failed("no memory".into(), now), number == 0);
            now += Duration::from_millis(pause - 1);
            assert!(shortage.holds(now), "{pause}");
            now += Duration::from_millis(1);
            assert!(!shortage.holds(now), "{pause}");
        }
        assert_eq!(
            shortage.trouble(now).as_deref(),
            Some("functions cannot be started: no memory")
        );
        assert!(
            shortage.trouble(now + REMEMBERED).is_none(),
            "nobody has wanted one since"
        );
        assert!(shortage.started() && !shortage.started());
        assert!(shortage.trouble(now).is_none());
    }
}
