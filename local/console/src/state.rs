//! The parts of the runtime that the console shows.

use std::sync::Arc;

use sluice_clock::Clock;
use sluice_cloudformation::Stacks;
use sluice_cloudwatch::CloudWatch;
use sluice_driver::Driver;
use sluice_host::Host;
use sluice_http::HostGuard;

use crate::TimeMachine;
use crate::submissions::SubmissionSpec;

/// The parts of the runtime that the console shows.
#[derive(Clone)]
pub struct ConsoleState {
    /// Executions, state machines and mails.
    pub driver: Driver,
    /// Functions and their logs.
    pub host: Host,
    /// The stacks and their outputs.
    pub stacks: Arc<Stacks>,
    /// Metrics and dashboards.
    pub cloudwatch: CloudWatch,
    /// The SMTP server through which mails are sent for real; none: they stay here.
    pub smtp: Option<String>,
    /// The engine's clock, which says how long something has been running.
    pub clock: Arc<dyn Clock>,
    /// The way to move that clock.
    pub time: Arc<dyn TimeMachine>,
    /// The hosts that may be addressed.
    pub guard: HostGuard,
    /// The sentences and definitions of the templates about their stacks.
    pub notes: ConsoleNotes,
    /// A random number of this start: forms of an earlier one, or of other pages, are refused.
    pub form_secret: [u64; 2],
}

/// Sentences and definitions that pages add to their own, since only the product knows what its executions, approvals and mails are about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConsoleNotes {
    /// The way to a first execution, while there is none.
    pub executions: Option<String>,
    /// The way in which approvals are decided.
    pub approvals: Option<String>,
    /// The reason for which mails are sent, while there is none.
    pub inbox: Option<String>,
    /// The definition of a submission.
    pub submissions: Option<SubmissionSpec>,
}
