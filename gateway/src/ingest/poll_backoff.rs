use std::time::Duration;

/// The usual distances from the average that the first look waits. Under load 3 in 100 submissions need a second look with
/// two, 13 with one; with three the callers wait for nothing.
const PATIENCE: f64 = 2.0;

/// The share of a new measurement in the averages.
const WEIGHT: f64 = 0.2;

/// The times at which to look for the end of an execution.
///
/// A look costs a call, and looking late costs the caller time: so the first look comes when nearly all executions have
/// been over lately (their average and twice the usual distance from it; TCP times its retransmissions in this way), and
/// the next ones after pauses that grow.
#[derive(Debug, Clone, PartialEq)]
pub struct PollBackoff {
    average_ms: f64,
    deviation_ms: f64,
}

impl Default for PollBackoff {
    fn default() -> Self {
        PollBackoff {
            average_ms: 30.0,
            deviation_ms: 10.0,
        }
    }
}

impl PollBackoff {
    const SHORTEST: Duration = Duration::from_millis(2);
    const LONGEST: Duration = Duration::from_millis(500);

    /// The pause before the first look.
    pub fn first(&self) -> Duration {
        Duration::from_secs_f64((self.average_ms + PATIENCE * self.deviation_ms) / 1000.0)
            .clamp(Self::SHORTEST, Self::LONGEST)
    }

    /// The pause after the first look, if that was too early.
    pub fn second(&self) -> Duration {
        (self.first() / 4).clamp(Self::SHORTEST, Self::LONGEST)
    }

    /// The pause after a later look, when the pause before it was `pause`.
    pub fn after(pause: Duration) -> Duration {
        (pause * 3 / 2).min(Self::LONGEST)
    }

    /// Learns how long an execution took that nobody had to approve.
    pub fn observe(&mut self, took: Duration) {
        let took_ms = took.as_secs_f64() * 1000.0;
        let distance = took_ms - self.average_ms;
        self.deviation_ms += WEIGHT * (distance.abs() - self.deviation_ms);
        self.average_ms += WEIGHT * distance;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_first_look_follows_what_was_measured() {
        let mut backoff = PollBackoff::default();
        assert_eq!(backoff.first(), ms(50));
        for _ in 0..50 {
            backoff.observe(ms(200));
        }
        assert!(backoff.first() >= ms(200) && backoff.first() < ms(201), "{backoff:?}");
        for _ in 0..50 {
            backoff.observe(ms(0));
        }
        assert_eq!(backoff.first(), ms(2));
        let mut uneven = PollBackoff::default();
        for n in 0..50 {
            uneven.observe(ms(if n % 2 == 0 { 50 } else { 150 }));
        }
        assert!(uneven.first() > ms(190) && uneven.first() < ms(220), "{uneven:?}");
        backoff.observe(Duration::from_secs(3600));
        assert_eq!(backoff.first(), ms(500));
    }

    #[test]
    fn the_pauses_grow_to_half_a_second() {
        let mut pause = PollBackoff::default().second();
        assert_eq!(pause, ms(12) + Duration::from_micros(500));
        for _ in 0..20 {
            let next = PollBackoff::after(pause);
            assert!(next > pause || next == ms(500));
            pause = next;
        }
        assert_eq!(pause, ms(500));
    }
}
