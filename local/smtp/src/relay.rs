//! The way from the inbox to the server.

use std::time::Duration;

use serde_json::json;
use sluice_driver::{Driver, DriverError};
use sluice_sns::inbox::{self, Delivery, Mail};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::message;
use crate::server::{NotSent, Server};

/// The mails that are read at a time.
const BATCH: usize = 64;
/// The pause before the first retry; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause between retries.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Milliseconds by which a mail may come after one with a later id.
const OVERLAP: i64 = 60_000;

/// The kind of the store, and the key, for the time up to which all mails were sent or refused.
const KIND: &str = "smtp";
const DONE_UP_TO: &str = "done_up_to";
/// The key for the time at which there was a server first.
const SINCE: &str = "since";

/// The way from the inbox of a journal to a server.
#[derive(Debug)]
pub struct Relay {
    driver: Driver,
    server: Server,
    /// Changes when a mail has come.
    mails: watch::Receiver<()>,
    first_pause: Duration,
}

impl Relay {
    /// From the inbox of this journal to this server; `mails` changes when a mail has come.
    pub fn new(driver: Driver, server: Server, mails: watch::Receiver<()>) -> Self {
        Self {
            driver,
            server,
            mails,
            first_pause: FIRST_PAUSE,
        }
    }
}

/// A mail that is not sent yet.
struct Pending {
    mail: Mail,
    attempts: u32,
}

/// Sends every mail that comes from now on, and those that an earlier process with a server had not sent, until it is
/// aborted. What was in the inbox before there was a server stays there.
pub fn start(relay: Relay, now: i64) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = relay.run(now).await {
            tracing::error!(%error, "mails are not sent any more; the next start sends them");
        }
    })
}

impl Relay {
    async fn run(mut self, now: i64) -> Result<(), DriverError> {
        self.driver.store().put_if_absent(KIND, SINCE, json!(now)).await?;
        let since = self.noted(SINCE).await?.unwrap_or(now);
        let mut done = self.noted(DONE_UP_TO).await?.unwrap_or(since);
        let mut pending: Vec<Pending> = Vec::new();
        let mut pause = self.first_pause;
        loop {
            self.mails.mark_unchanged();
            let latest = self.gather(since, done, &mut pending).await?;
            let mut left = Vec::new();
            for one in pending {
                left.extend(self.try_once(one).await?);
            }
            pending = left;
            let oldest = pending.first().map_or(latest, |one| time_of(&one.mail));
            if oldest > done {
                done = oldest;
                self.driver.store().put(KIND, DONE_UP_TO, json!(done)).await?;
            }
            let retry = async {
                if pending.is_empty() {
                    pause = self.first_pause;
                    std::future::pending::<()>().await;
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            };
            tokio::select! {
                () = retry => {}
                changed = self.mails.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }

    async fn noted(&self, key: &str) -> Result<Option<i64>, DriverError> {
        Ok(self.driver.store().get(KIND, key).await?.and_then(|time| time.as_i64()))
    }

    /// Adds the mails that nobody has tried to send, and gives the time of the latest mail.
    async fn gather(&self, since: i64, done: i64, pending: &mut Vec<Pending>) -> Result<i64, DriverError> {
        let mut after = inbox::first_id_at(done - OVERLAP);
        let mut latest = done;
        loop {
            let mails = inbox::after(&self.driver, &after, BATCH).await?;
            let Some(last) = mails.last() else { return Ok(latest) };
            after = last.id.clone();
            for mail in mails {
                latest = latest.max(time_of(&mail));
                let delivery = inbox::delivery(&self.driver, &mail.id).await?;
                let is_over = delivery.as_ref().is_some_and(|delivery| delivery.is_over);
                let is_known = pending.iter().any(|one| one.mail.id == mail.id);
                if !is_over && !is_known && time_of(&mail) >= since {
                    pending.push(Pending { mail, attempts: 0 });
                }
            }
        }
    }

    /// Tries to send a mail, notes what came of it, and gives it back if it is to be tried again.
    async fn try_once(&self, one: Pending) -> Result<Option<Pending>, DriverError> {
        let Pending { mail, attempts } = one;
        let attempts = attempts.saturating_add(1);
        let sent = match message::of(&mail, self.server.from()) {
            Ok(message) => self.server.send(message).await,
            Err(reason) => Err(NotSent { reason, is_final: true }),
        };
        let (error, is_over) = match sent {
            Ok(()) => (None, true),
            Err(failed) => (Some(failed.reason), failed.is_final),
        };
        if let Some(error) = &error {
            tracing::warn!(
                to = mail.to,
                server = self.server.name(),
                attempts,
                "a mail was not sent: {error}"
            );
        }
        let delivery = Delivery {
            server: self.server.name().to_owned(),
            attempts,
            error,
            is_over,
        };
        inbox::note_delivery(&self.driver, &mail.id, &delivery).await?;
        Ok((!is_over).then_some(Pending { mail, attempts }))
    }
}

/// The time that a mail's id begins with.
fn time_of(mail: &Mail) -> i64 {
    mail.id
        .split('-')
        .next()
        .and_then(|time| time.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
