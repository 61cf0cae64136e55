//! The driver as its users see it: on a real disk, with a clock and a runner under the tests' control.

mod activities;
mod away;
mod check;
mod costs;
mod expressions;
mod failures;
mod fairness;
mod jobs;
mod limits;
mod lists;
mod machines;
mod maps;
mod observed;
mod parked;
mod recovery;
mod retention;
mod running;
mod set_aside;
mod store;
mod support;
mod timers;
mod tokens;
mod versions;
