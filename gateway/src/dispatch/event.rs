use serde::Deserialize;

/// A batch of records of one shard, in their order, as Lambda hands it over
/// (<https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>).
///
/// Not `aws_lambda_events`' type: that one decodes the data of all records, so one that is no base64 would spoil its batch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KinesisEvent {
    /// The records.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Record {
    /// `<shard id>:<sequence number>`.
    #[serde(rename = "eventID")]
    pub event_id: String,
    /// The stream's ARN.
    #[serde(rename = "eventSourceARN")]
    pub stream_arn: String,
    /// The stream's part of it.
    pub kinesis: Kinesis,
}

/// The stream's part of a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kinesis {
    /// Its place in the shard: a decimal number. Without it the record could not be reported.
    pub sequence_number: String,
    /// The producer's key, which chooses the shard.
    #[serde(default)]
    pub partition_key: String,
    /// The bytes, in base64. Text here, because bytes that cannot be decoded must spoil one record only.
    #[serde(default)]
    pub data: String,
}

impl Record {
    /// The shard's id.
    pub fn shard(&self) -> &str {
        self.event_id.split_once(':').map_or(&self.event_id, |(shard, _)| shard)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn lambdas() -> Value {
        json!({"Records": [{
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "1",
                "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                "approximateArrivalTimestamp": 1_545_084_650.987
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
            "awsRegion": "us-east-2",
            "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"
        }]})
    }

    #[test]
    fn an_event_of_lambda_is_read() {
        let event: KinesisEvent = serde_json::from_value(lambdas()).unwrap();
        let record = &event.records[0];
        assert_eq!(record.shard(), "shardId-000000000006");
        assert_eq!(
            record.stream_arn,
            "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"
        );
        assert_eq!(record.kinesis.partition_key, "1");
        assert_eq!(record.kinesis.data, "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==");
        assert!(record.kinesis.sequence_number.starts_with("49590338"));
    }

    #[test]
    fn what_is_no_batch_of_a_stream_is_refused() {
        let mut unnumbered = lambdas();
        let kinesis = unnumbered["Records"][0]["kinesis"].as_object_mut().unwrap();
        assert!(kinesis.remove("sequenceNumber").is_some());
        for event in [
            unnumbered,
            json!({}),
            json!({"Records": [{"eventID": "1", "eventSourceARN": "a", "dynamodb": {}}]}),
            json!({"rawPath": "/"}),
        ] {
            assert!(
                serde_json::from_value::<KinesisEvent>(event.clone()).is_err(),
                "{event}"
            );
        }
    }
}
