//! The parts that tests of the services share, and of what is above them: an [`account`] whose clock moves only by hand, a
//! [`journal`] in a directory of the test's own, functions by closure ([`TestFunctions`]), and responses as tests read them
//! ([`Reply`]).
//!
//! Only tests depend on it, and it depends on no service, so that each service can be tested alone.

mod functions;
mod reply;
mod runner;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sluice_clock::Clock;
use sluice_driver::{Driver, DriverConfig, NoObserver, Observer, TaskRunner};
use sluice_wire::{Account, Form};

pub use functions::{Fault, Handler, TestFunctions, output, spec};
pub use reply::Reply;
pub use runner::NoTasks;

/// The time at which tests begin: 2026-11-22T13:27:00Z.
pub const NOW: i64 = 1_795_354_020_000;
/// The account's number.
pub const ACCOUNT: &str = "000000000000";
/// The account's region.
pub const REGION: &str = "us-east-1";
/// A role for state machines.
pub const ROLE: &str = "arn:aws:iam::000000000000:role/test";
/// A state machine that does nothing.
pub const PASS: &str = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;

/// An account on this clock, whose random numbers begin with `first`: two of one data directory must not have the same.
pub fn account(clock: Arc<dyn Clock>, first: u64) -> Account {
    let counter = AtomicU64::new(first);
    Account {
        region: REGION.into(),
        id: ACCOUNT.into(),
        clock,
        seed: Arc::new(move || {
            let n = counter.fetch_add(1, Ordering::Relaxed);
            [
                n.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                n.wrapping_mul(0xbf58_476d_1ce4_e5b9),
            ]
        }),
    }
}

/// A form with these fields.
///
/// # Panics
/// When a name comes twice.
pub fn form(fields: &[(&str, &str)]) -> Form {
    let text = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Form::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{}", error.message))
}

/// A journal in this directory, whose executions run no tasks.
///
/// # Panics
/// When it cannot be opened.
pub fn journal(directory: &Path, account: &Account) -> Driver {
    driver(directory, account, Arc::new(NoTasks), Arc::new(NoObserver))
}

/// A driver with its journal in this directory.
///
/// # Panics
/// When it cannot be opened.
pub fn driver(directory: &Path, account: &Account, runner: Arc<dyn TaskRunner>, observer: Arc<dyn Observer>) -> Driver {
    let config = DriverConfig {
        directory: directory.to_owned(),
        clock: Arc::clone(&account.clock),
        seed: Arc::clone(&account.seed),
        region: account.region.clone(),
        account: account.id.clone(),
        retention: sluice_driver::EXECUTION_RETENTION,
        observer,
        retry: sluice_driver::RetryBackoff::default(),
        worker: None,
    };
    Driver::open(config, runner).unwrap_or_else(|error| panic!("{error}"))
}
