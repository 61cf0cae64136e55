//! `sluice evaluate`: a process of a running `sluice up` that makes costly evaluations.

use std::path::PathBuf;

use anyhow::Context;
use sluice_cloud::WorkerCommand;

pub(crate) fn run() -> anyhow::Result<()> {
    sluice_cloud::serve_evaluations().context("cannot evaluate")
}

/// Returns the command that starts this very binary as such a process, also after its file was replaced.
pub(crate) fn command() -> WorkerCommand {
    let of_linux = PathBuf::from("/proc/self/exe");
    let program = if of_linux.exists() {
        of_linux
    } else {
        std::env::current_exe().unwrap_or_else(|_| "sluice".into())
    };
    // memory that the allocator takes ahead would count as used, and leave nothing
    let environment = vec![("MIMALLOC_ARENA_EAGER_COMMIT".into(), "0".into())];
    WorkerCommand {
        environment,
        ..WorkerCommand::new(program, ["evaluate".into()])
    }
}
