#!/usr/bin/env python3
"""cfn/deploy and cfn/teardown with the AWS CLI against a moto server: all three stacks, both feeds.

    aws_deploy.py DIRECTORY_OF_FUNCTIONS

Compares what is there afterwards with what the templates promise, deploys again, removes everything, and shows that
nothing is left. moto runs no function: that the functions work is shown elsewhere.
"""
import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import boto3  # noqa: E402
import yaml  # noqa: E402
from cfnlint.decode.cfn_yaml import load as read_template  # noqa: E402
from moto_types.resources import serve  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGION = "eu-central-1"
# Those behind URLs, then those of the workflow.
FUNCTIONS = ["Ingest", "Approval", "Store", "RequestApproval", "Remind", "CloseApproval"]
FUNCTIONS += ["ValidateUserName", "ValidateEmail", "ValidatePincode"]
# The conditions of cfn/workflow.yaml with its defaults that resources have.
WORKFLOW = {"MakesEntries": True}
WORKFLOW |= dict.fromkeys(["AlarmsOnStarts", "HasBudget", "IsTraced", "Shifts"], False)
WORKFLOW |= dict.fromkeys(["HasSecondAdmin", "HasThirdAdmin", "HasSeveralAdmins", "EscalatesElsewhere"], False)
SERVICES = "cloudformation dynamodb sns lambda stepfunctions logs iam cloudwatch ecs ec2 kinesis sqs scheduler s3".split()


def every_state(machine):
    """The states of a machine, and those of the branches of its Parallel states."""
    for state in machine["States"].values():
        yield state
        for branch in state.get("Branches", []):
            yield from every_state(branch)


class Account:
    """The emulated account: its clients, and the two commands run against it."""

    def __init__(self, endpoint, functions):
        self.functions = functions
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.env = {**own, **keys, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION, "PATH": path}
        session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name=REGION)
        for service in SERVICES:
            setattr(self, service, session.client(service, endpoint_url=endpoint))

    def run(self, command, *words, env=None):
        done = subprocess.run(
            [ROOT / "cfn" / command, *words], env=env or self.env, capture_output=True, text=True, timeout=600
        )
        return done.returncode, done.stdout, done.stderr.strip()

    def deploy(self, *words):
        code, out, err = self.run("deploy", "--functions", self.functions, "--any-architecture", *words)
        assert (code, err) == (0, ""), (words, out, err)
        return out

    def teardown(self, *words):
        code, out, err = self.run("teardown", *words)
        assert (code, err) == (0, ""), (words, out, err)
        return out

    def stack(self, name):
        """Physical ids by logical id. moto gives none to parts of other resources, and lists what a condition leaves
        out as blanks."""
        resources = self.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        made = [r for r in resources if r.get("LogicalResourceId")]
        return {r["LogicalResourceId"]: r.get("PhysicalResourceId", "") for r in made}

    def outputs(self, name):
        stack = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}

    def stacks(self):
        listed = self.cloudformation.list_stacks()["StackSummaries"]
        return sorted(s["StackName"] for s in listed if s["StackStatus"] != "DELETE_COMPLETE")

    def everything(self):
        """What exists, by service: what must be empty at the end, but for what moto has in every account."""
        found = {
            "tables": self.dynamodb.list_tables()["TableNames"],
            "topics": [t["TopicArn"] for t in self.sns.list_topics()["Topics"]],
            "subscriptions": [s["SubscriptionArn"] for s in self.sns.list_subscriptions()["Subscriptions"]],
            "functions": [f["FunctionName"] for f in self.__dict__["lambda"].list_functions()["Functions"]],
            "mappings": [m["UUID"] for m in self.__dict__["lambda"].list_event_source_mappings()["EventSourceMappings"]],
            "machines": [m["name"] for m in self.stepfunctions.list_state_machines()["stateMachines"]],
            "log groups": [g["logGroupName"] for g in self.logs.describe_log_groups()["logGroups"]],
            "roles": [r["RoleName"] for r in self.iam.list_roles()["Roles"]],
            "alarms": [a["AlarmName"] for a in self.cloudwatch.describe_alarms()["MetricAlarms"]],
            "dashboards": [d["DashboardName"] for d in self.cloudwatch.list_dashboards()["DashboardEntries"]],
            "clusters": self.active_clusters(),
            "networks": [v["VpcId"] for v in self.ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]],
            "gateways": [g["InternetGatewayId"] for g in self.ec2.describe_internet_gateways()["InternetGateways"]],
            "streams": self.kinesis.list_streams()["StreamNames"],
            "queues": self.sqs.list_queues().get("QueueUrls", []),
            "schedules": [s["Name"] for s in self.scheduler.list_schedules()["Schedules"]],
            "buckets": [b["Name"] for b in self.s3.list_buckets()["Buckets"]],
        }
        return {kind: names for kind, names in found.items() if names}

    def active_clusters(self):
        arns = self.ecs.list_clusters()["clusterArns"]
        described = self.ecs.describe_clusters(clusters=arns)["clusters"] if arns else []
        return [c["clusterName"] for c in described if c["status"] == "ACTIVE"]


def promised(template, conditions):
    """The logical ids of a template's resources, under these conditions."""
    resources = read_template(str(ROOT / "cfn" / f"{template}.yaml"))["Resources"]
    return {name for name, r in resources.items() if conditions.get(r.get("Condition"), True)}


def variables_of(account, function):
    made = account.__dict__["lambda"].get_function(FunctionName=function)["Configuration"]
    return {name: str(value) for name, value in made["Environment"]["Variables"].items()}


def take_secret(variables, workflow):
    """Takes the secret of the ids out of a function's variables. CloudFormation puts it in the place of the reference; moto may
    leave that."""
    secret = variables.pop("ID_SECRET")
    assert workflow["IdSecret"] in secret or len(secret) == 64, secret


def statements(policies):
    documents = [p["PolicyDocument"] for p in policies]
    # moto keeps a role's policies in Python's notation, which is YAML too.
    documents = [yaml.safe_load(d) if isinstance(d, str) else d for d in documents]
    return [s for d in documents for s in d["Statement"]]


def check_workflow(account):
    there = account.stack("sluice")
    assert set(there) == promised("workflow", WORKFLOW), set(there) ^ promised("workflow", WORKFLOW)
    outputs = account.outputs("sluice")
    functions = account.__dict__["lambda"]
    for name in FUNCTIONS:
        made = functions.get_function(FunctionName=there[f"{name}Function"])["Configuration"]
        # moto drops the architecture; .ci/check_templates sees it in the template.
        assert (made["Runtime"], made["Handler"]) == ("provided.al2023", "bootstrap"), made
        assert made["Role"].endswith(there[f"{name}Role"]), made["Role"]
        assert made["CodeSize"] > 0
        limit = functions.get_function(FunctionName=there[f"{name}Function"])["Concurrency"]["ReservedConcurrentExecutions"]
        assert int(limit) == {"Ingest": 100, "Approval": 5}.get(name, 50), f"{name} has the limit {limit}"
    ingest = variables_of(account, there["IngestFunction"])
    take_secret(ingest, there)
    assert ingest == {
        "STATE_MACHINE_ARN": outputs["StateMachineArn"],
        "TABLE_NAME": outputs["TableName"],
        "PUBLIC_LISTING": "false",
        "LOG_LEVEL": "info",
        "WAIT_SECONDS": "3",
        "LONGEST_WAIT_SECONDS": "5",
        "SUBMISSIONS_TABLE_NAME": there["Submissions"],
    }, ingest
    for name in ("Ingest", "Approval"):
        assert functions.get_function_url_config(FunctionName=there[f"{name}Function"])["AuthType"] == "NONE"
        policy = json.loads(functions.get_policy(FunctionName=there[f"{name}Function"])["Policy"])["Statement"]
        actions = sorted(s["Action"] for s in policy)
        assert actions == ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"], actions

    machine = account.stepfunctions.describe_state_machine(stateMachineArn=outputs["StateMachineArn"])
    assert machine["roleArn"].endswith(there["IngestStateMachineRole"])
    definition = machine["definition"]
    assert "${" not in definition, re.findall(r"\$\{\w+\}", definition)
    tasks = [s["Arguments"] for s in every_state(json.loads(definition)) if s["Type"] == "Task"]
    called = {arguments["FunctionName"] for arguments in tasks if "FunctionName" in arguments}
    assert {arn.rsplit(":", 1)[1] for arn in called} == {
        there[f"{n}Function"] for n in FUNCTIONS[2:]
    }
    tables = {n: account.dynamodb.describe_table(TableName=there[n])["Table"] for n in ("Entries", "Approvals", "Submissions")}
    assert all(t["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}] for t in tables.values())
    audit = account.dynamodb.describe_table(TableName=there["ApprovalAudit"])["Table"]
    assert [key["AttributeName"] for key in audit["KeySchema"]] == ["approval_id", "seq"]
    assert outputs["TopicArn"] != outputs["AlarmTopicArn"]
    for topic in ("TopicArn", "AlarmTopicArn"):
        mails = account.sns.list_subscriptions_by_topic(TopicArn=outputs[topic])["Subscriptions"]
        assert [(s["Protocol"], s["Endpoint"]) for s in mails] == [("email", "admin@example.com")], mails
    alarms = account.cloudwatch.describe_alarms(AlarmNames=[v for k, v in there.items() if k.endswith("Alarm")])
    assert len(alarms["MetricAlarms"]) == sum(name.endswith("Alarm") for name in promised("workflow", WORKFLOW))
    # What tells that nobody hears alarms cannot tell it there.
    told = {there["NobodyHearsAlarm"]: outputs["TopicArn"]}
    assert all(a["AlarmActions"] == [told.get(a["AlarmName"], outputs["AlarmTopicArn"])] for a in alarms["MetricAlarms"])
    for group in (v for k, v in there.items() if k.endswith("Logs")):
        found = account.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        assert found[0]["retentionInDays"] == 30, found
    store = account.iam.get_role_policy(RoleName=there["StoreRole"], PolicyName="store")
    for statement, table in zip(statements([store])[1:], ("Submissions", "Entries"), strict=True):
        assert statement["Action"] == ["dynamodb:PutItem"], statement
        assert statement["Resource"].endswith(f"table/{there[table]}"), statement


def check_dashboard(account):
    assert set(account.stack("sluice-dashboard")) == promised("dashboard", {})
    body = json.loads(account.cloudwatch.get_dashboard(DashboardName="sluice")["DashboardBody"])
    text = json.dumps(body)
    assert "${" not in text
    workflow, outputs = account.stack("sluice"), account.outputs("sluice")
    for name in FUNCTIONS:
        assert f'"{workflow[name + "Function"]}"' in text, name
    assert outputs["StateMachineArn"] in text and outputs["TableName"] in text and outputs["ApprovalsTableName"] in text
    taken = set()
    for widget in body["widgets"]:
        for x in range(widget["x"], widget["x"] + widget["width"]):
            for y in range(widget["y"], widget["y"] + widget["height"]):
                assert x < 24 and (x, y) not in taken, f"{widget['properties'].get('title')} overlaps"
                taken.add((x, y))
    return len(body["widgets"])


def check_load(account, kinesis):
    there = account.stack("sluice-load")
    conditions = {"MakesNetwork": True, "FeedsKinesis": kinesis, "FeedsHttp": not kinesis, "TracesDispatch": False}
    assert set(there) == promised("load", conditions), set(there) ^ promised("load", conditions)
    outputs, workflow = account.outputs("sluice-load"), account.outputs("sluice")
    service = account.ecs.describe_services(cluster=there["PingerCluster"], services=[outputs["Service"]])["services"][0]
    assert (service["desiredCount"], service["launchType"]) == (2, "FARGATE"), service
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == "ENABLED" and len(network["subnets"]) == 2, network
    task = account.ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    pinger = task["containerDefinitions"][0]
    variables = {v["name"]: v["value"] for v in pinger["environment"]}
    target = {"PINGER_STREAM": there["Records"]} if kinesis else {"PINGER_URL": workflow["FunctionURLAPI"]}
    assert variables == {**target, "PINGER_RATE": "1", "PINGER_IDEMPOTENCY_KEY_PREFIX": "load"}, variables
    assert pinger["readonlyRootFilesystem"] and pinger["user"] == "65532:65532"

    end = account.scheduler.get_schedule(Name=there["End"])
    stack_id = account.cloudformation.describe_stacks(StackName="sluice-load")["Stacks"][0]["StackId"]
    asked = json.loads(end["Target"]["Input"])
    assert end["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:cloudformation:deleteStack"
    assert asked == {"StackName": stack_id, "RoleARN": workflow["LoadDeletionRoleArn"]}, asked
    rights = statements([account.iam.get_role_policy(RoleName=there["EndRole"], PolicyName="end")])
    assert {(s["Action"], s["Resource"]) for s in rights} == {
        ("cloudformation:DeleteStack", stack_id),
        ("iam:PassRole", workflow["LoadDeletionRoleArn"]),
    }, rights
    if kinesis:
        check_kinesis(account, there, workflow)
    return outputs["DeleteAt"]


def check_kinesis(account, there, workflow):
    functions = account.__dict__["lambda"]
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"].endswith(f"stream/{there['Records']}")
    assert mapping["FunctionArn"].endswith(there["DispatchFunction"])
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"] and mapping["BisectBatchOnFunctionError"]
    queue = account.sqs.get_queue_attributes(QueueUrl=there["FailureQueue"], AttributeNames=["QueueArn"])["Attributes"]
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == queue["QueueArn"], mapping
    dispatch = variables_of(account, there["DispatchFunction"])
    made = account.stack("sluice")
    take_secret(dispatch, made)
    assert dispatch == {
        "STATE_MACHINE_ARN": workflow["StateMachineArn"],
        "FAILURE_QUEUE_URL": there["FailureQueue"],
        "LOG_LEVEL": "info",
        "SUBMISSIONS_TABLE_NAME": made["Submissions"],
    }, dispatch


# How the deletion role (cfn/workflow.yaml) reaches each type of the load stack: by a pattern of names, or otherwise.
BY_NAME = {
    "AWS::IAM::Role": ":role/{}-*",
    "AWS::Scheduler::Schedule": ":schedule/default/{}-*",
    "AWS::Logs::LogGroup": ":log-group:{}-*",
    "AWS::ECS::Cluster": ":cluster/{}-*",
    "AWS::ECS::Service": ":service/{}-*",
    "AWS::Kinesis::Stream": ":stream/{}-*",
    "AWS::Lambda::Function": ":function:{}-*",
    "AWS::SQS::Queue": ":{}-*",
    "AWS::CloudWatch::Alarm": ":alarm:{}-*",
}
BY_TAG = {"VPC", "Subnet", "InternetGateway", "VPCGatewayAttachment", "RouteTable", "Route", "SubnetRouteTableAssociation",
          "SecurityGroup"}  # fmt: skip
# The task definition takes no name, the mapping goes by its function.
OTHERWISE = {"AWS::ECS::TaskDefinition", "AWS::Lambda::EventSourceMapping"}


def check_deletion_rights(account):
    """The deletion role reaches every resource of the load stack, as far as names tell."""
    role = account.stack("sluice")["LoadDeletionRole"]
    policy = account.iam.get_role_policy(RoleName=role, PolicyName="delete-load-stack")
    patterns = []
    for statement in statements([policy]):
        patterns += [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
    for resource in account.cloudformation.describe_stack_resources(StackName="sluice-load")["StackResources"]:
        kind, logical, physical = (resource.get(k, "") for k in ("ResourceType", "LogicalResourceId", "PhysicalResourceId"))
        if not logical:
            continue  # what a condition leaves out
        if kind in BY_NAME:
            expected = BY_NAME[kind].format("sluice-load")
            assert any(p.endswith(expected) for p in patterns), f"nothing lets the role delete {logical}"
            assert "sluice-load-" in physical, f"{logical} is called {physical}, out of the role's reach"
        else:
            assert kind in OTHERWISE or kind.split("::")[2] in BY_TAG, f"how is {logical}, a {kind}, deleted?"


def refused(account, expected, command, *words, **changed):
    """A command that must fail with exactly one line."""
    env = {**account.env, **changed}
    env = {k: v for k, v in env.items() if v is not None}
    code, out, err = account.run(command, *words, env=env)
    lines = err.splitlines()
    assert code == 1 and len(lines) == 1 and expected in lines[0], (words, out, err)


def check_refusals(account):
    functions = ["--functions", account.functions, "--any-architecture"]
    refused(account, "is not the name of a region", "deploy", *functions, "--region", "nowhere")
    refused(account, "no region is set", "deploy", *functions, AWS_REGION=None, AWS_CONFIG_FILE="/dev/null")
    refused(account, "cannot be reached", "deploy", *functions, AWS_ENDPOINT_URL="http://localhost:1")
    refused(account, "no AWS credentials", "deploy", *functions, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None,
            AWS_EC2_METADATA_DISABLED="true", AWS_SHARED_CREDENTIALS_FILE="/dev/null")  # fmt: skip
    refused(account, "needs --admin-email", "deploy", *functions)
    refused(account, "is it the wrong region?", "deploy", *functions, "--stack", "load", "--pinger-tag", "t")
    refused(account, "is not a directory", "deploy", "--functions", "/nowhere", "--admin-email", "a@example.com")
    refused(account, "does not exist", "deploy", *functions, "--admin-email", "a@example.com", "--bucket", "none-such")
    refused(account, "aws is missing", "deploy", *functions, PATH="/usr/bin:/bin")
    refused(account, "not an option", "deploy", "--help-me")
    refused(account, "say what to remove", "teardown")
    with tempfile.TemporaryDirectory() as empty:
        refused(account, "is not in", "deploy", "--functions", empty, "--admin-email", "a@example.com")
    assert not account.stacks(), "a refusal changed something"


RESTORED = "sluice-Entries-restored-1"


def check_restore(account):
    """The runbook of docs/operations.md, "Restore a table", on moto, which cannot change a stack by a condition: so a new
    stack takes the restored table over."""
    old = account.outputs("sluice")["TableName"]
    entry = {"id": {"S": "a@example.com"}, "user_name": {"S": "A"}}
    account.dynamodb.put_item(TableName=old, Item=entry)
    account.dynamodb.restore_table_to_point_in_time(
        SourceTableName=old, TargetTableName=RESTORED, UseLatestRestorableTime=True
    )
    account.dynamodb.update_continuous_backups(
        TableName=RESTORED, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    account.dynamodb.update_table(TableName=RESTORED, DeletionProtectionEnabled=True)
    account.deploy("--name", "other", "--stack", "workflow", "--admin-email", "a@example.com",
                   "--parameter", f"workflow.EntriesTableName={RESTORED}")  # fmt: skip
    there = account.stack("other")
    assert set(there) == promised("workflow", {**WORKFLOW, "MakesEntries": False}), sorted(there)
    assert account.outputs("other")["TableName"] == RESTORED
    for name in ("Ingest", "Store"):
        assert variables_of(account, there[f"{name}Function"])["TABLE_NAME"] == RESTORED, name
    store = account.iam.get_role_policy(RoleName=there["StoreRole"], PolicyName="store")
    assert any(str(s["Resource"]).endswith(f"table/{RESTORED}") for s in statements([store])), store
    assert account.dynamodb.get_item(TableName=RESTORED, Key={"id": entry["id"]})["Item"] == entry
    kept = [value for key, value in account.outputs("other").items() if key.endswith("TableName")]
    assert RESTORED in account.teardown("--name", "other", "--yes", "all")
    return kept


def main():
    functions = str(pathlib.Path(sys.argv[1]).resolve())
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server, endpoint = serve(0)
    try:
        account = Account(endpoint, functions)
        before = account.everything()
        check_refusals(account)
        out = account.deploy("--stack", "all", "--admin-email", "admin@example.com", "--pinger-tag", "t1", "--feed", "kinesis")
        assert account.stacks() == ["sluice", "sluice-dashboard", "sluice-load"]
        check_workflow(account)
        widgets = check_dashboard(account)
        first = check_load(account, kinesis=True)
        check_deletion_rights(account)
        assert account.outputs("sluice")["FunctionURLAPI"] in out and "https://" in out

        stacks = [account.stack(name) for name in account.stacks()]
        again = account.deploy("--stack", "all", "--pinger-tag", "t1")
        assert again.count("no changes") == 3, again
        assert [account.stack(name) for name in account.stacks()] == stacks
        assert account.outputs("sluice-load")["DeleteAt"] == first, "a second deployment prolonged the stack's life"

        others = check_restore(account)
        refused(account, "needs the workflow stack", "teardown", "workflow")
        assert "gone" in account.teardown("load")
        assert account.stacks() == ["sluice", "sluice-dashboard"]
        account.deploy("--stack", "load", "--pinger-tag", "t1", "--lifetime", "5")
        second = check_load(account, kinesis=False)
        assert second < first, (second, first)

        own = [value for key, value in account.outputs("sluice").items() if key.endswith("TableName")]
        out = account.teardown("--yes", "all")
        assert all(table in out for table in own), out
        kept = sorted([*own, *others])
        left = {kind: [n for n in names if n not in before.get(kind, [])] for kind, names in account.everything().items()}
        left = {kind: names for kind, names in left.items() if names}
        assert sorted(left.pop("tables")) == kept, left
        # The role that ECS works with is the account's.
        assert left == {"roles": ["AWSServiceRoleForecs"]}, left
        assert "is not there" in account.teardown("--yes", "all"), "a second teardown is no error"
    finally:
        server.stop()
    print(f"deployed, compared ({widgets} widgets), deployed again, removed:\n1 passed, 0 failed")


if __name__ == "__main__":
    main()
