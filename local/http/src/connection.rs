//! The phase of a connection, and the times that its limits count from.

use std::time::Duration;

use hyper::body::Incoming;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Limits;

/// An idle connection that was used this recently is most likely about to be used again.
const USED_AGAIN: Duration = Duration::from_secs(1);

/// The time for which bytes that a client has sent may not have been looked at yet.
const LOOKED_AT: Duration = Duration::from_millis(200);

/// The phase of a connection's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing was received yet.
    New,
    /// A head has begun.
    Head,
    /// The handler waits for the body.
    Body,
    /// The request is being answered.
    Busy,
    /// The answer is made; it may still be on its way.
    Idle,
    /// It ends: its client may read the last answer.
    Lingering,
}

/// The reason why a connection is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Another one needs its place.
    MakesRoom,
    /// It has taken more time than it may.
    Overdue,
}

#[derive(Debug)]
struct ConnectionState {
    phase: Phase,
    since: Instant,
    /// The time at which a byte passed last.
    active: Instant,
    /// The rest of a body that a handler did not read.
    unread: Option<Incoming>,
    /// The body cannot be read to its end: nothing can follow it.
    spoiled: bool,
    /// The peer has shut its writing side.
    half_closed: bool,
    /// The socket takes no more of an answer for now.
    unsent: bool,
    /// A request is given up when its peer shuts its writing side.
    follows_peer: bool,
    /// It was asked to end.
    asked: Option<Ending>,
}

/// A connection as the handlers of its requests know it.
#[derive(Debug)]
pub struct Connection {
    state: Mutex<ConnectionState>,
    /// Wakes the connection's task: it is to make room.
    pub(crate) close: Notify,
}

impl Connection {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(ConnectionState {
                phase: Phase::New,
                since: now,
                active: now,
                unread: None,
                spoiled: false,
                half_closed: false,
                unsent: false,
                follows_peer: false,
                asked: None,
            }),
            close: Notify::new(),
        }
    }

    /// Lets the request that is being answered be given up when the client shuts its writing side. A long poll asks
    /// for it: what it hands to a client that has died would be lost. Any other answer is still read by a client that
    /// shut its side because it had nothing more to say. It holds until the answer is made.
    pub fn follow_peer(&self) {
        self.state().follows_peer = true;
    }

    fn state(&self) -> MutexGuard<'_, ConnectionState> {
        self.state.lock()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state().phase
    }

    /// Takes note of bytes that came: the first ones after an answer begin a head.
    pub(crate) fn received(&self) {
        let mut state = self.state();
        state.active = Instant::now();
        if matches!(state.phase, Phase::New | Phase::Idle) {
            (state.phase, state.since) = (Phase::Head, state.active);
        }
    }

    /// Bytes went. Answers whether the end of what the peer sends was kept back ([`Self::peer_shut`]): it may be met now.
    pub(crate) fn sent(&self) -> bool {
        let mut state = self.state();
        state.active = Instant::now();
        std::mem::take(&mut state.unsent) && state.half_closed
    }

    /// Takes note that bytes wait to be sent.
    pub(crate) fn cannot_send(&self) {
        self.state().unsent = true;
    }

    /// The peer has shut its writing side. Answers whether that is kept from whoever reads: an answer is made, or is on
    /// its way.
    pub(crate) fn peer_shut(&self) -> bool {
        let mut state = self.state();
        state.half_closed = true;
        (state.phase == Phase::Busy && !state.follows_peer) || state.unsent
    }

    /// A handler waits for more of a body.
    pub(crate) fn waits_for_body(&self) {
        let mut state = self.state();
        if state.phase != Phase::Body {
            (state.phase, state.since) = (Phase::Body, Instant::now());
        }
    }

    /// A request is being answered.
    pub(crate) fn busy(&self) {
        let mut state = self.state();
        if state.phase != Phase::Busy {
            (state.phase, state.since) = (Phase::Busy, Instant::now());
        }
    }

    /// Keeps the rest of a body whose reader has gone.
    pub(crate) fn keep_unread(&self, body: Incoming) {
        self.state().unread = Some(body);
    }

    pub(crate) fn spoil(&self) {
        self.state().spoiled = true;
    }

    /// Returns true if a request can follow the one that is being answered.
    pub(crate) fn has_more(&self) -> bool {
        !self.state().half_closed
    }

    /// The answer is made. `Err` with what is left of the request, or with nothing if nothing can follow it.
    pub(crate) fn take_unread(&self) -> Result<(), Option<Incoming>> {
        let mut state = self.state();
        match state.unread.take() {
            _ if state.spoiled => Err(None),
            Some(body) => Err(Some(body)),
            None => Ok(()),
        }
    }

    pub(crate) fn answered(&self) {
        let mut state = self.state();
        state.follows_peer = false;
        // it goes out next, and the peer's end is not looked at before
        state.unsent = state.half_closed;
        state.active = Instant::now();
        (state.phase, state.since) = (Phase::Idle, state.active);
    }

    /// Its last answer is sent. `false` if there is nobody to wait for.
    pub(crate) fn lingers(&self) -> bool {
        let mut state = self.state();
        (state.phase, state.since) = (Phase::Lingering, Instant::now());
        !state.half_closed && state.asked.is_none()
    }

    /// Since when nothing has happened on it, for one that may be asked to make room.
    pub(crate) fn spare_since(&self, now: Instant) -> Option<Instant> {
        let state = self.state();
        let spare = match state.phase {
            Phase::Busy => false,
            Phase::Idle => now.saturating_duration_since(state.active) >= USED_AGAIN,
            Phase::New | Phase::Head | Phase::Body => now.saturating_duration_since(state.active) >= LOOKED_AT,
            Phase::Lingering => true,
        };
        (spare && state.asked.is_none()).then_some(state.active)
    }

    /// Returns true if it has taken more time than it may.
    pub(crate) fn is_overdue(&self, now: Instant, limits: &Limits) -> bool {
        let state = self.state();
        let (since, limit) = match state.phase {
            Phase::New | Phase::Head => (state.since, limits.head),
            // the body's reader answers first, if it can
            Phase::Body => (state.since, limits.body + limits.head),
            Phase::Busy | Phase::Lingering => return false,
            Phase::Idle => (state.active, limits.idle),
        };
        now.saturating_duration_since(since) >= limit
    }

    /// Asks it to end.
    pub(crate) fn ask_to_close(&self, reason: Ending) {
        self.state().asked = Some(reason);
        self.close.notify_one();
    }

    /// Returns true if it ends to make room for another one before its request was read.
    pub(crate) fn is_unheard(&self) -> bool {
        let state = self.state();
        state.asked == Some(Ending::MakesRoom) && matches!(state.phase, Phase::New | Phase::Head)
    }
}
