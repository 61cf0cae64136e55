//! `pinger`: see `pinger --help`, or `docs/pinger.md`.

use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

use sluice_pinger::RunError;
use sluice_pinger::cli::{ProgressStyle, Settings, Target};
use sluice_pinger::progress::Progress;
use sluice_pinger::run::run;
use sluice_pinger::summary::Summary;
use sluice_pinger::transport::{Http, Kinesis};
use tokio::sync::mpsc;

fn main() -> ExitCode {
    let settings = match Settings::from_process() {
        Ok(settings) => settings,
        Err(error) => error.exit(),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => {
            let doing = "cannot start";
            return complain(&RunError::System { doing, source });
        }
    };
    let json = settings.json;
    let result = runtime.block_on(load(settings));
    // What is still on its way was given up.
    runtime.shutdown_background();
    match result {
        Ok(summary) => report(&summary, json),
        Err(error) => complain(&error),
    }
}

async fn load(settings: Settings) -> Result<Summary, RunError> {
    let signals = signals()?;
    let Settings {
        plan,
        generator,
        timeout,
        ..
    } = settings;
    let tell = |progress: &Progress| tell(settings.progress, progress);
    let summary = match settings.target {
        Target::Url(url, encoding, preference) => {
            let http = Http::new(url, encoding, preference, timeout)?;
            run(plan, generator, http, signals, tell).await
        }
        Target::Stream(stream) => {
            let kinesis = Kinesis::new(stream, timeout).await?;
            run(plan, generator, kinesis, signals, tell).await
        }
    };
    if settings.progress == ProgressStyle::Live {
        // clears the line
        let _ = write!(stderr(), "\r\x1b[K");
    }
    summary
}

fn tell(style: ProgressStyle, progress: &Progress) {
    // A run does not end because nobody reads.
    let _ = match style {
        ProgressStyle::Silent => Ok(()),
        ProgressStyle::Live => write!(stderr(), "\r\x1b[K{}", progress.line(columns())),
        ProgressStyle::Lines => writeln!(stderr(), "{}", progress.line(usize::MAX)),
    };
}

/// The columns of the terminal as it is now. The last one stays free: some terminals go to the next line after it.
fn columns() -> usize {
    terminal_size::terminal_size_of(stderr())
        .map_or(80, |(columns, _)| usize::from(columns.0))
        .saturating_sub(1)
}

fn report(summary: &Summary, json: bool) -> ExitCode {
    let text = match serde_json::to_string_pretty(summary) {
        Ok(text) if json => text + "\n",
        Ok(_) | Err(_) => summary.to_string(),
    };
    let _ = stdout().write_all(text.as_bytes());
    if summary.is_hopeless() {
        let _ = writeln!(stderr(), "pinger: nothing but errors came back from {}", summary.target);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn complain(error: &RunError) -> ExitCode {
    let _ = writeln!(stderr(), "pinger: {error}");
    ExitCode::FAILURE
}

/// SIGTERM and Ctrl-C. Caught before the first submission, also as the first process of a container, which has no
/// default for them.
fn signals() -> Result<mpsc::Receiver<()>, RunError> {
    let doing = "cannot wait for signals";
    let failed = |source| RunError::System { doing, source };
    let (sender, receiver) = mpsc::channel(2);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
            let mut caught = signal(kind).map_err(failed)?;
            let sender = sender.clone();
            tokio::spawn(async move {
                while caught.recv().await.is_some() {
                    let _ = sender.send(()).await;
                }
            });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            let _ = sender.send(()).await;
        }
    });
    Ok(receiver)
}
