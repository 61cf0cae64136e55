"""boto3 and the AWS CLI against all of Step Functions' API: every paginator, every operation, every exception.

What there is to do comes from botocore's own model, so that a new release of it fails here instead of passing unseen.
Every response on the way is held against the model (`wire_shapes`).
"""
import json

from botocore import xform_name

import stepfunctions_limits
import wire_shapes
from clients import PASS, ROLE, WAIT, Boto, Cli, distributed, machine, raises, worked
from sluice import until

# Exceptions of the model that cannot be caused here, each with its reason.
NOT_CAUSED = {
    "ActivityLimitExceeded": "no limit of activities but the disk",
    "ActivityWorkerLimitExceeded": "needs 1,000 open polls; a unit test beside tasks/activities.rs holds them",
    "ExecutionLimitExceeded": "no limit of open executions but the disk",
    "InvalidTracingConfiguration": "what AWS refuses is not documented beyond the name",
    "KmsAccessDeniedException": "there is no KMS on one machine",
    "KmsInvalidStateException": "there is no KMS on one machine",
    "KmsThrottlingException": "there is no KMS on one machine",
    "StateMachineLimitExceeded": "no limit of state machines but the disk",
}


def paginators(boto):
    """Each page size shows each item exactly once, in the order of the whole list; also while the list grows."""
    sfn = boto.sfn
    busy = boto.create("paged", machine(PASS, ("Q", {"Type": "Pass"}), ("S", {"Type": "Succeed"})))
    arns = [boto.start(busy, name=f"run-{n}") for n in range(7)]
    for arn in arns:
        boto.end(arn)
    mapped = boto.create("paged-maps", machine(*(
        distributed(f"M{n}", machine((f"P{n}", {"Type": "Pass"}))) for n in range(5))))
    runs = boto.run(mapped, input="[1]")
    assert runs["status"] == "SUCCEEDED", runs
    for n in range(5):
        sfn.create_activity(name=f"paged-{n}")
        boto.create(f"paged-more-{n}", machine(PASS))

    lists = {
        "GetExecutionHistory": ("events", dict(executionArn=arns[0]), lambda e: e["id"], list(range(1, 9))),
        "ListActivities": ("activities", {}, lambda a: a["activityArn"], None),
        "ListExecutions": ("executions", dict(stateMachineArn=busy), lambda e: e["executionArn"], arns[::-1]),
        "ListMapRuns": ("mapRuns", dict(executionArn=runs["executionArn"]), lambda r: r["mapRunArn"], None),
        "ListStateMachines": ("stateMachines", {}, lambda m: m["stateMachineArn"], None),
    }
    modelled = {name for name in sfn.meta.service_model.operation_names if sfn.can_paginate(xform_name(name))}
    assert set(lists) == modelled, f"paginators without a check: {modelled ^ set(lists)}"
    for operation, (key, params, identity, expected) in lists.items():
        method = xform_name(operation)
        whole = [identity(item) for item in getattr(sfn, method)(maxResults=1000, **params)[key]]
        assert len(whole) >= 5 and len(set(whole)) == len(whole), (operation, whole)
        assert expected is None or whole == expected, (operation, whole, expected)
        for size in (1, 2, 3, len(whole) - 1, len(whole), len(whole) + 1, 1000):
            pages = [page[key] for page in sfn.get_paginator(method).paginate(
                **params, PaginationConfig={"PageSize": size})]
            found = [identity(item) for page in pages for item in page]
            assert found == whole, (operation, size, found, whole)
            assert all(len(page) <= size for page in pages) and all(pages), (operation, size, pages)
        token = getattr(sfn, method)(maxResults=1, **params)["nextToken"]
        for stranger in ("nonsense", token[:-1], token + "A"):
            with raises(sfn.exceptions.InvalidToken):
                getattr(sfn, method)(nextToken=stranger, **params)
        for wrong in (-1, 1001):
            with raises(sfn.exceptions.ValidationException):
                getattr(sfn, method)(maxResults=wrong, **params)
    backwards = [e["id"] for page in sfn.get_paginator("get_execution_history").paginate(
        executionArn=arns[0], reverseOrder=True, PaginationConfig={"PageSize": 3}) for e in page["events"]]
    assert backwards == list(range(8, 0, -1)), backwards
    growing, known = [], set(arns)
    for page in sfn.get_paginator("list_executions").paginate(
            stateMachineArn=busy, PaginationConfig={"PageSize": 2}):
        growing += [e["executionArn"] for e in page["executions"]]
        boto.run(busy)
    assert len(growing) == len(set(growing)) and known <= set(growing), growing
    assert sfn.waiter_names == [], "botocore has waiters for Step Functions now: check them"
    return len(lists)


def exceptions(boto):
    """Every modelled exception is caused once, and caught by its class."""
    sfn, raised = boto.sfn, set()
    nowhere = "arn:aws:states:us-east-1:000000000000:"
    simple = boto.create("simple", machine(PASS))
    waiting = boto.create("waiting", machine(WAIT))
    activity = sfn.create_activity(name="asked")["activityArn"]
    asking = boto.create("asking", worked(activity))
    done = boto.run(simple, name="done")["executionArn"]

    def refused(name, method, /, **params):
        with raises(getattr(sfn.exceptions, name)):
            getattr(sfn, method)(**params)
        raised.add(name)

    sfn.create_activity(name="taken")
    key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k", "kmsDataKeyReusePeriodSeconds": 300}
    refused("ActivityAlreadyExists", "create_activity", name="taken", encryptionConfiguration=key)
    refused("ActivityDoesNotExist", "describe_activity", activityArn=nowhere + "activity:none")
    refused("ActivityDoesNotExist", "get_activity_task", activityArn=nowhere + "activity:none")
    refused("ExecutionAlreadyExists", "start_execution", stateMachineArn=simple, name="done", input="[1]")
    express = boto.start(boto.create("quick", machine(PASS), type="EXPRESS"))
    for method in ("describe_execution", "stop_execution", "get_execution_history", "list_map_runs",
                   "describe_state_machine_for_execution", "redrive_execution"):
        refused("ExecutionDoesNotExist", method, executionArn=nowhere + "execution:simple:none")
        refused("InvalidArn", method, executionArn="arn:nonsense")
        refused("InvalidArn", method, executionArn=express)
    refused("ExecutionNotRedrivable", "redrive_execution", executionArn=done)
    refused("InvalidDefinition", "create_state_machine", name="bad", roleArn=ROLE, definition="{}")
    refused("InvalidDefinition", "update_state_machine", stateMachineArn=simple, definition="{}")
    for wrong in ({"type": "CUSTOMER_MANAGED_KMS_KEY"}, {**key, "kmsDataKeyReusePeriodSeconds": 59},
                  {**key, "kmsDataKeyReusePeriodSeconds": 901}):
        refused("InvalidEncryptionConfiguration", "create_state_machine", name="bad", roleArn=ROLE,
                definition=machine(PASS), encryptionConfiguration=wrong)
        refused("InvalidEncryptionConfiguration", "update_state_machine", stateMachineArn=simple,
                encryptionConfiguration=wrong)
        refused("InvalidEncryptionConfiguration", "create_activity", name="bad", encryptionConfiguration=wrong)
    refused("InvalidExecutionInput", "start_execution", stateMachineArn=simple, input="{")
    refused("InvalidLoggingConfiguration", "create_state_machine", name="bad", roleArn=ROLE, definition=machine(PASS),
            loggingConfiguration={"level": "ALL"})
    for name in ("a b", "x" * 81, "a/b", "a\u0001", "a*"):
        refused("InvalidName", "create_state_machine", name=name, roleArn=ROLE, definition=machine(PASS))
        refused("InvalidName", "create_activity", name=name)
        refused("InvalidName", "start_execution", stateMachineArn=simple, name=name)
    refused("InvalidToken", "send_task_failure", taskToken="nonsense")
    refused("MissingRequiredParameter", "update_state_machine", stateMachineArn=simple)
    refused("ResourceNotFound", "describe_map_run", mapRunArn=nowhere + "mapRun:simple/M:none")
    refused("ResourceNotFound", "list_tags_for_resource", resourceArn=nowhere + "stateMachine:none")
    refused("StateMachineAlreadyExists", "create_state_machine", name="simple", roleArn=ROLE, definition=machine(WAIT))
    refused("StateMachineDoesNotExist", "describe_state_machine", stateMachineArn=nowhere + "stateMachine:none")
    refused("StateMachineDoesNotExist", "start_execution", stateMachineArn=nowhere + "stateMachine:none")
    refused("StateMachineTypeNotSupported", "start_sync_execution", stateMachineArn=simple)
    refused("TooManyTags", "tag_resource", resourceArn=simple, tags=[{"key": f"k{n}", "value": ""} for n in range(51)])
    refused("ValidationException", "list_executions", stateMachineArn=simple, mapRunArn=nowhere + "mapRun:simple/M:a")

    version = sfn.publish_state_machine_version(stateMachineArn=simple)["stateMachineVersionArn"]
    route = [{"stateMachineVersionArn": version, "weight": 100}]
    for n in range(100):
        sfn.create_state_machine_alias(name=f"alias-{n}", routingConfiguration=route)
    refused("ServiceQuotaExceededException", "create_state_machine_alias", name="more", routingConfiguration=route)
    refused("ConflictException", "delete_state_machine_version", stateMachineVersionArn=version)

    held = boto.start(waiting)
    sfn.delete_state_machine(stateMachineArn=waiting)
    refused("StateMachineDeleting", "start_execution", stateMachineArn=waiting)
    sfn.stop_execution(executionArn=held)

    boto.start(asking)
    token = boto.task(activity)
    refused("InvalidOutput", "send_task_success", taskToken=token, output="{")
    sfn.send_task_heartbeat(taskToken=token)
    sfn.send_task_success(taskToken=token, output="[]")
    refused("TaskTimedOut", "send_task_success", taskToken=token, output="[]")
    refused("TaskTimedOut", "send_task_heartbeat", taskToken=token)
    refused("TaskDoesNotExist", "send_task_failure", taskToken=forged(token))

    modelled = {shape.name for shape in sfn.meta.service_model.error_shapes}
    unseen = modelled - raised - set(NOT_CAUSED)
    assert not unseen, f"exceptions neither caused nor listed with a reason: {sorted(unseen)}"
    assert not raised & set(NOT_CAUSED), raised & set(NOT_CAUSED)
    return len(raised)


def forged(token):
    """The same token with another secret."""
    at = len(token) - 8
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]


def cli(endpoint):
    """Every `aws stepfunctions` command once, in the order in which one would use them."""
    aws = Cli(endpoint)
    ended = lambda arn: until(f"{arn} ends", lambda: (
        lambda now: now if now["status"] != "RUNNING" else None)(aws("describe-execution", executionArn=arn)))

    activity = aws("create-activity", name="cli")["activityArn"]
    assert aws("describe-activity", activityArn=activity)["name"] == "cli"
    assert activity in [a["activityArn"] for a in aws("list-activities")["activities"]]
    assert aws("validate-state-machine-definition", definition=worked(activity))["result"] == "OK"
    created = aws("create-state-machine", name="cli", roleArn=ROLE, definition=worked(activity), publish=True,
                  versionDescription="first")
    arn, first = created["stateMachineArn"], created["stateMachineVersionArn"]
    assert aws("describe-state-machine", stateMachineArn=first)["description"] == "first"
    assert arn in [m["stateMachineArn"] for m in aws("list-state-machines")["stateMachines"]]
    aws("tag-resource", resourceArn=arn, tags=[{"key": "team", "value": "one"}])
    assert aws("list-tags-for-resource", resourceArn=arn)["tags"] == [{"key": "team", "value": "one"}]
    aws("untag-resource", resourceArn=arn, tagKeys=["team"])

    begun = aws("start-execution", stateMachineArn=first, name="one", input='{"n": 1}')["executionArn"]
    assert aws("describe-state-machine-for-execution", executionArn=begun)["stateMachineArn"] == arn
    task = aws("get-activity-task", activityArn=activity, workerName="cli")
    assert json.loads(task["input"]) == {"n": 1}
    aws("send-task-heartbeat", taskToken=task["taskToken"])
    aws("send-task-success", taskToken=task["taskToken"], taskOutput='{"n": 2}')
    one = ended(begun)
    assert (one["status"], one["output"], one["stateMachineVersionArn"]) == ("SUCCEEDED", '{"n": 2}', first) or \
        json.loads(one["output"]) == {"n": 2}, one
    types = [e["type"] for e in aws("get-execution-history", executionArn=begun)["events"]]
    assert types == ["ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted", "ActivitySucceeded",
                     "TaskStateExited", "ExecutionSucceeded"], types
    failing = aws("start-execution", stateMachineArn=arn)["executionArn"]
    token = aws("get-activity-task", activityArn=activity)["taskToken"]
    aws("send-task-failure", taskToken=token, error="Wrong", cause="because")
    assert ended(failing)["error"] == "Wrong"
    aws("redrive-execution", executionArn=failing)
    assert aws("list-executions", stateMachineArn=arn, statusFilter="RUNNING")["executions"][0]["redriveCount"] == 1
    aws("stop-execution", executionArn=failing, error="Enough", cause="of it")
    assert ended(failing)["status"] == "ABORTED"

    updated = aws("update-state-machine", stateMachineArn=arn, definition=machine(PASS))
    second = aws("publish-state-machine-version", stateMachineArn=arn, revisionId=updated["revisionId"])
    second = second["stateMachineVersionArn"]
    versions = aws("list-state-machine-versions", stateMachineArn=arn)["stateMachineVersions"]
    assert [v["stateMachineVersionArn"] for v in versions] == [second, first]
    route = lambda *parts: [{"stateMachineVersionArn": v, "weight": w} for v, w in parts]
    alias = aws("create-state-machine-alias", name="live", routingConfiguration=route((first, 100)))
    alias = alias["stateMachineAliasArn"]
    aws("update-state-machine-alias", stateMachineAliasArn=alias, routingConfiguration=route((second, 100)))
    shown = aws("describe-state-machine-alias", stateMachineAliasArn=alias)
    assert shown["routingConfiguration"] == route((second, 100)), shown
    assert [a["stateMachineAliasArn"] for a in aws("list-state-machine-aliases", stateMachineArn=arn)[
        "stateMachineAliases"]] == [alias]
    assert ended(aws("start-execution", stateMachineArn=alias)["executionArn"])["stateMachineAliasArn"] == alias
    aws("delete-state-machine-alias", stateMachineAliasArn=alias)
    aws("delete-state-machine-version", stateMachineVersionArn=first)

    mapped = aws("create-state-machine", name="cli-map", roleArn=ROLE, definition=machine(
        distributed("M", worked(activity))))["stateMachineArn"]
    mapping = aws("start-execution", stateMachineArn=mapped, input="[1, 2]")["executionArn"]
    token = aws("get-activity-task", activityArn=activity)["taskToken"]
    map_run = aws("list-map-runs", executionArn=mapping)["mapRuns"][0]["mapRunArn"]
    aws("update-map-run", mapRunArn=map_run, maxConcurrency=2)
    described = aws("describe-map-run", mapRunArn=map_run)
    assert (described["status"], described["maxConcurrency"]) == ("RUNNING", 2), described
    assert described["itemCounts"]["total"] == 2, described
    aws("send-task-success", taskToken=token, taskOutput="1")
    aws("send-task-success", taskToken=aws("get-activity-task", activityArn=activity)["taskToken"], taskOutput="2")
    assert json.loads(ended(mapping)["output"]) == [1, 2]

    express = aws("create-state-machine", name="cli-express", roleArn=ROLE, definition=machine(PASS), type="EXPRESS")
    synced = aws("start-sync-execution", stateMachineArn=express["stateMachineArn"], input="[3]")
    assert (synced["status"], synced["output"]) == ("SUCCEEDED", "[3]"), synced
    assert synced["billingDetails"]["billedDurationInMilliseconds"] >= 100, synced
    tested = aws("test-state", definition=json.dumps({**PASS[1], "End": True}), input="[4]", roleArn=ROLE)
    assert (tested["status"], tested["output"]) == ("SUCCEEDED", "[4]"), tested
    aws("delete-state-machine", stateMachineArn=arn)
    aws("delete-activity", activityArn=activity)

    model = aws.driver.session.get_service_model("stepfunctions")
    missing = {xform_name(name, "-") for name in model.operation_names} - aws.used
    assert not missing, f"operations that nothing here uses: {sorted(missing)}"
    return aws


def the_watch_sees(model):
    """A response that is wrong in every way that there is, so that a watch gone blind fails here."""
    wrong = {"executionArn": "", "stateMachineArn": 3, "status": "OVER", "startDate": "today", "inputDetails": [],
             "redriveCount": 1.5, "strange": None}
    found = sorted(wire_shapes.of_response(model.operation_model("DescribeExecution"), json.dumps(wrong).encode()))
    assert len(found) == len(wrong), found
    missing = list(wire_shapes.of_response(model.operation_model("ListExecutions"), b"{}"))
    assert missing == ["response: required member executions is missing"], missing


def check(endpoint):
    """Runs it all; what it says is printed by the caller."""
    boto = Boto(endpoint)
    the_watch_sees(boto.sfn.meta.service_model)
    paged, raised = paginators(boto), exceptions(boto)
    stepfunctions_limits.check(boto)
    aws = cli(endpoint)
    odd = boto.watch.findings + aws.watch.findings
    assert not odd, "responses that are not as botocore's model says:\n" + "\n".join(sorted(odd))
    assert set(aws.watch.calls) == set(boto.sfn.meta.service_model.operation_names), "the watch did not see every call"
    seen = sum((boto.watch.calls + aws.watch.calls).values())
    return (f"{paged} paginators, {len(aws.used)} operations by the CLI, {raised} exceptions "
            f"({len(NOT_CAUSED)} cannot be caused here), {seen} responses held against botocore's model")
