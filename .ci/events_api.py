"""EventBridge against a running `sluice`, by boto3: PutEvents, each response held against botocore's model."""
import datetime
import json

import boto3
from botocore.exceptions import ClientError

import wire_shapes

REGION = "us-east-1"


def check(endpoint):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    watch = wire_shapes.watch(session, "events")
    events = session.client("events", endpoint_url=endpoint)
    entry = {"Source": "shop", "DetailType": "Placed", "Detail": json.dumps({"total": 1}), "Resources": ["arn:r"],
             "Time": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc), "EventBusName": "default"}
    put = events.put_events(Entries=[entry, dict(entry, Detail="no json"), dict(entry, Source="aws.s3")])
    codes = [one.get("ErrorCode") for one in put["Entries"]]
    assert codes == [None, "MalformedDetail", "NotAuthorizedForSourceException"] and put["FailedEntryCount"] == 2, put
    for entries, code in (([entry] * 11, "ValidationException"),):
        try:
            events.put_events(Entries=entries)
            raise AssertionError("eleven entries were taken")
        except ClientError as error:
            assert error.response["Error"]["Code"] == code, error
    assert not watch.findings, dict(watch.findings)
    return f"EventBridge: {sum(watch.calls.values())} call, {sum(watch.errors.values())} error"
