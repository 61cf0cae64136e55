use super::super::testing::{DEADLINE_MS, NOW, World, decision, request};
use super::super::{
    Batch, BatchSlice, LinkPurpose, LinkScope, NewLink, PendingDigest, Selection, SliceCounts, Wanted, WantedMail,
};
use crate::secret::Secret;

#[tokio::test]
async fn a_minutes_mails_go_out_at_once_and_then_one_for_each_share_of_a_minute() {
    let world = World::new();
    let take = async |at: i64| world.approvals.take_mail_token(6, NOW + at).await.unwrap();
    for _ in 0..6 {
        assert!(take(0).await);
    }
    let rows = [
        (0, false),
        (9_999, false),
        (10_000, true),
        (10_000, false),
        // a clock that goes back gives nothing
        (5_000, false),
        (19_999, false),
        (20_000, true),
    ];
    for (at, expected) in rows {
        assert_eq!(take(at).await, expected, "{at}");
    }
    // an hour fills no more than a minute's
    for n in 0..7 {
        assert_eq!(take(3_600_000).await, n < 6);
    }
    assert!(!World::new().approvals.take_mail_token(0, NOW).await.unwrap());
    // sixty a minute are one a second, and after a quiet time still no more at once than SNS bears
    let world = World::new();
    for n in 0..9 {
        assert_eq!(world.approvals.take_mail_token(60, NOW).await.unwrap(), n < 6, "{n}");
    }
    assert!(world.approvals.take_mail_token(60, NOW + 1_000).await.unwrap());
}

#[tokio::test]
async fn a_burst_takes_no_more_than_the_budget() {
    let world = World::new();
    let mut burst = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let approvals = world.approvals.clone();
        burst.spawn(async move { approvals.take_mail_token(6, NOW).await.unwrap() });
    }
    let taken = burst.join_all().await.into_iter().filter(|taken| *taken).count();
    assert!((1..=6).contains(&taken), "{taken}");
}

#[tokio::test]
async fn what_waits_for_a_digest_is_told_once_and_what_comes_meanwhile_is_kept() {
    let world = World::new();
    let approvals = &world.approvals;
    assert_eq!(approvals.pending_digest().await.unwrap(), PendingDigest::default());
    for n in 0..20 {
        let id = format!("s-{n}.1");
        approvals.defer_mail(&id, LinkPurpose::Request, NOW + n).await.unwrap();
    }
    approvals.defer_mail("s-1.1", LinkPurpose::Reminder, NOW).await.unwrap();
    approvals
        .defer_mail("s-1.1", LinkPurpose::Escalation, NOW)
        .await
        .unwrap();
    let pending = approvals.pending_digest().await.unwrap();
    assert_eq!((pending.requests, pending.reminders, pending.escalations), (20, 1, 1));
    assert_eq!((pending.since_ms, pending.last_sent_ms), (Some(NOW), None));
    // the mail goes out, and before that is written down others come
    approvals
        .defer_mail("s-3.1", LinkPurpose::Request, NOW + 50)
        .await
        .unwrap();
    approvals.digest_sent(&pending, NOW + 60).await.unwrap();
    // the schedule had called twice, and the other one sent the same
    approvals.digest_sent(&pending, NOW + 61).await.unwrap();
    let pending = approvals.pending_digest().await.unwrap();
    assert_eq!((pending.requests, pending.reminders, pending.escalations), (1, 0, 0));
    assert_eq!(pending.last_sent_ms, Some(NOW + 60));
    approvals.digest_sent(&pending, NOW + 120).await.unwrap();
    assert!(approvals.pending_digest().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_mail_in_place_of_a_link_is_wanted_once_and_by_no_more_than_a_hundred() {
    let world = World::new();
    let approvals = &world.approvals;
    let link = async |n: u8| {
        let secret = Secret::from_bytes([n; 32]);
        let link = NewLink {
            secret: &secret,
            code: None,
            scope: LinkScope::AllOpen,
            approver: "grace@x.org",
            purpose: LinkPurpose::Digest,
            issued_at_ms: NOW,
            expires_at_ms: DEADLINE_MS,
        };
        approvals.put_link(&link).await.unwrap();
        WantedMail::Link(secret.hash())
    };
    world.open(&request("s-1", "T"), DEADLINE_MS).await;
    let legacy = WantedMail::Approval("s-1.1".to_owned());
    let first = link(0).await;
    for wanted in [&first, &legacy] {
        assert_eq!(approvals.want_mail(wanted).await.unwrap(), Wanted::Noted);
        assert_eq!(approvals.want_mail(wanted).await.unwrap(), Wanted::Before);
    }
    let WantedMail::Link(hash) = &first else { unreachable!() };
    assert!(approvals.link_by_hash(hash).await.unwrap().unwrap().replaced);
    let mut pending = approvals.pending_digest().await.unwrap();
    pending
        .wanted
        .sort_by_key(|wanted| matches!(wanted, WantedMail::Link(_)));
    assert_eq!(pending.wanted, [legacy.clone(), first.clone()]);
    for n in 1..=98 {
        assert_eq!(approvals.want_mail(&link(n).await).await.unwrap(), Wanted::Noted);
    }
    let late = link(99).await;
    assert_eq!(approvals.want_mail(&late).await.unwrap(), Wanted::TooMany);
    approvals.mail_sent(&first).await.unwrap();
    assert_eq!(
        approvals.want_mail(&late).await.unwrap(),
        Wanted::Noted,
        "it was not marked"
    );
    let unknown = WantedMail::Link(Secret::from_bytes([200; 32]).hash());
    assert_eq!(approvals.want_mail(&unknown).await.unwrap(), Wanted::Before);
}

fn batch() -> Batch {
    let selection = Selection::All {
        opened_until_ms: NOW,
        search: Some("ada".to_owned()),
        except: vec!["s-1.1".to_owned()],
    };
    Batch::new("b-1".to_owned(), selection, decision("grace@x.org"), NOW)
}

#[tokio::test]
async fn a_batch_goes_on_where_it_was_and_counts_each_slice_once() {
    let world = World::new();
    let approvals = &world.approvals;
    assert!(approvals.create_batch(&batch()).await.unwrap());
    assert!(!approvals.create_batch(&batch()).await.unwrap(), "a second click");
    let slice = |ids: &[&str], next: Option<&str>| BatchSlice {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        next: next.map(str::to_owned),
    };
    let counts = |decided, passed| SliceCounts {
        decided,
        passed,
        failed: 0,
    };
    let begun = approvals.batch("b-1").await.unwrap().unwrap();
    assert_eq!(begun, batch());
    let planned = approvals
        .plan_slice(&begun, slice(&["a", "b"], Some("c1")))
        .await
        .unwrap();
    // a process that looked at the same moment goes on with the slice of the faster one
    let other = approvals.plan_slice(&begun, slice(&["x"], None)).await.unwrap();
    assert_eq!(other, planned);
    let finished = approvals.finish_slice(&planned, counts(1, 1)).await.unwrap();
    assert_eq!(approvals.finish_slice(&other, counts(2, 0)).await.unwrap(), finished);
    assert_eq!(
        (finished.cursor.as_deref(), finished.slices, finished.done),
        (Some("c1"), 1, false)
    );
    let planned = approvals.plan_slice(&finished, slice(&["c"], None)).await.unwrap();
    let finished = approvals.finish_slice(&planned, counts(1, 0)).await.unwrap();
    assert_eq!((finished.counts, finished.done), (counts(2, 1), true));
    assert_eq!(approvals.batch("b-1").await.unwrap(), Some(finished));
    assert_eq!(approvals.batch("b-2").await.unwrap(), None);
}
