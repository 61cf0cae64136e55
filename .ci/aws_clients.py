#!/usr/bin/env python3
"""Real AWS clients against a running `sluice`: boto3 and the AWS CLI, told nothing but AWS_ENDPOINT_URL.

    aws_clients.py PATH_OF_SLUICE

The functions are taken from the directory of the binary (`cargo test` and `cargo run` build them there).
"""
import json
import os
import pathlib
import subprocess
import sys

import boto3
from botocore.exceptions import ClientError

import cloudwatch_api
import events_api
import logs_api
import sluice
import stepfunctions_api
import streams_api
from sluice import until

REGION = "us-east-1"


def error_code(call, **params):
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def with_boto3(endpoint):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    client = lambda name: session.client(name, endpoint_url=endpoint)
    sfn, dynamodb, sns, functions, stacks = (
        client(n) for n in ("stepfunctions", "dynamodb", "sns", "lambda", "cloudformation"))

    stack = stacks.describe_stacks(StackName="sluice")["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    for key in ("FunctionURLAPI", "ApprovalURL", "TableName", "StateMachineArn"):
        assert outputs[key], key
    machine = outputs["StateMachineArn"]
    assert [s["StackName"] for s in stacks.list_stacks()["StackSummaries"]] == ["sluice"]
    assert error_code(stacks.describe_stacks, StackName="nowhere") == "ValidationError"

    s3 = client("s3")
    for call, params in ((s3.list_buckets, {}), (s3.create_bucket, {"Bucket": "b"}),
                         (s3.put_object, {"Bucket": "b", "Key": "k", "Body": b"x"}), (s3.get_object, {"Bucket": "b", "Key": "k"})):
        assert error_code(call, **params) == "NotImplemented", call

    good = json.dumps({"user_name": "Boto", "email": "boto@example.com", "pincode": "0305"})
    started = sfn.start_execution(stateMachineArn=machine, name="boto-1", input=good)
    arn = started["executionArn"]

    def ended():
        now = sfn.describe_execution(executionArn=arn)
        return now if now["status"] != "RUNNING" else None

    done = until("the execution ends", ended)
    assert done["status"] == "SUCCEEDED", done
    assert json.loads(done["output"])["outcome"] == "ingested", done["output"]
    assert done["stopDate"] >= done["startDate"]
    assert error_code(sfn.start_execution, stateMachineArn=machine, name="boto-1", input=good) == "ExecutionAlreadyExists"
    for n in range(2, 7):
        sfn.start_execution(stateMachineArn=machine, name=f"boto-{n}", input=good)
    listed = [e["name"] for page in sfn.get_paginator("list_executions").paginate(
        stateMachineArn=machine, PaginationConfig={"PageSize": 2}) for e in page["executions"]]
    assert sorted(listed) == [f"boto-{n}" for n in range(1, 7)], listed

    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn, PaginationConfig={"PageSize": 3})
    events = [e for page in pages for e in page["events"]]
    assert [e["id"] for e in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "ExecutionStarted" and events[-1]["type"] == "ExecutionSucceeded"
    entered = [e["stateEnteredEventDetails"]["name"] for e in events if e["type"].endswith("StateEntered")]
    assert len(entered) == 5, entered
    reverse = sfn.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"]
    assert reverse[0]["id"] == events[-1]["id"]
    assert sfn.describe_state_machine_for_execution(executionArn=arn)["stateMachineArn"] == machine
    assert machine in [m["stateMachineArn"] for m in sfn.list_state_machines()["stateMachines"]]
    assert error_code(sfn.describe_execution, executionArn=arn + "-not") == "ExecutionDoesNotExist"
    assert error_code(sfn.send_task_success, taskToken="rubbish", output="{}") == "InvalidToken"

    item = until("the entry is stored", lambda: dynamodb.get_item(
        TableName=outputs["TableName"], Key={"id": {"S": "boto@example.com"}}).get("Item"))
    assert item["pincode"]["S"] == "0305", item
    names = [f["FunctionName"] for f in functions.list_functions()["Functions"]]
    assert len(names) == 13, names
    validator = next(n for n in names if "Email" in n)
    answer = functions.invoke(FunctionName=validator, Payload=json.dumps({"email": "x"}).encode())
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer, answer
    url_owner = next(n for n in names if "Ingest" in n)
    assert functions.get_function_url_config(FunctionName=url_owner)["FunctionUrl"] == outputs["FunctionURLAPI"]
    topic = sns.create_topic(Name="other")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="someone@example.com")
    assert sns.publish(TopicArn=topic, Subject="Hello", Message="there")["MessageId"]
    policy = json.dumps({"approver": ["someone@example.com"]})
    filtered = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="other@example.com",
                             Attributes={"FilterPolicy": policy}, ReturnSubscriptionArn=True)["SubscriptionArn"]
    sns.set_subscription_attributes(SubscriptionArn=filtered, AttributeName="FilterPolicy", AttributeValue=policy)
    assert sns.get_subscription_attributes(SubscriptionArn=filtered)["Attributes"]["FilterPolicy"] == policy
    assert sns.publish(TopicArn=topic, Message="there", MessageAttributes={
        "approver": {"DataType": "String", "StringValue": "someone@example.com"}})["MessageId"]
    return outputs, arn


def with_map_runs(endpoint):
    """The children of a distributed Map, as executions."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    sfn = session.client("stepfunctions", endpoint_url=endpoint)
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P",
                 "States": {"P": {"Type": "Pass", "End": True}}}
    definition = {"StartAt": "M", "States": {"M": {
        "Type": "Map", "Label": "L", "End": True, "ItemBatcher": {"MaxItemsPerBatch": 2}, "ItemProcessor": processor}}}
    machine = sfn.create_state_machine(name="fan-out", definition=json.dumps(definition),
                                       roleArn="arn:aws:iam::000000000000:role/r")["stateMachineArn"]
    arn = sfn.start_execution(stateMachineArn=machine, input=json.dumps(list(range(9))))["executionArn"]
    until("the Map has run", lambda: sfn.describe_execution(executionArn=arn)["status"] == "SUCCEEDED" or None)
    run = sfn.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]
    described = sfn.describe_map_run(mapRunArn=run)
    assert described["executionCounts"]["succeeded"] == 5 and described["itemCounts"]["total"] == 9, described
    children = [e for page in sfn.get_paginator("list_executions").paginate(
        mapRunArn=run, PaginationConfig={"PageSize": 2}) for e in page["executions"]]
    assert [c["itemCount"] for c in children] == [1, 2, 2, 2, 2], children
    child = sfn.describe_execution(executionArn=children[0]["executionArn"])
    assert child["mapRunArn"] == run and json.loads(child["input"]) == {"Items": [8]}, child
    events = sfn.get_execution_history(executionArn=children[0]["executionArn"])["events"]
    assert [e["id"] for e in events] == [1, 2, 3, 4], events
    part = sfn.describe_state_machine_for_execution(executionArn=children[0]["executionArn"])
    assert part["label"] == "L" and json.loads(part["definition"])["StartAt"] == "P", part
    assert error_code(sfn.redrive_execution, executionArn=children[0]["executionArn"]) == "ExecutionNotRedrivable"
    sfn.delete_state_machine(stateMachineArn=machine)


def with_cli(endpoint, outputs, arn):
    aws = pathlib.Path(sys.executable).parent / "aws"
    env = dict(os.environ, AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
               AWS_DEFAULT_REGION=REGION, AWS_PAGER="")

    def run(*words):
        done = subprocess.run([sys.executable, str(aws), *words], env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout.strip()

    url = run("cloudformation", "describe-stacks", "--stack-name", "sluice", "--output", "text", "--query",
              "Stacks[].Outputs[?OutputKey=='FunctionURLAPI'].OutputValue")
    assert url == outputs["FunctionURLAPI"], url
    machine = outputs["StateMachineArn"]
    started = json.loads(run("stepfunctions", "start-execution", "--state-machine-arn", machine, "--name", "cli-1",
                             "--input", json.dumps({"user_name": "Cli", "email": "bad", "pincode": "1"})))

    def ended():
        now = json.loads(run("stepfunctions", "describe-execution", "--execution-arn", started["executionArn"]))
        return now if now["status"] != "RUNNING" else None

    done = until("the execution ends", ended)
    assert done["status"] == "SUCCEEDED" and json.loads(done["output"])["outcome"] == "rejected", done
    listed = json.loads(run("stepfunctions", "list-executions", "--state-machine-arn", machine))["executions"]
    assert "cli-1" in [e["name"] for e in listed]
    history = json.loads(run("stepfunctions", "get-execution-history", "--execution-arn", arn, "--max-items", "4"))
    assert len(history["events"]) == 4, history


def main():
    with sluice.running(sys.argv[1]) as (_, endpoint):
        outputs, arn = with_boto3(endpoint)
        with_map_runs(endpoint)
        with_cli(endpoint, outputs, arn)
        print(stepfunctions_api.check(endpoint))
        print(streams_api.check(endpoint, sys.argv[1]))
        print(cloudwatch_api.check(endpoint))
        print(logs_api.check(endpoint, outputs["StoreFunctionName"]))
        print(events_api.check(endpoint))
    print("boto3, Map Runs, the AWS CLI, all of Step Functions, Kinesis and SQS, CloudWatch, its Logs, EventBridge:\n8 passed, 0 failed")


if __name__ == "__main__":
    main()
