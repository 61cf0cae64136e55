//! The phases of a start. Each is a type that the next one consumes, so that their order is the compiler's: a directory is
//! opened once its address is taken, services are wired over what is open, stacks are deployed in services, and served before
//! anything of them runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sluice_cloudformation::{StackRecord, StackStatus};
use sluice_cloudwatch::Metrics;
use sluice_console::ConsoleNotes;
use sluice_driver::{Clock, Driver, DriverConfig, SystemClock, TaskRunner};
use sluice_dynamodb::DynamoDb;
use sluice_events::{Ended, Heard};
use sluice_host::Host;
use sluice_integrations::Runner;
use sluice_quotas::Quotas;
use sluice_smtp::Relay;
use sluice_template::Stack;
use sluice_wire::Account;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::activity::{Activity, Counted};
use crate::alarms;
use crate::announcements::{Announced, Announcements, Announcer};
use crate::config::CloudConfig;
use crate::endpoint::{Services, Surroundings};
use crate::health::ProcessState;
use crate::listeners::Listeners;
use crate::observers::{DynamoMetrics, StatesMetrics, StreamsMetrics};
use crate::served::Served;
use crate::stack::{
    self, Plan, Plans, RuntimeEnvironment, RuntimeNotes, RuntimeValues, StackAction, StartError, Supervisor,
    UrlListener,
};
use crate::stack_list::Entrances;
use crate::wiring::{ConsoleParts, Stores};
use crate::{directory, events, housekeeping, permissions, wiring};

/// The first phase: the endpoint's address is taken, and the data directory is this user's alone.
pub(crate) struct Bound {
    config: CloudConfig,
    listener: TcpListener,
    address: SocketAddr,
}

/// The second phase: the databases are open, and belong together.
struct Opened {
    bound: Bound,
    account: Account,
    runner: Arc<Runner>,
    driver: Driver,
    stores: Stores,
    ended: mpsc::UnboundedReceiver<Heard>,
    announced: Announced,
}

/// The third phase: the services stand over the databases.
struct Wired {
    bound: Bound,
    runner: Arc<Runner>,
    runtime: Runtime,
}

/// The services and what works with all of them.
struct Runtime {
    host: Host,
    services: Arc<Services>,
    stream_metrics: Arc<StreamsMetrics>,
    supervisor: Arc<Supervisor>,
    ended: mpsc::UnboundedReceiver<Heard>,
    announcements: Announcements,
}

/// The fourth phase: the resources of the stacks are made, and the ports of their function URLs are open.
struct Deployed {
    wired: Wired,
    environment: RuntimeEnvironment,
    urls: Vec<UrlListener>,
    stacks: Vec<DeployedStack>,
}

/// A stack whose resources are made.
pub(crate) struct DeployedStack {
    pub(crate) stack: Stack,
    pub(crate) notes: RuntimeNotes,
    record: StackRecord,
}

/// The fifth phase: the endpoint and the function URLs are served, and executions go on.
struct Serving {
    /// The time for which executions, mails and logs are kept.
    keep: Duration,
    smtp: Option<sluice_smtp::Server>,
    runtime: Runtime,
    environment: RuntimeEnvironment,
    stacks: Vec<DeployedStack>,
    process: Arc<ProcessState>,
    urls: Served,
    endpoint: Served,
}

/// The last phase: everything of the stacks runs.
pub(crate) struct Running {
    pub(crate) process: Arc<ProcessState>,
    pub(crate) endpoint: String,
    pub(crate) stacks: Vec<DeployedStack>,
    pub(crate) host: Host,
    pub(crate) services: Arc<Services>,
    pub(crate) supervisor: Arc<Supervisor>,
    /// The announcements, until somebody takes them.
    pub(crate) announcements: Option<Announcements>,
    /// The tasks in the background: deletions of stacks, gauges of queues, housekeeping.
    pub(crate) background: Vec<JoinHandle<()>>,
    /// The function URLs, then the endpoint that the functions behind them need.
    pub(crate) served: [Served; 2],
}

/// Goes through all phases.
pub(crate) async fn start(plans: &Plans, config: CloudConfig) -> Result<Running, StartError> {
    let opened = Bound::new(config).await?.open(plans.region()).await?;
    let deployed = opened.wire()?.deploy(plans).await?;
    deployed.serve().await?.run().await
}

impl Bound {
    async fn new(config: CloudConfig) -> Result<Self, StartError> {
        let (listener, address) = listen(config.listen).await?;
        permissions::make_private(&config.data)?;
        Ok(Self {
            config,
            listener,
            address,
        })
    }

    fn endpoint(&self) -> String {
        format!("http://{}", stack::reachable(self.address))
    }

    async fn open(self, region: &str) -> Result<Opened, StartError> {
        let config = &self.config;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let metrics = Arc::new(Metrics::new(Arc::clone(&clock)));
        let activity = Activity::default();
        let counted = Counted {
            tally: Arc::clone(&activity.tally),
            next: Arc::new(StatesMetrics::new(&metrics)),
        };
        let (observer, ended) = Ended::new(Arc::new(counted), activity.undelivered.clone());
        let (announcer, announced) = Announcer::new(Arc::new(observer));
        let runner = Runner::new(tokio::runtime::Handle::current());
        let quotas = config.quotas.map(|profile| Arc::new(Quotas::new(profile)));
        let clock_moved = watch::Sender::default();
        let (observer, throttled) = wiring::transitions(
            quotas.as_ref(),
            &clock,
            &metrics,
            Arc::new(announcer),
            Arc::clone(&runner) as Arc<dyn TaskRunner>,
            &clock_moved,
        );
        directory::expect_journal(&config.data)?;
        let driver = Driver::open(
            DriverConfig {
                directory: config.data.clone(),
                clock: Arc::clone(&clock),
                seed: Arc::new(wiring::seed),
                region: region.to_owned(),
                account: stack::ACCOUNT.to_owned(),
                retention: config.keep,
                observer,
                retry: sluice_driver::RetryBackoff::default(),
                worker: config.worker.clone(),
            },
            throttled,
        )?;
        directory::admit(&config.data, &driver).await?;
        metrics.open(&config.data.join(directory::METRICS), Some(driver.identity()))?;
        let account = wiring::account(region, &clock);
        let table_metrics = Arc::new(DynamoMetrics::new(&metrics));
        let dynamodb = DynamoDb::open(account.clone(), &config.data.join(directory::TABLES), table_metrics)?
            .with_quotas(quotas.clone());
        directory::join(&config.data, &driver, directory::TABLES).await?;
        Ok(Opened {
            bound: self,
            account,
            runner,
            driver,
            stores: Stores {
                quotas,
                clock_moved,
                dynamodb,
                metrics,
                activity,
            },
            ended,
            announced,
        })
    }
}

impl Opened {
    fn wire(self) -> Result<Wired, StartError> {
        let config = &self.bound.config;
        let host = Host::new(wiring::host_config(
            &self.account.region,
            config,
            &self.account.clock,
            &self.stores.metrics,
            self.stores.quotas.as_ref(),
        ))?;
        let services = Arc::new(wiring::services(
            self.account,
            config,
            self.driver,
            &host,
            &self.runner,
            self.stores,
        )?);
        let stream_metrics = Arc::new(StreamsMetrics::new(&services.metrics));
        let streams = &services.streams;
        streams.observe(Arc::clone(&stream_metrics) as Arc<dyn sluice_streams::Observer>);
        streams.check_on_open(directory::admit_streams(&config.data, &services.driver));
        Ok(Wired {
            runner: self.runner,
            bound: self.bound,
            runtime: Runtime {
                supervisor: Arc::new(Supervisor::new(Arc::clone(&services), host.clone())),
                host,
                announcements: self.announced.with_mails(services.sns.mailed()),
                services,
                stream_metrics,
                ended: self.ended,
            },
        })
    }
}

impl Wired {
    async fn deploy(self, plans: &Plans) -> Result<Deployed, StartError> {
        let services = &self.runtime.services;
        let actions = decide(services, plans).await?;
        let all: Vec<&Plan> = plans.iter().collect();
        let Bound { config, address, .. } = &self.bound;
        let any_port = config.listen.port() == 0;
        let urls = UrlListener::bind_all(&all, &services.driver, *address, any_port).await?;
        let environment = RuntimeEnvironment {
            endpoint: self.bound.endpoint(),
            binaries: config.binaries.clone(),
        };
        let mut deployed = Deployed {
            wired: self,
            environment,
            urls,
            stacks: Vec::new(),
        };
        for (plan, (action, before)) in plans.iter().zip(&actions) {
            let stack = deployed.deploy_stack(plan, action, before.as_ref()).await?;
            deployed.stacks.push(stack);
        }
        Ok(deployed)
    }
}

impl Deployed {
    async fn deploy_stack(
        &self,
        plan: &Plan,
        action: &StackAction,
        before: Option<&StackRecord>,
    ) -> Result<DeployedStack, StartError> {
        let (StackAction::Deploy(lifecycle) | StackAction::Delete(lifecycle)) = action;
        let Runtime {
            host,
            services,
            supervisor,
            ..
        } = &self.wired.runtime;
        let own = self.urls.iter().filter(|url| url.stack == plan.source.name);
        let values = RuntimeValues {
            urls: own.map(|url| (url.logical_id.clone(), url.url.clone())).collect(),
            endpoint: self.environment.endpoint.clone(),
            imports: stack::exports(self.stacks.iter().map(|one| &one.stack)),
            delete_at: lifecycle.ends,
            generation: lifecycle.generation,
        };
        let stack = plan.resolve(&values)?;
        // one of its name that was deleted is another stack
        let before = before.filter(|record| record.id == stack.id);
        if let Some(before) = before {
            stack::check_streams_stay(before, &stack, &plan.settings())?;
            supervisor.remove_stale(before, &stack).await?;
        }
        stack::bring_up(services, host, plan, &stack, &self.environment).await?;
        // the first one holds what the others import, and the tables
        let mut record = stack::record(&stack, &plan.text, lifecycle, self.stacks.is_empty());
        for output in &mut record.outputs {
            // what leads to AWS's console leads to this one, where it has such a page
            let local = sluice_console::local_address(&output.value);
            if local != output.value {
                output.value = format!("{}{local}", self.environment.endpoint);
            }
        }
        if let StackAction::Delete(_) = action {
            record.status = StackStatus::DeleteInProgress;
            record.retain_as(before);
        }
        services.stacks.register(record.clone());
        Ok(DeployedStack {
            notes: plan.notes(&stack),
            stack,
            record,
        })
    }

    async fn serve(self) -> Result<Serving, StartError> {
        let Self {
            wired,
            environment,
            mut urls,
            stacks,
        } = self;
        let Wired { bound, runner, runtime } = wired;
        let services = &runtime.services;
        let process = Arc::new(ProcessState::default());
        let listeners = Listeners::new(&bound.config.allowed_hosts);
        let (stop_endpoint, endpoint_stopped) = watch::channel(false);
        let guard = listeners.guard(bound.address);
        let smtp = bound.config.smtp.as_ref().map(|server| server.name().to_owned());
        let router = wiring::router(
            services,
            &runtime.host,
            &process,
            guard,
            ConsoleParts {
                notes: console_notes(&stacks),
                smtp,
            },
            entrances(&stacks),
        );
        let endpoint = listeners.serve_endpoint(bound.listener, router, endpoint_stopped);
        // the endpoint first: functions that are called again call it in turn; and no call, be it one that a deadline
        // at the opening of the journal has caused, before there are functions
        let surroundings = Surroundings {
            host: stack::reachable(bound.address).to_string(),
            http_hosts: bound.config.http_hosts.clone(),
            mocks: bound.config.mocks.clone(),
        };
        runner.attach(services.integrations(surroundings));
        let resumed = services.driver.resume().await?;
        tracing::info!(
            executions = resumed.executions,
            tasks = resumed.tasks,
            "went on with what was in flight"
        );
        let (stop_urls, urls_stopped) = watch::channel(false);
        let mut urls_served = Vec::new();
        for DeployedStack { stack, .. } in &stacks {
            let own = urls.extract_if(.., |url| url.stack == stack.name).collect();
            let region = &services.config.region;
            urls_served.extend(stack::serve_urls(
                services,
                &runtime.host,
                region,
                stack,
                own,
                &listeners,
                &urls_stopped,
            ));
        }
        Ok(Serving {
            keep: bound.config.keep,
            smtp: bound.config.smtp,
            runtime,
            environment,
            stacks,
            process,
            urls: Served {
                stop: stop_urls,
                tasks: urls_served,
            },
            endpoint: Served {
                stop: stop_endpoint,
                tasks: vec![endpoint],
            },
        })
    }
}

impl Serving {
    async fn run(self) -> Result<Running, StartError> {
        let Runtime {
            host,
            services,
            stream_metrics,
            supervisor,
            ended,
            announcements,
        } = self.runtime;
        for one in &self.stacks {
            supervisor.start_rules(&one.stack);
            supervisor.start_mappings(&one.stack).await?;
        }
        // in a stack that is to go nothing begins any more
        let is_going = |one: &&DeployedStack| one.record.status == StackStatus::DeleteInProgress;
        let (going, staying): (Vec<_>, Vec<_>) = self.stacks.iter().partition(is_going);
        for one in &staying {
            supervisor.start_services(&one.stack, &self.environment).await?;
        }
        // a start that fails leaves no stack behind, and so no lifetime that has begun
        for DeployedStack { record, .. } in &self.stacks {
            // its deletion may have been asked for meanwhile
            let now = services.stacks.get(&record.id);
            let record = now.map_or_else(|| record.clone(), |now| StackRecord::clone(&now));
            services.stacks.save(record).await?;
        }
        for one in &staying {
            supervisor.start_schedules(&one.stack).await?;
        }
        for one in going {
            supervisor.delete(one.record.clone()).await?;
        }
        let mut background = events::start(&services, &host, ended);
        background.extend([
            stream_metrics.gauge(&services),
            alarms::start(Arc::clone(&services)),
            housekeeping::start(Arc::clone(&services), host.clone(), self.keep),
        ]);
        if let Some(server) = self.smtp {
            let relay = Relay::new(services.driver.clone(), server, services.sns.mailed());
            background.push(sluice_smtp::start(relay, services.config.now()));
        }
        let requests = services.stacks.take_deletion_requests();
        background.extend(requests.map(|requests| tokio::spawn(Arc::clone(&supervisor).delete_requested(requests))));
        self.process.is_up();
        Ok(Running {
            process: self.process,
            endpoint: self.environment.endpoint,
            stacks: self.stacks,
            host,
            services,
            supervisor,
            announcements: Some(announcements),
            background,
            served: [self.urls, self.endpoint],
        })
    }
}

/// Decides about each stack, in the order of the plans, and gives the record of the last one of its name. Those that
/// were deleted before are listed again.
async fn decide(services: &Services, plans: &Plans) -> Result<Vec<(StackAction, Option<StackRecord>)>, StartError> {
    let mut kept = services.stacks.load().await?;
    kept.sort_by_key(|record| (record.created, record.generation));
    let now = services.config.now();
    let action = |plan: &Plan| {
        let own = kept.iter().filter(|record| record.name == plan.source.name);
        let before = own.max_by_key(|record| record.generation);
        let action = stack::decide(before, &plan.settings(), plan.lifetime_ms(), now);
        (action, before.cloned())
    };
    let actions = plans.iter().map(action).collect();
    for record in kept.into_iter().filter(|record| !record.status.exists()) {
        services.stacks.register(record);
    }
    Ok(actions)
}

/// The sentences and definitions for the console's pages: of each kind that of the first stack that has one.
fn console_notes(stacks: &[DeployedStack]) -> ConsoleNotes {
    ConsoleNotes {
        executions: stacks.iter().find_map(|one| one.notes.executions.clone()),
        approvals: stacks.iter().find_map(|one| one.notes.approvals.clone()),
        inbox: stacks.iter().find_map(|one| one.notes.inbox.clone()),
        submissions: stacks.iter().find_map(|one| one.notes.submissions.clone()),
    }
}

/// The entrance of each stack that says which it is.
fn entrances(stacks: &[DeployedStack]) -> Entrances {
    let all = stacks.iter();
    all.filter_map(|one| Some((one.stack.id.clone(), one.notes.entrance.clone()?)))
        .collect()
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
