//! Runs against servers of the test's own.

mod support;

use std::sync::Arc;
use std::time::Duration;

use sluice_pinger::RunError;
use sluice_pinger::pacer::{Batching, Rate, Schedule};
use sluice_pinger::progress::Progress;
use sluice_pinger::run::{Plan, run};
use sluice_pinger::submission::{Generator, KeyPrefix, Share};
use sluice_pinger::summary::{End, Summary};
use sluice_pinger::transport::{Encoding, Http, Preference, Url};
use support::{Server, always};
use tokio::sync::{Notify, mpsc};

const LONG: Duration = Duration::from_secs(600);

fn plan(count: Option<u64>, concurrency: usize) -> Plan {
    Plan {
        schedule: Schedule {
            rate: Rate::new(1000.0).unwrap(),
            count,
            duration: None,
        },
        batching: Batching::NONE,
        concurrency,
        grace: LONG,
        progress_every: LONG,
    }
}

fn generator(prefix: Option<&str>) -> Generator {
    let share = |part| Share::new(part).unwrap();
    let prefix = prefix.map(|prefix| KeyPrefix::new(prefix).unwrap());
    Generator::new(1, share(0.2), share(0.2), prefix)
}

fn http(url: &str, timeout: Duration) -> Http {
    Http::new(Url::new(url).unwrap(), Encoding::Json, Preference::None, timeout).unwrap()
}

async fn load(url: &str, plan: Plan) -> Result<Summary, RunError> {
    let (_open, signals) = mpsc::channel(1);
    run(plan, generator(None), http(url, LONG), signals, |_| ()).await
}

fn outcomes(summary: &Summary) -> Vec<(&str, u64)> {
    summary
        .outcomes
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect()
}

fn errors(summary: &Summary) -> Vec<(&str, u64)> {
    summary
        .errors
        .iter()
        .map(|(name, failed)| (*name, failed.count))
        .collect()
}

#[tokio::test]
async fn every_submission_is_sent_once_over_connections_that_are_kept() {
    let statuses = [201, 202, 400, 409, 503, 500];
    let server = Server::start(move |number, _| async move { Some((statuses[number % 6], "x".repeat(9000))) }).await;
    let summary = load(&server.url(), plan(Some(60), 3)).await.unwrap();
    assert_eq!(
        outcomes(&summary),
        [
            ("201", 10),
            ("202", 10),
            ("400", 10),
            ("409", 10),
            ("500", 10),
            ("503", 10)
        ]
    );
    assert_eq!((summary.submissions.started, summary.submissions.answered), (60, 60));
    assert_eq!(summary.ended_by, End::Schedule);
    let mut sent: Vec<_> = server.requests().into_iter().map(|asked| asked.body).collect();
    let generator = generator(None);
    let mut expected: Vec<_> = (0..60)
        .map(|number| serde_json::to_string(&generator.submission(number).fields).unwrap())
        .collect();
    sent.sort();
    expected.sort();
    assert_eq!(sent, expected);
    let connections = server.seen.lock().unwrap().connections;
    // the client may open one more while another is on its way back to the pool
    assert!(connections < 20, "{connections} connections for 60 requests");
}

#[tokio::test]
async fn each_has_its_own_key() {
    let server = always(201).await;
    let (_open, signals) = mpsc::channel(1);
    let http = http(&server.url(), LONG);
    run(plan(Some(20), 4), generator(Some("k")), http, signals, |_| ())
        .await
        .unwrap();
    let mut keys: Vec<_> = server
        .requests()
        .iter()
        .map(|asked| asked.header("idempotency-key").unwrap().to_owned())
        .collect();
    keys.sort();
    let mut expected: Vec<_> = (0..20).map(|number| format!("k-1-{number}")).collect();
    expected.sort();
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn what_fails_is_counted_and_the_run_goes_on() {
    let server = Server::start(|number, _| async move {
        match number {
            0 => Some((201, String::new())),
            number if number % 2 == 1 => None,
            _ => Some((201, String::new())),
        }
    })
    .await;
    let summary = load(&server.url(), plan(Some(40), 1)).await.unwrap();
    assert_eq!(summary.submissions.started, 40);
    assert_eq!(
        (outcomes(&summary), errors(&summary)),
        (vec![("201", 20)], vec![("connection_lost", 20)])
    );
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_does_not_end_the_run() {
    let die = Arc::new(Notify::new());
    let dying = die.clone();
    let server = Server::start(move |number, _| {
        let die = dying.clone();
        async move {
            if number == 9 {
                die.notify_one();
                std::future::pending::<()>().await;
            }
            Some((201, String::new()))
        }
    })
    .await;
    let (url, task) = (server.url(), server.task);
    tokio::spawn(async move {
        die.notified().await;
        task.abort();
    });
    let summary = load(&url, plan(Some(50), 1)).await.unwrap();
    assert_eq!(outcomes(&summary), [("201", 9)]);
    assert_eq!(errors(&summary), [("connection_lost", 1), ("connection_refused", 40)]);
    assert!(!summary.is_hopeless());
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_timeout() {
    let server = Server::start(|_, _| std::future::pending()).await;
    let (_open, signals) = mpsc::channel(1);
    let http = http(&server.url(), Duration::from_millis(20));
    let summary = run(plan(Some(3), 3), generator(None), http, signals, |_| ())
        .await
        .unwrap();
    assert_eq!(errors(&summary), [("timeout", 3)]);
    assert_eq!(summary.errors["timeout"].example, "no answer within 20ms");
    assert!(summary.is_hopeless());
}

#[tokio::test]
async fn a_signal_ends_the_run_and_a_second_one_does_not_wait() {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let server = Server::start(move |number, _| {
        arrived.send(number).unwrap();
        async move {
            match number {
                0 => Some((201, String::new())),
                _ => std::future::pending().await,
            }
        }
    })
    .await;
    let (signal, signals) = mpsc::channel(1);
    let stop = async {
        while arrivals.recv().await != Some(4) {}
        signal.send(()).await.unwrap();
        signal.send(()).await.unwrap();
    };
    let (summary, ()) = tokio::join!(
        run(
            plan(None, 4),
            generator(None),
            http(&server.url(), LONG),
            signals,
            |_| ()
        ),
        stop
    );
    let summary = summary.unwrap();
    assert_eq!(summary.ended_by, End::Signal);
    assert_eq!(outcomes(&summary), [("201", 1)]);
    assert_eq!((summary.submissions.started, summary.submissions.unanswered), (5, 4));
}

#[tokio::test]
async fn a_signal_leaves_time_for_what_is_on_its_way() {
    let (signal, signals) = mpsc::channel(1);
    let server = Server::start(move |_, _| {
        let signal = signal.clone();
        async move {
            // answers only once the run has heard the signal: there is room for one
            signal.send(()).await.unwrap();
            drop(signal.reserve().await.unwrap());
            Some((202, String::new()))
        }
    })
    .await;
    let summary = run(
        plan(None, 1),
        generator(None),
        http(&server.url(), LONG),
        signals,
        |_| (),
    )
    .await
    .unwrap();
    assert_eq!(summary.ended_by, End::Signal);
    assert_eq!(
        (outcomes(&summary), summary.submissions.unanswered),
        (vec![("202", 1)], 0)
    );
}

#[tokio::test]
async fn a_duration_ends_in_spite_of_a_server_that_hangs() {
    let server = Server::start(|_, _| std::future::pending()).await;
    let mut plan = plan(None, 2);
    plan.schedule.duration = Some(Duration::from_millis(50));
    plan.grace = Duration::from_millis(10);
    let summary = load(&server.url(), plan).await.unwrap();
    let counts = summary.submissions;
    assert!(counts.started <= 2, "{counts:?}");
    assert_eq!(
        (counts.unanswered, counts.started + counts.not_started),
        (counts.started, 50)
    );
}

#[tokio::test]
async fn a_target_that_was_never_there_ends_the_run() {
    let gone = always(201).await;
    gone.task.abort();
    let refused = gone.url();
    assert!(gone.task.await.unwrap_err().is_cancelled());
    let plain = always(201).await;
    let no_http = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let speaks = format!("http://{}", no_http.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = no_http.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail.example.com ESMTP\r\n").await;
        }
    });
    let no_name = format!("http://{}.example.com/", "x".repeat(64));
    for (url, part) in [
        (refused, "Connection refused"),
        (plain.url().replace("http:", "https:"), "corrupt message"),
        (speaks, "invalid HTTP version"),
        (no_name, "dns error"),
    ] {
        let error = load(&url, plan(None, 2)).await.unwrap_err().to_string();
        assert!(error.contains(part), "{url}: {error:?} lacks {part:?}");
        assert!(!error.contains('\n') && error.contains(&url), "{error:?}");
    }
}

#[tokio::test]
async fn progress_is_told() {
    let server = always(201).await;
    let mut plan = plan(None, 8);
    plan.progress_every = Duration::from_millis(5);
    let (signal, signals) = mpsc::channel(1);
    let mut last = None;
    let tell = |progress: &Progress| {
        if progress.started >= 10 {
            last = Some(progress.line(usize::MAX));
            let _ = signal.try_send(());
        }
    };
    let summary = run(plan, generator(None), http(&server.url(), LONG), signals, tell)
        .await
        .unwrap();
    assert!(summary.submissions.started >= 10);
    let last = last.unwrap();
    assert!(last.contains(" sent (") && last.contains("201: "), "{last}");
}
