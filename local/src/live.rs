//! The lines of `sluice up` about what happens while it runs: an execution that waits or has ended, a mail with its link.
//!
//! Of a burst the first lines are printed, and the others counted: a load of hundreds a second is one line a second more.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use sluice_cloud::driver::{Driver, ExecutionRecord};
use sluice_cloud::sns::inbox::{self, Mail};
use sluice_cloud::{Announcement, Announcements, Outcome, SubmissionSpec};
use tokio::time::{Instant, sleep_until, timeout};

use crate::terminal::{self, Tone, cut, plain};

/// The lines that are printed in a [`WINDOW`] before others are only counted.
const LINES: usize = 20;

/// The time for which lines are counted together.
const WINDOW: Duration = Duration::from_secs(1);

/// The mails that one look at the inbox reads.
const MAILS: usize = 20;

/// Lines that wait for a terminal that does not take them; more are dropped.
const QUEUE: usize = 64;

/// The width where standard output is no terminal.
const WIDTH: usize = 120;

/// The parts of the runtime that the lines are made of.
pub(crate) struct Sources {
    /// Executions and mails.
    pub(crate) driver: Driver,
    /// The addresses of the function URLs.
    pub(crate) urls: Vec<String>,
    /// The definition of a submission, if a template has one.
    pub(crate) submissions: Option<SubmissionSpec>,
}

/// Tells of announcements until the runtime is gone.
pub(crate) async fn tell(mut announcements: Announcements, sources: Sources) {
    let Sources {
        driver,
        urls,
        submissions,
    } = sources;
    let mut lines = Lines::new();
    let mut known = mails(&driver).await;
    loop {
        let announcement = tokio::select! {
            announcement = announcements.next() => announcement,
            () = sleep_until(lines.window_ends()) => {
                lines.end_window();
                continue;
            }
        };
        match announcement {
            None => return,
            Some(Announcement::Mailed) => {
                let newest = mails(&driver).await;
                for mail in newest
                    .iter()
                    .rev()
                    .filter(|mail| known.iter().all(|old| old.id != mail.id))
                {
                    lines.say("mail", || mail_lines(mail, &urls));
                }
                known = newest;
            }
            Some(Announcement::Missed(count)) => lines.missed(count),
            Some(Announcement::Waits { execution, at }) => {
                // its end may have come since then: that has a line of its own
                let name = execution.name.to_string();
                lines.say("waiting", || {
                    first_line(at, "waiting", Tone::Attention, &name, None) + "\n"
                });
            }
            Some(Announcement::Ended {
                execution,
                status,
                took_ms,
                at,
            }) => {
                if !lines.has_room() {
                    lines.count(status.as_str());
                    continue;
                }
                // what is read may lie a moment behind what is told; one that was redriven meanwhile has no end
                let executions = driver.executions();
                let record = timeout(WINDOW, executions.wait_for_end(&execution.arn)).await;
                let record = record.ok().and_then(Result::ok).flatten();
                let end = End::of(status.as_str(), record.as_ref(), submissions.as_ref());
                lines.say(status.as_str(), || end.lines(at, took_ms, &execution.name));
            }
        }
    }
}

/// The newest mails. A journal that cannot be read is said elsewhere.
async fn mails(driver: &Driver) -> Vec<Mail> {
    inbox::list(driver, None, MAILS).await.unwrap_or_default()
}

/// `12:00:03  stored    ID  340 ms`
fn first_line(at: i64, word: &str, tone: Tone, name: &str, took_ms: Option<i64>) -> String {
    let took = took_ms
        .map(|took| format!("  {}", terminal::duration(took)))
        .unwrap_or_default();
    let before = format!("{}  ", terminal::time_of_day(at));
    format!("{before}{}  {}{took}", tone.paint(&format!("{word:<9}")), plain(name))
}

/// The end of an execution in words.
#[derive(Debug, PartialEq)]
struct End {
    /// The outcome of a submission; the status of another execution.
    word: String,
    tone: Tone,
    /// The values by which a person knows a submission.
    values: Vec<String>,
    /// The error and its cause.
    reason: String,
}

impl End {
    fn of(status: &str, record: Option<&ExecutionRecord>, submissions: Option<&SubmissionSpec>) -> Self {
        let reason = match record.and_then(|record| record.outcome.as_ref()) {
            Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) => {
                let parts = [error.as_deref(), cause.as_deref()];
                parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
            }
            Some(Outcome::Succeeded { .. } | Outcome::TimedOut) | None => String::new(),
        };
        let submission = submissions.zip(record).and_then(|(spec, record)| {
            let is_one = *record.identity.machine_arn == *spec.state_machine;
            let rule = spec.outcome_of(record).filter(|_| is_one)?;
            Some((rule.name.clone(), tone(rule.tone), spec.values_of(record)))
        });
        let (word, tone, values) = submission.unwrap_or_else(|| {
            let word = status.to_lowercase().replace('_', " ");
            (word, Tone::of_status(status), Vec::new())
        });
        Self {
            word,
            tone,
            values,
            reason,
        }
    }

    /// The line of the end, and of a failure the reason and how to see more.
    fn lines(&self, at: i64, took_ms: i64, name: &str) -> String {
        let mut text = first_line(at, &self.word, self.tone, name, Some(took_ms)) + "\n";
        let below = |text: &str, tone: Tone| {
            format!(
                "{:10}{}\n",
                "",
                tone.paint(&cut(&plain(text), width().saturating_sub(10)))
            )
        };
        let values: Vec<&str> = self
            .values
            .iter()
            .map(String::as_str)
            .filter(|value| !value.is_empty())
            .collect();
        if !values.is_empty() {
            text += &below(&values.join("  "), Tone::Faint);
        }
        if !self.reason.is_empty() {
            text += &below(&self.reason, self.tone);
        }
        if self.tone == Tone::Bad {
            text += &below(&format!("sluice show {name}"), Tone::Faint);
        }
        text
    }
}

/// The colour of a tone that a template names.
fn tone(tone: sluice_cloud::Tone) -> Tone {
    match tone {
        sluice_cloud::Tone::Ok => Tone::Good,
        sluice_cloud::Tone::Wait => Tone::Attention,
        sluice_cloud::Tone::Bad => Tone::Bad,
        sluice_cloud::Tone::Idle | sluice_cloud::Tone::Run => Tone::Neutral,
    }
}

/// The line of a mail, and one of its link, if it leads to a function URL.
fn mail_lines(mail: &Mail, urls: &[String]) -> String {
    let at = chrono::DateTime::parse_from_rfc3339(&mail.sent_at).map_or(0, |at| at.timestamp_millis());
    let about = format!("to {}: {}", plain(&mail.to), plain(&mail.subject));
    let room = width().saturating_sub(21);
    let mut text = format!("{}  {:<9}  {}\n", terminal::time_of_day(at), "mail", cut(&about, room));
    let mut words = mail.text.split_whitespace();
    let is_ours = |word: &&str| {
        urls.iter()
            .any(|url| word.starts_with(url.as_str()) && word.len() > url.len())
    };
    if let Some(link) = words.find(is_ours) {
        let link = link.split('?').next().unwrap_or(link);
        // to be followed, so it is never cut
        text += &format!("{:10}{}\n", "", plain(link));
    }
    text
}

fn width() -> usize {
    terminal::width().unwrap_or(WIDTH)
}

/// The printing of lines, by a thread of its own: a terminal that is held up holds up nothing else.
struct Lines {
    printer: SyncSender<String>,
    began: Instant,
    printed: usize,
    counted: BTreeMap<String, u64>,
}

impl Lines {
    fn new() -> Self {
        let (printer, lines) = sync_channel::<String>(QUEUE);
        std::thread::spawn(move || {
            for line in lines {
                let mut out = anstream::stdout();
                // a closed output is no reason to stop
                let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
            }
        });
        Self {
            printer,
            began: Instant::now(),
            printed: 0,
            counted: BTreeMap::new(),
        }
    }

    fn has_room(&self) -> bool {
        self.printed < LINES
    }

    fn say(&mut self, kind: &str, line: impl FnOnce() -> String) {
        if !self.has_room() {
            return self.count(kind);
        }
        if self.printed == 0 {
            self.began = Instant::now();
        }
        self.printed += 1;
        let _ = self.printer.try_send(line());
    }

    fn count(&mut self, kind: &str) {
        *self.counted.entry(kind.to_lowercase().replace('_', " ")).or_default() += 1;
    }

    fn missed(&mut self, count: u64) {
        *self.counted.entry("not looked at".to_owned()).or_default() += count;
        if self.printed == 0 {
            self.printed = LINES;
            self.began = Instant::now();
        }
    }

    /// The end of the window; far away while nothing was printed in it.
    fn window_ends(&self) -> Instant {
        match self.printed {
            0 => Instant::now() + Duration::from_secs(3_600),
            _ => self.began + WINDOW,
        }
    }

    fn end_window(&mut self) {
        self.printed = 0;
        if let Some(line) = summary(&std::mem::take(&mut self.counted)) {
            let _ = self.printer.try_send(line);
        }
    }
}

/// The line about what was only counted.
fn summary(counted: &BTreeMap<String, u64>) -> Option<String> {
    let all: u64 = counted.values().sum();
    if all == 0 {
        return None;
    }
    let parts: Vec<String> = counted.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    Some(format!(
        "{:10}{}\n",
        "",
        Tone::Faint.paint(&format!("and {all} more: {}", parts.join(", ")))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_mail_is_told_with_its_link() {
        let mail = |text: &str| -> Mail {
            serde_json::from_value(serde_json::json!({
                "id": "m", "to": "admin@example.com", "subject": "Approve? \u{1b}[31mAda", "text": text,
                "sent_at": "2026-12-01T12:00:03.000Z", "topic_arn": "t", "message_id": "i" }))
            .expect("a mail")
        };
        let urls = ["http://127.0.0.1:4568/".to_owned()];
        let head = "12:00:03  mail       to admin@example.com: Approve? \\u{1b}[31mAda\n";
        for (text, link) in [
            (
                "Look:\nhttp://127.0.0.1:4568/SECRET?decision=approve\nABC234",
                "          http://127.0.0.1:4568/SECRET\n",
            ),
            ("http://evil.example/SECRET", ""),
            ("http://127.0.0.1:4568/", ""),
        ] {
            assert_eq!(strip(&mail_lines(&mail(text), &urls)), format!("{head}{link}"));
        }
    }

    #[test]
    fn an_end_is_a_line_and_a_failure_more() {
        let text = strip(&End::of("SUCCEEDED", None, None).lines(1_764_590_403_000, 340, "e-1"));
        assert_eq!(text, "12:00:03  succeeded  e-1  340 ms\n");
        let text = strip(&End::of("TIMED_OUT", None, None).lines(1_764_590_403_000, 5_000, "e-1"));
        assert_eq!(text, "12:00:03  timed out  e-1  5.0 s\n          sluice show e-1\n");
        let broken = End {
            word: "broken".to_owned(),
            tone: Tone::Bad,
            values: vec!["Ada\u{1b}".to_owned(), String::new(), "12".to_owned()],
            reason: "Oops: no table".to_owned(),
        };
        let text = strip(&broken.lines(1_764_590_403_000, 340, "e-1"));
        let below = "          Ada\\u{1b}  12\n          Oops: no table\n          sluice show e-1\n";
        assert_eq!(text, format!("12:00:03  broken     e-1  340 ms\n{below}"));
    }

    #[test]
    fn of_a_burst_the_rest_is_counted() {
        let counted = BTreeMap::from([("succeeded".to_owned(), 300), ("failed".to_owned(), 17)]);
        let line = summary(&counted).map(|line| strip(&line));
        assert_eq!(
            line.as_deref(),
            Some("          and 317 more: failed 17, succeeded 300\n")
        );
        assert_eq!(summary(&BTreeMap::new()), None);
    }
}
