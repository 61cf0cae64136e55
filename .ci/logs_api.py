"""CloudWatch Logs against a running `sluice`, by boto3 and the AWS CLI: every operation that the endpoint knows."""
import json
import os
import pathlib
import subprocess
import sys

import boto3
from botocore.exceptions import ClientError

REGION = "us-east-1"


def check(endpoint, function):
    """Reads the log of a function that has been called."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    logs = session.client("logs", endpoint_url=endpoint)
    group = f"/aws/lambda/{function}"
    names = [g["logGroupName"] for page in logs.get_paginator("describe_log_groups").paginate(limit=3)
             for g in page["logGroups"]]
    assert group in names and len(names) == len(set(names)), names
    streams = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    assert streams and streams[0]["firstEventTimestamp"] <= streams[0]["lastEventTimestamp"], streams
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern='"REPORT RequestId"', PaginationConfig={"PageSize": 1})
    reports = [event for page in pages for event in page["events"]]
    assert reports and all("Billed Duration" in event["message"] for event in reports), reports
    assert len({event["eventId"] for event in reports}) == len(reports), reports
    events = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True)
    assert any(event["message"].startswith("START RequestId: ") for event in events["events"]), events
    same = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"],
                               nextToken=events["nextForwardToken"])
    assert same["events"] == [] and same["nextForwardToken"] == events["nextForwardToken"], same
    try:
        logs.filter_log_events(logGroupName="/aws/lambda/none")
        raise AssertionError("a group that is not there was found")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFoundException", error
    found = with_cli(endpoint, "filter-log-events", "--log-group-name", group, "--filter-pattern", "START", "--max-items", "2")
    assert len(found["events"]) <= 2 and "START" in found["events"][0]["message"], found
    return f"CloudWatch Logs: {len(names)} groups, {len(reports)} reports of {function}"


def with_cli(endpoint, *words):
    aws = pathlib.Path(sys.executable).parent / "aws"
    env = dict(os.environ, AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
               AWS_DEFAULT_REGION=REGION, AWS_PAGER="")
    done = subprocess.run([sys.executable, str(aws), "logs", *words], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (words, done.stderr)
    return json.loads(done.stdout)
