//! StartExecution.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use sluice_asl::eval::Entropy;
use sluice_engine::{Execution, Fact, Identity, Status};

use super::Writer;
use super::batch::Batch;
use super::loaded::{Loaded, Prepared};
use super::take::Refused;
use super::versions::Target;
use crate::journal::executions::{self, Birth};
use crate::journal::machines::{self, Registered};
use crate::{DriverError, MachineKind, StartError, StartExecution, Started, fold};

/// As many machines are kept ready to be started.
const CURRENT: usize = 256;

impl Writer {
    /// Starts an execution, or finds the one that runs already under the name and with the same input.
    pub(super) fn start(&mut self, request: StartExecution, batch: &mut Batch) -> Result<Started, StartError> {
        let target = self.target(&request.machine_arn, request.qualifier.as_ref())?;
        let prepared = target.prepared.clone();
        let name = request.name.clone().unwrap_or_else(|| self.uuid());
        let arn = self.execution_arn(&prepared, &name);
        let input_hash: [u8; 32] = Sha256::digest(&request.input_text).into();
        // A name made up just now cannot be taken.
        if request.name.is_some()
            && let Some(taken) = executions::taken(&self.connection, &arn)?
        {
            // Whether it still runs, the row tells as of the last commit; this round may have ended it.
            let running = taken.status == Status::Running && !self.ended_in_this_round(&arn)?;
            return if running && taken.input_hash == input_hash {
                Ok(Started {
                    arn,
                    start_date: taken.start,
                    existing: true,
                })
            } else {
                Err(StartError::AlreadyExists {
                    arn,
                    start_date: taken.start,
                })
            };
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
        self.begin(&target, &identity, request, input_hash, batch)?;
        Ok(Started {
            arn,
            start_date: self.now,
            existing: false,
        })
    }

    /// Writes the first fact and the row of a new execution.
    fn begin(
        &mut self,
        target: &Target,
        identity: &Arc<Identity>,
        request: StartExecution,
        input_hash: [u8; 32],
        batch: &mut Batch,
    ) -> Result<(), DriverError> {
        let key = identity.key;
        let prepared = &target.prepared;
        let execution = Execution::new(prepared.machine.clone(), identity.clone());
        self.residents
            .insert(key, Loaded::new(execution, prepared.clone(), 0, self.now, None));
        let input = Arc::new(request.input);
        let started = self.take(key, Fact::Started { input: input.clone() }, batch);
        if let Err(refused) = started {
            self.residents.evict(key);
            return Err(match refused {
                Refused::Illegal(illegal) => DriverError::Engine {
                    key,
                    reason: illegal.to_string(),
                },
                Refused::Driver(error) => error,
            });
        }
        let Some(loaded) = self.residents.get_mut(key) else {
            return Ok(());
        };
        let projection = fold::project(&loaded.execution);
        let birth = Birth {
            identity,
            revision: &prepared.revision,
            start: self.now,
            input_hash,
            version_arn: target.version_arn.as_deref(),
            alias_arn: target.alias_arn.as_deref(),
            trace_header: request.trace_header.as_deref(),
        };
        executions::insert(&self.connection, &birth, &projection)?;
        loaded.born = Some(Box::new(executions::born(&birth, input)));
        loaded.written = Some(projection);
        batch.started += 1;
        Ok(())
    }

    /// What a new execution of this machine runs.
    pub(super) fn current(&mut self, arn: &str) -> Result<Arc<Prepared>, StartError> {
        if let Some(prepared) = self.current.get(arn) {
            return Ok(prepared.clone());
        }
        let prepared = match machines::current(&self.connection, arn)? {
            Registered::Present(revision) => self.prepare(revision)?,
            Registered::Deleted if executions::any_running(&self.connection, arn)? => {
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
        let loaded = executions::key_of(&self.connection, arn)?.and_then(|key| self.residents.get(key));
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
