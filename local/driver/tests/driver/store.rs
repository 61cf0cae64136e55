//! The small store.

use serde_json::{Value, json};
use sluice_driver::Order;

use crate::support::World;

#[tokio::test]
async fn values_are_kept_by_kind_and_key() {
    let world = World::new();
    let driver = &world.driver;
    assert_eq!(driver.store().get("topic", "a").await, Ok(None));
    driver.store().put("topic", "a", json!({"n": 1})).await.expect("is put");
    driver.store().put("mail", "a", json!("other")).await.expect("is put");
    assert_eq!(driver.store().get("topic", "a").await, Ok(Some(json!({"n": 1}))));
    driver.store().put("topic", "a", json!({"n": 2})).await.expect("is put");
    assert_eq!(
        driver.store().put_if_absent("topic", "a", json!({"n": 3})).await,
        Ok(false)
    );
    assert_eq!(
        driver.store().put_if_absent("topic", "b", json!({"n": 3})).await,
        Ok(true)
    );
    let world = world.killed();
    let driver = &world.driver;
    assert_eq!(driver.store().get("topic", "a").await, Ok(Some(json!({"n": 2}))));
    assert_eq!(driver.store().remove("topic", "a").await, Ok(true));
    assert_eq!(driver.store().remove("topic", "a").await, Ok(false));
    assert_eq!(driver.store().get("topic", "a").await, Ok(None));
    assert_eq!(driver.store().get("mail", "a").await, Ok(Some(json!("other"))));
}

#[tokio::test]
async fn scans_go_either_way_and_on_from_a_key() {
    let world = World::new();
    for key in ["b", "d", "a", "c"] {
        world
            .driver
            .store()
            .put("mail", key, Value::Null)
            .await
            .expect("is put");
    }
    world
        .driver
        .store()
        .put("male", "z", Value::Null)
        .await
        .expect("is put");
    for (order, after, limit, expected) in [
        (Order::Ascending, None, 10, "abcd"),
        (Order::Descending, None, 10, "dcba"),
        (Order::Ascending, Some("b"), 10, "cd"),
        (Order::Descending, Some("b"), 10, "a"),
        (Order::Ascending, Some("bb"), 1, "c"),
        (Order::Descending, None, 0, ""),
    ] {
        let found = world
            .driver
            .store()
            .scan("mail", order, after.map(str::to_owned), limit)
            .await
            .expect("scans");
        let keys: String = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, expected, "{order:?} after {after:?}, {limit}");
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_left_out_of_its_list() {
    let world = World::new();
    for key in ["a", "b", "c"] {
        world.driver.store().put("k", key, json!(key)).await.expect("is put");
    }
    rusqlite::Connection::open(world.directory.path().join("journal.sqlite"))
        .and_then(|file| file.execute("UPDATE store SET value = '{' WHERE key = 'b'", []))
        .expect("damaged");
    let listed = world
        .driver
        .store()
        .scan("k", Order::Ascending, None, 9)
        .await
        .expect("listed");
    assert_eq!(listed, [("a".to_owned(), json!("a")), ("c".to_owned(), json!("c"))]);
}

#[tokio::test]
async fn a_value_too_deep_to_be_read_again_is_refused() {
    let world = World::new();
    let deep = (0..1_000).fold(Value::Null, |inner, _| json!([inner]));
    assert!(world.driver.store().put("k", "deep", deep).await.is_err());
    world
        .driver
        .store()
        .put("k", "flat", json!([]))
        .await
        .expect("the driver goes on");
}
