use crate::{
    Depth, Message, NewMessage, QueueSettings, Receipt, Redrive, Streams, StreamsError, Timestamp, VisibilityChange,
    VisibilityError,
};

const NOW: Timestamp = 1_795_354_020_000;

fn settings() -> QueueSettings {
    QueueSettings {
        visibility: 30_000,
        retention: 345_600_000,
        delay: 0,
        wait: 0,
        max_bytes: 1_048_576,
        redrive: None,
        remark: String::new(),
    }
}

struct World {
    streams: Streams,
    directory: tempfile::TempDir,
}

impl World {
    async fn new(settings: QueueSettings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let streams = Streams::new(directory.path().join("streams.sqlite"));
        streams.create_queue("q", settings, NOW).await.unwrap();
        Self { streams, directory }
    }

    async fn send(&self, bodies: &[&str], now: Timestamp) {
        let message = |body: &&str| NewMessage {
            message_id: format!("id-{body}"),
            body: (*body).to_owned(),
            attributes: String::new(),
            delay: None,
        };
        self.streams
            .send("q", bodies.iter().map(message).collect(), now)
            .await
            .unwrap();
    }

    async fn receive(&self, queue: &str, now: Timestamp) -> Vec<Message> {
        self.streams.receive(queue, 10, None, now).await.unwrap().messages
    }

    async fn bodies(&self, queue: &str, now: Timestamp) -> Vec<String> {
        self.receive(queue, now)
            .await
            .into_iter()
            .map(|message| message.body)
            .collect()
    }

    async fn change(&self, receipt: Receipt, timeout: Timestamp, now: Timestamp) -> Result<(), VisibilityError> {
        let changes = vec![VisibilityChange { receipt, timeout }];
        self.streams.change_visibility("q", changes, now).await.unwrap()[0]
    }
}

#[tokio::test]
async fn a_received_message_is_hidden_comes_back_and_is_deleted_by_its_last_receiver() {
    let world = World::new(settings()).await;
    world.send(&["a", "b"], NOW).await;
    let first = world.receive("q", NOW).await;
    assert_eq!(first.iter().map(|m| m.body.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let empty = world.streams.receive("q", 10, None, NOW + 29_999).await.unwrap();
    assert_eq!((empty.messages.len(), empty.next_visible), (0, Some(NOW + 30_000)));
    let second = world.receive("q", NOW + 30_000).await;
    assert_eq!(second.len(), 2);
    assert_eq!((second[0].receipt.receives, second[0].first_received), (2, NOW));

    let delete = async |message: &Message| {
        world
            .streams
            .delete_messages("q", vec![message.receipt], NOW + 30_001)
            .await
            .unwrap();
        let depth = world.streams.depth("q", NOW + 30_001).await.unwrap();
        depth.in_flight
    };
    assert_eq!(
        delete(&first[0]).await,
        2,
        "a receipt that somebody else has overtaken deletes nothing"
    );
    assert_eq!(delete(&second[0]).await, 1);
    assert_eq!(delete(&second[0]).await, 1, "twice is once");
    assert_eq!(world.bodies("q", NOW + 90_000).await, ["b"]);
}

#[tokio::test]
async fn delayed_and_old_messages_are_not_received() {
    let world = World::new(QueueSettings {
        delay: 5_000,
        retention: 60_000,
        ..settings()
    })
    .await;
    world.send(&["late"], NOW).await;
    let depth = world.streams.depth("q", NOW).await.unwrap();
    let expected = Depth {
        delayed: 1,
        oldest: Some(NOW),
        ..Depth::default()
    };
    assert_eq!(depth, expected);
    assert!(world.bodies("q", NOW + 4_999).await.is_empty());
    world.send(&["later"], NOW + 40_000).await;
    assert_eq!(
        world.bodies("q", NOW + 60_000).await,
        ["later"],
        "the first one's time is over"
    );
    assert_eq!(world.streams.depth("q", NOW + 100_000).await.unwrap(), Depth::default());
}

#[tokio::test]
async fn what_is_received_too_often_goes_to_the_dead_letter_queue() {
    let redrive = Some(Redrive {
        queue: "dead".into(),
        max_receives: 2,
    });
    let world = World::new(QueueSettings { redrive, ..settings() }).await;
    world.send(&["poison"], NOW).await;
    for (round, expected) in [(0, 1), (1, 1), (2, 1)] {
        let found = world.receive("q", NOW + round * 30_000).await;
        assert_eq!(found.len(), expected, "without a dead letter queue it stays");
    }
    world.streams.create_queue("dead", settings(), NOW).await.unwrap();
    assert!(world.receive("q", NOW + 90_000).await.is_empty());
    let dead = world.receive("dead", NOW + 90_000).await;
    assert_eq!(
        (dead[0].body.as_str(), dead[0].origin.as_deref()),
        ("poison", Some("q"))
    );
    assert_eq!((dead[0].message_id.as_str(), dead[0].sent), ("id-poison", NOW));
    assert_eq!(world.streams.depth("q", NOW + 90_000).await.unwrap(), Depth::default());
}

#[tokio::test]
async fn a_message_in_flight_can_be_hidden_for_longer_or_shorter() {
    let world = World::new(settings()).await;
    world.send(&["a"], NOW).await;
    let receipt = world.receive("q", NOW).await[0].receipt;
    assert_eq!(world.change(receipt, 60_000, NOW + 1_000).await, Ok(()));
    assert!(world.bodies("q", NOW + 60_999).await.is_empty());
    assert_eq!(
        world.change(receipt, 43_200_000, NOW + 1_000).await,
        Err(VisibilityError::TooLong)
    );
    assert_eq!(world.change(receipt, 0, NOW + 2_000).await, Ok(()));
    assert_eq!(
        world.change(receipt, 1, NOW + 2_000).await,
        Err(VisibilityError::NotInFlight)
    );
    assert_eq!(world.bodies("q", NOW + 2_000).await, ["a"]);
    assert_eq!(world.change(receipt, 1, NOW + 2_000).await, Err(VisibilityError::Gone));
}

#[tokio::test]
async fn queues_are_kept_changed_listed_purged_and_deleted() {
    let world = World::new(settings()).await;
    let streams = &world.streams;
    let other = streams
        .create_queue("q", QueueSettings { delay: 9, ..settings() }, NOW + 1)
        .await
        .unwrap();
    assert_eq!((other.created, other.settings.delay), (NOW, 0), "the one that is there");
    let changed = streams
        .set_queue("q", QueueSettings { delay: 9, ..settings() }, NOW + 2)
        .await
        .unwrap();
    assert_eq!(
        (changed.created, changed.modified, changed.settings.delay),
        (NOW, NOW + 2, 9)
    );
    streams.create_queue("r%", settings(), NOW).await.unwrap();
    let names = async |prefix: &str, after: Option<&str>| {
        let queues = streams.queues(prefix, after.map(str::to_owned), 10).await.unwrap();
        queues.into_iter().map(|queue| queue.name).collect::<Vec<_>>()
    };
    assert_eq!(names("", None).await, ["q", "r%"]);
    assert_eq!(names("", Some("q")).await, ["r%"]);
    assert_eq!(names("%", None).await, [""; 0]);

    world.send(&["a"], NOW).await;
    streams.purge_queue("q", NOW).await.unwrap();
    assert_eq!(streams.depth("q", NOW + 10).await.unwrap(), Depth::default());
    let again = streams.purge_queue("q", NOW + 59_999).await;
    assert!(matches!(again, Err(StreamsError::PurgeInProgress { .. })), "{again:?}");
    streams.purge_queue("q", NOW + 60_000).await.unwrap();
    streams.delete_queue("q").await.unwrap();
    assert_eq!(streams.queue("q").await.unwrap(), None);
    let gone = streams.receive("q", 1, None, NOW).await;
    assert_eq!(gone, Err(StreamsError::NoQueue("q".into())));
}

#[tokio::test]
async fn what_was_sent_is_there_after_the_store_is_opened_again() {
    let world = World::new(settings()).await;
    world.send(&["a", "b"], NOW).await;
    let hidden = world.streams.receive("q", 1, None, NOW).await.unwrap().messages;
    let World { streams, directory } = world;
    drop(streams);
    let streams = Streams::new(directory.path().join("streams.sqlite"));
    let messages = streams.receive("q", 10, None, NOW).await.unwrap().messages;
    assert_eq!(
        (hidden[0].body.as_str(), messages[0].body.as_str(), messages.len()),
        ("a", "b", 1)
    );
}

#[tokio::test]
async fn whoever_waits_is_woken_by_a_message() {
    let world = World::new(settings()).await;
    let mut wakes = world.streams.queue_wakes("q");
    let waiting = tokio::spawn(async move { wakes.changed().await });
    world.send(&["a"], NOW).await;
    tokio::time::timeout(std::time::Duration::from_secs(10), waiting)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_queue_that_nobody_receives_from_does_not_grow_for_ever() {
    let world = World::new(QueueSettings {
        retention: 60_000,
        ..settings()
    })
    .await;
    let rows = || -> i64 {
        let connection = rusqlite::Connection::open(world.directory.path().join("streams.sqlite")).unwrap();
        connection
            .query_row("SELECT count(*) FROM messages", [], |row| row.get(0))
            .unwrap()
    };
    for minute in 0..6 {
        for second in 0..6 {
            world.send(&["a", "b"], NOW + minute * 60_000 + second * 10_000).await;
        }
        assert!(rows() <= 14, "{} messages after minute {minute}", rows());
    }
    world.send(&["c"], NOW + 3_600_000).await;
    assert_eq!(rows(), 11, "each send clears away twice as many as it brings");
}
