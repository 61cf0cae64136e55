use crate::{CreateStream, MappingStart, NewRecord, ProcessorStart, StartingPosition, Streams, Timestamp};

const NOW: Timestamp = 1_795_354_020_000;

async fn begin(streams: &Streams, uuid: &str, start: StartingPosition, processors: u32) -> MappingStart {
    begin_of(streams, ("s", "f"), uuid, start, processors).await
}

async fn begin_of(
    streams: &Streams,
    (stream, function): (&str, &str),
    uuid: &str,
    start: StartingPosition,
    processors: u32,
) -> MappingStart {
    streams
        .begin_mapping(stream, function, uuid.into(), start, processors, NOW)
        .await
        .unwrap()
}

async fn with_five_records(streams: &Streams, name: &str) -> CreateStream {
    let stream = CreateStream {
        name: name.into(),
        shard_count: 1,
        retention_hours: 24,
    };
    streams.create_stream(stream.clone(), NOW).await.unwrap();
    let record = NewRecord {
        partition_key: "k".into(),
        explicit_hash: None,
        data: "data".into(),
    };
    streams.put(name, vec![record; 5], NOW).await.unwrap();
    stream
}

fn positions(start: &MappingStart) -> Vec<u64> {
    let processors = start.shards.iter().flat_map(|shard| &shard.processors);
    processors.map(|ProcessorStart { position, .. }| *position).collect()
}

#[tokio::test]
async fn a_mapping_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("streams.sqlite");
    let streams = Streams::new(&path);
    let stream = with_five_records(&streams, "s").await;

    let latest = begin(&streams, "one", StartingPosition::Latest, 2).await;
    assert_eq!((latest.uuid.as_str(), positions(&latest)), ("one", vec![6, 6]));
    streams
        .save_checkpoint(latest.id, &latest.shards[0].shard, 1, 9)
        .await
        .unwrap();
    drop(streams);
    let streams = Streams::new(&path);
    let again = begin(&streams, "two", StartingPosition::TrimHorizon, 2).await;
    assert_eq!((again.uuid.as_str(), positions(&again)), ("one", vec![6, 9]));
    let other_lanes = begin(&streams, "two", StartingPosition::TrimHorizon, 3).await;
    assert_eq!(positions(&other_lanes), [6, 6, 6], "where the slowest was");

    streams.end_mapping("s", "f").await.unwrap();
    let anew = begin(&streams, "three", StartingPosition::TrimHorizon, 1).await;
    assert_eq!((anew.uuid.as_str(), positions(&anew)), ("three", vec![1]));
    streams.end_mapping("s", "f").await.unwrap();
    let dated = begin(&streams, "four", StartingPosition::AtTimestamp(NOW + 1), 1).await;
    assert_eq!(positions(&dated), [6]);

    streams.delete_stream("s").await.unwrap();
    streams.create_stream(stream, NOW).await.unwrap();
    let another = begin(&streams, "five", StartingPosition::TrimHorizon, 1).await;
    assert_eq!(
        (another.uuid.as_str(), positions(&another)),
        ("five", vec![1]),
        "checkpoints go with their stream"
    );
}

#[tokio::test]
async fn a_mapping_with_another_function_goes_on_and_one_with_another_stream_begins() {
    let directory = tempfile::tempdir().unwrap();
    let streams = Streams::new(directory.path().join("streams.sqlite"));
    for name in ["s", "t"] {
        with_five_records(&streams, name).await;
    }
    let first = begin(&streams, "one", StartingPosition::TrimHorizon, 1).await;
    streams
        .save_checkpoint(first.id, &first.shards[0].shard, 0, 4)
        .await
        .unwrap();
    let begin = |stream, function| begin_of(&streams, (stream, function), "one", StartingPosition::TrimHorizon, 1);
    let other_function = begin("s", "g").await;
    assert_eq!((other_function.id, positions(&other_function)), (first.id, vec![4]));
    let other_stream = begin("t", "g").await;
    assert_eq!((other_stream.uuid.as_str(), positions(&other_stream)), ("one", vec![1]));
    let back = begin("s", "g").await;
    assert_eq!(positions(&back), [1], "what was replaced is forgotten");
}
