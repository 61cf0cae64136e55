"""A running stack with submissions of each outcome, and the addresses of its pages."""
import functools
import json
import pathlib
import re
import sys
import urllib.parse
import urllib.request

import boto3

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import sluice  # it lies one directory above
from machines import INPUT, MACHINES, STRANGE

SUBMISSIONS = {
    "stored": {"user_name": "Ada Lovelace", "email": "ada@example.com", "pincode": "0305"},
    "refused": {"user_name": "", "email": "nobody", "pincode": "12"},
    "waiting": {"user_name": "Ananya", "email": "ananya@example.com", "pincode": "12"},
    # what a stranger may send to whoever looks at it
    "strange": {"user_name": "<img src=x onerror=alert(1)>" + "\u202e" + "w" * 120, "email": "https://evil.example/a.b?c=d",
                "pincode": "4110"},
}


class World:
    """The addresses of a running `sluice`, and what was sent to it."""

    def __init__(self, endpoint, submissions=SUBMISSIONS):
        self.endpoint = endpoint
        client = functools.partial(boto3.client, endpoint_url=endpoint, region_name="us-east-1",
                                   aws_access_key_id="test", aws_secret_access_key="test")
        self.sfn, self.functions = client("stepfunctions"), client("lambda")
        self.cloudwatch, self.sns = client("cloudwatch"), client("sns")
        outputs = client("cloudformation").describe_stacks(StackName="sluice")["Stacks"][0]["Outputs"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in outputs}
        self.api, self.approvals, self.machine = (
            self.outputs[key] for key in ("FunctionURLAPI", "ApprovalURL", "StateMachineArn"))
        self.ids = {name: self.submit(fields) for name, fields in submissions.items()}
        self.submissions = submissions
        for name in ("waiting", "strange"):
            if name in submissions:
                sluice.until(f"the mail about {name}", lambda name=name: self.mail_about(name))

    def submit(self, fields):
        """Sends a submission as a client of the API does: its id."""
        request = urllib.request.Request(self.api, json.dumps(fields).encode(), {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["id"]
        except urllib.error.HTTPError as error:
            if error.code != 400:
                raise
            return json.load(error)["id"]

    @functools.cached_property
    def runs(self):
        """An execution of each of the machines of machines.py, by their names; those that end have ended."""
        role = "arn:aws:iam::123456789012:role/browser"
        runs = {}
        for name, definition in MACHINES.items():
            machine = self.sfn.create_state_machine(name=f"browser-{name}", definition=json.dumps(definition), roleArn=role)
            runs[name] = self.sfn.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(INPUT))["executionArn"]
        for name in ("failed", "run", "sixty", "strange"):
            sluice.until(f"the end of {name}", lambda name=name: self.sfn.describe_execution(executionArn=runs[name])["status"] != "RUNNING")
        return runs

    @functools.cached_property
    def raised_alarm(self):
        """The name of an alarm with a stranger's words in every text, in the ALARM state."""
        name = f"errors {STRANGE}"
        self.cloudwatch.put_metric_alarm(
            AlarmName=name, AlarmDescription=STRANGE, Namespace="Shop", MetricName=STRANGE, Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore",
            Dimensions=[{"Name": STRANGE, "Value": STRANGE}], AlarmActions=[f"arn:aws:sns:us-east-1:123456789012:{STRANGE}"])
        self.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[
            {"MetricName": STRANGE, "Dimensions": [{"Name": STRANGE, "Value": STRANGE}], "Value": 5}])
        self.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=STRANGE)
        return name

    @functools.cached_property
    def strange_dashboard(self):
        """A dashboard whose titles, labels, texts and metrics are a stranger's, with widgets of alarms."""
        metric = ["Shop", STRANGE, STRANGE, STRANGE, {"label": STRANGE, "color": STRANGE}]
        alarm = self.cloudwatch.describe_alarms(AlarmNames=[self.raised_alarm])["MetricAlarms"][0]["AlarmArn"]
        kinds = {"text": {"markdown": f"# {STRANGE}\n[{STRANGE}](javascript:alert(1)) ![x](x)"},
                 "alarm": {"title": STRANGE, "alarms": [alarm, STRANGE]},
                 "metric": {"title": STRANGE, "metrics": [metric], "region": STRANGE, "yAxis": {"left": {"label": STRANGE}},
                            "annotations": {"horizontal": [{"label": STRANGE, "value": 3}]}}}
        widgets = [{"type": kind, "width": 12, "height": 6, "properties": properties} for kind, properties in kinds.items()]
        self.cloudwatch.put_dashboard(DashboardName="strange", DashboardBody=json.dumps({"widgets": widgets}))
        return "strange"

    @functools.cached_property
    def strange_mail(self):
        """The id of a mail with a stranger's subject and text."""
        topic = self.sns.create_topic(Name="strange")["TopicArn"]
        self.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="stranger@example.com")
        self.sns.publish(TopicArn=topic, Subject=STRANGE, Message=f"{STRANGE} https://evil.example/{STRANGE}")
        return next(mail["id"] for mail in self.mails() if mail["subject"] == STRANGE)

    def map_run(self):
        """The ARN of the Map Run of the machine that has one."""
        return self.sfn.list_map_runs(executionArn=self.runs["run"])["mapRuns"][0]["mapRunArn"]

    def child(self):
        """The ARN of a child execution that failed."""
        failed = self.sfn.list_executions(mapRunArn=self.map_run(), statusFilter="FAILED")["executions"]
        return failed[0]["executionArn"]

    def run(self, name, query=""):
        return self.console("executions", self.runs[name]) + query

    def submission(self, name):
        return f"{self.api}submissions/{self.ids[name]}"

    def execution(self, name):
        """The ARN of a submission's execution: its name is the submission's id."""
        return self.machine.replace(":stateMachine:", ":execution:") + ":" + self.ids[name]

    def status(self, name):
        """What Step Functions' API says of a submission's execution."""
        return self.sfn.describe_execution(executionArn=self.execution(name))["status"]

    def output(self, name):
        """The output of a submission's execution, once it has ended."""
        now = self.sfn.describe_execution(executionArn=self.execution(name))
        return json.loads(now["output"]) if now["status"] == "SUCCEEDED" else None

    def audit(self, approval):
        """The audit of an approval, from the approval function itself, as its operator asks for it."""
        request = json.dumps({"operation": "audit", "id": approval}).encode()
        answer = self.functions.invoke(FunctionName=self.function("-approvalfunction-"), Payload=request)
        said = json.load(answer["Payload"])
        assert "FunctionError" not in answer, said
        return said

    def function(self, part):
        """The name of the function that has `part` in its name."""
        names = [f["FunctionName"] for f in self.functions.list_functions()["Functions"]]
        return next(name for name in names if part in name.lower())

    def console(self, *path):
        return "/".join([self.endpoint, "console", *(urllib.parse.quote(part, safe="") for part in path)])

    def json(self, url):
        """What a page says to whoever wants JSON: (status, value)."""
        request = urllib.request.Request(url, headers={"accept": "application/json"})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def mails(self):
        """The mails in the inbox, newest first, all of them."""
        items, url = [], self.console("inbox")
        while url:
            _, page = self.json(url)
            items += page["items"]
            url = page.get("next") and urllib.parse.urljoin(self.endpoint, page["next"])
        return items

    def mail_about(self, name):
        """The newest mail that names the submission, or nothing."""
        # a line may be broken within the id
        return next((mail for mail in self.mails() if self.ids[name] in mail["text"].replace("\n", "")), None)

    def approval_link(self, name="waiting"):
        """The first link of the mail about a submission."""
        return self.links(self.mail_about(name))[0]

    def links(self, mail):
        return re.findall(re.escape(self.approvals) + r"\S+", mail["text"])

    @staticmethod
    def code(mail):
        """The code of a mail: the line that holds six capitals or digits and nothing else; nothing in a mail without one."""
        found = re.search(r"^\s*(?:\w+:\s+)?([A-Z0-9]{6})\s*$", mail["text"], re.MULTILINE)
        return found and found.group(1)
