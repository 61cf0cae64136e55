"""Step Functions' limits and filters at their very edges, by boto3. What a unit test cannot show: the whole way over the wire.

See https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
import json

from clients import PASS, ROLE, WAIT, distributed, machine, raises, worked

PAYLOAD = 262_144
DEFINITION = 1_048_576
TOO_LARGE = "returned a result with a size exceeding the maximum number of bytes service limit."


def check(boto):
    payloads(boto)
    definitions(boto)
    full_history(boto)
    left_out(boto)
    filters(boto)
    express(boto)
    diagnostics(boto)


def text_of(size, letter="x"):
    """A JSON text of `size` bytes: a string."""
    width = len(letter.encode())
    return json.dumps(letter * ((size - 2) // width) + "x" * ((size - 2) % width), ensure_ascii=False)


def payloads(boto):
    """262,144 bytes of UTF-8, not characters, wherever a payload goes."""
    sfn = boto.sfn
    same = boto.create("same", machine(PASS))
    for letter in "xé€":
        largest = text_of(PAYLOAD, letter)
        done = boto.run(same, input=largest)
        assert (done["status"], done["output"]) == ("SUCCEEDED", largest), done["status"]
        with raises(sfn.exceptions.ValidationException):
            boto.start(same, input=text_of(PAYLOAD + 1, letter))

    activity = sfn.create_activity(name="large")["activityArn"]
    asked = boto.start(boto.create("large", worked(activity)))
    token = boto.task(activity)
    with raises(sfn.exceptions.ValidationException):
        sfn.send_task_success(taskToken=token, output=text_of(PAYLOAD + 1))
    for error, cause in (("e" * 257, ""), ("", "c" * 32_769)):
        with raises(sfn.exceptions.ValidationException):
            sfn.send_task_failure(taskToken=token, error=error, cause=cause)
    sfn.send_task_success(taskToken=token, output=text_of(PAYLOAD))
    assert len(boto.end(asked)["output"]) == PAYLOAD

    grown = {
        "result": ("G", {"Type": "Pass", "ResultPath": "$.b"}),
        "parameters": ("G", {"Type": "Pass", "Parameters": {"a.$": "$.a", "b.$": "$.a"}}),
        "output": ("G", {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% [$states.input, $states.input] %}"}),
        "branches": ("G", {"Type": "Parallel", "Branches": [
            json.loads(machine((f"B{n}", {"Type": "Pass"}))) for n in range(2)]}),
        "iterations": ("G", {"Type": "Map", "ItemsPath": "$.n", "ItemSelector": {"a.$": "$.a"},
                             "ItemProcessor": json.loads(machine(PASS))}),
    }
    half = json.dumps({"a": "x" * (PAYLOAD // 2), "n": [1, 2]})
    for name, state in grown.items():
        done = boto.run(boto.create(f"grown-{name}", machine(state)), input=half)
        failed = (done["status"], done.get("error"))
        assert failed == ("FAILED", "States.DataLimitExceeded"), (name, failed)
        assert done["cause"] == f"The state/task 'G' {TOO_LARGE}", (name, done["cause"])


def definitions(boto):
    """A definition has at most 1,048,576 characters; names at most 80, and none of the forbidden characters."""
    sfn = boto.sfn
    padded = lambda size: machine(PASS, Comment="c" * (size - len(machine(PASS, Comment=""))))
    assert len(padded(DEFINITION)) == DEFINITION
    arn = boto.create("long", padded(DEFINITION))
    assert len(sfn.describe_state_machine(stateMachineArn=arn)["definition"]) == DEFINITION
    with raises(sfn.exceptions.ValidationException):
        boto.create("longer", padded(DEFINITION + 1))
    with raises(sfn.exceptions.ValidationException):
        sfn.validate_state_machine_definition(definition=padded(DEFINITION + 1))
    state = json.loads(machine(("n" * 80, {"Type": "Pass"})))
    assert sfn.validate_state_machine_definition(definition=json.dumps(state))["result"] == "OK"
    assert sfn.validate_state_machine_definition(definition=machine(("n" * 81, {"Type": "Pass"})))["result"] == "FAIL"
    boto.run(boto.create("n" * 80, machine(PASS)), name="e" * 80)
    boto.run(boto.create("bücher-ß", machine(PASS)), name="größe")


def full_history(boto):
    """The 25,000th event is the failure, and the whole of it can be paged through from both ends."""
    endless = boto.create("endless", json.dumps({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.never", "IsPresent": True, "Next": "C"}], "Default": "A"},
        "C": {"Type": "Succeed"}}}))
    done = boto.run(endless)
    why = "The execution reached the maximum number of history events (25000)."
    assert (done["status"], done["error"], done["cause"]) == ("FAILED", "States.Runtime", why), done
    assert (done["redriveStatus"], done["redriveStatusReason"]) == (
        "NOT_REDRIVABLE", "Execution history event limit exceeded"), done
    for reverse in (False, True):
        ids = [event["id"] for page in boto.sfn.get_paginator("get_execution_history").paginate(
            executionArn=done["executionArn"], reverseOrder=reverse, PaginationConfig={"PageSize": 1000})
            for event in page["events"]]
        assert ids == (list(range(25_000, 0, -1)) if reverse else list(range(1, 25_001))), len(ids)
    last = boto.sfn.get_execution_history(executionArn=done["executionArn"], reverseOrder=True, maxResults=1)["events"][0]
    assert (last["id"], last["type"]) == (25_000, "ExecutionFailed"), last
    assert last["executionFailedEventDetails"] == {"error": "States.Runtime", "cause": why}, last


def left_out(boto):
    """includeExecutionData=false and includedData=METADATA_ONLY show no data, and all the rest."""
    sfn = boto.sfn
    secret = "do-not-show-this"
    arn = boto.create("secretive", machine(
        ("A", {"Type": "Pass", "Assign": {"v": secret}}), ("B", {"Type": "Pass", "Result": secret}), Comment=secret))
    done = boto.run(arn, input=json.dumps(secret))["executionArn"]
    for include in (True, False):
        events = sfn.get_execution_history(executionArn=done, includeExecutionData=include)["events"]
        assert (secret in json.dumps(events, default=str)) == include, events
        assert [e["type"] for e in events][1:3] == ["PassStateEntered", "PassStateExited"], events
    assert secret in json.dumps(sfn.describe_execution(executionArn=done), default=str)
    bare = sfn.describe_execution(executionArn=done, includedData="METADATA_ONLY")
    assert secret not in json.dumps(bare, default=str) and bare["status"] == "SUCCEEDED", bare
    # The API's reference: "If called with includedData = METADATA_ONLY, the returned definition will be {}."
    for method, params in (("describe_state_machine", {"stateMachineArn": arn}),
                           ("describe_state_machine_for_execution", {"executionArn": done})):
        assert secret in getattr(sfn, method)(**params)["definition"]
        assert getattr(sfn, method)(includedData="METADATA_ONLY", **params)["definition"] == "{}", method


def filters(boto):
    """ListExecutions by status, redrive, version and alias."""
    sfn = boto.sfn
    made = sfn.create_state_machine(name="filtered", definition=machine(WAIT), roleArn=ROLE, publish=True)
    arn, version = made["stateMachineArn"], made["stateMachineVersionArn"]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=[
        {"stateMachineVersionArn": version, "weight": 100}])["stateMachineAliasArn"]
    plain, versioned, aliased = boto.start(arn), boto.start(version), boto.start(alias)
    sfn.stop_execution(executionArn=versioned)
    sfn.redrive_execution(executionArn=versioned)
    sfn.stop_execution(executionArn=aliased)

    def found(**params):
        return sorted(e["executionArn"] for e in sfn.list_executions(**{"stateMachineArn": arn, **params})["executions"])

    for params, expected in (
        ({}, [plain, versioned, aliased]),
        ({"statusFilter": "RUNNING"}, [plain, versioned]),
        ({"statusFilter": "ABORTED"}, [aliased]),
        ({"statusFilter": "SUCCEEDED"}, []),
        ({"statusFilter": "FAILED"}, []),
        ({"statusFilter": "TIMED_OUT"}, []),
        ({"redriveFilter": "REDRIVEN"}, [versioned]),
        ({"redriveFilter": "NOT_REDRIVEN"}, [plain, aliased]),
        ({"redriveFilter": "NOT_REDRIVEN", "statusFilter": "ABORTED"}, [aliased]),
        ({"stateMachineArn": version}, [versioned, aliased]),
        ({"stateMachineArn": alias}, [aliased]),
        ({"stateMachineArn": alias, "statusFilter": "RUNNING"}, []),
    ):
        assert found(**params) == sorted(expected), (params, found(**params))
    for wrong in ({"statusFilter": "OVER"}, {"redriveFilter": "MAYBE"}):
        with raises(sfn.exceptions.ValidationException):
            found(**wrong)
    for running in (plain, versioned):
        sfn.stop_execution(executionArn=running)


def express(boto):
    """What StartSyncExecution answers when it goes well, fails and takes too long."""
    sfn = boto.sfn
    common = {"executionArn", "stateMachineArn", "name", "startDate", "stopDate", "status", "input", "inputDetails",
              "billingDetails", "ResponseMetadata"}
    cases = {
        "well": (machine(PASS), "SUCCEEDED", {"output", "outputDetails"}, None),
        "failed": (machine(("F", {"Type": "Fail", "Error": "E", "Cause": "C"})), "FAILED", {"error", "cause"}, "E"),
        "late": (machine(WAIT, TimeoutSeconds=1), "TIMED_OUT", {"error"}, "States.Timeout"),
    }
    for name, (definition, status, more, error) in cases.items():
        arn = boto.create(f"express-{name}", definition, type="EXPRESS")
        done = sfn.start_sync_execution(stateMachineArn=arn, input='{"a": 1}', name=name)
        assert (done["status"], done.get("error")) == (status, error), done
        assert set(done) - {"cause"} == common | more - {"cause"}, (name, sorted(done))
        assert done["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0, done
        assert done["billingDetails"]["billedMemoryUsedInMB"] % 64 == 0, done
        bare = sfn.start_sync_execution(stateMachineArn=arn, input='{"a": 1}', includedData="METADATA_ONLY")
        assert not {"input", "output"} & set(bare) and bare["status"] == status, bare
        with raises(sfn.exceptions.StateMachineTypeNotSupported):
            sfn.list_executions(stateMachineArn=arn)


def diagnostics(boto):
    """ValidateStateMachineDefinition: errors, warnings, places, and how many."""
    validate = boto.sfn.validate_state_machine_definition
    broken = {"StartAt": "S0", "States": {
        f"S{n}": {"Type": "Pass", "TimeoutSeconds": 1, "Next": f"S{n + 1}"} for n in range(150)}}
    broken["States"]["S150"] = {"Type": "Succeed"}
    text = json.dumps(broken)
    for limit, shown in ((None, 100), (0, 100), (100, 100), (99, 99), (1, 1)):
        found = validate(definition=text, **({} if limit is None else {"maxResults": limit}))
        assert (found["result"], len(found["diagnostics"]), found["truncated"]) == ("FAIL", shown, True), (limit, found)
    for wrong in (-1, 101):
        with raises(boto.sfn.exceptions.ValidationException):
            validate(definition=text, maxResults=wrong)
    first = found["diagnostics"][0]
    assert (first["severity"], first["code"], first["location"]) == ("ERROR", "SCHEMA_VALIDATION_FAILED", "/States/S0"), first

    labelled = lambda n: distributed(f"M{n}", machine((f"I{n}", {"Type": "Pass"})))[1] | {"Label": "twice"}
    twice = validate(definition=machine(("M1", labelled(1)), ("M2", labelled(2))))
    assert [(d["code"], d["location"]) for d in twice["diagnostics"]] == [
        ("DUPLICATE_LABEL_NAME", "/States/M2/Label")], twice

    task = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "$.text"}}
    suspicious = machine(("T", task), ("P", {"Type": "Pass", "Result": "$.result"}))
    quiet = validate(definition=suspicious)
    assert (quiet["result"], quiet["diagnostics"], quiet["truncated"]) == ("OK", [], False), quiet
    loud = validate(definition=suspicious, severity="WARNING")
    assert loud["result"] == "OK", loud
    assert [(d["severity"], d["code"], d["location"]) for d in loud["diagnostics"]] == [
        ("WARNING", "NO_DOLLAR", "/States/T/Parameters/Message"),
        ("WARNING", "PASS_RESULT_IS_STATIC", "/States/P/Result"),
    ], loud
    boto.create("suspicious", suspicious)
