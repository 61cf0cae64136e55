//! The running stacks, as their process sees them.

use std::sync::Arc;
use std::time::Duration;

use sluice_cloudformation::StackRecord;
use sluice_driver::{Driver, DriverError};
use sluice_template::{Service, Stack, TaskDefinition};
use tokio::time::Instant;

use crate::announcements::Announcements;
use crate::config::CloudConfig;
use crate::stack::{Plans, RuntimeNotes, StartError};
use crate::start::{self, Running};

/// Running stacks.
pub struct Cloud(Running);

impl Cloud {
    /// Opens the data directory, makes the stacks' resources, takes up what a crash left unfinished, and serves.
    ///
    /// # Errors
    /// Each one line that says what to do: a port in use, a data directory in use, a function without a binary, ….
    pub async fn start(plans: Plans, config: CloudConfig) -> Result<Self, StartError> {
        Ok(Self(start::start(&plans, config).await?))
    }

    /// The AWS endpoint: `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> String {
        self.0.endpoint.clone()
    }

    /// Takes the announcements of what happens; none if they were taken before.
    pub fn take_announcements(&mut self) -> Option<Announcements> {
        self.0.announcements.take()
    }

    /// The addresses of the function URLs.
    pub fn function_urls(&self) -> Vec<String> {
        let urls = self.0.services.lambda.urls().list();
        urls.into_iter().map(|url| url.url).collect()
    }

    /// The executions and their machines, for a program that runs them in its own process.
    pub fn driver(&self) -> &Driver {
        &self.0.services.driver
    }

    /// The stacks that were asked for, in their order, with what runs in them.
    pub async fn stacks(&self) -> Vec<StackReport> {
        let mut reports = Vec::new();
        for start::DeployedStack { stack, notes, .. } in &self.0.stacks {
            let Some(record) = self.0.services.stacks.get(&stack.id) else {
                continue;
            };
            reports.push(StackReport {
                record: StackRecord::clone(&record),
                services: self.services_of(stack).await,
                notes: notes.clone(),
            });
        }
        reports
    }

    async fn services_of(&self, stack: &Stack) -> Vec<ServiceReport> {
        let mut reports = Vec::new();
        for (entry, service) in stack.all::<Service>() {
            let mut definitions = stack.all::<TaskDefinition>();
            let definition = definitions.find(|(entry, _)| entry.logical_id == service.task_definition);
            let containers = definition.map_or(&[][..], |(_, definition)| &definition.containers);
            let names = containers.iter().map(|container| container.name.clone());
            reports.push(ServiceReport {
                name: service.name.clone(),
                containers: names.collect(),
                desired: service.desired_count,
                running: self.0.supervisor.tasks(&entry.physical_id).await,
                log_groups: containers
                    .iter()
                    .filter_map(|container| Some(container.log.as_ref()?.group.clone()))
                    .collect(),
            });
        }
        reports
    }

    /// Waits until one of the data directory's databases is damaged or gone, so that nothing can be acknowledged any more;
    /// says what has happened and what to do. The process should end then.
    pub async fn until_lost(&self) -> Arc<str> {
        let services = &self.0.services;
        tokio::select! {
            lost = services.driver.until_lost() => lost,
            lost = services.dynamodb.until_lost() => lost,
            lost = services.streams.until_lost() => lost,
        }
    }

    /// Stops taking requests, lets running ones end for at most `grace`, and closes the directory's databases.
    ///
    /// # Errors
    /// If the journal cannot be closed; what was acknowledged is on disk all the same.
    pub async fn stop(self, grace: Duration) -> Result<(), DriverError> {
        let Running {
            process,
            host,
            services,
            supervisor,
            background,
            served,
            ..
        } = self.0;
        process.is_stopping();
        services.stepfunctions.activity_tasks().close();
        services.streams.close_waits();
        let deadline = Instant::now() + grace;
        background.iter().for_each(tokio::task::JoinHandle::abort);
        // who calls the functions ends before they do
        supervisor.stop(grace / 2).await;
        // next, while what their functions call still answers
        services.mappings.close(deadline).await;
        for served in served {
            served.stop(deadline).await;
        }
        // the journal before the functions: a call that is cut off now is sent again at the next start, not failed
        let closed = services.driver.clone().close().await;
        host.shutdown(grace).await;
        // whoever still holds a handle; the metrics last: what ended in the meantime is counted as well
        let close = move || {
            services.dynamodb.close();
            services.streams.close();
            services.metrics.close();
        };
        if tokio::task::spawn_blocking(close).await.is_err() {
            tracing::warn!("a database may not be closed, and the last second's metrics may be lost");
        }
        closed
    }
}

/// The state of a stack.
#[derive(Debug, Clone)]
pub struct StackReport {
    /// The stack as CloudFormation's reads show it.
    pub record: StackRecord,
    /// The processes of its services.
    pub services: Vec<ServiceReport>,
    /// The sentences of its template.
    pub notes: RuntimeNotes,
}

/// The state of a service.
#[derive(Debug, Clone)]
pub struct ServiceReport {
    /// Its name.
    pub name: String,
    /// The containers of each of its tasks.
    pub containers: Vec<String>,
    /// The number of tasks that are to run.
    pub desired: u32,
    /// The number of tasks that run.
    pub running: u32,
    /// The log groups of its containers.
    pub log_groups: Vec<String>,
}
