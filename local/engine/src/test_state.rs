//! One state by itself: what TestState runs.
//!
//! A [`StateTest`] knows all that the state may read. [`StateTest::start`] does what the state does at once, and says what it
//! then needs from outside: a time to pass, a call's result, the result of its branches. Given that, its [`SuspendedTest`]
//! answers a [`TestReport`]: how the state ends, and every step its data took. Evaluation, retriers and catchers are those
//! of an execution; there is no history, and no retry is carried out.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>

mod data;
mod map;
mod report;
mod run;
mod start;
mod subject;
#[cfg(test)]
mod tests;

pub use report::{ErrorHandler, Inspection, TestReport, TestStatus};
pub use run::TestProgress;
pub use subject::{StateTest, SuspendedTest, TestEvaluator};
