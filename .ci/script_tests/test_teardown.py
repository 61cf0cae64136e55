"""cfn/teardown, where something resists."""

import unittest

from script_tests.support import ACCOUNT, NO_STACK, ROOT, WHO, ScriptTest, stack

OWN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/sluice-LoadDeletionRole-1"
MADE = f"arn:aws:iam::{ACCOUNT}:role/sluice-teardown"
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:ingest"
NOTHING_LEFT = [
    {"call": "describe-stack-resources", "answer": {"StackResources": []}},
    {"call": "ecs list-clusters", "answer": {"clusterArns": []}},
    {"call": "kinesis list-streams", "answer": {"StreamNames": []}},
]
ROLE_CALLS = [
    {"call": "iam create-role", "answer": {"Role": {"Arn": MADE}}},
    {"call": "iam (attach|detach)-role-policy"},
    {"call": "iam (put|delete)-role-policy"},
    {"call": "iam delete-role"},
]
EVENTS = {
    "call": "describe-stack-events",
    "answer": {
        "StackEvents": [
            {
                "LogicalResourceId": "Vpc",
                "ResourceType": "AWS::EC2::VPC",
                "ResourceStatus": "DELETE_FAILED",
                "ResourceStatusReason": "not authorized to perform: ec2:DescribeVpnGateways",
            }
        ]
    },
}
FAILED = {"call": "wait stack-delete-complete", "error": "Waiter StackDeleteComplete failed", "times": 1}
GONE = {"call": "wait stack-delete-complete"}
DELETE = {"call": "cloudformation delete-stack"}


class Edge(ScriptTest):
    def test_the_urls_are_open_before_cloudfront_goes(self):
        parameters = {"AdminEmail": "a@example.com", "OriginSecret": "****", "EdgeUrl": "https://d1.cloudfront.net/"}
        here = {**stack("sluice", parameters=parameters), "region": "eu-central-1"}
        edge = {**stack("sluice-edge"), "region": "us-east-1", "before": "wait stack-delete"}
        opened = [{"call": "cloudformation update-stack"}, {"call": "wait stack-update-complete"}]
        self.runs("teardown", "edge", rules=[WHO, here, edge, NO_STACK, *opened, {**DELETE, "region": "us-east-1"}, GONE, *NOTHING_LEFT])
        (update,) = self.calls("update-stack")
        self.assertIn("ParameterKey=AdminEmail,UsePreviousValue=true ParameterKey=OriginSecret,ParameterValue= "
                      "ParameterKey=EdgeUrl,ParameterValue=", update)  # fmt: skip
        order = self.calls("update-stack|delete-stack")
        self.assertIn("update-stack", order[0])
        self.assertIn("stack/sluice-edge/1", order[1])

    def test_the_workflow_stays_while_cloudfront_leads_to_it(self):
        edge = {**stack("sluice-edge"), "region": "us-east-1"}
        said = self.refuses("teardown", "workflow", "--yes", rules=[WHO, edge, NO_STACK])
        self.assertIn("sluice-edge (in us-east-1) leads to the workflow stack", said)


class Load(ScriptTest):
    def test_a_deletion_that_failed_by_its_own_role_ends_by_another(self):
        there = {**stack("sluice-load", "DELETE_FAILED", RoleARN=OWN_ROLE), "before": "wait "}
        self.runs("teardown", "load", rules=[WHO, there, NO_STACK, *ROLE_CALLS, DELETE, GONE, *NOTHING_LEFT])
        (deleted,) = self.calls("delete-stack")
        self.assertIn(f"--role-arn {MADE}", deleted)
        self.assertEqual(len(self.calls("iam delete-role ")), 1, "the role is gone with its task")
        self.assertIn('"Service":"cloudformation.amazonaws.com"', self.calls("iam create-role")[0])

    def test_a_deletion_that_fails_now_is_tried_by_another_role_and_then_forced(self):
        there = {**stack("sluice-load", RoleARN=OWN_ROLE), "before": "wait "}
        failed = {**stack("sluice-load", "DELETE_FAILED", RoleARN=OWN_ROLE), "before": "FORCE"}
        left = {
            "call": "describe-stack-resources",
            "answer": {
                "StackResources": [
                    {"LogicalResourceId": "Vpc", "PhysicalResourceId": "vpc-1", "ResourceStatus": "DELETE_FAILED"},
                    {"LogicalResourceId": "Logs", "PhysicalResourceId": "l", "ResourceStatus": "DELETE_COMPLETE"},
                ]
            },
        }
        rules = [WHO, there, failed, NO_STACK, *ROLE_CALLS, DELETE, EVENTS, {**FAILED, "times": 2}, GONE, left]
        said = self.refuses("teardown", "load", rules=rules)
        self.assertIn("but not its resources Vpc (vpc-1)", said)
        first, second, third = self.calls("delete-stack")
        self.assertNotIn("--role-arn", first)
        self.assertIn(f"--role-arn {MADE}", second)
        self.assertNotIn("FORCE_DELETE_STACK", second)
        self.assertIn("--deletion-mode FORCE_DELETE_STACK", third)
        self.assertEqual(len(self.calls("iam delete-role ")), 1, "the role goes whatever happens")

    def test_a_role_that_is_given_is_used_and_none_is_made(self):
        there = {**stack("sluice-load", "DELETE_FAILED", RoleARN=OWN_ROLE), "before": "wait "}
        rules = [WHO, there, NO_STACK, DELETE, GONE, *NOTHING_LEFT]
        self.runs("teardown", "--role-arn", "arn:aws:iam::1:role/mine", "load", rules=rules)
        self.assertIn("--role-arn arn:aws:iam::1:role/mine", self.calls("delete-stack")[0])

    def test_a_stack_that_was_only_looked_at_is_removed(self):
        there = {**stack("sluice-load", "REVIEW_IN_PROGRESS"), "before": "wait "}
        self.runs("teardown", "load", rules=[WHO, there, NO_STACK, DELETE, GONE, *NOTHING_LEFT])
        self.assertEqual(len(self.calls("delete-stack")), 1)


class Workflow(ScriptTest):
    OUTPUTS = {"StateMachineArn": MACHINE, "IngestFunctionName": "ingest", "TableName": "e", "ApprovalsTableName": "a"}

    def rules(self):
        there = {**stack("sluice", outputs=self.OUTPUTS), "before": "wait "}
        absent = [{**NO_STACK, "call": f"describe-stacks --stack-name sluice-{other}"} for other in ("load", "dashboard")]
        running = [{"executionArn": f"arn:aws:states:eu-central-1:123456789012:execution:ingest:{n}"} for n in range(3)]
        listed = {"call": "list-executions .*RUNNING", "answer": {"executions": running}, "before": "stop-execution"}
        none = {"call": "list-executions", "answer": {"executions": []}}
        more = [{"call": "stop-execution"}, {"call": "put-function-concurrency"}, {"call": "update-termination-protection"}]
        return [WHO, *absent, there, NO_STACK, listed, none, *more, DELETE, GONE, *NOTHING_LEFT]

    def test_waiting_submissions_are_asked_about(self):
        said = self.refuses("teardown", "workflow", rules=self.rules())
        self.assertIn("Say --yes", said)
        self.assertEqual(self.calls("stop-execution|delete-stack|concurrency|protection"), [])

    def test_executions_are_stopped_before_the_stack_goes(self):
        out = self.runs("teardown", "--yes", "workflow", rules=self.rules())
        order = [call.split()[1] for call in self.calls("stop-execution|delete-stack|concurrency|protection")]
        self.assertEqual(order[0], "put-function-concurrency", "nothing new comes in")
        self.assertEqual(order[1:4], ["stop-execution"] * 3)
        self.assertEqual(order[4:], ["update-termination-protection", "delete-stack"])
        self.assertIn("stopped 3 executions", out)
        self.assertIn("The tables are kept: e a", out)

    def test_tables_go_only_when_that_is_said(self):
        tables = [{"call": "dynamodb (describe-table|update-table|delete-table|wait)", "answer": {}}]
        self.runs("teardown", "--yes", "--delete-entries", "workflow", rules=[*tables, *self.rules()])
        self.assertEqual([call.split()[1] for call in self.calls("dynamodb (update|delete)-table")],
                         ["update-table", "delete-table"] * 2)  # fmt: skip


class Rights(unittest.TestCase):
    def test_the_deletion_role_may_do_what_cloudformation_does(self):
        text = (ROOT / "cfn/workflow.yaml").read_text()
        for action in ("logs:DeleteDataProtectionPolicy", "kinesis:RemoveTagsFromStream", "kinesis:UntagResource",
                       "ec2:DescribeVpnGateways"):  # fmt: skip
            self.assertIn(action, text)


if __name__ == "__main__":
    unittest.main()
