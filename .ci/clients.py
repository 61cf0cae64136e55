"""boto3 and the AWS CLI as the checks of this directory use them; every response is held against botocore's model."""
import contextlib
import io
import json
import os

import awscli.clidriver
import boto3
from botocore import xform_name
from botocore.config import Config

import wire_shapes
from sluice import until

REGION = "us-east-1"
ROLE = "arn:aws:iam::000000000000:role/clients"
# StartSyncExecution and TestState put `sync-` before the host's name, which an address cannot have.
CONFIG = Config(inject_host_prefix=False, parameter_validation=False, retries={"max_attempts": 0})


def machine(*states, **more):
    """A definition of states in a row; each is (name, members)."""
    names = [name for name, _ in states]
    ends = {name: {"Next": after} for name, after in zip(names, names[1:])}
    return json.dumps({"StartAt": names[0], "States": {
        name: {**members, **(ends.get(name) or ({} if members["Type"] in ("Succeed", "Fail") else {"End": True}))}
        for name, members in states}, **more})


PASS = ("P", {"Type": "Pass"})
WAIT = ("W", {"Type": "Wait", "Seconds": 3600})


def distributed(name, flow):
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return name, {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": {**config, **json.loads(flow)}}


class Boto:
    """boto3's client and what the checks below share."""

    def __init__(self, endpoint):
        self.session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        self.watch = wire_shapes.watch(self.session)
        self.sfn = self.session.client("stepfunctions", endpoint_url=endpoint, config=CONFIG)

    def create(self, name, definition, **more):
        return self.sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE, **more)["stateMachineArn"]

    def start(self, machine_arn, **more):
        return self.sfn.start_execution(stateMachineArn=machine_arn, **more)["executionArn"]

    def end(self, arn):
        def ended():
            now = self.sfn.describe_execution(executionArn=arn)
            return now if now["status"] != "RUNNING" else None
        return until(f"{arn} ends", ended)

    def run(self, machine_arn, **more):
        return self.end(self.start(machine_arn, **more))

    def task(self, activity_arn):
        """The token of the task that an execution of `worked` waits for."""
        return self.sfn.get_activity_task(activityArn=activity_arn, workerName="clients")["taskToken"]


def worked(activity_arn):
    return machine(("T", {"Type": "Task", "Resource": activity_arn, "HeartbeatSeconds": 600, "TimeoutSeconds": 3600}))


@contextlib.contextmanager
def raises(exception):
    try:
        yield
    except exception as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
        assert error.response["Error"]["Message"], error.response
        return
    raise AssertionError(f"{exception.__name__} was not raised")


class Cli:
    """`aws stepfunctions`, run in this process (each start of its own would take a second), told only of the endpoint."""

    def __init__(self, endpoint):
        os.environ.update(
            AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_PAGER="",
            AWS_DEFAULT_REGION=REGION, AWS_DISABLE_HOST_PREFIX_INJECTION="true", AWS_MAX_ATTEMPTS="1")
        self.driver = awscli.clidriver.create_clidriver()
        self.watch = wire_shapes.watch(self.driver.session)
        self.used = set()

    def __call__(self, operation, **params):
        words = ["stepfunctions", operation, "--output", "json"]
        for name, value in params.items():
            words += ["--" + xform_name(name, "-")]
            words += [] if value is True else [value if isinstance(value, str) else json.dumps(value)]
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            code = self.driver.main(words)
        assert code == 0, (words, code, errors.getvalue(), out.getvalue())
        self.used.add(operation)
        return json.loads(out.getvalue() or "null")
