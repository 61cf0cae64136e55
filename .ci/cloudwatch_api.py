"""boto3's CloudWatch against a running `sluice`: metrics of submissions, the dashboard's widgets, three protocols."""
import datetime
import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

import boto3
import yaml
from botocore.exceptions import ClientError

import sluice

REGION = "us-east-1"
ROOT = pathlib.Path(__file__).resolve().parent.parent
# What a client can be told to speak; botocore picks the first that it knows.
PROTOCOLS = ("smithy-rpc-v2-cbor", "json", "query")
# Metrics of the dashboard that nothing on one machine has: no bill, no throttled state transitions or writes.
NEVER = {("AWS/Billing", "EstimatedCharges"), ("AWS/States", "ExecutionThrottled"), ("AWS/DynamoDB", "WriteThrottleEvents")}


def client(endpoint, protocol):
    """A client that speaks one protocol, as an SDK that knows only that one would."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    loader = session._session.get_component("data_loader")
    load = loader.load_service_model

    def only(service, kind, *more, **named):
        model = load(service, kind, *more, **named)
        if service == "cloudwatch" and kind == "service-2":
            metadata = {**model["metadata"], "protocols": [protocol], "protocol": protocol}
            model = {**model, "metadata": metadata}
        return model

    loader.load_service_model = only
    made = session.client("cloudwatch", endpoint_url=endpoint)
    assert made.meta.service_model.resolved_protocol == protocol
    return made


def expanded(rows):
    """A widget's rows with `.` and `...` written out: (words, options)."""
    before = []
    for row in rows:
        options = row[-1] if isinstance(row[-1], dict) else {}
        words = [word for word in row if not isinstance(word, dict)]
        if words and words[0] == "...":
            words = before[:len(before) - len(words) + 1] + words[1:]
        words = [before[n] if word == "." else word for n, word in enumerate(words)]
        before = words or before
        yield words, options


def queries(properties, prefix):
    """A widget's rows as GetMetricData takes them."""
    made = []
    for n, (words, options) in enumerate(expanded(properties["metrics"])):
        query = {"Id": options.get("id", f"{prefix}_{n}"), "ReturnData": True}
        if "label" in options:
            query["Label"] = options["label"]
        if "expression" in options:
            query["Expression"] = options["expression"]
        else:
            names = words[2:]
            dimensions = [{"Name": name, "Value": value} for name, value in zip(names[::2], names[1::2])]
            stat = options.get("stat", properties.get("stat", "Average"))
            query["MetricStat"] = {"Stat": stat, "Period": properties["period"], "Metric": {
                "Namespace": words[0], "MetricName": words[1], "Dimensions": dimensions}}
        made.append(query)
    return made


def dashboard_body(outputs):
    """The body of cfn/dashboard.yaml, with the names of the running stack in it."""
    class Loader(yaml.SafeLoader):
        """YAML with CloudFormation's tags, as the functions that they stand for."""

    def function(loader, suffix, node):
        read = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: lambda n: loader.construct_sequence(n, deep=True),
                yaml.MappingNode: lambda n: loader.construct_mapping(n, deep=True)}
        return {"Fn::" + suffix: read[type(node)](node)}

    Loader.add_multi_constructor("!", function)
    template = yaml.load((ROOT / "cfn/dashboard.yaml").read_text(), Loader)
    text, names = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    values = {"WorkflowStackName": "sluice", "AWS::Region": REGION}
    for name, value in names.items():
        values[name] = outputs[value["Fn::ImportValue"]["Fn::Sub"].removeprefix("${WorkflowStackName}-")]
    for name, value in values.items():
        text = text.replace("${" + name + "}", value)
    assert "${" not in text, text
    return text


def stack_names(endpoint):
    """Exported names by the part after the stack's: outputs, with the name that an export has."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    stacks = session.client("cloudformation", endpoint_url=endpoint)
    outputs = stacks.describe_stacks(StackName="sluice")["Stacks"][0]["Outputs"]
    exported = {o["ExportName"].removeprefix("sluice-"): o["OutputValue"] for o in outputs if "ExportName" in o}
    return exported, {o["OutputKey"]: o["OutputValue"] for o in outputs}


def submit(url, **fields):
    body = json.dumps(fields).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"}, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def refused(call, **params):
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def check(endpoint):
    names, outputs = stack_names(endpoint)
    url = outputs["FunctionURLAPI"]
    statuses = [submit(url, user_name="Good", email=f"good{n}@example.com", pincode="3055") for n in range(3)]
    assert statuses == [201] * 3, statuses
    assert submit(url, user_name="", email="bad", pincode="x") == 400
    assert submit(url, user_name="Half", email="half@example.com", pincode="x") == 202

    first = client(endpoint, PROTOCOLS[0])
    body = dashboard_body(names)
    if "sluice" in [d["DashboardName"] for d in first.list_dashboards()["DashboardEntries"]]:
        # the dashboard stack is up as well: it must have made what its template says
        made = first.get_dashboard(DashboardName="sluice")["DashboardBody"]
        assert json.loads(made) == json.loads(body), made
    else:
        first.put_dashboard(DashboardName="sluice", DashboardBody=body)
    everywhere = [with_protocol(endpoint, names, protocol) for protocol in PROTOCOLS]
    cli(endpoint)
    return f"CloudWatch, {len(PROTOCOLS)} protocols, {everywhere[0]} rows of the dashboard"


def with_protocol(endpoint, names, protocol):
    cloudwatch = client(endpoint, protocol)
    shown = cloudwatch.get_dashboard(DashboardName="sluice")
    assert shown["DashboardArn"].endswith(":dashboard/sluice"), shown
    assert "sluice" in [d["DashboardName"] for d in cloudwatch.list_dashboards()["DashboardEntries"]]
    now = datetime.datetime.now(datetime.timezone.utc)
    span = {"StartTime": now - datetime.timedelta(hours=3), "EndTime": now + datetime.timedelta(minutes=1)}

    rows, empty = 0, set()
    for n, widget in enumerate(json.loads(shown["DashboardBody"])["widgets"]):
        if widget["type"] != "metric":
            continue
        asked = queries(widget["properties"], f"w{n}")
        answer = cloudwatch.get_metric_data(MetricDataQueries=asked, **span)
        results = {r["Id"]: r for r in answer["MetricDataResults"]}
        assert set(results) == {q["Id"] for q in asked}, (widget, results)
        for query in asked:
            result, rows = results[query["Id"]], rows + 1
            assert result["StatusCode"] == "Complete" and len(result["Values"]) == len(result["Timestamps"]), result
            if "MetricStat" in query and not result["Values"]:
                metric = query["MetricStat"]["Metric"]
                empty.add((metric["Namespace"], metric["MetricName"]))
            if "Expression" in query and query["Id"] != "hours":
                assert result["Values"], query
    assert NEVER <= empty, empty
    # what nobody has called has no numbers; the gateway, the state machine, the validators and the entries have
    have = {("AWS/Lambda", "UrlRequestCount"), ("AWS/Lambda", "ConcurrentExecutions"), ("AWS/States", "ExecutionsStarted"),
            ("AWS/States", "ExecutionsFailed"), ("AWS/States", "ExecutionTime"), ("AWS/Lambda", "Url4xxCount")}
    assert not have & empty, empty

    def metric(namespace, name, stat, dimension, value):
        return {"Id": "m", "MetricStat": {"Stat": stat, "Period": 60, "Metric": {
            "Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": dimension, "Value": value}]}}}

    def total(*row):
        values = cloudwatch.get_metric_data(MetricDataQueries=[metric(*row)], **span)["MetricDataResults"][0]["Values"]
        return sum(values)

    machine = ("StateMachineArn", names["StateMachineArn"])
    ingest = ("FunctionName", names["IngestFunctionName"])
    before = total("AWS/States", "ExecutionsStarted", "Sum", *machine)
    assert before >= 5 and total("AWS/States", "ExecutionsFailed", "Sum", *machine) == 0
    assert total("AWS/Lambda", "UrlRequestCount", "Sum", *ingest) >= 5
    assert total("AWS/Lambda", "Errors", "Sum", *ingest) == 0
    assert total("AWS/Lambda", "Duration", "p99", *ingest) > 0
    assert total("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "Sum", "TableName", names["TableName"]) >= 3

    statistics = cloudwatch.get_metric_statistics(
        Namespace="AWS/States", MetricName="ExecutionsStarted", Dimensions=[{"Name": machine[0], "Value": machine[1]}],
        Period=60, Statistics=["Sum", "SampleCount"], **span)
    assert sum(p["Sum"] for p in statistics["Datapoints"]) == before, statistics
    listed = [m for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace="AWS/Lambda") for m in page["Metrics"]]
    assert {"Namespace": "AWS/Lambda", "MetricName": "Invocations",
            "Dimensions": [{"Name": "FunctionName", "Value": names["IngestFunctionName"]}]} in listed, listed

    # boto3 compresses requests as large as this one
    data = [{"MetricName": "Own", "Unit": "Count", "Dimensions": [{"Name": "Protocol", "Value": protocol}],
             "Values": [float(n) for n in range(150)], "Counts": [1.0] * 150, "Timestamp": now} for _ in range(10)]
    cloudwatch.put_metric_data(Namespace="Check", MetricData=data)
    own = total("Check", "Own", "Sum", "Protocol", protocol)
    assert own == 10 * sum(range(150)), own
    median = total("Check", "Own", "p50", "Protocol", protocol)
    assert abs(median / 75 - 1) < 0.02, median

    paged = [metric("AWS/States", "ExecutionsStarted", "Sum", *machine), {"Id": "ones", "Expression": "TIME_SERIES(1)"}]
    pages = list(cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=paged, PaginationConfig={"PageSize": 50}, **span))
    ones = [v for page in pages for r in page["MetricDataResults"] if r["Id"] == "ones" for v in r["Values"]]
    assert len(pages) > 2 and len(ones) in (180, 181, 182), (len(pages), len(ones))

    wrong = [{"Id": "e", "Expression": "NOPE(1)"}]
    assert refused(cloudwatch.get_metric_data, MetricDataQueries=wrong, **span) == "ValidationError"
    assert refused(cloudwatch.get_dashboard, DashboardName="nowhere") == "ResourceNotFound"
    assert refused(cloudwatch.put_dashboard, DashboardName="x", DashboardBody="{}") == "InvalidParameterInput"
    code = refused(cloudwatch.describe_anomaly_detectors)
    assert code in ("UnknownOperationException", "InvalidAction"), code
    alarms(cloudwatch, protocol)
    return rows


def alarms(cloudwatch, protocol):
    """An alarm of one's own beside those of the stack: put, set, told of, deleted."""
    name = f"check-{protocol}"
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="Check", MetricName="Own", Dimensions=[{"Name": "Protocol", "Value": protocol}], Statistic="Sum",
        Period=60, EvaluationPeriods=3, DatapointsToAlarm=2, Threshold=1.5, ComparisonOperator="LessThanThreshold",
        TreatMissingData="ignore", ActionsEnabled=False)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="by hand", StateReasonData='{"by": "hand"}')
    alarm, = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["StateReason"], alarm["ActionsEnabled"], alarm["Threshold"]) == ("by hand", False, 1.5), alarm
    assert alarm["StateUpdatedTimestamp"].tzinfo and alarm["DatapointsToAlarm"] == 2, alarm
    of_stack = [a for page in cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 3}) for a in page["MetricAlarms"]]
    assert any("ExecutionsLost" in a["AlarmName"] and len(a["Metrics"]) == 3 for a in of_stack), of_stack
    history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == ["Alarm updated from INSUFFICIENT_DATA to ALARM"], history
    code = refused(cloudwatch.set_alarm_state, AlarmName="nowhere", StateValue="OK", StateReason="none")
    assert code == "ResourceNotFound", code
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def cli(endpoint):
    aws = pathlib.Path(sys.executable).parent / "aws"
    env = dict(os.environ, AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
               AWS_DEFAULT_REGION=REGION, AWS_PAGER="")
    words = ["cloudwatch", "list-metrics", "--namespace", "AWS/States", "--metric-name", "ExecutionsStarted"]
    done = subprocess.run([sys.executable, str(aws), *words], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Metrics"][0]["Dimensions"][0]["Name"] == "StateMachineArn", done.stdout


if __name__ == "__main__":
    with sluice.running(sys.argv[1]) as (_, address):
        print(check(address))
