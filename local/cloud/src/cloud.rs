//! One stack, running: everything is wired together here and nowhere else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use sluice_driver::{Clock, Driver, DriverConfig, DriverError, SystemClock, TaskRunner};
use sluice_host::{Host, HostConfig};
use sluice_template::Stack;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::cloudwatch::Metrics;
use crate::cloudwatch::sources::{DynamoMetrics, LambdaMetrics, StatesMetrics};
use crate::console::{self, ConsoleState, HostGuard};
use crate::dynamodb::Dynamo;
use crate::endpoint::{self, Config, Services};
use crate::lambda::{FunctionUrls, Lambda, RemoteLambda};
use crate::stack::{self, Plan, StartError, UrlListener};
use crate::tasks::{Activities, Tasks};

/// How a stack is to run.
#[derive(Debug, Clone)]
pub struct CloudConfig {
    /// Where everything durable is kept; made if it is not there.
    pub data: PathBuf,
    /// Where the AWS endpoint and the console listen. Function URLs take the ports after it, or any with port 0.
    pub listen: SocketAddr,
    /// The functions' binaries by name: see [`Plan::binaries`].
    pub binaries: BTreeMap<String, PathBuf>,
    /// Where invocations of functions go that the stack does not have.
    pub lambda_endpoint: Option<String>,
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

/// A running stack.
pub struct Cloud {
    endpoint: String,
    stack: Stack,
    driver: Driver,
    host: Host,
    services: Arc<Services>,
    /// The function URLs, then the endpoint that the functions behind them need.
    served: [Served; 2],
}

impl Cloud {
    /// Opens the data directory, makes the stack's resources, takes up what a crash left unfinished, and serves.
    ///
    /// # Errors
    /// Each one line that says what to do: a port in use, a data directory in use, a function without a binary, ….
    pub async fn start(plan: Plan, config: CloudConfig) -> Result<Self, StartError> {
        let (listener, address) = listen(config.listen).await?;
        let endpoint = format!("http://{}", stack::reachable(address));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let metrics = Arc::new(Metrics::new(Arc::clone(&clock)));
        let tasks = Tasks::new(tokio::runtime::Handle::current());
        let driver = Driver::open(
            DriverConfig {
                directory: config.data.clone(),
                clock: Arc::clone(&clock),
                seed: Arc::new(seed),
                region: plan.region().to_owned(),
                account: stack::ACCOUNT.to_owned(),
                observer: Arc::new(StatesMetrics::new(&metrics)),
            },
            Arc::clone(&tasks) as Arc<dyn TaskRunner>,
        )?;
        metrics.open(&config.data.join("metrics.sqlite"))?;
        let dynamo = Dynamo::open(&config.data.join("dynamodb.sqlite"))?;
        let host = Host::new(host_config(&plan, &config, &clock, &metrics))?;
        let services = Arc::new(services(&plan, &config, clock, driver.clone(), &host, dynamo, metrics)?);

        let urls = UrlListener::bind_all(&plan, &driver, address, config.listen.port() == 0).await?;
        let stack = plan.resolve(
            &urls
                .iter()
                .map(|url| (url.logical_id.clone(), url.url.clone()))
                .collect(),
        )?;
        let around = stack::Surroundings {
            endpoint: endpoint.clone(),
            binaries: config.binaries,
        };
        stack::bring_up(&services, &host, &plan, &stack, &around).await?;
        services
            .stacks
            .register(stack::record(&stack, &plan.text, services.config.now()));

        let (stop_endpoint, endpoint_stopped) = watch::channel(false);
        let endpoint_served = vec![serve(listener, router(&services, &host, address), endpoint_stopped)];
        // the endpoint first: functions that are called again call it in turn; and no call, be it one that a deadline
        // at the opening of the journal has caused, before there are functions
        tasks.attach(Arc::clone(&services));
        let resumed = driver.resume().await?;
        tracing::info!(
            executions = resumed.executions,
            tasks = resumed.tasks,
            "went on with what was in flight"
        );
        let (stop_urls, urls_stopped) = watch::channel(false);
        let urls_served = stack::serve_urls(&services, &host, &plan, &stack, urls, &urls_stopped);
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
        Ok(Self {
            endpoint,
            stack,
            driver,
            host,
            services,
            served,
        })
    }

    /// The AWS endpoint: `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// The stack's outputs.
    pub fn outputs(&self) -> Vec<(String, String)> {
        self.stack
            .outputs
            .iter()
            .map(|output| (output.key.clone(), output.value.clone()))
            .collect()
    }

    /// Stops taking requests, lets running ones end for at most `grace`, and closes the journal.
    ///
    /// # Errors
    /// If the journal cannot be closed; what was acknowledged is on disk all the same.
    pub async fn stop(self, grace: Duration) -> Result<(), DriverError> {
        self.services.activities.close();
        let deadline = Instant::now() + grace;
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

fn host_config(plan: &Plan, config: &CloudConfig, clock: &Arc<dyn Clock>, metrics: &Arc<Metrics>) -> HostConfig {
    let clock = Arc::clone(clock);
    HostConfig {
        region: plan.region().to_owned(),
        log_dir: Some(config.data.join("logs")),
        now: Arc::new(move || u64::try_from(clock.now()).unwrap_or(0)),
        observer: Arc::new(LambdaMetrics::new(metrics)),
        ..HostConfig::default()
    }
}

fn services(
    plan: &Plan,
    config: &CloudConfig,
    clock: Arc<dyn Clock>,
    driver: Driver,
    host: &Host,
    dynamo: Dynamo,
    metrics: Arc<Metrics>,
) -> Result<Services, StartError> {
    let remote = match &config.lambda_endpoint {
        None => None,
        Some(url) => Some(RemoteLambda::new(url)?),
    };
    let functions = Arc::new(host.clone());
    Ok(Services {
        lambda: Lambda::new(functions, remote, plan.region(), stack::ACCOUNT),
        config: Config {
            region: plan.region().to_owned(),
            account: stack::ACCOUNT.to_owned(),
            clock,
            seed: Arc::new(seed),
        },
        driver,
        function_urls: FunctionUrls::default(),
        dynamo,
        activities: Activities::default(),
        table_metrics: DynamoMetrics::new(&metrics),
        metrics,
        stacks: Arc::default(),
    })
}

fn router(services: &Arc<Services>, host: &Host, address: SocketAddr) -> axum::Router {
    let guard = HostGuard::new(address);
    let state = ConsoleState {
        driver: services.driver.clone(),
        host: host.clone(),
        stacks: Arc::clone(&services.stacks),
        clock: Arc::clone(&services.config.clock),
        guard: guard.clone(),
    };
    endpoint::router(Arc::clone(services))
        .route("/", get(|| async { Redirect::to("/console") }))
        .merge(console::router(state))
        .merge(crate::control::router(Arc::clone(services)))
        // each service has limits of its own
        .layer(DefaultBodyLimit::disable())
        // Nothing here asks who calls: so pages of other sites, which a browser lets send requests, are kept out.
        .layer(middleware::from_fn_with_state(guard, console::guard::layer))
}

fn serve(listener: TcpListener, router: axum::Router, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    let listener = listener.tap_io(|stream| {
        // answers are small and single: waiting for more to send only delays them
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY on the endpoint's connection");
        }
    });
    tokio::spawn(async move {
        let stopped = async move {
            // an error means that the sender is gone, which is a stop as well
            let _ = stop.wait_for(|stop| *stop).await;
        };
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "the endpoint has ended");
        }
    })
}

/// 128 bits of the operating system's randomness.
///
/// Task tokens hang on it: without randomness nothing may go on.
fn seed() -> [u64; 2] {
    let word = || getrandom::u64().expect("the operating system gives random numbers");
    [word(), word()]
}
