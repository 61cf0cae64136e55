//! Many open approvals: their page, and one decision about all of them, also when everything is killed in the middle.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::account::{Waiting, any_execution, entries};
use crate::cli::Cli;
use crate::error::BenchError;
use crate::load::{Load, Patience, at_once, line, row};
use crate::stack::fresh;
use crate::support::approvals::{OpenList, open_list};
use crate::support::{Aws, Sluice};
use crate::wire::Wire;

/// For a batch, and what it sets off.
const WAITING: Waiting = Waiting {
    at_most: Duration::from_secs(1_800),
    pause: Duration::from_millis(100),
};

/// The number of decisions of a batch, and of all until then.
#[derive(Debug, Clone, Copy)]
struct Counts {
    of_batch: usize,
    of_all: usize,
}

/// Open approvals: their page, their decision as one batch, and the same with three kills in the middle.
pub(crate) fn approvals(cli: &Cli) -> Result<(), BenchError> {
    let count = cli.approvals;
    let mut sluice = fresh(cli)?;
    sluice.start();
    ask(&sluice, count, "first")?;
    pages(&sluice, count)?;
    let began = Instant::now();
    let list = open_list(&sluice);
    list.approve_all("0000000000000001");
    WAITING.until("the batch to be done", || Ok(list.is_done("0000000000000001")))?;
    let counts = |batches| Counts {
        of_batch: count,
        of_all: batches * count,
    };
    decided(&sluice, counts(1), began, "decided as one batch")?;
    // again, and everything is killed three times
    ask(&sluice, count, "second")?;
    let list = open_list(&sluice);
    list.approve_all("0000000000000002");
    let began = Instant::now();
    for kill in 1..=3 {
        let wanted = count * kill / 4;
        let list = open_list(&sluice);
        WAITING.until("a part of the batch", || Ok(open(&list)? <= count - wanted))?;
        sluice.kill();
        sluice.start();
    }
    let list = open_list(&sluice);
    WAITING.until("the batch to be done", || Ok(list.is_done("0000000000000002")))?;
    decided(&sluice, counts(2), began, "decided, with three kills")
}

/// Sends half-right submissions, and waits until all are open.
fn ask(sluice: &Sluice, count: usize, name: &str) -> Result<(), BenchError> {
    let url = sluice.output("FunctionURLAPI");
    let put = |wire: &mut Wire, n: usize, _: &mut Patience| {
        let asked = Instant::now();
        let fields = json!({ "user_name": "Half", "email": format!("{name}{n}@example.com"), "pincode": "12" });
        let (status, body) = wire.put_json(&fields)?;
        match status {
            202 => Ok(asked.elapsed()),
            _ => {
                let what = "a half-right submission is not asked about".to_owned();
                Err(BenchError::Answer { what, status, body })
            }
        }
    };
    let began = Instant::now();
    let mut times = at_once(&url, Load::of(count), 0, &put)?;
    let list = open_list(sluice);
    WAITING.until("all to be open", || Ok(open(&list)? == count))?;
    let rate = count as f64 / began.elapsed().as_secs_f64();
    line(&format!("approvals asked for ({count})"), rate, "/s");
    row("a half-right submission until 202", &mut times);
    Ok(())
}

/// The page of everything open, as a browser fetches it.
fn pages(sluice: &Sluice, count: usize) -> Result<(), BenchError> {
    let list = open_list(sluice);
    let aws = Aws::new("");
    let mut times = Vec::new();
    for _ in 0..30 {
        let began = Instant::now();
        let (status, body) = aws.get(&list.link, &[("accept", "text/html")]);
        times.push(began.elapsed());
        if status != 200 {
            let what = "the page of everything open".to_owned();
            return Err(BenchError::Answer { what, status, body });
        }
    }
    row(&format!("page of {count} open approvals"), &mut times);
    Ok(())
}

/// Checks that everything was decided once and heard, and prints how fast.
fn decided(sluice: &Sluice, counts: Counts, began: Instant, what: &str) -> Result<(), BenchError> {
    let taken = began.elapsed();
    // by what is listed: of metrics a kill takes the last second
    WAITING.until("the workflows to end", || Ok(!any_execution(sluice, "RUNNING")?))?;
    let ended = began.elapsed();
    line(what, counts.of_batch as f64 / taken.as_secs_f64(), "/s");
    let heard = format!("{what}, workflows ended");
    line(&heard, counts.of_batch as f64 / ended.as_secs_f64(), "/s");
    for status in ["FAILED", "TIMED_OUT", "ABORTED"] {
        if any_execution(sluice, status)? {
            return Err(BenchError::Unfinished(format!(
                "there are executions that are {status}"
            )));
        }
    }
    let stored = entries(sluice)?;
    if stored == counts.of_all as u64 {
        return Ok(());
    }
    Err(BenchError::Unfinished(format!(
        "of {} decisions {stored} entries know",
        counts.of_all
    )))
}

/// The number that are open.
fn open(list: &OpenList) -> Result<usize, BenchError> {
    let said = Aws::new("").json(&list.link);
    let number = said["open"].as_u64().and_then(|open| usize::try_from(open).ok());
    number.ok_or_else(|| BenchError::Answer {
        what: "the list does not say how many are open".to_owned(),
        status: 200,
        body: said.to_string(),
    })
}
