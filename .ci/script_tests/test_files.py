"""What the templates, the GitHub workflows and the Dockerfile must say, where no tool asks for it."""

import re
import unittest

import yaml
from cfnlint.decode.cfn_yaml import load as read_template

from script_tests.support import ROOT

TEMPLATES = sorted((ROOT / "cfn").glob("*.yaml"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def resources(template):
    return read_template(str(template))["Resources"]


class Templates(unittest.TestCase):
    def test_every_role_of_the_stacks_takes_a_boundary(self):
        roles = 0
        for template in TEMPLATES:
            for name, resource in resources(template).items():
                if resource["Type"] == "AWS::IAM::Role" and template.stem in ("workflow", "load"):
                    roles += 1
                    condition = resource["Properties"].get("PermissionsBoundary", {}).get("Fn::If", [None])[0]
                    self.assertEqual(condition, "HasBoundary", f"{template.name}: {name}")
        self.assertGreater(roles, 12)

    def test_every_alarm_tells_the_alarms_topic_and_has_a_section(self):
        operations = (ROOT / "docs/operations.md").read_text()
        alarms = 0
        for template in TEMPLATES:
            for name, resource in resources(template).items():
                if resource["Type"] != "AWS::CloudWatch::Alarm":
                    continue
                alarms += 1
                topic = "AdminTopic" if name == "NobodyHearsAlarm" else "AlarmTopic"
                self.assertIn(topic, str(resource["Properties"]["AlarmActions"]), name)
                self.assertIn(f"\n### {name}\n", operations)
        self.assertGreaterEqual(alarms, 11)

    def test_tables_outlive_the_stack(self):
        tables = {n: r for n, r in resources(ROOT / "cfn/workflow.yaml").items() if r["Type"] == "AWS::DynamoDB::Table"}
        for name, table in tables.items():
            self.assertEqual((table["DeletionPolicy"], table["UpdateReplacePolicy"]), ("Retain", "Retain"), name)
        self.assertTrue(tables["Entries"]["Properties"]["DeletionProtectionEnabled"])

    def test_five_rounds_of_approval_end_within_a_year(self):
        days = read_template(str(ROOT / "cfn/workflow.yaml"))["Parameters"]["ApprovalTimeoutDays"]["MaxValue"]
        self.assertLess(5 * int(days), 365)

    def test_no_pinger_starts_before_it_has_its_rights(self):
        load = resources(ROOT / "cfn/load.yaml")
        self.assertNotIn("AWS::IAM::Policy", [r["Type"] for r in load.values() if "PingerRole" in str(r.get("Properties", {}).get("Roles"))])
        self.assertIn("put-records", str(load["PingerRole"]["Properties"]["Policies"]))
        self.assertNotIn("CapacityProviders", load["PingerCluster"].get("Properties", {}))

    def test_the_definition_names_no_partition(self):
        definition = (ROOT / "workflows/ingest.asl.json").read_text()
        self.assertNotIn("arn:aws:", definition)


class Builds(unittest.TestCase):
    def test_everything_that_is_built_for_others_is_built_from_the_lock_file(self):
        built = 0
        for path in [*WORKFLOWS, ROOT / "cfn/deploy", ROOT / "pinger/Dockerfile", ROOT / "docs/operations.md"]:
            for line in path.read_text().splitlines():
                if re.search(r"\bcargo (lambda build|zigbuild|build)\b", line) and not line.lstrip().startswith("need_tool"):
                    built += 1
                    self.assertTrue("--locked" in line or '"cargo lambda build" makes' in line, f"{path.name}: {line}")
        self.assertGreaterEqual(built, 4)

    def test_the_pinger_is_compiled_by_the_machine_that_builds(self):
        first = re.search(r"^FROM .*$", (ROOT / "pinger/Dockerfile").read_text(), re.M)[0]
        self.assertIn("--platform=$BUILDPLATFORM", first)


class Workflows(unittest.TestCase):
    def test_nothing_waits_for_hours_while_it_holds_a_group(self):
        deploy = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
        teardown = yaml.safe_load((ROOT / ".github/workflows/teardown-load.yml").read_text())
        # A group of the whole workflow is held until its last job ends, the one that waits for the teardown's time included.
        self.assertNotIn("concurrency", deploy)
        self.assertNotIn("concurrency", teardown)
        waiting = [job for job in teardown["jobs"].values() if any("sleep" in s.get("run", "") for s in job["steps"])]
        self.assertEqual(len(waiting), 1)
        self.assertNotIn("concurrency", waiting[0])
        # What touches AWS is one at a time for a stack.
        groups = [deploy["jobs"]["deploy"]["concurrency"]["group"], teardown["jobs"]["teardown"]["concurrency"]["group"]]
        self.assertEqual(groups[0], groups[1])


if __name__ == "__main__":
    unittest.main()
