//! Delivers a written decision to the workflow: a state machine whose transitions are [`Step::after`], one table.

use sluice_aws::{ApprovalRecord, ApprovalState, CallError, DeliverError, Delivery};
use sluice_workflows::Decision;

use super::port::DecisionPort;

/// The most rounds of a delivery: it begins once, and again when the record changed meanwhile.
const ROUNDS: usize = 3;

/// The process that sends a decision to the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecisionSender {
    /// The one that has just written the decision.
    Decider,
    /// One that found it written.
    Another,
}

/// A step of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Record that somebody other than the decider is about to send.
    Announce,
    /// Send the decision to the token.
    Send,
    /// Read the record, to find out why the task of the token is over.
    Examine,
    /// Record that the workflow has the decision.
    RecordDone,
    /// Record that nobody waited for it.
    RecordClosed,
    /// Read the record, which has changed, and begin again.
    Reload,
    /// Nothing is left to do.
    Stop,
}

/// A finding of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// It did what it was to do.
    Done,
    /// The record has changed: a newer token, or somebody recorded the end of the delivery.
    Changed,
    /// No task has this token, or none waits for it any more.
    NobodyWaits,
    /// The task of this token is over; Step Functions does not say why.
    TaskOver,
    /// A call failed.
    Failed,
}

impl Step {
    /// The first step of a round.
    const fn first(sender: DecisionSender) -> Step {
        match sender {
            DecisionSender::Decider => Step::Send,
            DecisionSender::Another => Step::Announce,
        }
    }

    /// The step that follows what this one found.
    const fn after(self, found: Finding, sender: DecisionSender) -> Step {
        match (self, found) {
            (Step::Announce, Finding::Done) => Step::Send,
            (Step::Send, Finding::Done) => Step::RecordDone,
            (Step::Send, Finding::NobodyWaits) => Step::RecordClosed,
            (Step::Send, Finding::TaskOver) => Step::Examine,
            // Unchanged, and somebody else sent it: that one died before it recorded so, or is about to.
            (Step::Examine, Finding::Done) => Step::RecordDone,
            (Step::Examine, Finding::NobodyWaits) => Step::RecordClosed,
            (Step::Announce | Step::Examine | Step::RecordDone | Step::RecordClosed, Finding::Changed) => Step::Reload,
            (Step::Reload, Finding::Done) => Step::first(sender),
            // A call failed, or the end is recorded. What is not recorded the next POST delivers again, which does no harm.
            (_, _) => Step::Stop,
        }
    }
}

/// A delivery under way.
pub(super) struct DecisionDelivery<'a, P> {
    port: &'a P,
    pub(super) record: ApprovalRecord,
    sender: DecisionSender,
    now_ms: i64,
    rounds: usize,
}

/// Delivers the decision of `record` to the workflow, unless it has it, and answers the record with what came of it.
pub(super) async fn deliver(
    port: &impl DecisionPort,
    record: ApprovalRecord,
    sender: DecisionSender,
    now_ms: i64,
) -> ApprovalRecord {
    let mut delivery = DecisionDelivery::new(port, record, sender, now_ms);
    delivery.run(Step::first(sender), Step::Stop).await;
    delivery.record
}

impl<'a, P: DecisionPort> DecisionDelivery<'a, P> {
    pub(super) fn new(port: &'a P, record: ApprovalRecord, sender: DecisionSender, now_ms: i64) -> Self {
        DecisionDelivery {
            port,
            record,
            sender,
            now_ms,
            rounds: 1,
        }
    }

    /// Sends the decision that this process has written, and goes on until it has come to an end, or only its record is missing: then
    /// `true`.
    pub(super) async fn send_first(&mut self) -> bool {
        let next = self.run(Step::first(self.sender), Step::RecordDone).await;
        next == Step::RecordDone && self.undelivered().is_some()
    }

    /// Records that the workflow has the decision, and goes on if the record has changed.
    pub(super) async fn finish(mut self) -> ApprovalRecord {
        self.run(Step::RecordDone, Step::Stop).await;
        self.record
    }

    /// Takes steps until the next one is `last`, or nothing is left to do.
    async fn run(&mut self, mut step: Step, last: Step) -> Step {
        while let (true, Some(decision)) = (step != last && step != Step::Stop, self.undelivered()) {
            let found = self.take(step, &decision).await.unwrap_or_else(|error| {
                tracing::error!(approval = self.record.id, submission_id = self.record.submission_id, ?step, %error, "the decision is written and perhaps not delivered");
                Finding::Failed
            });
            step = step.after(found, self.sender);
        }
        step
    }

    /// The decision, while the workflow does not have it for certain.
    fn undelivered(&self) -> Option<Decision> {
        match &self.record.state {
            ApprovalState::Decided(decision, Delivery::Pending) => Some((**decision).clone()),
            ApprovalState::Decided(_, Delivery::Done | Delivery::Closed)
            | ApprovalState::Open
            | ApprovalState::Withdrawn => None,
        }
    }

    async fn take(&mut self, step: Step, decision: &Decision) -> Result<Finding, CallError> {
        match step {
            Step::Announce => {
                let announced = self.port.announce_redelivery(&self.record.id, &self.record.task_token);
                Ok(unless_changed(announced.await?))
            }
            Step::Send => self.send(decision).await,
            Step::Examine => self.examine().await,
            Step::RecordDone => self.record(decision, Delivery::Done).await,
            Step::RecordClosed => self.record(decision, Delivery::Closed).await,
            Step::Reload => self.reload().await,
            Step::Stop => Ok(Finding::Done),
        }
    }

    async fn send(&self, decision: &Decision) -> Result<Finding, CallError> {
        match self.port.send(&self.record.task_token, decision).await {
            Ok(()) => Ok(Finding::Done),
            Err(DeliverError::Call(error)) => Err(error),
            Err(DeliverError::TaskOver) => Ok(Finding::TaskOver),
            Err(DeliverError::UnknownToken(why)) => {
                tracing::warn!(
                    approval = self.record.id,
                    submission_id = self.record.submission_id,
                    why,
                    "nobody waits for the decision"
                );
                Ok(Finding::NobodyWaits)
            }
        }
    }

    /// The task may be over because somebody else has sent the decision, or because the execution was stopped.
    async fn examine(&self) -> Result<Finding, CallError> {
        let newest = self.port.get(&self.record.id).await?;
        let unchanged =
            newest.filter(|newest| newest.state == self.record.state && newest.task_token == self.record.task_token);
        let Some(newest) = unchanged else {
            return Ok(Finding::Changed);
        };
        let others_send = match self.sender {
            DecisionSender::Decider => newest.redelivered,
            DecisionSender::Another => true,
        };
        // After the deadline, too: the workflow then follows what stands, whoever told it.
        if others_send {
            tracing::info!(
                approval = newest.id,
                submission_id = newest.submission_id,
                "the workflow had the decision before"
            );
            Ok(Finding::Done)
        } else {
            tracing::warn!(
                approval = newest.id,
                submission_id = newest.submission_id,
                "nobody waits for the decision"
            );
            Ok(Finding::NobodyWaits)
        }
    }

    async fn record(&mut self, decision: &Decision, delivery: Delivery) -> Result<Finding, CallError> {
        let recorded = self
            .port
            .record_delivery(&self.record.id, &self.record.task_token, self.now_ms, &delivery)
            .await;
        // Known even if it could not be recorded.
        if matches!(recorded, Ok(true) | Err(_)) {
            self.record.state = ApprovalState::Decided(Box::new(decision.clone()), delivery);
        }
        Ok(unless_changed(recorded?))
    }

    async fn reload(&mut self) -> Result<Finding, CallError> {
        let Some(newer) = self.port.get(&self.record.id).await? else {
            return Ok(Finding::NobodyWaits);
        };
        // The function that brought a newer token sends the decision to it, too.
        if newer.task_token != self.record.task_token {
            self.sender = DecisionSender::Another;
        }
        self.record = newer;
        self.rounds += 1;
        Ok(if self.rounds > ROUNDS {
            Finding::Changed
        } else {
            Finding::Done
        })
    }
}

const fn unless_changed(held: bool) -> Finding {
    if held { Finding::Done } else { Finding::Changed }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All transitions that do not end the delivery.
    const TABLE: [(Step, Finding, Step); 10] = [
        (Step::Announce, Finding::Done, Step::Send),
        (Step::Announce, Finding::Changed, Step::Reload),
        (Step::Send, Finding::Done, Step::RecordDone),
        (Step::Send, Finding::NobodyWaits, Step::RecordClosed),
        (Step::Send, Finding::TaskOver, Step::Examine),
        (Step::Examine, Finding::Done, Step::RecordDone),
        (Step::Examine, Finding::NobodyWaits, Step::RecordClosed),
        (Step::Examine, Finding::Changed, Step::Reload),
        (Step::RecordDone, Finding::Changed, Step::Reload),
        (Step::RecordClosed, Finding::Changed, Step::Reload),
    ];

    #[test]
    fn each_finding_leads_to_one_step() {
        const STEPS: [Step; 7] = [
            Step::Announce,
            Step::Send,
            Step::Examine,
            Step::RecordDone,
            Step::RecordClosed,
            Step::Reload,
            Step::Stop,
        ];
        const FINDINGS: [Finding; 5] = [
            Finding::Done,
            Finding::Changed,
            Finding::NobodyWaits,
            Finding::TaskOver,
            Finding::Failed,
        ];
        for sender in [DecisionSender::Decider, DecisionSender::Another] {
            for step in STEPS {
                for found in FINDINGS {
                    let row = TABLE.iter().find(|(from, on, _)| (*from, *on) == (step, found));
                    let expected = match (step, found) {
                        (Step::Reload, Finding::Done) => Step::first(sender),
                        _ => row.map_or(Step::Stop, |(_, _, to)| *to),
                    };
                    assert_eq!(step.after(found, sender), expected, "{step:?} {found:?} {sender:?}");
                }
            }
        }
    }
}
