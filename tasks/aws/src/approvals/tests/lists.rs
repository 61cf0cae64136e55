use sluice_workflows::AuditData;

use super::super::testing::{DEADLINE_MS, World, deciding, decision, request};
use super::super::{OpenCursor, SHARDS, shard};

/// Opens so many approvals; every fifth expires with the one before.
async fn opened(count: usize) -> (World, Vec<String>) {
    let world = World::new();
    let mut expected = Vec::new();
    for n in 0..count {
        let expires_at_ms = DEADLINE_MS + i64::try_from(n - usize::from(n % 5 == 4)).unwrap();
        // their ids say nothing of the order
        let submission = format!("s-{}", (n * 7919) % 100_003);
        world.open(&request(&submission, "T"), expires_at_ms).await;
        expected.push((expires_at_ms, format!("{submission}.1")));
    }
    expected.sort();
    (world, expected.into_iter().map(|(_, id)| id).collect())
}

async fn pages(world: &World, limit: usize) -> Vec<Vec<String>> {
    let (mut pages, mut after): (_, Option<OpenCursor>) = (Vec::new(), None);
    loop {
        let page = world.approvals.open_list(after.as_ref(), limit).await.unwrap();
        pages.push(page.items.into_iter().map(|item| item.id).collect());
        // as it comes back from a URL
        let Some(next) = page.next else { return pages };
        let text = next.to_string();
        assert!(
            text.len() < 1024
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        after = Some(text.parse().unwrap());
    }
}

#[tokio::test]
async fn the_list_is_in_the_order_of_deadlines_whatever_the_size_of_its_pages() {
    let (world, expected) = opened(100).await;
    for (limit, count) in [(1, 100), (7, 15), (50, 2), (99, 2), (100, 1), (1000, 1)] {
        let pages = pages(&world, limit).await;
        assert_eq!(pages.len(), count, "{limit}");
        assert!(pages.iter().all(|page| page.len() <= limit));
        let mut ids = pages.concat();
        // those of one moment have no order among parts and pages
        ids.sort_by_key(|id| expected.iter().position(|other| other == id));
        assert_eq!(ids, expected, "{limit}");
    }
    assert_eq!(pages(&World::new(), 10).await, [Vec::<String>::new()]);
}

#[tokio::test]
async fn pages_hold_no_duplicates_and_no_gaps_while_approvals_are_decided_and_opened() {
    let (world, expected) = opened(60).await;
    let first = world.approvals.open_list(None, 20).await.unwrap();
    let (taken, data) = (decision("a"), AuditData::new());
    // those shown, the one behind the page, and one more that expires later than all
    for id in first.items.iter().map(|item| &item.id).chain([&expected[20]]) {
        world.approvals.decide(id, &deciding(&taken, &data)).await.unwrap();
    }
    world.open(&request("s-new", "T"), DEADLINE_MS + 1000).await;
    let rest = world.approvals.open_list(first.next.as_ref(), 100).await.unwrap();
    let mut ids: Vec<String> = rest.items.into_iter().map(|item| item.id).collect();
    let mut left: Vec<String> = expected[21..].to_vec();
    left.push("s-new.1".to_owned());
    ids.sort();
    left.sort();
    assert_eq!(ids, left);
    assert_eq!(world.approvals.open_count().await.unwrap(), 40);
}

#[tokio::test]
async fn the_cost_of_count_and_first_does_not_grow_with_the_number() {
    for count in [0, 3, 200] {
        let (world, expected) = opened(count).await;
        world.operations();
        let waiting = world.approvals.waiting().await.unwrap();
        assert_eq!(waiting.count, u64::try_from(count).unwrap());
        assert_eq!(waiting.first.map(|item| item.id), expected.first().cloned());
        assert_eq!(world.operations().len(), 1 + SHARDS);
    }
}

#[tokio::test]
async fn each_part_is_paged_by_itself() {
    let (world, expected) = opened(50).await;
    let mut found = Vec::new();
    for part in 0..SHARDS {
        let mut after = None;
        loop {
            let (items, next) = world.approvals.open_shard_page(part, after.as_ref(), 3).await.unwrap();
            assert!(items.len() <= 3 && items.iter().all(|item| shard(&item.id) == part));
            found.extend(items.into_iter().map(|item| item.id));
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    found.sort();
    let mut expected = expected;
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_cursor_that_is_none_is_refused() {
    for text in ["", "x", "bm8", &"A".repeat(3000)] {
        assert!(text.parse::<OpenCursor>().is_err(), "{text}");
    }
}
