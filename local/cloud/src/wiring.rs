//! The wiring: services from their parts, and the router over all of them.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::get;
use sluice_cloudformation::{CloudFormation, Stacks};
use sluice_cloudwatch::{CloudWatch, Metrics};
use sluice_console::{self as console, ConsoleNotes, ConsoleState, TimeMachine};
use sluice_driver::{Clock, Driver, Observer, TaskRunner};
use sluice_dynamodb::DynamoDb;
use sluice_events::Events;
use sluice_host::{AccountLimits, Host, HostConfig};
use sluice_http::HostGuard;
use sluice_integrations::Runner;
use sluice_kinesis::Kinesis;
use sluice_lambda::{Lambda, RemoteLambda};
use sluice_logs::Logs;
use sluice_mappings::Mappings;
use sluice_quotas::Quotas;
use sluice_sns::Sns;
use sluice_sqs::Sqs;
use sluice_stepfunctions::{StepFunctions, TestCases};
use sluice_streams::Streams;
use sluice_wire::Account;
use tokio::sync::watch;

use crate::account_limits::{LambdaLimits, ThrottledRunner, TransitionCounter, TransitionThrottle};
use crate::activity::Activity;
use crate::config::CloudConfig;
use crate::endpoint::{self, Services};
use crate::health::{Health, ProcessState};
use crate::observers::LambdaMetrics;
use crate::stack::{self, StartError};
use crate::stack_list::{self, Entrances};
use crate::{control, directory, time_machine};

pub(crate) fn host_config(
    region: &str,
    config: &CloudConfig,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    quotas: Option<&Arc<Quotas>>,
) -> HostConfig {
    let clock = Arc::clone(clock);
    let usual = HostConfig::default();
    HostConfig {
        region: region.to_owned(),
        log_dir: Some(config.data.join("logs")),
        now: Arc::new(move || u64::try_from(clock.now()).unwrap_or(0)),
        observer: Arc::new(LambdaMetrics::new(metrics)),
        // what the machine can have, and no more than the account would have invocations at a time
        max_instances: match config.quotas {
            Some(profile) => usual.max_instances.min(profile.lambda_concurrency()),
            None => usual.max_instances,
        },
        account: quotas.map(|quotas| Arc::new(LambdaLimits(Arc::clone(quotas))) as Arc<dyn AccountLimits>),
        ..usual
    }
}

/// The account that everything here belongs to.
pub(crate) fn account(region: &str, clock: &Arc<dyn Clock>) -> Account {
    Account {
        region: region.to_owned(),
        id: stack::ACCOUNT.to_owned(),
        clock: Arc::clone(clock),
        seed: Arc::new(seed),
    }
}

/// The databases beside the journal, and what counts what goes on.
pub(crate) struct Stores {
    pub(crate) dynamodb: DynamoDb,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) activity: Activity,
    /// AWS's quotas, if they hold.
    pub(crate) quotas: Option<Arc<Quotas>>,
    /// Tells who waits for a time that somebody has moved the clock.
    pub(crate) clock_moved: watch::Sender<()>,
}

/// The observer of executions and the runner of their tasks, held to the account's rate of state transitions if quotas hold.
pub(crate) fn transitions(
    quotas: Option<&Arc<Quotas>>,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    observer: Arc<dyn Observer>,
    runner: Arc<dyn TaskRunner>,
    clock_moved: &watch::Sender<()>,
) -> (Arc<dyn Observer>, Arc<dyn TaskRunner>) {
    let Some(quotas) = quotas else {
        return (observer, runner);
    };
    let throttle = Arc::new(TransitionThrottle::new(
        Arc::clone(quotas),
        Arc::clone(clock),
        Arc::clone(metrics),
    ));
    tokio::spawn(Arc::clone(&throttle).run(Arc::clone(&runner), clock_moved.subscribe()));
    let observer = TransitionCounter {
        throttle: Arc::clone(&throttle),
        next: observer,
    };
    let next = runner;
    (Arc::new(observer), Arc::new(ThrottledRunner { throttle, next }))
}

pub(crate) fn services(
    account: Account,
    config: &CloudConfig,
    driver: Driver,
    host: &Host,
    runner: &Arc<Runner>,
    stores: Stores,
) -> Result<Services, StartError> {
    let Stores {
        dynamodb,
        metrics,
        activity,
        quotas,
        clock_moved,
    } = stores;
    let remote = match &config.lambda_endpoint {
        None => None,
        Some(url) => Some(RemoteLambda::new(url)?),
    };
    let functions = Arc::new(host.clone());
    let streams = Streams::new(config.data.join(directory::STREAMS));
    let stacks = Arc::new(Stacks::new(driver.clone()));
    let lambda = Lambda::new(account.clone(), functions, remote);
    Ok(Services {
        sqs: Sqs::new(account.clone(), streams.clone()),
        kinesis: Kinesis::new(account.clone(), streams.clone()),
        logs: Logs::new(account.clone(), host.clone()),
        cloudwatch: CloudWatch::new(account.clone(), Arc::clone(&metrics), driver.clone()),
        cloudformation: CloudFormation::new(account.clone(), Arc::clone(&stacks)),
        mappings: Mappings::new(account.clone(), streams.clone(), lambda.clone()),
        lambda,
        events: Events::new(account.clone(), driver.clone(), activity.undelivered.clone()),
        sns: Sns::new(account.clone(), driver.clone()).with_quotas(quotas.clone()),
        stepfunctions: Arc::new(
            StepFunctions::new(account.clone(), driver.clone(), runner)
                .with_quotas(quotas)
                .with_test_cases(config.mocks.clone().map(|mocks| mocks as Arc<dyn TestCases>)),
        ),
        config: account,
        driver,
        dynamodb,
        streams,
        metrics,
        stacks,
        clock_moved,
        activity,
    })
}

/// The parts of the console that a start decides.
pub(crate) struct ConsoleParts {
    /// The sentences and definitions of the templates.
    pub(crate) notes: ConsoleNotes,
    /// The server through which mails are sent.
    pub(crate) smtp: Option<String>,
}

pub(crate) fn router(
    services: &Arc<Services>,
    host: &Host,
    life: &Arc<ProcessState>,
    guard: HostGuard,
    console: ConsoleParts,
    entrances: Entrances,
) -> axum::Router {
    let time: Arc<dyn TimeMachine> = Arc::new(time_machine::Machine::new(Arc::clone(services)));
    let state = ConsoleState {
        time: Arc::clone(&time),
        driver: services.driver.clone(),
        host: host.clone(),
        stacks: Arc::clone(&services.stacks),
        cloudwatch: services.cloudwatch.clone(),
        smtp: console.smtp,
        clock: Arc::clone(&services.config.clock),
        guard: guard.clone(),
        notes: console.notes,
        form_secret: seed(),
    };
    let health = Health {
        services: Arc::clone(services),
        host: host.clone(),
        life: Arc::clone(life),
    };
    let router = endpoint::router(Arc::clone(services))
        .route("/", get(|| async { Redirect::to("/console") }))
        .merge(console::router(state))
        .merge(control::router(Arc::clone(services), time))
        .merge(stack_list::router(Arc::clone(services), entrances))
        .merge(health.router());
    endpoint::without_s3(router, services)
        // each service has limits of its own
        .layer(DefaultBodyLimit::disable())
        // Nothing here asks who calls: so pages of other sites, which a browser lets send requests, are kept out.
        .layer(middleware::from_fn_with_state(guard, console::guard::layer))
}

/// 128 bits of the operating system's randomness.
///
/// Task tokens hang on it: without randomness nothing may go on.
pub(crate) fn seed() -> [u64; 2] {
    let word = || getrandom::u64().expect("the operating system gives random numbers");
    [word(), word()]
}
