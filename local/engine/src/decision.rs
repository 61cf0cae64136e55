//! Decisions under way: what a fact leads to, change by change.
//!
//! A [`Decision`] reads the execution and makes [`Change`](crate::change::Change)s through [`Decision::emit`], each of
//! which is applied at once. What follows from a change is put on a work queue, never called in recursion, so that
//! neither long nor deep machines need stack.

mod branches;
mod error_handling;
mod failure;
mod flow;
mod view;
mod work;

pub(crate) use failure::{Failure, delay_ms, handlers};
pub(crate) use flow::{ResultFlow, too_many_variables};
pub(crate) use view::{
    Data, View, ViewedItem, condition_reads_context, dynamic_reads_context, iso, names_token, within_depth,
};
#[cfg(test)]
pub(crate) use work::Replay;
pub(crate) use work::{Decision, Step, StopReason, Work};
