//! A load generator: random submissions to a function URL or a Kinesis stream, at a rate that does not depend on how
//! fast the target answers (an open loop).
//!
//! Four parts, of which only [`transport`] and [`run`] touch the world:
//!
//! - [`pacer`] says when which submission is due. It has no clock: it is told the time.
//! - [`submission`] makes up the submissions. The same seed and number give the same submission.
//! - [`transport`] sends them, by HTTP or as Kinesis records.
//! - [`recorder`] counts what came back and how long it took, measured from when a submission was *due*. A target that
//!   stalls therefore shows in the percentiles as long as it stalled, also for those that had to wait their turn.
//!
//! [`run`] drives them, [`cli`] reads the options.

pub mod cli;
mod error;
mod gate;
pub mod pacer;
pub mod progress;
pub mod recorder;
pub mod run;
pub mod send_result;
pub mod submission;
pub mod summary;
pub mod transport;

pub use error::RunError;
