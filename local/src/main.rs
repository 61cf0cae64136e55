//! `sluice`: the stacks of `cfn/` on one machine, from one command.

mod attack;
mod audit;
mod cli;
mod client;
mod clock;
mod commands;
mod evaluate;
mod functions;
mod limits;
mod live;
mod parameter;
mod signals;
mod status;
mod terminal;
mod up;
mod upkeep;
mod welcome;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

/// Histories, payloads and requests are many small allocations on several threads, which mimalloc serves with less
/// processor time and less left over than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            // one line: the innermost reason is what the reader can act on
            let _ = writeln!(std::io::stderr(), "sluice: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    use cli::Command;
    match cli.command {
        None => up::run(cli.up)?,
        Some(Command::Up(up)) => up::run(up)?,
        Some(Command::Submit(options)) => return commands::submit::run(&options),
        Some(Command::Submissions(options)) => commands::submissions::run(&options)?,
        Some(Command::Executions(options)) => commands::executions::run(&options)?,
        Some(Command::Show(options)) => commands::show::run(&options)?,
        Some(Command::History(options)) => commands::history::run(&options)?,
        Some(Command::Approve(options)) => return commands::decide::approve(&options),
        Some(Command::Reject(options)) => return commands::decide::reject(&options),
        Some(Command::Repair(options)) => return commands::decide::repair(&options),
        Some(Command::Inbox(options)) => return commands::inbox::run(&options),
        Some(Command::Audit { action }) => return Ok(audit::run(&action)),
        Some(Command::Logs(options)) => commands::logs::run(&options)?,
        Some(Command::Outputs(options)) => commands::outputs::run(&options)?,
        Some(Command::Open(options)) => commands::open::run(&options)?,
        Some(Command::Draw(options)) => commands::draw::run(&options)?,
        Some(Command::Validate(options)) => return commands::validate::run(&options),
        Some(Command::Completions(options)) => commands::completions::run(&options, cli::Cli::command()),
        Some(Command::Status(options)) => return Ok(status::run(&options)),
        Some(Command::Clock { action }) => clock::run(action)?,
        Some(Command::Check { directory, json }) => return Ok(upkeep::run_check(&directory, json)),
        Some(Command::Backup { directory, to, json }) => return Ok(upkeep::run_backup(&directory, &to, json)),
        Some(Command::Evaluate) => evaluate::run()?,
    }
    Ok(ExitCode::SUCCESS)
}
