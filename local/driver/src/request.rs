//! Requests to the engine's thread.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sluice_engine::{AttemptId, MapRunUpdate, ScheduledTask, Timestamp};
use tokio::sync::oneshot;

use crate::decided::Decision;
use crate::{
    AliasRecord, ClaimTask, CreateAlias, DriverError, ExecutionRecord, MachineRecord, PublishVersion, PutMachineResult,
    RedriveError, RedriveExecution, Resumed, StartError, StartExecution, Started, StopExecution, TaskResult,
    TokenError, UpdateAlias, VersionError, VersionSummary,
};

/// The way of a response to its caller.
pub(crate) type Responder<T, E = DriverError> = oneshot::Sender<Result<T, E>>;

/// The arguments of a request, and the way of its response. Dropping it unanswered tells its caller that the engine is
/// gone.
#[derive(Debug)]
pub(crate) struct Call<A, T, E = DriverError> {
    pub(crate) arguments: A,
    pub(crate) reply: Responder<T, E>,
}

impl<A, T, E: From<DriverError>> Call<A, T, E> {
    /// Tells the caller that nothing can be written.
    fn refuse(self, error: &DriverError) {
        // A caller that has gone away needs no answer.
        let _ = self.reply.send(Err(error.clone().into()));
    }
}

/// Makes the result of a task of the start of the execution that it asked for.
#[derive(Clone)]
pub(crate) struct ChildResult(pub(crate) Arc<dyn Fn(&Started) -> TaskResult + Send + Sync>);

impl fmt::Debug for ChildResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildResult")
    }
}

/// The start of an execution for an attempt of another's task.
#[derive(Debug, Clone)]
pub(crate) struct StartForTask {
    pub(crate) request: Box<StartExecution>,
    pub(crate) key: u64,
    pub(crate) attempt: AttemptId,
    pub(crate) result: ChildResult,
}

/// The use that is made of a task token.
#[derive(Debug)]
pub(crate) enum TokenUse {
    Succeed(Value),
    Fail {
        error: Option<String>,
        cause: Option<String>,
    },
    Heartbeat,
}

/// A state machine to be registered.
#[derive(Debug)]
pub(crate) struct PutMachine {
    pub(crate) record: Box<MachineRecord>,
    pub(crate) if_absent: bool,
}

/// A value to be kept in the store.
#[derive(Debug)]
pub(crate) struct PutValue {
    pub(crate) kind: &'static str,
    pub(crate) key: String,
    pub(crate) value: Value,
}

/// Values to be removed from the store: at most `limit` of those whose keys come before `below`.
#[derive(Debug)]
pub(crate) struct RemoveBelow {
    pub(crate) kind: &'static str,
    pub(crate) below: String,
    pub(crate) limit: usize,
}

/// A request about the store.
#[derive(Debug)]
pub(crate) enum StoreRequest {
    Put(Call<PutValue, ()>),
    PutIfAbsent(Call<PutValue, bool>),
    /// Removes the value of a kind and a key.
    Remove(Call<(&'static str, String), bool>),
    RemoveBelow(Call<RemoveBelow, usize>),
}

impl StoreRequest {
    fn refuse(self, error: &DriverError) {
        match self {
            Self::Put(call) => call.refuse(error),
            Self::PutIfAbsent(call) => call.refuse(error),
            Self::Remove(call) => call.refuse(error),
            Self::RemoveBelow(call) => call.refuse(error),
        }
    }
}

impl From<StoreRequest> for Request {
    fn from(request: StoreRequest) -> Self {
        Self::Store(request)
    }
}

/// A request to the engine's thread.
#[derive(Debug)]
pub(crate) enum Request {
    Start(Call<Box<StartExecution>, Started, StartError>),
    StartForTask(Call<StartForTask, (), StartError>),
    Stop(Call<StopExecution, Option<Timestamp>>),
    Redrive(Call<RedriveExecution, Option<Timestamp>, RedriveError>),
    /// Waits for the end of the execution with this ARN.
    WaitForEnd(Call<String, Option<ExecutionRecord>>),
    /// Changes the limits of the Map Run with this ARN.
    UpdateMapRun(Call<(String, MapRunUpdate), Option<bool>>),
    /// The runner answers an attempt.
    Answered {
        key: u64,
        attempt: AttemptId,
        result: TaskResult,
    },
    /// A decision that was made by the evaluation pool.
    Decided {
        key: u64,
        ticket: u64,
        decision: Decision,
    },
    /// The start of an execution for another's task was decided by the evaluation pool, and can be gone on with.
    StartDecided {
        key: u64,
    },
    /// Somebody uses a task token.
    Token(Call<(String, TokenUse), (), TokenError>),
    /// A worker asks for an activity's task.
    ClaimTask(Call<ClaimTask, Option<ScheduledTask>>),
    PutMachine(Call<PutMachine, PutMachineResult>),
    /// Deletes the state machine with this ARN.
    DeleteMachine(Call<String, bool>),
    PublishVersion(Call<PublishVersion, VersionSummary, VersionError>),
    /// Deletes the version of the state machine with this ARN that has this number.
    DeleteVersion(Call<(String, u64), bool, VersionError>),
    CreateAlias(Call<CreateAlias, AliasRecord, VersionError>),
    UpdateAlias(Call<UpdateAlias, AliasRecord, VersionError>),
    /// Deletes the alias of the state machine with this ARN that has this name.
    DeleteAlias(Call<(String, String), bool>),
    Store(StoreRequest),
    AdvanceClock(Call<Duration, Timestamp>),
    /// Goes on with what an earlier process left open, from behind the execution with this key; answers with the next to
    /// go on from.
    Resume(Call<u64, (Resumed, Option<u64>)>),
    /// Does nothing but be answered.
    Ping(Call<(), ()>),
    /// Waits until nothing is under way.
    WaitForRest(Call<(), ()>),
    /// Look at the deadlines again.
    ClockChanged,
    /// Answer what came before, then stop.
    Close,
    /// Stop at once: nobody holds the driver any more.
    Shutdown,
}

impl Request {
    /// Tells whoever asked that nothing can be written, unless the request is one that nobody would send again.
    pub(crate) fn refuse(self, error: &DriverError) -> Option<Self> {
        match self {
            Self::Answered { .. }
            | Self::Decided { .. }
            | Self::StartDecided { .. }
            | Self::ClockChanged
            | Self::Close
            | Self::Shutdown => return Some(self),
            Self::Start(call) => call.refuse(error),
            Self::StartForTask(call) => call.refuse(error),
            Self::Stop(call) => call.refuse(error),
            Self::Redrive(call) => call.refuse(error),
            Self::WaitForEnd(call) => call.refuse(error),
            Self::UpdateMapRun(call) => call.refuse(error),
            Self::Token(call) => call.refuse(error),
            Self::ClaimTask(call) => call.refuse(error),
            Self::PutMachine(call) => call.refuse(error),
            Self::DeleteMachine(call) => call.refuse(error),
            Self::PublishVersion(call) => call.refuse(error),
            Self::DeleteVersion(call) => call.refuse(error),
            Self::CreateAlias(call) => call.refuse(error),
            Self::UpdateAlias(call) => call.refuse(error),
            Self::DeleteAlias(call) => call.refuse(error),
            Self::Store(request) => request.refuse(error),
            Self::AdvanceClock(call) => call.refuse(error),
            Self::Resume(call) => call.refuse(error),
            Self::Ping(call) | Self::WaitForRest(call) => call.refuse(error),
        }
        None
    }
}
