//! `sluice up`: build, read, start, serve, stop.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use sluice_cloud::{BinaryPlaces, Cloud, CloudConfig, Mocks, Plans, SmtpServer, StackReport, StackSource, StartError};
use tracing_subscriber::EnvFilter;

use crate::cli::{StackChoice, Up};
use crate::signals::StopSignals;
use crate::{evaluate, functions, limits, live, parameter, welcome};

/// The time that running requests get to end after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

pub(crate) fn run(options: Up) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_env("SLUICE_LOG").unwrap_or_else(|_| EnvFilter::new("warn,dynoxide=error")),
        )
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // a line that nobody can read is no reason to panic
        .log_internal_errors(false)
        .init();
    if let Some(line) = limits::raise_open_files() {
        let _ = writeln!(std::io::stderr(), "sluice: {line}");
    }
    let root = checkout()?;
    let sources = sources(&options, root.as_deref())?;
    let given = options.parameters.iter().cloned().collect();
    let plans = Plans::read(options.region, &given, sources).map_err(told)?;
    let places = BinaryPlaces {
        directory: options.functions.clone(),
        // in the checkout that is where functions for AWS are built, with another processor and at another time
        code: is_foreign(options.template.as_deref(), root.as_deref()),
    };
    let binaries = functions::find_all(&plans, &places, root.as_deref())?;
    // what is made from here on is for this user alone
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let data = options
        .data
        .unwrap_or_else(|| root.as_deref().unwrap_or(Path::new(".")).join(".sluice"));
    let config = CloudConfig {
        data: data.clone(),
        listen: options.listen,
        binaries,
        lambda_endpoint: options.lambda_endpoint,
        worker: Some(evaluate::command()),
        allowed_hosts: options.allowed_hosts,
        keep: options.keep,
        quotas: options.quotas,
        mocks: options.mocks.as_deref().map(Mocks::read).transpose()?.map(Arc::new),
        http_hosts: options.http_hosts,
        smtp: match &options.smtp {
            Some(url) => Some(SmtpServer::new(url, &options.smtp_from)?),
            None => None,
        },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads")?;
    runtime.block_on(async {
        let mut signals = StopSignals::listen()?;
        let mut cloud = tokio::select! {
            started = Cloud::start(plans, config) => started.map_err(told)?,
            stop = signals.next() => {
                stop?;
                end_now()
            }
        };
        let stacks = cloud.stacks().await;
        welcome::print(&cloud.endpoint(), &stacks, &data);
        if !options.quiet {
            tell(&mut cloud, &stacks);
        }
        tokio::select! {
            signal = signals.next() => signal?,
            lost = cloud.until_lost() => end_over_lost_data(&lost),
        }
        // nobody may be reading any more
        let _ = writeln!(std::io::stderr(), "\nsluice: stopping (Ctrl-C again to stop at once)");
        tokio::select! {
            stopped = cloud.stop(GRACE) => stopped.context("did not stop cleanly")?,
            again = signals.next() => {
                again?;
                end_now()
            }
        }
        Ok(())
    })
}

/// Tells on the terminal of what happens, until the end.
fn tell(cloud: &mut Cloud, stacks: &[StackReport]) {
    let Some(announcements) = cloud.take_announcements() else {
        return;
    };
    let sources = live::Sources {
        driver: cloud.driver().clone(),
        urls: cloud.function_urls(),
        submissions: stacks.iter().find_map(|stack| stack.notes.submissions.clone()),
    };
    tokio::spawn(live::tell(announcements, sources));
}

/// Returns the stacks that are to run, each after those that it needs.
fn sources(options: &Up, root: Option<&Path>) -> anyhow::Result<Vec<StackSource>> {
    let mut defaults = parameter::local();
    defaults.insert("WorkflowStackName".to_owned(), options.stack_name.clone());
    if let Some(template) = &options.template {
        return Ok(vec![StackSource {
            name: options.stack_name.clone(),
            template: template.clone(),
            defaults,
        }]);
    }
    let mut stacks = options.stacks.clone();
    stacks.sort_unstable();
    stacks.dedup();
    match stacks.first() {
        None => stacks.push(StackChoice::Workflow),
        Some(StackChoice::Workflow) => {}
        Some(other) => bail!(
            "--stack {} needs what the workflow stack exports: add --stack workflow",
            other.file_stem()
        ),
    }
    let cfn = root
        .context(
            "there is no cfn/workflow.yaml here or above; run `sluice` in a checkout of Sluice, or name a template \
             with --template",
        )?
        .join("cfn");
    let source = |stack: StackChoice| StackSource {
        name: stack.stack_name(&options.stack_name),
        template: cfn.join(format!("{}.yaml", stack.file_stem())),
        defaults: defaults.clone(),
    };
    Ok(stacks.into_iter().map(source).collect())
}

/// Returns true for a template that is none of the checkout's, whose functions cargo builds.
fn is_foreign(template: Option<&Path>, root: Option<&Path>) -> bool {
    let absolute = |path: &Path| path.canonicalize().ok();
    match (template.and_then(absolute), root.and_then(absolute)) {
        (Some(template), Some(root)) => !template.starts_with(root.join("cfn")),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Keeps only the message of an error, which names its cause itself: printed with its chain, the cause would come twice.
fn told(error: StartError) -> anyhow::Error {
    anyhow::Error::msg(error.to_string())
}

/// The checkout that the current directory belongs to: the first directory upwards that has `cfn/workflow.yaml`.
fn checkout() -> anyhow::Result<Option<PathBuf>> {
    let here = std::env::current_dir().context("there is no current directory")?;
    Ok(here
        .ancestors()
        .find(|directory| directory.join("cfn/workflow.yaml").is_file())
        .map(Path::to_owned))
}

/// The exit code when a database is damaged or gone: `EX_IOERR` of `sysexits.h`.
const LOST: i32 = 74;

/// Ends the process because nothing can be acknowledged any more. What was acknowledged is on disk, if the disk still has it.
fn end_over_lost_data(reason: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "sluice: {reason}");
    std::process::exit(LOST)
}

/// Ends the process at once, and without unwinding: what was acknowledged is in the journal, and calls in flight are sent again.
fn end_now() -> ! {
    std::process::exit(130)
}
