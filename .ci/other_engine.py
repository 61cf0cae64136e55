#!/usr/bin/env python3
"""The workflow on a Step Functions engine that was not written here: ministack, with our own function binaries.

    other_engine.py DIRECTORY_OF_FUNCTIONS PATH_OF_MINISTACK

The same submissions must have the same outcomes as in local/tests/http_api.rs and approval.rs. (moto cannot do it: it
evaluates JSONata in a Java machine that its package does not bring. ministack needs two changes: see `adapted`.) The
functions must be built for this machine.
"""
import functools
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request
import zipfile

import boto3

import sluice

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGION = "us-east-1"
NAMES = {
    "ValidateUserNameFunctionArn": "validate-user-name",
    "ValidateEmailFunctionArn": "validate-email",
    "ValidatePincodeFunctionArn": "validate-pincode",
    "StoreFunctionArn": "store",
    "RequestApprovalFunctionArn": "request-approval",
    "RemindFunctionArn": "remind",
    "CloseApprovalFunctionArn": "close-approval",
}


# Another engine takes its time.
until = functools.partial(sluice.until, seconds=60)


def adapted(definition, seconds):
    """The definition without the three things that ministack 1.5 cannot do; AWS can, and so can ours.

    It compares TimeoutSeconds with a number without evaluating it, it ignores the Output of a Succeed state, and the Arguments
    of a Parallel state. So the number is put in, Succeed states become Pass states that end, and a Pass state before the
    Parallel state makes its input.
    """
    states = definition["States"]
    for state in list(states.values()):
        for way in [state, *state.get("Choices", [])]:
            for name in ("Next", "Default"):
                if way.get(name) == "AskAdmin":
                    way[name] = "MakeInput"
    states["MakeInput"] = {"Type": "Pass", "Output": states["AskAdmin"].pop("Arguments"), "Next": "AskAdmin"}
    branches = [branch["States"] for branch in states["AskAdmin"]["Branches"]]
    assert branches[0]["RequestApproval"]["TimeoutSeconds"].startswith("{%")
    branches[0]["RequestApproval"]["TimeoutSeconds"] = seconds
    for state in (state for machine in [states, *branches] for state in machine.values()):
        if state["Type"] == "Succeed":
            state.update(Type="Pass", End=True)
    return definition


class Engine:
    """ministack with the functions, the tables, the topic and the machine."""

    def __init__(self, endpoint, functions):
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        self.sfn, self.dynamodb, self.sns, self.functions = (
            session.client(n, endpoint_url=endpoint) for n in ("stepfunctions", "dynamodb", "sns", "lambda")
        )
        for table in ("entries", "approvals", "submissions"):
            self.dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            )
        self.dynamodb.create_table(
            TableName="approval-audit",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "approval_id", "KeyType": "HASH"},
                {"AttributeName": "seq", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "approval_id", "AttributeType": "S"},
                {"AttributeName": "seq", "AttributeType": "N"},
            ],
        )
        topic = self.sns.create_topic(Name="admin")["TopicArn"]
        self.variables = {
            "AWS_ENDPOINT_URL": endpoint,
            "TABLE_NAME": "entries",
            "APPROVALS_TABLE_NAME": "approvals",
            "APPROVAL_AUDIT_TABLE_NAME": "approval-audit",
            "SUBMISSIONS_TABLE_NAME": "submissions",
            "TOPIC_ARN": topic,
            "APPROVAL_URL": "http://approval.invalid/",
            "APPROVERS": "admin@example.com",
            "APPROVAL_CODE": "true",
            "MAILS_PER_MINUTE": "6",
        }
        self.arns = {variable: self.function(pathlib.Path(functions) / name) for variable, name in NAMES.items()}
        self.machine = self.create("ingest", "7", 7 * 86400)

    def function(self, binary):
        binary = binary / "bootstrap" if binary.is_dir() else binary
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, binary.read_bytes(), zipfile.ZIP_DEFLATED)
        made = self.functions.create_function(
            FunctionName=binary.parent.name if binary.name == "bootstrap" else binary.name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role="arn:aws:iam::000000000000:role/any",
            Timeout=30,
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": self.variables},
        )
        return made["FunctionArn"]

    def create(self, name, days, seconds):
        definition = (ROOT / "workflows" / "ingest.asl.json").read_text()
        others = {"ApprovalTimeoutDays": days, "Partition": "aws", "SubmissionsTableName": "submissions"}
        # ministack ends a Parallel state only when all of its branches have ended: without reminders the second one does at once
        others |= {"RemindAtPercent": "0", "EscalateAtPercent": "0"}
        others |= {"ExpiryDecision": "expire", "OpenApprovalsLimit": "1000"}
        for variable, value in {**self.arns, **others}.items():
            definition = definition.replace("${" + variable + "}", value)
        assert "${" not in definition
        definition = json.dumps(adapted(json.loads(definition), seconds))
        role = "arn:aws:iam::000000000000:role/any"
        return self.sfn.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]

    def start(self, fields, machine=None):
        return self.sfn.start_execution(stateMachineArn=machine or self.machine, input=json.dumps(fields))["executionArn"]

    def end(self, execution):
        def probe():
            now = self.sfn.describe_execution(executionArn=execution)
            return now if now["status"] != "RUNNING" else None

        done = until(f"{execution} ends", probe)
        assert done["status"] == "SUCCEEDED", [done[k] for k in ("status", "error", "cause") if k in done]
        output = json.loads(done["output"])
        assert "outcome" in output, f"no outcome: {output}"
        return output

    def transitions(self, execution):
        """The states that were entered, MakeInput too. Those within a Parallel state ministack does not tell."""
        pages = self.sfn.get_paginator("get_execution_history").paginate(executionArn=execution)
        return sum(e["type"].endswith("StateEntered") for page in pages for e in page["events"])

    def entry(self, key):
        item = self.dynamodb.get_item(TableName="entries", Key={"id": {"S": key}}).get("Item")
        return item and {name: value.get("S") for name, value in item.items()}

    def approval(self, execution, round_=1):
        """The record of a submission's approval: what an admin's link would lead to."""
        key = {"id": {"S": f"{execution.rsplit(':', 1)[1]}.{round_}"}}
        return until("the approval is asked for", lambda: self.dynamodb.get_item(TableName="approvals", Key=key).get("Item"))

    def decide(self, execution, decision, round_=1):
        token = self.approval(execution, round_)["task_token"]["S"]
        decision = {"decided_by": "Ada", "decided_at": "2026-11-22T10:00:00.000Z", "comment": "fine", **decision}
        self.sfn.send_task_success(taskToken=token, output=json.dumps(decision))


def fields_of(output):
    return {violation["field"] for violation in output["violations"]}


def clean(engine):
    execution = engine.start({"user_name": "Rishabh", "email": "Rishabh@gmail.com", "pincode": "0305"})
    output = engine.end(execution)
    assert output["outcome"] == "ingested", output
    entry = engine.entry("rishabh@gmail.com")
    assert (entry["user_name"], entry["pincode"], entry["status"]) == ("Rishabh", "0305", "ingested"), entry
    assert engine.transitions(execution) == 5, engine.transitions(execution)


def second_of_an_address(engine):
    for pincode in ("1111", "2222"):
        engine.end(engine.start({"user_name": "Again", "email": "again@example.com", "pincode": pincode}))
    assert engine.entry("again@example.com")["pincode"] == "2222"


REFUSED = [
    ({"user_name": "A", "email": "bad", "pincode": "12"}, {"email", "pincode"}),
    ({"user_name": " ", "email": "bad", "pincode": "x"}, {"user_name", "email", "pincode"}),
    ({"user_name": "", "email": "ok@example.com", "pincode": "1234"}, {"user_name"}),
    ({"email": "ok@example.com", "pincode": "1234"}, {"user_name"}),
    ({"user_name": "A"}, {"email", "pincode"}),
    ({"user_name": "A", "email": 7, "pincode": None}, {"email", "pincode"}),
    ({"user_name": "a" * 257, "email": "ok@example.com", "pincode": "1234"}, {"user_name"}),
    ({"user_name": "A", "email": "a@b.com\n", "pincode": "1234 "}, {"email", "pincode"}),
    ({"user_name": "A", "email": "é@b.com", "pincode": "١٢٣٤"}, {"email", "pincode"}),
]


def refused(engine):
    for submission, expected in REFUSED:
        output = engine.end(engine.start(submission))
        assert output["outcome"] == "rejected", (submission, output)
        assert fields_of(output) == expected, (submission, output)


def approved_as_it_is(engine):
    execution = engine.start({"user_name": "Half", "email": "half@example.com", "pincode": "12"})
    engine.approval(execution)
    assert engine.entry("half@example.com") is None, "nothing is stored before the decision"
    engine.decide(execution, {"decision": "approve"})
    output = engine.end(execution)
    assert output["outcome"] == "approved", output
    entry = engine.entry("half@example.com")
    assert (entry["status"], entry["pincode"]) == ("approved", "12"), entry
    assert engine.transitions(execution) == 8, engine.transitions(execution)


def approved_with_a_repair(engine):
    execution = engine.start({"user_name": "Half", "email": "repair@example.com", "pincode": "x"})
    engine.decide(execution, {"decision": "approve", "repaired": {"pincode": "4711"}})
    assert engine.end(execution)["outcome"] == "approved"
    assert engine.entry("repair@example.com")["pincode"] == "4711"
    assert engine.transitions(execution) == 12, engine.transitions(execution)


def repaired_wrongly_is_asked_again(engine):
    execution = engine.start({"user_name": "Half", "email": "bad", "pincode": "1234"})
    engine.decide(execution, {"decision": "approve", "repaired": {"email": "worse"}})
    engine.decide(execution, {"decision": "reject"}, round_=2)
    output = engine.end(execution)
    assert output["outcome"] == "rejected" and output["approval"]["decided_by"] == "Ada", output


def rejected_by_the_admin(engine):
    execution = engine.start({"user_name": "Half", "email": "reject@example.com", "pincode": "x"})
    engine.decide(execution, {"decision": "reject"})
    output = engine.end(execution)
    assert output["outcome"] == "rejected" and output["reason"] == "An admin rejected the submission.", output
    assert engine.transitions(execution) == 8, engine.transitions(execution)


def expired(engine):
    """The same definition with an approval time of a second, and no reminders."""
    short = engine.create("short", "(1/86400)", 1)
    execution = engine.start({"user_name": "Half", "email": "late@example.com", "pincode": "x"}, short)
    assert engine.end(execution)["outcome"] == "expired"
    assert engine.transitions(execution) == 9, engine.transitions(execution)
    assert engine.entry("late@example.com") is None


CHECKS = [clean, second_of_an_address, refused, approved_as_it_is, approved_with_a_repair,
          repaired_wrongly_is_asked_again, rejected_by_the_admin, expired]  # fmt: skip


def answers(process, url):
    assert process.poll() is None, "ministack ended before it was ready"
    try:
        return urllib.request.urlopen(url, timeout=2).status
    except OSError:
        return None


def main():
    port = sluice.free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryFile() as log:
        env = {**os.environ, "GATEWAY_PORT": str(port), "TMPDIR": directory}
        process = subprocess.Popen([sys.argv[2]], env=env, cwd=directory, stdout=log, stderr=subprocess.STDOUT)
        failed = 0
        try:
            until("ministack answers", lambda: answers(process, f"{endpoint}/_ministack/health"))
            engine = Engine(endpoint, sys.argv[1])
            for check in CHECKS:
                try:
                    check(engine)
                    print(f"{check.__name__}: the same")
                except AssertionError as error:
                    failed += 1
                    print(f"{check.__name__}: {error}")
        finally:
            process.terminate()
            process.wait(timeout=20)
    print(f"another engine:\n{len(CHECKS) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
