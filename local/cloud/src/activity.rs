//! The runtime's activity, beside that of the driver: what has happened lately, and what is still to come of it. The time machine
//! asks.

mod schedules;
mod tally;

use std::sync::Arc;

use sluice_events::Undelivered;

pub(crate) use schedules::{Listed, NextOccurrence, Schedules};
pub(crate) use tally::{Counted, Tally};

/// The runtime's activity. Cheap to clone.
#[derive(Clone, Default)]
pub struct Activity {
    /// The count of what executions do, while somebody counts.
    pub tally: Arc<Tally>,
    /// The schedules that run.
    pub schedules: Arc<Schedules>,
    /// The watch over alarms.
    pub alarms: Arc<Schedules>,
    /// The events that rules have not been told of yet.
    pub undelivered: Undelivered,
}
