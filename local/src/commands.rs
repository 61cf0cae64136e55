//! The commands that ask a running `sluice up`, and those that need none: one file each.

pub(crate) mod completions;
pub(crate) mod decide;
pub(crate) mod draw;
pub(crate) mod executions;
pub(crate) mod history;
pub(crate) mod inbox;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod outputs;
pub(crate) mod show;
pub(crate) mod submissions;
pub(crate) mod submit;
pub(crate) mod validate;

mod lookup;
mod machines;
mod stacks;
mod timeline;
