//! What the engine's thread is asked for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sluice_engine::{AttemptId, MapRunUpdate, ScheduledTask, Timestamp};
use tokio::sync::oneshot;

use super::decision::Outcome;
use super::versions::VersionRequest;
use crate::{
    Answer, DriverError, ExecutionRecord, MachineRecord, PutMachine, RedriveError, Resumed, StartError, StartExecution,
    Started, TokenError,
};

/// Where an answer goes.
pub(crate) type Responder<T, E = DriverError> = oneshot::Sender<Result<T, E>>;

/// Makes the answer to a task of the start of the execution that it asked for.
#[derive(Clone)]
pub(crate) struct ChildAnswer(pub(crate) Arc<dyn Fn(&Started) -> Answer + Send + Sync>);

impl fmt::Debug for ChildAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildAnswer")
    }
}

/// What comes with a task token.
#[derive(Debug)]
pub(crate) enum TokenAnswer {
    Succeeded(Value),
    Failed {
        error: Option<String>,
        cause: Option<String>,
    },
    Heartbeat,
}

/// One request. Dropping it unanswered tells its caller that the engine is gone.
#[derive(Debug)]
pub(crate) enum Request {
    Start {
        request: Box<StartExecution>,
        reply: Responder<Started, StartError>,
    },
    /// Starts an execution for an attempt of another's task.
    StartChild {
        request: Box<StartExecution>,
        key: u64,
        attempt: AttemptId,
        answer: ChildAnswer,
        reply: Responder<(), StartError>,
    },
    Stop {
        arn: String,
        error: Option<String>,
        cause: Option<String>,
        reply: Responder<Option<Timestamp>>,
    },
    Redrive {
        arn: String,
        client_token: Option<String>,
        reply: Responder<Option<Timestamp>, RedriveError>,
    },
    UpdateMapRun {
        arn: String,
        update: MapRunUpdate,
        reply: Responder<Option<bool>>,
    },
    /// The runner answers an attempt.
    Answered {
        key: u64,
        attempt: AttemptId,
        answer: Answer,
    },
    /// A decision that was made elsewhere.
    Decided {
        key: u64,
        ticket: u64,
        outcome: Outcome,
    },
    /// The start of an execution for another's task was decided elsewhere, and can be gone on with.
    StartDecided {
        key: u64,
    },
    Token {
        token: String,
        answer: TokenAnswer,
        reply: Responder<(), TokenError>,
    },
    /// A worker asks for an activity's task.
    Claim {
        key: u64,
        attempt: AttemptId,
        worker: Option<String>,
        reply: Responder<Option<ScheduledTask>>,
    },
    Ended {
        arn: String,
        reply: Responder<Option<ExecutionRecord>>,
    },
    PutMachine {
        record: Box<MachineRecord>,
        if_absent: bool,
        reply: Responder<PutMachine>,
    },
    DeleteMachine {
        arn: String,
        reply: Responder<bool>,
    },
    /// About versions or aliases of a state machine.
    Versions {
        machine_arn: String,
        request: VersionRequest,
    },
    Put {
        kind: &'static str,
        key: String,
        value: Value,
        reply: Responder<()>,
    },
    PutIfAbsent {
        kind: &'static str,
        key: String,
        value: Value,
        reply: Responder<bool>,
    },
    RemoveBelow {
        kind: &'static str,
        below: String,
        limit: usize,
        reply: Responder<usize>,
    },
    Remove {
        kind: &'static str,
        key: String,
        reply: Responder<bool>,
    },
    AdvanceClock {
        by: Duration,
        reply: Responder<Timestamp>,
    },
    /// Goes on with what an earlier process left open, from behind the execution `after`; answers with the next to go
    /// on from.
    Resume {
        after: u64,
        reply: Responder<(Resumed, Option<u64>)>,
    },
    /// Does nothing but be answered.
    Ping {
        reply: Responder<()>,
    },
    /// Look at the deadlines again.
    ClockChanged,
    /// Answer what came before, then stop.
    Close,
    /// Stop at once: nobody holds the driver any more.
    Halt,
}

impl Request {
    /// Tells whoever asked that nothing can be written, unless the request is one that nobody would send again.
    pub(crate) fn refuse(self, error: &DriverError) -> Option<Self> {
        // A caller that has gone away needs no answer.
        fn say<T, E: From<DriverError>>(reply: Responder<T, E>, error: &DriverError) {
            let _ = reply.send(Err(error.clone().into()));
        }
        match self {
            Self::Answered { .. }
            | Self::Decided { .. }
            | Self::StartDecided { .. }
            | Self::ClockChanged
            | Self::Close
            | Self::Halt => return Some(self),
            Self::Ping { reply } => say(reply, error),
            Self::Start { reply, .. } => say(reply, error),
            Self::StartChild { reply, .. } => say(reply, error),
            Self::Stop { reply, .. } => say(reply, error),
            Self::Redrive { reply, .. } => say(reply, error),
            Self::UpdateMapRun { reply, .. } => say(reply, error),
            Self::Token { reply, .. } => say(reply, error),
            Self::Claim { reply, .. } => say(reply, error),
            Self::Ended { reply, .. } => say(reply, error),
            Self::PutMachine { reply, .. } => say(reply, error),
            Self::DeleteMachine { reply, .. } => say(reply, error),
            Self::Versions { request, .. } => request.refuse(error),
            Self::Put { reply, .. } => say(reply, error),
            Self::PutIfAbsent { reply, .. } | Self::Remove { reply, .. } => say(reply, error),
            Self::RemoveBelow { reply, .. } => say(reply, error),
            Self::AdvanceClock { reply, .. } => say(reply, error),
            Self::Resume { reply, .. } => say(reply, error),
        }
        None
    }
}
