//! The engine's thread: the one writer of the journal.

mod append;
mod backlog;
mod batch;
mod child_start;
mod commit;
mod decision_job;
mod deletion;
mod execution_cache;
mod handle;
mod job_rows;
mod jobs;
mod map_run_rows;
mod offload;
mod pauses;
mod pulse;
mod refused;
mod results;
mod retention;
mod set_aside;
mod start;
mod state;
mod thread;
mod versions;

pub(crate) use state::Writer;
