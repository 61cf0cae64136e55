//! The load program: measures `sluice` on the machine that runs both:
//!
//! ```sh
//! cargo build --release --bins && target/release/sluice-bench --help
//! ```
//!
//! A program, not a `cargo bench` target: those are built with the features of the tests, which would build the whole
//! workspace a second time.
#![allow(clippy::print_stdout, clippy::print_stderr)] // the figures, and why there are none

mod account;
mod approvals;
mod cli;
mod error;
mod floor;
mod hold;
mod load;
mod parked;
mod processes;
mod stack;
#[path = "../../tests/support/mod.rs"]
mod support;
mod wire;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::cli::{Cli, Part};
use crate::error::BenchError;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.list {
        list();
        return ExitCode::SUCCESS;
    }
    println!(
        "{} processors, {} build, data below {}",
        std::thread::available_parallelism().map_or(1, usize::from),
        support::profile(),
        cli.directory().display()
    );
    match measure(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sluice-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(cli: &Cli) -> Result<(), BenchError> {
    for part in Part::value_variants().iter().filter(|part| cli.wants(**part)) {
        match part {
            Part::Floor => floor::floor(cli)?,
            Part::Start => stack::start(cli)?,
            Part::Workflow => stack::workflow(cli)?,
            Part::Url => stack::url(cli)?,
            Part::Tables => stack::tables(cli)?,
            Part::Parked => parked::parked(cli)?,
            Part::Approvals => approvals::approvals(cli)?,
            Part::Hold => hold::hold(cli)?,
        }
    }
    cli.peers.iter().try_for_each(|peer| floor::peer(cli, peer))
}

fn list() {
    for part in Part::value_variants() {
        if let Some(value) = part.to_possible_value() {
            let what = value.get_help().map(ToString::to_string).unwrap_or_default();
            println!("{:<10} {what}", value.get_name());
        }
    }
}
