//! `sluice`: the stacks of `cfn/` on one machine, from one command.

mod attack;
mod audit;
mod cli;
mod client;
mod clock;
mod evaluate;
mod functions;
mod limits;
mod signals;
mod status;
mod up;
mod upkeep;
mod welcome;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

/// Histories, payloads and requests are many small allocations on several threads, which mimalloc serves with less
/// processor time and less left over than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let result = match cli.command {
        None => up::run(cli.up),
        Some(cli::Command::Up(up)) => up::run(up),
        Some(cli::Command::Status(options)) => return status::run(&options),
        Some(cli::Command::Clock { action }) => clock::run(action),
        Some(cli::Command::Audit { action }) => return audit::run(&action),
        Some(cli::Command::Inbox {
            action: cli::InboxAction::Attack(options),
        }) => return attack::run(&options),
        Some(cli::Command::Check { directory, json }) => return upkeep::run_check(&directory, json),
        Some(cli::Command::Backup { directory, to, json }) => return upkeep::run_backup(&directory, &to, json),
        Some(cli::Command::Evaluate) => evaluate::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // one line: the innermost reason is what the reader can act on
            let _ = writeln!(std::io::stderr(), "sluice: {error:#}");
            ExitCode::FAILURE
        }
    }
}
