//! The stacks, running: everything is wired together here and nowhere else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::get;
use sluice_cloudformation::{CloudFormation, StackRecord, StackStatus, Stacks};
use sluice_cloudwatch::{CloudWatch, Metrics};
use sluice_console::{self as console, ConsoleNotes, ConsoleState};
use sluice_driver::{Clock, Driver, DriverConfig, DriverError, SystemClock, TaskRunner, WorkerCommand};
use sluice_events::Ended;
use sluice_host::{Host, HostConfig};
use sluice_http::HostGuard;
use sluice_integrations::Runner;
use sluice_kinesis::Kinesis;
use sluice_mappings::Mappings;
use sluice_quotas::{Profile, Quotas};
use sluice_sns::Sns;
use sluice_sqs::Sqs;
use sluice_stepfunctions::StepFunctions;
use sluice_streams::Streams;
use sluice_template::{Service, Stack, TaskDefinition};
use sluice_wire::Account;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::directory;
use crate::doors::Doors;
use crate::dynamodb::DynamoDb;
use crate::endpoint::{self, Services};
use crate::events;
use crate::health::{Health, Life};
use crate::housekeeping;
use crate::lambda::{Lambda, RemoteLambda};
use crate::observers::{DynamoMetrics, LambdaMetrics, StatesMetrics, StreamsMetrics};
use crate::permissions;
use crate::stack::{self, Course, Keeper, Known, Plan, Plans, RuntimeNotes, StartError, UrlListener};

/// How stacks are to run.
#[derive(Debug, Clone)]
pub struct CloudConfig {
    /// Where everything durable is kept; made if it is not there.
    pub data: PathBuf,
    /// Where the AWS endpoint and the console listen. Function URLs take the ports after it, or any with port 0.
    pub listen: SocketAddr,
    /// The functions' binaries by name: see [`Plans::binaries`].
    pub binaries: BTreeMap<String, PathBuf>,
    /// Where invocations of functions go that no stack has.
    pub lambda_endpoint: Option<String>,
    /// How a process is started that makes costly evaluations: it calls [`crate::serve_evaluations`].
    pub worker: Option<WorkerCommand>,
    /// Names of this machine besides `localhost` that requests may address: a tunnel's, a container's. One that begins
    /// with a dot stands for all names under it.
    pub allowed_hosts: Vec<String>,
    /// How long executions are kept after their end, and mails and function logs.
    pub keep: Duration,
    /// AWS's quotas that hold here too; none without them.
    pub quotas: Option<Profile>,
}

/// Servers that stop together.
struct Served {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Served {
    /// Lets running requests end until `deadline`.
    async fn stop(self, deadline: Instant) {
        // an error means that nobody serves any more
        let _ = self.stop.send(true);
        let all = async {
            for task in self.tasks {
                // a task that panicked has ended too
                let _ = task.await;
            }
        };
        if tokio::time::timeout_at(deadline, all).await.is_err() {
            tracing::warn!("some requests were cut off");
        }
    }
}

/// Running stacks.
pub struct Cloud {
    life: Arc<Life>,
    endpoint: String,
    stacks: Vec<Stack>,
    /// The sentences about each of the stacks.
    notes: Vec<RuntimeNotes>,
    driver: Driver,
    host: Host,
    services: Arc<Services>,
    keeper: Arc<Keeper>,
    taking_down: Option<JoinHandle<()>>,
    telling: JoinHandle<()>,
    gauging: JoinHandle<()>,
    tidying: JoinHandle<()>,
    /// The function URLs, then the endpoint that the functions behind them need.
    served: [Served; 2],
}

impl Cloud {
    /// Opens the data directory, makes the stacks' resources, takes up what a crash left unfinished, and serves.
    ///
    /// # Errors
    /// Each one line that says what to do: a port in use, a data directory in use, a function without a binary, ….
    pub async fn start(plans: Plans, config: CloudConfig) -> Result<Self, StartError> {
        let (listener, address) = listen(config.listen).await?;
        permissions::make_private(&config.data)?;
        let life = Arc::new(Life::default());
        let doors = Doors::new(&config.allowed_hosts);
        let endpoint = format!("http://{}", stack::reachable(address));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let metrics = Arc::new(Metrics::new(Arc::clone(&clock)));
        let (observer, ended) = Ended::new(Arc::new(StatesMetrics::new(&metrics)));
        let tasks = Runner::new(tokio::runtime::Handle::current());
        directory::expect_journal(&config.data)?;
        let driver = Driver::open(
            DriverConfig {
                directory: config.data.clone(),
                clock: Arc::clone(&clock),
                seed: Arc::new(seed),
                region: plans.region().to_owned(),
                account: stack::ACCOUNT.to_owned(),
                retention: config.keep,
                observer: Arc::new(observer),
                retry: sluice_driver::RetryBackoff::default(),
                worker: config.worker.clone(),
            },
            Arc::clone(&tasks) as Arc<dyn TaskRunner>,
        )?;
        directory::admit(&config.data, &driver).await?;
        metrics.open(&config.data.join(directory::METRICS), Some(driver.identity()))?;
        let account = account(plans.region(), &clock);
        let table_metrics = Arc::new(DynamoMetrics::new(&metrics));
        let dynamodb = DynamoDb::open(account.clone(), &config.data.join(directory::TABLES), table_metrics)?;
        directory::join(&config.data, &driver, directory::TABLES).await?;
        let host = Host::new(host_config(plans.region(), &config, &clock, &metrics))?;
        let services = Arc::new(services(
            account,
            &config,
            driver.clone(),
            &host,
            Arc::clone(&tasks),
            dynamodb,
            metrics,
        )?);

        let streamed = Arc::new(StreamsMetrics::new(&services.metrics));
        services
            .streams
            .observe(Arc::clone(&streamed) as Arc<dyn sluice_streams::Observer>);
        services
            .streams
            .check_on_open(directory::admit_streams(&config.data, &driver));
        let keeper = Arc::new(Keeper::new(Arc::clone(&services), host.clone()));
        let courses = settle_courses(&services, &plans).await?;
        let all: Vec<&Plan> = plans.iter().collect();
        let mut urls = UrlListener::bind_all(&all, &driver, address, config.listen.port() == 0).await?;
        let around = stack::Surroundings {
            endpoint: endpoint.clone(),
            binaries: config.binaries,
        };
        let mut stacks: Vec<Stack> = Vec::new();
        let mut records = Vec::new();
        let mut notes = Vec::new();
        for (plan, (course, before)) in plans.iter().zip(&courses) {
            let (Course::Run(life) | Course::End(life)) = course;
            let own = urls.iter().filter(|url| url.stack == plan.source.name);
            let known = Known {
                urls: own.map(|url| (url.logical_id.clone(), url.url.clone())).collect(),
                endpoint: endpoint.clone(),
                imports: stack::exports(stacks.iter()),
                delete_at: life.ends,
                generation: life.generation,
            };
            let stack = plan.resolve(&known)?;
            // one of its name that was deleted is another stack
            let before = before.as_ref().filter(|record| record.id == stack.id);
            if let Some(before) = before {
                stack::check_streams_stay(before, &stack, &plan.settings())?;
                keeper.remove_stale(before, &stack).await?;
            }
            stack::bring_up(&services, &host, plan, &stack, &around).await?;
            // the first one holds what the others import, and the tables
            let mut record = stack::record(&stack, &plan.text, life, stacks.is_empty());
            if let Course::End(_) = course {
                record.status = StackStatus::DeleteInProgress;
                record.retain_as(before);
            }
            services.stacks.register(record.clone());
            records.push(record);
            notes.push(plan.notes(&stack));
            stacks.push(stack);
        }

        let (stop_endpoint, endpoint_stopped) = watch::channel(false);
        let endpoint_served = vec![doors.serve_endpoint(
            listener,
            router(&services, &host, &life, doors.guard(address), console_notes(&notes)),
            endpoint_stopped,
        )];
        // the endpoint first: functions that are called again call it in turn; and no call, be it one that a deadline
        // at the opening of the journal has caused, before there are functions
        tasks.attach(services.integrations());
        let resumed = driver.resume().await?;
        tracing::info!(
            executions = resumed.executions,
            tasks = resumed.tasks,
            "went on with what was in flight"
        );
        let (stop_urls, urls_stopped) = watch::channel(false);
        let mut urls_served = Vec::new();
        for stack in &stacks {
            let own = urls.extract_if(.., |url| url.stack == stack.name).collect();
            let region = plans.region();
            urls_served.extend(stack::serve_urls(
                &services,
                &host,
                region,
                stack,
                own,
                &doors,
                &urls_stopped,
            ));
        }
        for stack in &stacks {
            keeper.start_rules(stack);
            keeper.start_mappings(stack).await?;
        }
        // in a stack that is to go nothing begins any more
        let (run, end): (Vec<_>, Vec<_>) = stacks
            .iter()
            .zip(&records)
            .partition(|(_, record)| record.status != StackStatus::DeleteInProgress);
        for (stack, _) in &run {
            keeper.start_services(stack, &around).await?;
        }
        // a start that fails leaves no stack behind, and so no lifetime that has begun
        for record in &records {
            // its deletion may have been asked for meanwhile
            let now = services.stacks.get(&record.id);
            let record = now.map_or_else(|| record.clone(), |now| StackRecord::clone(&now));
            services.stacks.save(record).await?;
        }
        for (stack, _) in &run {
            keeper.start_schedules(stack).await?;
        }
        for (_, record) in end {
            keeper.take_down(record.clone()).await?;
        }
        let telling = events::start(&services, &host, keeper.rules(), ended);
        let gauging = streamed.gauge(&services);
        let tidying = housekeeping::start(Arc::clone(&services), host.clone(), config.keep);
        let deletions = services.stacks.take_deletion_requests();
        let taking_down = deletions.map(|doomed| tokio::spawn(Arc::clone(&keeper).take_down_all(doomed)));
        let served = [
            Served {
                stop: stop_urls,
                tasks: urls_served,
            },
            Served {
                stop: stop_endpoint,
                tasks: endpoint_served,
            },
        ];
        life.is_up();
        Ok(Self {
            life,
            endpoint,
            stacks,
            notes,
            driver,
            host,
            services,
            keeper,
            taking_down,
            telling,
            gauging,
            tidying,
            served,
        })
    }

    /// The AWS endpoint: `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// The stacks that were asked for, in their order: how they stand, and what runs in them.
    pub async fn stacks(&self) -> Vec<StackReport> {
        let mut reports = Vec::new();
        for (stack, notes) in self.stacks.iter().zip(&self.notes) {
            let Some(record) = self.services.stacks.get(&stack.id) else {
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
                running: self.keeper.tasks(&entry.physical_id).await,
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
        let services = &self.services;
        tokio::select! {
            lost = self.driver.until_lost() => lost,
            lost = services.dynamodb.until_lost() => lost,
            lost = services.streams.until_lost() => lost,
        }
    }

    /// Stops taking requests, lets running ones end for at most `grace`, and closes the journal.
    ///
    /// # Errors
    /// If the journal cannot be closed; what was acknowledged is on disk all the same.
    pub async fn stop(self, grace: Duration) -> Result<(), DriverError> {
        self.life.is_stopping();
        self.services.stepfunctions.activity_tasks().close();
        self.services.streams.close_waits();
        let deadline = Instant::now() + grace;
        self.telling.abort();
        self.gauging.abort();
        self.tidying.abort();
        if let Some(taking_down) = self.taking_down {
            taking_down.abort();
        }
        // who calls the functions ends before they do
        self.keeper.stop(grace / 2).await;
        // next, while what their functions call still answers
        self.services.mappings.close(deadline).await;
        for served in self.served {
            served.stop(deadline).await;
        }
        // the journal before the functions: a call that is cut off now is sent again at the next start, not failed
        let closed = self.driver.close().await;
        self.host.shutdown(grace).await;
        // what ended in the meantime is counted as well
        let metrics = Arc::clone(&self.services.metrics);
        if tokio::task::spawn_blocking(move || metrics.close()).await.is_err() {
            tracing::warn!("the last second's metrics may be lost");
        }
        closed
    }
}

/// How a stack stands.
#[derive(Debug, Clone)]
pub struct StackReport {
    /// The stack as CloudFormation's reads show it.
    pub record: StackRecord,
    /// The processes of its services.
    pub services: Vec<ServiceReport>,
    /// The sentences of its template.
    pub notes: RuntimeNotes,
}

/// How a service stands.
#[derive(Debug, Clone)]
pub struct ServiceReport {
    /// Its name.
    pub name: String,
    /// The containers of each of its tasks.
    pub containers: Vec<String>,
    /// How many tasks are to run.
    pub desired: u32,
    /// How many run.
    pub running: u32,
    /// The log groups of its containers.
    pub log_groups: Vec<String>,
}

/// Decides what becomes of each stack, in the order of the plans, and gives what is known of the last one of its name. Those that
/// were deleted before are listed again.
async fn settle_courses(services: &Services, plans: &Plans) -> Result<Vec<(Course, Option<StackRecord>)>, StartError> {
    let mut kept = services.stacks.load().await?;
    kept.sort_by_key(|record| (record.created, record.generation));
    let now = services.config.now();
    let course = |plan: &Plan| {
        let own = kept.iter().filter(|record| record.name == plan.source.name);
        let before = own.max_by_key(|record| record.generation);
        let course = stack::course(before, &plan.settings(), plan.lifetime_ms(), now);
        (course, before.cloned())
    };
    let courses = plans.iter().map(course).collect();
    for record in kept.into_iter().filter(|record| !record.status.exists()) {
        services.stacks.register(record);
    }
    Ok(courses)
}

/// The sentences for the console's pages: of each kind that of the first stack that has one.
fn console_notes(notes: &[RuntimeNotes]) -> ConsoleNotes {
    ConsoleNotes {
        executions: notes.iter().find_map(|one| one.executions.clone()),
        approvals: notes.iter().find_map(|one| one.approvals.clone()),
        inbox: notes.iter().find_map(|one| one.inbox.clone()),
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen {
        what: "the AWS endpoint".to_owned(),
        address,
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn host_config(region: &str, config: &CloudConfig, clock: &Arc<dyn Clock>, metrics: &Arc<Metrics>) -> HostConfig {
    let clock = Arc::clone(clock);
    HostConfig {
        region: region.to_owned(),
        log_dir: Some(config.data.join("logs")),
        now: Arc::new(move || u64::try_from(clock.now()).unwrap_or(0)),
        observer: Arc::new(LambdaMetrics::new(metrics)),
        max_instances: max_instances(config.quotas),
        ..HostConfig::default()
    }
}

/// The most processes of functions: what the machine can have, and no more than the account would have invocations at a time.
fn max_instances(quotas: Option<Profile>) -> usize {
    let machine = HostConfig::default().max_instances;
    quotas.map_or(machine, |profile| machine.min(profile.lambda_concurrency()))
}

/// The account that everything here belongs to.
fn account(region: &str, clock: &Arc<dyn Clock>) -> Account {
    Account {
        region: region.to_owned(),
        id: stack::ACCOUNT.to_owned(),
        clock: Arc::clone(clock),
        seed: Arc::new(seed),
    }
}

fn services(
    account: Account,
    config: &CloudConfig,
    driver: Driver,
    host: &Host,
    runner: Arc<Runner>,
    dynamodb: DynamoDb,
    metrics: Arc<Metrics>,
) -> Result<Services, StartError> {
    let remote = match &config.lambda_endpoint {
        None => None,
        Some(url) => Some(RemoteLambda::new(url)?),
    };
    let functions = Arc::new(host.clone());
    let streams = Streams::new(config.data.join(directory::STREAMS));
    let stacks = Arc::new(Stacks::new(driver.clone()));
    let lambda = Lambda::new(account.clone(), functions, remote);
    let quotas = config.quotas.map(|profile| Arc::new(Quotas::new(profile)));
    Ok(Services {
        sqs: Sqs::new(account.clone(), streams.clone()),
        kinesis: Kinesis::new(account.clone(), streams.clone()),
        cloudwatch: CloudWatch::new(account.clone(), Arc::clone(&metrics), driver.clone()),
        cloudformation: CloudFormation::new(account.clone(), Arc::clone(&stacks)),
        mappings: Mappings::new(account.clone(), streams.clone(), lambda.clone()),
        lambda,
        sns: Sns::new(account.clone(), driver.clone()).with_quotas(quotas.clone()),
        stepfunctions: Arc::new(StepFunctions::new(account.clone(), driver.clone(), runner).with_quotas(quotas)),
        config: account,
        driver,
        dynamodb,
        streams,
        metrics,
        stacks,
        clock_moved: watch::Sender::default(),
    })
}

fn router(
    services: &Arc<Services>,
    host: &Host,
    life: &Arc<Life>,
    guard: HostGuard,
    notes: ConsoleNotes,
) -> axum::Router {
    let state = ConsoleState {
        driver: services.driver.clone(),
        host: host.clone(),
        stacks: Arc::clone(&services.stacks),
        clock: Arc::clone(&services.config.clock),
        guard: guard.clone(),
        notes,
    };
    let health = Health {
        services: Arc::clone(services),
        host: host.clone(),
        life: Arc::clone(life),
    };
    endpoint::router(Arc::clone(services))
        .route("/", get(|| async { Redirect::to("/console") }))
        .merge(console::router(state))
        .merge(crate::control::router(Arc::clone(services)))
        .merge(health.router())
        // each service has limits of its own
        .layer(DefaultBodyLimit::disable())
        // Nothing here asks who calls: so pages of other sites, which a browser lets send requests, are kept out.
        .layer(middleware::from_fn_with_state(guard, console::guard::layer))
}

/// 128 bits of the operating system's randomness.
///
/// Task tokens hang on it: without randomness nothing may go on.
fn seed() -> [u64; 2] {
    let word = || getrandom::u64().expect("the operating system gives random numbers");
    [word(), word()]
}
