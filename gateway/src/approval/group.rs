//! Many decisions at once: the order of the calls, whose steps are those of [`GroupPort`].
//!
//! A group's write holds for all or for none. Those that were refused are decided alone, which finds out why; the rest
//! goes on as a group.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use sluice_aws::{ApprovalRecord, ApprovalState, CallError, Candidate, Decided, Deciding, Delivery, Grouped, LOOK};

use super::delivery::{DecisionDelivery, DecisionSender, deliver};
use super::port::GroupPort;

/// The reads of a group that are under way at once.
const READS: usize = 3;

/// The deliveries of a group that are under way at once.
const DELIVERIES: usize = 8;

/// The fate of an approval that is there.
pub(super) enum Outcome {
    /// It was decided now.
    Now(Box<Candidate>),
    /// It was not: it was decided or withdrawn before, or has expired.
    Before(Box<ApprovalRecord>),
}

/// Writes a decision about each of these that is open and has not expired. Those that are there, in any order.
pub(super) async fn decide_group<P: GroupPort>(
    port: &P,
    ids: &[&str],
    deciding: &Deciding<'_>,
) -> Result<Vec<Outcome>, CallError> {
    let looks = stream::iter(ids.chunks(LOOK)).map(|ids| port.candidates(ids));
    let candidates: Vec<Candidate> = looks.buffered(READS).try_concat().await?;
    let is_open = |candidate: &Candidate| {
        candidate.record.state == ApprovalState::Open && candidate.record.expires_at_ms > deciding.now_ms
    };
    let (mut group, over): (Vec<Candidate>, Vec<Candidate>) = candidates.into_iter().partition(is_open);
    let before = |candidate: Candidate| Outcome::Before(Box::new(candidate.record));
    let mut outcomes: Vec<Outcome> = over.into_iter().map(before).collect();
    let mut alone = Vec::new();
    while !group.is_empty() {
        match port.decide_group(&group, deciding).await? {
            Grouped::Done(done) => {
                group.drain(..done.len());
                outcomes.extend(done.into_iter().map(|candidate| Outcome::Now(Box::new(candidate))));
            }
            Grouped::Refused(places) => alone.extend(without(&mut group, &places)),
        }
    }
    for Candidate { record, .. } in alone {
        match port.decide(&record.id, deciding).await? {
            // the end of its audit is not known then
            Decided::Now(record) => outcomes.push(Outcome::Now(Box::new(Candidate {
                record: *record,
                last: None,
            }))),
            Decided::NotOpen(record) => outcomes.push(Outcome::Before(record)),
            Decided::Missing => {}
        }
    }
    Ok(outcomes)
}

/// Delivers written decisions, and answers the records with what came of it, in any order. That of what was written now is recorded
/// in groups.
pub(super) async fn deliver_group<P: GroupPort>(port: &P, written: Vec<Outcome>, now_ms: i64) -> Vec<ApprovalRecord> {
    let sent: Vec<Sent<'_, P>> = stream::iter(written)
        .map(|outcome| send(port, outcome, now_ms))
        .buffer_unordered(DELIVERIES)
        .collect()
        .await;
    let (mut ended, mut heard) = (Vec::with_capacity(sent.len()), Vec::new());
    for sent in sent {
        match sent {
            Sent::Ended(record) => ended.push(*record),
            Sent::Heard(told) => heard.push(*told),
        }
    }
    let mut alone = Vec::new();
    while !heard.is_empty() {
        let group: Vec<Candidate> = heard.iter().map(Told::candidate).collect();
        match port.record_group(&group, now_ms).await {
            Ok(Grouped::Done(done)) => {
                heard.drain(..done.len());
                ended.extend(done.into_iter().map(|candidate| candidate.record));
            }
            Ok(Grouped::Refused(places)) => alone.extend(without(&mut heard, &places)),
            Err(error) => {
                let count = heard.len();
                tracing::error!(count, %error, "the workflows have the decisions, which is not recorded");
                // known even if it could not be recorded
                ended.extend(heard.drain(..).map(Told::done));
            }
        }
    }
    let finished = stream::iter(alone).map(|told| told.delivery.finish());
    ended.extend(finished.buffer_unordered(DELIVERIES).collect::<Vec<_>>().await);
    ended
}

/// A delivery whose workflow has the decision: only the record does not say so.
struct Told<'a, P> {
    delivery: DecisionDelivery<'a, P>,
    written: Candidate,
}

impl<P> Told<'_, P> {
    fn candidate(&self) -> Candidate {
        self.written.clone()
    }

    fn done(self) -> ApprovalRecord {
        let mut record = self.written.record;
        if let ApprovalState::Decided(_, delivery) = &mut record.state {
            *delivery = Delivery::Done;
        }
        record
    }
}

/// A delivery after the decision was sent.
enum Sent<'a, P> {
    /// It came to an end.
    Ended(Box<ApprovalRecord>),
    /// It is to be recorded.
    Heard(Box<Told<'a, P>>),
}

async fn send<P: GroupPort>(port: &P, outcome: Outcome, now_ms: i64) -> Sent<'_, P> {
    let written = match outcome {
        Outcome::Now(written) => *written,
        Outcome::Before(record) => {
            return Sent::Ended(Box::new(deliver(port, *record, DecisionSender::Another, now_ms).await));
        }
    };
    let mut delivery = DecisionDelivery::new(port, written.record.clone(), DecisionSender::Decider, now_ms);
    if !delivery.send_first().await {
        return Sent::Ended(Box::new(delivery.record));
    }
    // it may have gone to a newer token than the one that was read
    let written = Candidate {
        record: delivery.record.clone(),
        last: written.last,
    };
    Sent::Heard(Box::new(Told { delivery, written }))
}

/// Takes out those at these places; all, if it is none of them, so that no group is tried for ever.
fn without<T>(group: &mut Vec<T>, places: &[usize]) -> Vec<T> {
    let all = std::mem::take(group).into_iter().enumerate();
    let (out, kept): (Vec<_>, Vec<_>) = all.partition(|(place, _)| places.contains(place));
    let (out, kept) = if out.is_empty() { (kept, out) } else { (out, kept) };
    group.extend(kept.into_iter().map(|(_, one)| one));
    out.into_iter().map(|(_, one)| one).collect()
}
