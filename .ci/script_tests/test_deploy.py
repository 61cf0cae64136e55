"""cfn/deploy, in accounts that moto cannot be."""

import re
import unittest

from script_tests.support import ACCOUNT, NO_STACK, PLAIN, ROOT, ScriptTest, limits, stack

WORKFLOW = stack(
    "sluice",
    outputs={"FunctionURLAPI": "https://a/", "ApprovalURL": "https://b/", "TopicArn": "arn:t", "AlarmTopicArn": "arn:u"},
)


class Concurrency(ScriptTest):
    """The limits of concurrency fit into the account."""

    def deployed(self, *words, rules=(), existing=WORKFLOW):
        # The stack is not there until it is deployed.
        first = [{**NO_STACK, "before": "cloudformation deploy"}] if existing is WORKFLOW else []
        self.output = self.deploys("--stack", "workflow", *words, rules=[*rules, *first, existing, NO_STACK, *PLAIN])
        return {k: int(v) for k, v in self.overrides().items() if k.endswith("Concurrency")}

    def test_a_usual_account_takes_what_the_template_says(self):
        new = stack("sluice", outputs={"TopicArn": "arn:t", "AlarmTopicArn": "arn:u"})
        self.assertEqual(self.deployed(existing=new), {})

    def test_a_new_account_gets_no_limits_and_a_sentence(self):
        got = self.deployed(rules=[limits(10)])
        self.assertEqual(got, {"IngestConcurrency": 0, "TaskConcurrency": 0, "ApprovalConcurrency": 0})
        self.assertIn("This account runs 10 functions at once, of which none can be reserved", self.output)

    def test_a_small_account_shares_what_it_has(self):
        tasks = len(re.findall(r"If \[LimitsTasks", (ROOT / "cfn/workflow.yaml").read_text()))
        for total in (150, 200, 300):
            got = self.deployed(rules=[limits(total)])
            reserved = got["IngestConcurrency"] + tasks * got["TaskConcurrency"] + got["ApprovalConcurrency"]
            self.assertLessEqual(reserved, total - 100, got)
            self.assertTrue(all(limit > 0 for limit in got.values()), got)
            self.assertIn("limits are lowered to", self.output)

    def test_what_is_deployed_counts_as_room(self):
        parameters = {"IngestConcurrency": "100", "TaskConcurrency": "50", "ApprovalConcurrency": "5"}
        before = stack("sluice", parameters=parameters, outputs={"TopicArn": "arn:t", "AlarmTopicArn": "arn:u"})
        self.assertEqual(self.deployed(rules=[limits(1000, 100)], existing=before), {})

    def test_limits_that_are_given_are_kept_or_refused(self):
        given = ("--parameter", "workflow.IngestConcurrency=20", "--parameter", "workflow.TaskConcurrency=2")
        self.assertEqual(self.deployed(*given, rules=[limits(150)])["IngestConcurrency"], 20)
        said = self.refuses(
            "deploy", "--stack", "workflow", "--functions", self.functions, "--admin-email", "a@b",
            "--parameter", "workflow.IngestConcurrency=200", rules=[limits(150), NO_STACK, *PLAIN],
        )  # fmt: skip
        self.assertIn("runs 150 functions at once and has 50 of them to reserve", said)


class Buckets(ScriptTest):
    """Code goes to a bucket of this account only."""

    def test_a_bucket_of_somebody_else_gets_nothing(self):
        taken = {"call": "head-bucket", "error": "An error occurred (403) when calling the HeadBucket operation: Forbidden"}
        said = self.refuses("deploy", "--functions", self.functions, "--admin-email", "a@b",
                            rules=[taken, NO_STACK, *PLAIN])  # fmt: skip
        self.assertIn("is not this account's", said)
        self.assertEqual(self.calls("cloudformation (package|deploy)"), [])

    def test_every_call_about_the_bucket_says_whose_it_must_be(self):
        missing = {"call": "head-bucket", "error": "An error occurred (404): Not Found", "times": 1}
        made = [{"call": "s3api (create-bucket|put-public-access-block)"}]
        self.deploys("--stack", "workflow", rules=[missing, *made, {**NO_STACK, "before": "cloudformation deploy"}, WORKFLOW, NO_STACK, *PLAIN])
        calls = self.calls("s3api ")
        self.assertGreater(len(calls), 3)
        # create-bucket fails by itself if the name is another account's.
        self.assertEqual([c for c in calls if f"--expected-bucket-owner {ACCOUNT}" not in c and "create-bucket" not in c], [])
        # The AWS CLI cannot be told whose bucket it uploads to: that is asked right before.
        order = self.calls("head-bucket|cloudformation package")
        self.assertIn("head-bucket", order[order.index(next(c for c in order if "package" in c)) - 1])


class Stacks(ScriptTest):
    """What became of a stack before."""

    def test_a_stack_that_was_only_looked_at_is_made(self):
        review = {**stack("sluice", "REVIEW_IN_PROGRESS"), "before": "cloudformation deploy"}
        self.deploys("--stack", "workflow", rules=[review, WORKFLOW, NO_STACK, *PLAIN])
        self.assertEqual(len(self.calls("cloudformation deploy")), 1)

    def test_a_stack_that_cannot_be_updated_is_refused(self):
        for status in ("ROLLBACK_COMPLETE", "DELETE_FAILED", "UPDATE_IN_PROGRESS"):
            said = self.refuses("deploy", "--functions", self.functions,
                                rules=[stack("sluice", status), NO_STACK, *PLAIN])  # fmt: skip
            self.assertIn(f"stack sluice is in {status}", said)

    def test_the_failure_that_is_told_is_the_last_operations_first(self):
        def event(name, status, reason="None", kind="AWS::Lambda::Function"):
            return {"LogicalResourceId": name, "ResourceType": kind, "ResourceStatus": status, "ResourceStatusReason": reason}

        own = "AWS::CloudFormation::Stack"
        events = [
            event("sluice", "UPDATE_ROLLBACK_COMPLETE", kind=own),
            event("sluice", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed", kind=own),
            event("Census", "UPDATE_FAILED", "Resource update cancelled"),
            event("Store", "UPDATE_FAILED", "no room\tfor it"),
            event("Store", "UPDATE_IN_PROGRESS"),
            event("sluice", "UPDATE_IN_PROGRESS", "User Initiated", kind=own),
            event("sluice", "CREATE_FAILED", kind=own),
            event("Ingest", "CREATE_FAILED", "the oldest failure ever"),
            event("sluice", "CREATE_IN_PROGRESS", "User Initiated", kind=own),
        ]
        failing = {"call": "cloudformation deploy", "error": "Failed to create/update the stack"}
        told = {"call": "describe-stack-events", "answer": {"StackEvents": events}}
        said = self.refuses("deploy", "--stack", "workflow", "--functions", self.functions,
                            rules=[failing, told, WORKFLOW, NO_STACK, *PLAIN])  # fmt: skip
        self.assertIn("stack sluice failed: Store (AWS::Lambda::Function): no room", said)

    def test_the_workflow_is_protected_and_its_roles_are_bounded(self):
        boundary = "arn:aws:iam::123456789012:policy/sluice-boundary"
        github = stack("sluice-github", outputs={"BoundaryArn": boundary})
        self.deploys("--stack", "workflow", "--role-arn", "arn:aws:iam::1:role/cfn", rules=[github, WORKFLOW, NO_STACK, *PLAIN])
        self.assertEqual(self.overrides()["PermissionsBoundary"], boundary)
        self.assertIn("--role-arn arn:aws:iam::1:role/cfn", self.calls("cloudformation deploy")[0])
        self.assertEqual(self.calls("termination-protection"),
                         ["cloudformation update-termination-protection --enable-termination-protection --stack-name sluice"])  # fmt: skip


class Edge(ScriptTest):
    """CloudFront before the URLs, in us-east-1 whatever the stack's region is."""

    URL = "https://d1.cloudfront.net/"
    OUTPUTS = {"FunctionURLAPI": "https://a.on.aws/", "ApprovalURL": "https://b.on.aws/", "TopicArn": "arn:t", "AlarmTopicArn": "arn:u"}
    MADE = {**stack("sluice-edge", outputs={"EdgeURL": URL}), "region": "us-east-1"}

    def edged(self, *words, knows, rules=()):
        workflow = stack("sluice", outputs=self.OUTPUTS, parameters={"UrlAuthType": "NONE", "EdgeUrl": knows})
        here = {**workflow, "region": "eu-central-1"}
        return self.deploys("--stack", "edge", *words, rules=[*rules, here, NO_STACK, *PLAIN])

    def deployed(self):
        """Stack and parameters of each deployment."""
        calls = [re.search(r"--stack-name (\S+)", call)[1] for call in self.calls("cloudformation deploy")]
        return calls, self.calls("cloudformation deploy")

    def test_cloudfront_sends_the_secret_before_the_functions_ask_for_it(self):
        self.edged(knows="", rules=[{**self.MADE, "after": "deploy .*sluice-edge"}])
        stacks, calls = self.deployed()
        self.assertEqual(stacks, ["sluice-edge", "sluice"])
        self.assertRegex(calls[0], "IngestDomain=a.on.aws ApprovalDomain=b.on.aws")
        secrets = [re.search(r"OriginSecret=([0-9a-f]{64})( |$)", call)[1] for call in calls]
        self.assertEqual(secrets[0], secrets[1])
        self.assertEqual(self.overrides()["EdgeUrl"], self.URL)

    def test_again_keeps_the_secret_and_leaves_the_functions_alone(self):
        self.edged("--parameter", "edge.RateLimit=1000", knows=self.URL, rules=[self.MADE])
        stacks, calls = self.deployed()
        self.assertEqual(stacks, ["sluice-edge"])
        self.assertNotIn("OriginSecret", calls[0])
        self.assertIn("RateLimit=1000", calls[0])

    def test_a_run_that_ended_between_the_two_is_finished(self):
        self.edged(knows="", rules=[self.MADE])
        self.assertEqual(self.deployed()[0], ["sluice-edge", "sluice"])

    def test_what_cannot_stand_behind_it_is_refused_before_anything_changes(self):
        signed = stack("sluice", outputs=self.OUTPUTS, parameters={"UrlAuthType": "AWS_IAM"})
        rules = [{**signed, "region": "eu-central-1"}, NO_STACK, *PLAIN]
        words = ["deploy", "--stack", "edge", "--functions", self.functions]
        self.assertIn("UrlAuthType AWS_IAM", self.refuses(*words, rules=rules))
        open_one = [{**stack("sluice", outputs=self.OUTPUTS, parameters={"UrlAuthType": "NONE"}), "region": "eu-central-1"}, *rules]
        self.assertIn("--stack edge sets it", self.refuses(*words, "--parameter", "edge.OriginSecret=x", rules=open_one))
        self.assertIn("no workflow stack", self.refuses(*words, rules=[NO_STACK, *PLAIN]))
        self.assertEqual(self.calls("cloudformation deploy"), [])


class Load(ScriptTest):
    """The load stack, where something is missing."""

    LOADED = stack("sluice-load", outputs={"DeleteAt": "2030-01-01T00:00:00Z"})

    def loads(self, *words, rules=(), loaded=(), **how):
        docker = f'echo "$@" >> {self.directory}/docker; [ "$1" != login ] || cat > /dev/null'
        self.program("docker", docker)
        absent = [*loaded, {**NO_STACK, "call": "describe-stacks --stack-name sluice-load"}]
        self.deploys("--stack", "load", *words, rules=[*rules, *absent, WORKFLOW, NO_STACK, *PLAIN], **how)
        log = self.directory / "docker"
        return log.read_text().splitlines() if log.exists() else []

    def test_an_account_that_never_used_ecs_gets_its_role(self):
        never = {"call": "iam get-role", "error": "An error occurred (NoSuchEntity)"}
        make = {"call": "iam create-service-linked-role --aws-service-name ecs.amazonaws.com"}
        self.loads(rules=[never, make])
        self.assertEqual(len(self.calls("create-service-linked-role")), 1)
        taken = {**make, "error": "An error occurred (InvalidInput): Service role name AWSServiceRoleForECS has been taken"}
        self.loads(rules=[never, taken])

    def test_an_image_of_the_same_source_is_not_built_again(self):
        self.assertEqual(self.loads(), [])
        tag = self.overrides()["PingerTag"]
        self.assertRegex(tag, "^[0-9a-f]{16}$")
        absent = {"call": "ecr describe-images", "error": "An error occurred (ImageNotFoundException)"}
        made = [{"call": "ecr (describe-repositories|get-login-password)", "answer": "password"}]
        docker = self.loads(rules=[absent, *made])
        self.assertEqual(self.overrides()["PingerTag"], tag)
        self.assertEqual([line.split()[0] for line in docker], ["build", "login", "push"])
        self.assertIn(f"sluice-pinger:{tag}", docker[0])

    def test_subnets_lie_in_zones_with_fargate(self):
        zones = [{"ZoneName": f"us-west-1{z}", "ZoneId": f"usw1-az{n}"} for z, n in (("a", 3), ("c", 1))]
        found = {"call": "describe-availability-zones .*zone-id,Values=usw1-az1,usw1-az3", "answer": {"AvailabilityZones": zones}}
        self.loads(rules=[found], region="us-west-1")
        self.assertEqual([self.overrides()[f"Zone{z}"] for z in "AB"], ["us-west-1a", "us-west-1c"])
        one = {**found, "answer": {"AvailabilityZones": zones[:1]}}
        self.loads(rules=[one], region="us-west-1")
        self.assertEqual([self.overrides()[f"Zone{z}"] for z in "AB"], ["us-west-1a", "us-west-1a"])
        self.loads()
        self.assertNotIn("ZoneA", self.overrides(), "elsewhere all zones have it")


if __name__ == "__main__":
    unittest.main()
