//! The eight state types, one file each, behind one trait.

mod behavior;
pub(crate) mod choice;
mod fail;
pub(crate) mod map;
mod parallel;
mod pass;
mod succeed;
pub(crate) mod task;
mod wait;

use sluice_asl::StateKind;

pub(crate) use behavior::StateBehavior;

/// The behavior of a state's type.
pub(crate) fn behavior(kind: &StateKind) -> &dyn StateBehavior {
    match kind {
        StateKind::Pass(pass) => pass,
        StateKind::Task(task) => &**task,
        StateKind::Choice(choice) => choice,
        StateKind::Wait(wait) => wait,
        StateKind::Succeed(succeed) => succeed,
        StateKind::Fail(fail) => fail,
        StateKind::Parallel(parallel) => &**parallel,
        StateKind::Map(map) => &**map,
    }
}
