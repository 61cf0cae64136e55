//! StartExecution.

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};
use sluice_asl::eval::Entropy;
use sluice_engine::{Execution, Fact, Identity, Status, Timestamp};

use super::batch::Batch;
use super::execution_cache::{Loaded, Prepared};
use super::refused::Refused;
use super::state::{DecisionEnd, Writer};
use super::versions::Target;
use crate::journal::executions::{self, NewExecution};
use crate::journal::machines::{self, Registered};
use crate::{DriverError, MachineKind, StartError, StartExecution, Started, fold};

/// The most machines that are kept ready to be started.
const CURRENT: usize = 256;

/// The plan of StartExecution: the execution that runs already, or the one to start.
pub(super) enum Plan {
    /// The execution runs already, under the name and with the same input.
    Runs(Started),
    /// It is to be started.
    Start(Box<PlannedExecution>),
}

/// An execution that is to be started.
pub(super) struct PlannedExecution {
    target: Target,
    identity: Arc<Identity>,
    request: StartExecution,
    input_hash: [u8; 32],
    at: Timestamp,
}

impl PlannedExecution {
    pub(super) fn key(&self) -> u64 {
        self.identity.key
    }

    /// Returns true if its decisions are offloaded.
    pub(super) fn is_costly(&self) -> bool {
        self.target.prepared.machine.costly
    }

    pub(super) fn started(&self) -> Started {
        Started {
            arn: self.identity.arn.to_string(),
            start_date: self.at,
            existing: false,
        }
    }

    /// Returns the machine and the name that nobody else may start meanwhile.
    pub(super) fn name(&self) -> Option<(String, String)> {
        let name = self.request.name.clone()?;
        Some((self.request.machine_arn.clone(), name))
    }
}

impl Writer {
    /// Starts an execution, or finds the one that runs already under the name and with the same input.
    pub(super) fn start(&mut self, request: StartExecution, batch: &mut Batch) -> Result<Started, StartError> {
        match self.plan(request)? {
            Plan::Runs(started) => Ok(started),
            Plan::Start(planned) => Ok(self.begin(*planned, batch)?),
        }
    }

    /// Plans the start of an execution.
    pub(super) fn plan(&mut self, request: StartExecution) -> Result<Plan, StartError> {
        let target = self.target(&request.machine_arn, request.qualifier.as_ref())?;
        let prepared = target.prepared.clone();
        let name = request.name.clone().unwrap_or_else(|| self.uuid());
        let arn = self.execution_arn(&prepared, &name);
        let input_hash: [u8; 32] = Sha256::digest(&request.input_text).into();
        // A name made up just now cannot be taken.
        if request.name.is_some() {
            if let Some(taken) = executions::taken(&self.database.connection, &arn)? {
                // Whether it still runs, the row tells as of the last commit; this round may have ended it.
                let running = taken.status == Status::Running && !self.ended_in_this_round(&arn)?;
                return if running && taken.input_hash == input_hash {
                    Ok(Plan::Runs(Started {
                        arn,
                        start_date: taken.start,
                        existing: true,
                    }))
                } else {
                    Err(StartError::AlreadyExists {
                        arn,
                        start_date: taken.start,
                    })
                };
            }
            if !self.starting.is_empty() && self.starting.contains_key(&(request.machine_arn.clone(), name.clone())) {
                let start_date = self.now;
                return Err(StartError::AlreadyExists { arn, start_date });
            }
        }
        if self.cache.is_crowded_by(&prepared.revision.machine_arn) {
            return Err(StartError::Busy);
        }
        let identity = Arc::new(Identity {
            key: self.next_key,
            arn: arn.as_str().into(),
            name: name.into(),
            machine_arn: prepared.revision.machine_arn.clone(),
            machine_name: prepared.revision.machine_name.clone(),
            role_arn: prepared.revision.role_arn.clone(),
            express: prepared.revision.kind == MachineKind::Express,
        });
        self.next_key += 1;
        Ok(Plan::Start(Box::new(PlannedExecution {
            target,
            identity,
            request,
            input_hash,
            at: self.now,
        })))
    }

    /// Writes the first fact and the row of a new execution; or has the first fact offloaded.
    pub(super) fn begin(&mut self, mut planned: PlannedExecution, batch: &mut Batch) -> Result<Started, DriverError> {
        let key = planned.key();
        let prepared = planned.target.prepared.clone();
        let execution = Execution::new(prepared.machine.clone(), planned.identity.clone());
        self.cache
            .insert(key, Loaded::new(execution, prepared, 0, self.now, None));
        let input = Arc::new(std::mem::take(&mut planned.request.input));
        match self.append(key, Fact::Started { input: input.clone() }, batch) {
            Ok(()) => self.write_start(&planned, input, batch),
            Err(Refused::Deferred) => {
                if let Some(name) = planned.name() {
                    self.starting.insert(name, key);
                }
                self.then(key, move |writer, came, batch| match came {
                    DecisionEnd::Applied => {
                        if let Err(error) = writer.write_start(&planned, input, batch) {
                            writer.report(key, &error, batch);
                        }
                    }
                    DecisionEnd::Superseded | DecisionEnd::Failed(_) => writer.cache.evict(key),
                });
                Err(DriverError::Deferred { key })
            }
            Err(refused) => {
                self.cache.evict(key);
                Err(match refused {
                    Refused::Illegal(illegal) => DriverError::Engine {
                        key,
                        reason: illegal.to_string(),
                    },
                    Refused::Driver(error) => error,
                    Refused::Deferred => DriverError::Deferred { key },
                })
            }
        }
    }

    /// Writes the row of an execution whose start has been decided.
    fn write_start(
        &mut self,
        planned: &PlannedExecution,
        input: Arc<Value>,
        batch: &mut Batch,
    ) -> Result<Started, DriverError> {
        let started = planned.started();
        let Some(loaded) = self.cache.get_mut(planned.key()) else {
            return Ok(started);
        };
        let start = loaded.execution.started_at().unwrap_or(planned.at);
        let projection = fold::project(&loaded.execution);
        let new = NewExecution {
            identity: &planned.identity,
            revision: &planned.target.prepared.revision,
            start,
            input_hash: planned.input_hash,
            version_arn: planned.target.version_arn.as_deref(),
            alias_arn: planned.target.alias_arn.as_deref(),
            trace_header: planned.request.trace_header.as_deref(),
        };
        executions::insert(&self.database.connection, &new, &projection)?;
        loaded.start_record = Some(Box::new(executions::start_record(&new, input)));
        loaded.written = Some(projection);
        batch.started += 1;
        Ok(Started {
            start_date: start,
            ..started
        })
    }

    /// Returns the answer of StartExecution about an execution that has been started in this round.
    pub(super) fn started(&self, key: u64) -> Option<Started> {
        let execution = &self.cache.get(key)?.execution;
        Some(Started {
            arn: execution.identity().arn.to_string(),
            start_date: execution.started_at()?,
            existing: false,
        })
    }

    /// Returns the definition that a new execution of this machine runs.
    pub(super) fn current(&mut self, arn: &str) -> Result<Arc<Prepared>, StartError> {
        if let Some(prepared) = self.current.get(arn) {
            return Ok(prepared.clone());
        }
        let prepared = match machines::current(&self.database.connection, arn)? {
            Registered::Present(revision) => self.prepare(revision)?,
            Registered::Deleted if executions::any_running(&self.database.connection, arn)? => {
                return Err(StartError::MachineDeleting { arn: arn.to_owned() });
            }
            Registered::Deleted | Registered::Never => return Err(StartError::MachineNotFound { arn: arn.to_owned() }),
        };
        if self.current.len() >= CURRENT {
            self.current.clear();
        }
        self.current.insert(arn.to_owned(), prepared.clone());
        Ok(prepared)
    }

    fn ended_in_this_round(&self, arn: &str) -> Result<bool, DriverError> {
        let loaded = executions::key_of(&self.database.connection, arn)?.and_then(|key| self.cache.get(key));
        Ok(loaded.is_some_and(|loaded| loaded.execution.status() != Status::Running))
    }

    fn execution_arn(&self, prepared: &Prepared, name: &str) -> String {
        let (region, account) = (&self.config.region, &self.config.account);
        let machine = &prepared.revision.machine_name;
        match prepared.revision.kind {
            MachineKind::Standard => format!("arn:aws:states:{region}:{account}:execution:{machine}:{name}"),
            MachineKind::Express => {
                format!(
                    "arn:aws:states:{region}:{account}:express:{machine}:{name}:{}",
                    self.uuid()
                )
            }
        }
    }

    fn uuid(&self) -> String {
        Entropy::new((self.config.seed)()).uuid()
    }
}
