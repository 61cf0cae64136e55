//! EventBridge's part in stacks: that an execution failed, timed out or was aborted goes to the functions of rules, at
//! least once, also if the process is killed in between.
//!
//! What is to be delivered is on disk already: the journal has the executions and the times of their ends. So nothing is
//! written but one number, a time up to which all is delivered. [`Ended`] hears of an end once it is on disk; what was not
//! heard or not delivered before a crash is found at the next start by that time.
//!
//! Events that are put ([`Events`], PutEvents) are on disk before anybody is answered, and go the same way; each is taken off the
//! disk when it is delivered.
//!
//! - [`Rules`]: the rules that are in force.
//! - [`Ended`]: the observer of the driver that hears of ends.
//! - [`deliver`]: brings what it heard, and what was left over, to the functions.
//! - [`deliver_put`]: brings those that were put.
//! - [`Undelivered`]: the number of those that it has not brought yet.

mod api;
mod bus;
mod delivery;
mod event;
mod observer;
mod put_events;
mod rules;
mod undelivered;

pub use bus::{Events, Put};
pub use delivery::{Sources, deliver, deliver_put};
pub use observer::{Ended, Heard};
pub use rules::Rules;
pub use undelivered::Undelivered;
