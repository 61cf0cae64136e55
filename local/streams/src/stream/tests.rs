use bytes::Bytes;
use rusqlite::Connection;

use crate::{
    CreateStream, HashKey, NewRecord, PutResult, ReadResult, RecordShare, SequenceNumber, Stream, StreamPosition,
    Streams, StreamsError, Timestamp, Tip,
};

const NOW: Timestamp = 1_795_354_020_000;
const HOUR: Timestamp = 3_600_000;
const ANY: (usize, usize) = (10_000, 10_000_000);

struct World {
    streams: Streams,
    stream: Stream,
    directory: tempfile::TempDir,
}

impl World {
    async fn new(shard_count: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let streams = Streams::new(directory.path().join("streams.sqlite"));
        let stream = CreateStream {
            name: "s".into(),
            shard_count,
            retention_hours: 24,
        };
        let stream = streams.create_stream(stream, NOW).await.unwrap();
        Self {
            streams,
            stream,
            directory,
        }
    }

    async fn put(&self, keys: &[&str], now: Timestamp) -> Vec<PutResult> {
        let record = |key: &&str| NewRecord {
            partition_key: (*key).to_owned(),
            explicit_hash: None,
            data: Bytes::from((*key).to_owned()),
        };
        self.streams
            .put("s", keys.iter().map(record).collect(), now)
            .await
            .unwrap()
    }

    async fn read(&self, shard: u32, from: u64, limit: (usize, usize), now: Timestamp) -> ReadResult {
        self.streams
            .records(self.stream.id, shard, from, RecordShare::ALL, limit, now)
            .await
            .unwrap()
    }

    async fn keys(&self, shard: u32, from: u64, now: Timestamp) -> Vec<String> {
        let reading = self.read(shard, from, ANY, now).await;
        reading.records.into_iter().map(|record| record.partition_key).collect()
    }

    async fn position(&self, position: StreamPosition) -> Result<u64, StreamsError> {
        self.streams.position(self.stream.id, 0, position).await
    }
}

fn sequence(outcome: &PutResult) -> SequenceNumber {
    match outcome {
        PutResult::Put(sequence) => *sequence,
        PutResult::Throttled { shard } => panic!("shard {shard} is full"),
    }
}

#[tokio::test]
async fn records_are_read_in_the_order_of_their_numbers() {
    let world = World::new(1).await;
    let numbers: Vec<_> = world.put(&["a", "b", "a"], NOW).await.iter().map(sequence).collect();
    let more = sequence(&world.put(&["c"], NOW + 5).await[0]);
    assert!(numbers.windows(2).all(|pair| pair[0].to_string() < pair[1].to_string()));
    let reading = world.read(0, 0, ANY, NOW + 5).await;
    let read: Vec<_> = reading.records.iter().map(|record| record.sequence).collect();
    assert_eq!(read, [numbers[0], numbers[1], numbers[2], more]);
    assert_eq!((reading.next, reading.tip), (5, Tip::Reached));
    assert_eq!(&reading.records[3].data[..], b"c");

    let part = world.read(0, 2, (2, 1_000), NOW + 5).await;
    assert_eq!(
        (part.records.len(), part.next, part.tip),
        (2, 4, Tip::Ahead { arrived: NOW + 5 })
    );
    assert_eq!(
        world.read(0, 1, (10, 3), NOW).await.records.len(),
        1,
        "each takes two bytes, and one comes always"
    );
    assert!(world.keys(0, 5, NOW).await.is_empty());
    assert!(world.keys(0, u64::from(u32::MAX), NOW).await.is_empty());
}

#[tokio::test]
async fn a_partition_keys_hash_says_which_shard_takes_the_record() {
    let world = World::new(4).await;
    for key in ["a", "b", "zoë", "17"] {
        let shard = sequence(&world.put(&[key], NOW).await[0]).shard;
        assert!(
            world.stream.shards[shard as usize].range.contains(HashKey::of(key)),
            "{key}"
        );
    }
    let explicit = NewRecord {
        partition_key: "a".into(),
        explicit_hash: Some(HashKey(u128::MAX)),
        data: Bytes::new(),
    };
    let put = world.streams.put("s", vec![explicit], NOW).await.unwrap();
    assert_eq!(sequence(&put[0]).shard, 3);
}

#[tokio::test]
async fn each_kind_of_position_is_found() {
    let world = World::new(1).await;
    let numbers: Vec<_> = [0, 10, 10, 20].into_iter().zip(["a", "b", "c", "d"]).collect();
    let mut put = Vec::new();
    for (later, key) in numbers {
        put.push(sequence(&world.put(&[key], NOW + later).await[0]));
    }
    let rows = [
        (StreamPosition::TrimHorizon, 1),
        (StreamPosition::Latest, 5),
        (StreamPosition::At(put[1]), 2),
        (StreamPosition::After(put[1]), 3),
        (StreamPosition::At(world.stream.shards[0].starting_sequence_number()), 0),
        (StreamPosition::Since(0), 1),
        (StreamPosition::Since(NOW + 1), 2),
        (StreamPosition::Since(NOW + 10), 2),
        (StreamPosition::Since(NOW + 11), 4),
        (StreamPosition::Since(NOW + 21), 5),
    ];
    for (position, expected) in rows {
        assert_eq!(world.position(position).await, Ok(expected), "{position:?}");
    }
    let foreign = SequenceNumber { shard: 1, ..put[0] };
    let refused = world.position(StreamPosition::At(foreign)).await;
    assert!(
        matches!(refused, Err(StreamsError::ForeignSequence { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn records_past_their_time_are_not_read_and_then_deleted() {
    let world = World::new(1).await;
    world.put(&["old"], NOW).await;
    world.put(&["young"], NOW + HOUR).await;
    assert_eq!(world.keys(0, 0, NOW + 24 * HOUR).await, ["old", "young"]);
    assert_eq!(world.keys(0, 0, NOW + 24 * HOUR + 1).await, ["young"]);
    world.streams.set_retention("s", 48).await.unwrap();
    assert_eq!(world.keys(0, 0, NOW + 25 * HOUR).await, ["old", "young"]);
    world.put(&["new"], NOW + 49 * HOUR).await;
    assert_eq!(world.position(StreamPosition::TrimHorizon).await, Ok(2));
    let file = Connection::open(world.streams.path()).unwrap();
    let rows: i64 = file
        .query_row("SELECT count(*) FROM records", (), |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 2);
    assert_eq!(world.keys(0, 0, NOW + 500 * HOUR).await, [""; 0]);
}

#[tokio::test]
async fn a_clock_that_was_set_back_gives_no_earlier_arrival() {
    let world = World::new(1).await;
    world.put(&["a"], NOW).await;
    world.put(&["b"], NOW - 1_000).await;
    let reading = world.read(0, 0, ANY, NOW).await;
    assert_eq!(
        reading.records.iter().map(|r| r.arrived).collect::<Vec<_>>(),
        [NOW, NOW]
    );
}

#[tokio::test]
async fn a_full_shard_refuses_records_and_the_others_take_theirs() {
    let world = World::new(2).await;
    let keys: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut throttled = [0, 0];
    for chunk in keys.chunks(500).chain([&keys[..100]]) {
        for outcome in world.put(chunk, NOW).await {
            if let PutResult::Throttled { shard } = outcome {
                throttled[shard as usize] += 1;
            }
        }
    }
    let mut held = [0, 0];
    for shard in [0, 1] {
        held[shard] = world.keys(shard as u32, 0, NOW).await.len();
        assert!(held[shard] <= 1_000);
    }
    assert_eq!(held[0] + held[1] + throttled[0] + throttled[1], 2_100);
    assert!(throttled[0] + throttled[1] >= 100, "{throttled:?}");
    assert!(
        world
            .put(&["later"], NOW + 1_000)
            .await
            .iter()
            .all(|one| matches!(one, PutResult::Put(_)))
    );
}

#[tokio::test]
async fn streams_are_listed_kept_and_deleted_with_all_they_hold() {
    let world = World::new(2).await;
    world.put(&["a", "b", "c"], NOW).await;
    let other = CreateStream {
        name: "t".into(),
        shard_count: 1,
        retention_hours: 24,
    };
    world.streams.create_stream(other.clone(), NOW).await.unwrap();
    let twice = world.streams.create_stream(other, NOW).await;
    assert_eq!(twice, Err(StreamsError::StreamExists("t".into())));
    let World {
        streams,
        stream,
        directory,
    } = world;
    drop(streams);
    let streams = Streams::new(directory.path().join("streams.sqlite"));
    assert_eq!(streams.stream("s").await.unwrap(), Some(stream.clone()));
    let names = |streams: Vec<Stream>| streams.into_iter().map(|stream| stream.name).collect::<Vec<_>>();
    assert_eq!(names(streams.streams(None, 10).await.unwrap()), ["s", "t"]);
    assert_eq!(names(streams.streams(Some("s".into()), 10).await.unwrap()), ["t"]);

    streams.delete_stream("s").await.unwrap();
    let gone = streams.records(stream.id, 0, 0, RecordShare::ALL, ANY, NOW).await;
    assert!(matches!(gone, Err(StreamsError::NoStream(_))), "{gone:?}");
    let put = streams.put("s", Vec::new(), NOW).await;
    assert_eq!(put, Err(StreamsError::NoStream("s".into())));
    let file = Connection::open(streams.path()).unwrap();
    let count = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        file.query_row(&sql, (), |row| row.get(0)).unwrap()
    };
    assert_eq!((count("records"), count("leftovers"), count("shards")), (0, 0, 1));
}

#[tokio::test]
async fn shares_split_a_shards_records_by_partition_key() {
    let world = World::new(1).await;
    let keys: Vec<String> = (0..40).map(|n| (n % 10).to_string()).collect();
    world
        .put(&keys.iter().map(String::as_str).collect::<Vec<_>>(), NOW)
        .await;
    let mut seen = Vec::new();
    for index in 0..4 {
        let share = RecordShare { count: 4, index };
        let reading = world
            .streams
            .records(world.stream.id, 0, 0, share, ANY, NOW)
            .await
            .unwrap();
        assert_eq!((reading.next, reading.tip), (41, Tip::Reached));
        for record in &reading.records {
            assert_eq!(HashKey::of(&record.partition_key).bucket() % 4, index);
        }
        seen.extend(reading.records.into_iter().map(|record| record.position()));
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=40).collect::<Vec<u64>>());
}

#[tokio::test]
async fn nothing_is_opened_before_it_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let streams = Streams::new(directory.path().join("streams.sqlite"));
    assert_eq!(streams.streams(None, 10).await, Ok(Vec::new()));
    assert_eq!(streams.queue("q").await, Ok(None));
    assert!(!streams.exists() && !streams.path().exists());
}
