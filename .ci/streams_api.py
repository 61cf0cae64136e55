"""Kinesis and SQS of a running `sluice`, by boto3 and the AWS CLI. boto3 itself checks the MD5 digests of SQS; every
response that boto3 gets is held against botocore's model (`wire_shapes`)."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings

import boto3
from botocore.exceptions import BotoCoreError, ClientError

import sluice
import wire_shapes

REGION = "us-east-1"
# The model says at least 1, and AWS's own examples answer none: of failed records, and of metrics that nobody has switched on.
KNOWN = {
    "PutRecords: .FailedRecordCount: 0 is not within 1 and None",
    "DescribeStream: .StreamDescription.EnhancedMonitoring[].ShardLevelMetrics: length 0 is not within 1 and 7",
    "DescribeStreamSummary: .StreamDescriptionSummary.EnhancedMonitoring[].ShardLevelMetrics: length 0 is not within 1 and 7",
}


def client(name, endpoint, session=boto3):
    return session.client(name, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test",
                          aws_secret_access_key="test")


def code(call, **params):
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def records_of(kinesis, stream):
    """The data of all records, shard by shard."""
    data, where = [], {"StreamName": stream}
    while where:
        # boto3's paginator sends the name with the token, which Kinesis refuses
        page = kinesis.list_shards(MaxResults=1, **where)
        where = {"NextToken": page["NextToken"]} if "NextToken" in page else None
        for shard in page["Shards"]:
            place = kinesis.get_shard_iterator(
                StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while True:
                got = kinesis.get_records(ShardIterator=place, Limit=400)
                data += [r["Data"] for r in got["Records"]]
                if got["MillisBehindLatest"] == 0 and not got["Records"]:
                    break
                place = got["NextShardIterator"]
    return data


def with_kinesis(endpoint, session):
    kinesis = client("kinesis", endpoint, session)
    kinesis.create_stream(StreamName="boto", ShardCount=3)
    kinesis.get_waiter("stream_exists").wait(StreamName="boto")
    summary = kinesis.describe_stream_summary(StreamName="boto")["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 3 and summary["StreamStatus"] == "ACTIVE", summary
    sent = [f"record {n} \x00é".encode() for n in range(900)]
    for at in range(0, len(sent), 450):
        put = kinesis.put_records(StreamARN=summary["StreamARN"], Records=[
            {"Data": data, "PartitionKey": f"key {data.hex()}"} for data in sent[at:at + 450]])
        assert put["FailedRecordCount"] == 0, put
    assert sorted(records_of(kinesis, "boto")) == sorted(sent)
    one = kinesis.put_record(StreamName="boto", Data=b"one", PartitionKey="k", ExplicitHashKey="0")
    at = kinesis.get_shard_iterator(StreamName="boto", ShardId=one["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
                                    StartingSequenceNumber=one["SequenceNumber"])["ShardIterator"]
    found = kinesis.get_records(ShardIterator=at)["Records"]
    assert [r["Data"] for r in found] == [b"one"], found
    since = kinesis.get_shard_iterator(StreamName="boto", ShardId=one["ShardId"], ShardIteratorType="AT_TIMESTAMP",
                                       Timestamp=found[0]["ApproximateArrivalTimestamp"])["ShardIterator"]
    assert b"one" in [r["Data"] for r in kinesis.get_records(ShardIterator=since)["Records"]]
    kinesis.increase_stream_retention_period(StreamName="boto", RetentionPeriodHours=48)
    described = kinesis.describe_stream(StreamName="boto")["StreamDescription"]
    assert described["RetentionPeriodHours"] == 48 and len(described["Shards"]) == 3, described
    assert "boto" in [n for page in kinesis.get_paginator("list_streams").paginate() for n in page["StreamNames"]]
    full = [kinesis.put_records(StreamName="boto", Records=[{"Data": b"", "PartitionKey": "same"}] * 500)
            for _ in range(3)]
    assert any(f["FailedRecordCount"] for f in full) or full[0]["Records"][0]["ShardId"], full
    assert code(kinesis.create_stream, StreamName="boto", ShardCount=1) == "ResourceInUseException"
    assert code(kinesis.describe_stream, StreamName="nowhere") == "ResourceNotFoundException"
    assert code(kinesis.get_records, ShardIterator="rubbish") == "InvalidArgumentException"
    kinesis.decrease_stream_retention_period(StreamName="boto", RetentionPeriodHours=24)
    kinesis.delete_stream(StreamName="boto")
    assert code(kinesis.describe_stream, StreamName="boto") == "ResourceNotFoundException"


def with_sqs(endpoint, session):
    sqs = client("sqs", endpoint, session)
    dead = sqs.create_queue(QueueName="boto-dead")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    queue = sqs.create_queue(QueueName="boto", Attributes={"VisibilityTimeout": "0", "RedrivePolicy": redrive})["QueueUrl"]
    assert queue == f"{endpoint}/000000000000/boto", queue
    assert sqs.get_queue_url(QueueName="boto")["QueueUrl"] == queue
    attributes = {"n": {"DataType": "Number", "StringValue": "1.5"}, "b": {"DataType": "Binary", "BinaryValue": b"\0\1"},
                  "s.x": {"DataType": "String.mine", "StringValue": "é"}}
    sent = sqs.send_message(QueueUrl=queue, MessageBody="hé\n", MessageAttributes=attributes)
    got = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"],
                              WaitTimeSeconds=1)["Messages"][0]
    assert (got["MessageId"], got["Body"]) == (sent["MessageId"], "hé\n"), got
    assert got["MessageAttributes"] == attributes and got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert "Messages" not in sqs.receive_message(QueueUrl=queue), "it has been received once, so it is dead"
    buried = sqs.receive_message(QueueUrl=dead, AttributeNames=["All"])["Messages"][0]
    assert buried["Attributes"]["DeadLetterQueueSourceArn"].endswith(":boto"), buried
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=buried["ReceiptHandle"])

    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "30"})
    batch = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(10)])
    assert len(batch["Successful"]) == 10, batch
    got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert sorted(m["Body"] for m in got) == [str(n) for n in range(10)]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=got[0]["ReceiptHandle"], VisibilityTimeout=60)
    changed = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=[
        {"Id": "one", "ReceiptHandle": got[1]["ReceiptHandle"], "VisibilityTimeout": 60},
        {"Id": "two", "ReceiptHandle": "rubbish", "VisibilityTimeout": 60}])
    assert [len(changed[k]) for k in ("Successful", "Failed")] == [1, 1], changed
    done = sqs.delete_message_batch(QueueUrl=queue, Entries=[
        {"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in got])
    assert len(done["Successful"]) == 10 and not done["Failed"], done

    waited = []
    poll = threading.Thread(target=lambda: waited.append(
        (sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"][0]["Body"], time.monotonic())))
    poll.start()
    client("sqs", endpoint).send_message(QueueUrl=queue, MessageBody="woken")
    sent_at = time.monotonic()
    poll.join()
    assert waited[0][0] == "woken" and waited[0][1] - sent_at < 5, waited
    assert code(sqs.get_queue_url, QueueName="nowhere") == "AWS.SimpleQueueService.NonExistentQueue"
    try:
        sqs.delete_queue(QueueUrl=endpoint + "/000000000000/nowhere")
        raise AssertionError("there is no such queue")
    except sqs.exceptions.QueueDoesNotExist:
        pass
    assert code(sqs.create_queue, QueueName="a.fifo", Attributes={"FifoQueue": "true"}) == \
        "AWS.SimpleQueueService.UnsupportedOperation"
    assert [u for p in sqs.get_paginator("list_queues").paginate(QueueNamePrefix="boto", PaginationConfig={"PageSize": 1})
            for u in p["QueueUrls"]] == [queue, dead]
    sqs.purge_queue(QueueUrl=queue)
    for url in (queue, dead):
        sqs.delete_queue(QueueUrl=url)


def with_cli(endpoint):
    aws = pathlib.Path(sys.executable).parent / "aws"
    env = dict(os.environ, AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
               AWS_DEFAULT_REGION=REGION, AWS_PAGER="")

    def run(*words):
        # version 1 of the CLI has an address of its own for SQS, which AWS_ENDPOINT_URL does not change
        words = [*words, "--endpoint-url", endpoint]
        done = subprocess.run([sys.executable, str(aws), *words], env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (words, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    run("kinesis", "create-stream", "--stream-name", "cli", "--shard-count", "1")
    run("kinesis", "put-record", "--stream-name", "cli", "--partition-key", "k", "--data", "hello")
    place = run("kinesis", "get-shard-iterator", "--stream-name", "cli", "--shard-id", "shardId-000000000000",
                "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
    assert run("kinesis", "get-records", "--shard-iterator", place)["Records"][0]["Data"] == "aGVsbG8="
    assert "cli" in run("kinesis", "list-streams")["StreamNames"]
    run("kinesis", "delete-stream", "--stream-name", "cli")
    url = run("sqs", "create-queue", "--queue-name", "cli")["QueueUrl"]
    run("sqs", "send-message", "--queue-url", url, "--message-body", "hello")
    got = run("sqs", "receive-message", "--queue-url", url)["Messages"][0]
    assert got["Body"] == "hello", got
    run("sqs", "delete-message", "--queue-url", url, "--receipt-handle", got["ReceiptHandle"])
    run("sqs", "delete-queue", "--queue-url", url)
    assert run("lambda", "list-event-source-mappings")["EventSourceMappings"] == []


def with_kill(binary):
    """What was acknowledged is there after kill -9, twice; and no message that was deleted comes back."""
    binary = pathlib.Path(binary).resolve()
    acknowledged, deleted, returned = set(), set(), []
    with tempfile.TemporaryDirectory() as data:
        for round_ in range(3):
            command = [binary, "up", "--listen", "127.0.0.1:0", "--data", data, "--functions", binary.parent]
            process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
            try:
                endpoint = sluice.endpoint_of(process)
                kinesis, sqs = client("kinesis", endpoint), client("sqs", endpoint)
                if round_ == 0:
                    kinesis.create_stream(StreamName="k", ShardCount=4)
                    sqs.create_queue(QueueName="k", Attributes={"VisibilityTimeout": "0"})
                url = f"{endpoint}/000000000000/k"
                found = [d.decode() for d in records_of(kinesis, "k")]
                assert len(found) == len(set(found)) and acknowledged <= set(found), "acknowledged and gone"
                if round_ == 2:
                    break

                def put(worker):
                    own = client("kinesis", endpoint)
                    for n in range(10_000):
                        names = [f"{round_}-{worker}-{n}-{i}" for i in range(20)]
                        try:
                            answer = own.put_records(StreamName="k", Records=[
                                {"Data": name.encode(), "PartitionKey": name} for name in names])
                        except (BotoCoreError, ClientError):
                            return
                        acknowledged.update(n for n, r in zip(names, answer["Records"]) if "SequenceNumber" in r)

                def messages():
                    own = client("sqs", endpoint)
                    for n in range(10_000):
                        try:
                            own.send_message(QueueUrl=url, MessageBody=f"{round_}-{n}")
                            got = own.receive_message(QueueUrl=url)["Messages"][0]
                            returned.extend({got["Body"]} & deleted)
                            own.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
                            deleted.add(got["Body"])
                        except (BotoCoreError, ClientError):
                            return

                workers = [threading.Thread(target=put, args=(w,)) for w in range(4)] + [threading.Thread(target=messages)]
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    for worker in workers:
                        worker.start()
                    before = len(acknowledged), len(deleted)
                    sluice.until("records and messages are in", lambda: (
                        len(acknowledged) > before[0] + 400 and len(deleted) > before[1] + 10) or None)
                    process.send_signal(signal.SIGKILL)
                    for worker in workers:
                        worker.join()
            finally:
                process.kill()
                process.wait()
                process.stdout.close()
    assert not returned, f"deleted and there again: {returned}"
    return len(acknowledged)


def check(endpoint, binary):
    session = boto3.Session()
    watches = [wire_shapes.watch(session, service) for service in ("kinesis", "sqs")]
    with_kinesis(endpoint, session)
    with_sqs(endpoint, session)
    findings = sorted({finding for watch in watches for finding in watch.findings} - KNOWN)
    assert not findings, "\n".join(findings)
    calls = sum(len(watch.calls) for watch in watches)
    assert calls >= 24, [sorted(watch.calls) for watch in watches]
    with_cli(endpoint)
    return (f"Kinesis and SQS: {calls} operations by boto3, the AWS CLI, {with_kill(binary)} acknowledged records after two "
            "times kill -9")
