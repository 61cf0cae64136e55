//! `GET /health`: whether submissions are taken in, and what is not as it should be, for scripts and supervisors.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use sluice_driver::DriverError;
use sluice_host::Host;

use crate::endpoint::Services;
use sluice_cloudformation::StackStatus;

/// The time that the engine may take to answer. A script asks for the health of what may hang.
const PATIENCE: Duration = Duration::from_millis(200);

/// The components that every submission goes through: it is accepted only if all of them are ready.
const NEEDED: [&str; 5] = ["engine", "functions", "journal", "process", "tables"];

/// The health of a component, or of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ready,
    /// It works, but not as it should.
    Degraded,
    /// It does not work.
    Failed,
}

impl Status {
    /// The text in the JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

/// One part, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Its health.
    pub status: Status,
    /// The reason why it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Component {
    fn of(status: Status, trouble: Option<String>) -> Self {
        Self {
            status: if trouble.is_some() { status } else { Status::Ready },
            reason: trouble,
        }
    }
}

/// The health of all components: the body of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The worst of the components'.
    pub status: Status,
    /// True if submissions are accepted: all components that they go through are ready.
    pub accepting: bool,
    /// The parts by name.
    pub components: BTreeMap<String, Component>,
}

impl Report {
    /// Makes the report of these components.
    fn new(components: impl IntoIterator<Item = (&'static str, Component)>) -> Self {
        let components: BTreeMap<String, Component> = components
            .into_iter()
            .map(|(name, component)| (name.to_owned(), component))
            .collect();
        let ready = |name: &&str| {
            components
                .get(*name)
                .is_none_or(|component| component.status == Status::Ready)
        };
        Self {
            status: components.values().map(|one| one.status).max().unwrap_or(Status::Ready),
            accepting: NEEDED.iter().all(ready),
            components,
        }
    }
}

/// The state of the process: starting, up or stopping.
#[derive(Debug, Default)]
pub(crate) struct ProcessState(AtomicU8);

impl ProcessState {
    /// Records that everything runs.
    pub(crate) fn is_up(&self) {
        self.0.store(1, Ordering::Release);
    }

    /// Records that nothing new is begun.
    pub(crate) fn is_stopping(&self) {
        self.0.store(2, Ordering::Release);
    }

    fn trouble(&self) -> Option<String> {
        match self.0.load(Ordering::Acquire) {
            0 => Some("sluice is starting".to_owned()),
            1 => None,
            _ => Some("sluice is stopping".to_owned()),
        }
    }
}

/// The handler of `/health`, with the parts of the runtime that it looks at.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) services: Arc<Services>,
    pub(crate) host: Host,
    pub(crate) life: Arc<ProcessState>,
}

impl Health {
    /// `/health`.
    pub(crate) fn router(self) -> Router {
        Router::new().route("/health", get(answer)).with_state(self)
    }

    async fn report(&self) -> Report {
        let services = &self.services;
        let journal = services.driver.trouble();
        Report::new([
            ("engine", self.engine().await),
            // mails lie in the journal
            ("mail", Component::of(Status::Failed, journal.clone())),
            ("journal", Component::of(Status::Failed, journal)),
            ("tables", Component::of(Status::Failed, services.dynamodb.trouble())),
            ("streams", Component::of(Status::Failed, services.streams.trouble())),
            ("metrics", Component::of(Status::Failed, services.metrics.trouble())),
            ("functions", Component::of(Status::Degraded, self.host.trouble())),
            ("process", Component::of(Status::Failed, self.life.trouble())),
            ("stacks", self.stacks()),
        ])
    }

    /// Returns the health of the engine's thread: a request that does nothing goes through its queue.
    async fn engine(&self) -> Component {
        match tokio::time::timeout(PATIENCE, self.services.driver.ping()).await {
            Ok(Err(error @ (DriverError::Closed | DriverError::Stopped { .. }))) => {
                Component::of(Status::Failed, Some(error.to_string()))
            }
            // an engine that says why it does not write is one that answers
            Ok(_) => Component::of(Status::Ready, None),
            Err(_) => {
                let waiting = self.services.driver.statistics().queued;
                let reason = format!(
                    "the engine has not answered for {} ms; {waiting} requests wait",
                    PATIENCE.as_millis()
                );
                Component::of(Status::Degraded, Some(reason))
            }
        }
    }

    /// Returns the health of the stacks. One that cannot be deleted prevents no submission.
    fn stacks(&self) -> Component {
        let stacks = self.services.stacks.existing();
        let failed = stacks.iter().filter(|stack| stack.status == StackStatus::DeleteFailed);
        let reasons: Vec<String> = failed
            .map(|stack| {
                let reason = stack.status_reason.as_deref().unwrap_or("see the log");
                format!("stack {} cannot be deleted: {reason}", stack.name)
            })
            .collect();
        let reasons = (!reasons.is_empty()).then(|| reasons.join("; "));
        Component::of(Status::Degraded, reasons)
    }
}

async fn answer(State(health): State<Health>) -> impl IntoResponse {
    let report = health.report().await;
    let status = if report.accepting {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_submissions_need_decides_whether_they_are_taken_in() {
        use Status::{Degraded, Failed, Ready};
        let check = |given: &[(&'static str, Status)], status: Status, accepting: bool| {
            let component = |status| Component::of(status, (status != Ready).then(|| "why".to_owned()));
            let report = Report::new(given.iter().map(|(name, status)| (*name, component(*status))));
            assert_eq!((report.status, report.accepting), (status, accepting), "{given:?}");
        };
        check(
            &[("engine", Ready), ("journal", Ready), ("metrics", Ready)],
            Ready,
            true,
        );
        check(&[("engine", Ready), ("metrics", Failed)], Failed, true);
        check(&[("engine", Ready), ("stacks", Degraded)], Degraded, true);
        check(&[("engine", Degraded), ("journal", Ready)], Degraded, false);
        check(&[("engine", Ready), ("journal", Failed)], Failed, false);
        check(&[("functions", Degraded)], Degraded, false);
        check(&[("tables", Failed)], Failed, false);
        check(&[("process", Failed)], Failed, false);
    }

    #[test]
    fn the_answer_has_the_shape_that_is_documented() {
        let report = Report::new([
            ("engine", Component::of(Status::Failed, None)),
            ("journal", Component::of(Status::Failed, Some("disk full".to_owned()))),
        ]);
        let expected = serde_json::json!({
            "status": "failed",
            "accepting": false,
            "components": {
                "engine": { "status": "ready" },
                "journal": { "status": "failed", "reason": "disk full" },
            },
        });
        assert_eq!(serde_json::to_value(report).expect("JSON"), expected);
    }

    #[test]
    fn a_life_begins_and_ends_without_submissions() {
        let life = ProcessState::default();
        assert_eq!(life.trouble().as_deref(), Some("sluice is starting"));
        life.is_up();
        assert_eq!(life.trouble(), None);
        life.is_stopping();
        assert_eq!(life.trouble().as_deref(), Some("sluice is stopping"));
    }
}
