//! The start of an execution for another's task.

use super::job_rows::Waiter;
use crate::StartError;
use crate::request::{ChildResult, Responder};

/// The task that has asked for the start of an execution, and the way in which it is answered.
#[derive(Debug)]
pub(super) struct ChildStart {
    pub(super) waiter: Waiter,
    pub(super) result: ChildResult,
    pub(super) reply: Responder<(), StartError>,
}
