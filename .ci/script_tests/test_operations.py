"""cfn/redrive and cfn/erase."""

import time
import unittest
from datetime import datetime, timedelta, timezone

from script_tests.support import ScriptTest, stack

EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:ingest"
OUTPUTS = {
    "StateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:ingest",
    "TableName": "entries",
    "ApprovalsTableName": "approvals",
}
THERE = stack("sluice", outputs=OUTPUTS)
NOW = datetime.now(timezone.utc)


def ago(**age):
    return (NOW - timedelta(**age)).isoformat()


def ended(name, at):
    return {"executionArn": f"{EXECUTION}:{name}", "stopDate": at}


def listed(status, *found):
    return {"call": f"list-executions .*--status-filter {status}", "answer": {"executions": list(found)}}


def described(name, **what):
    return {"call": f"describe-execution --execution-arn {EXECUTION}:{name}( |$)", "answer": what}


class Redrive(ScriptTest):
    RULES = [
        THERE,
        # The AWS CLI tells times as ISO 8601 (version 2) or in seconds (version 1).
        listed("FAILED", ended("new", ago(hours=1)), ended("mail", ago(hours=1)), ended("old", ago(hours=5))),
        listed("TIMED_OUT", ended("slow", (NOW - timedelta(minutes=5)).timestamp())),
        listed("ABORTED", ended("stopped", ago(hours=1))),
        described("new", status="FAILED", error="Lambda.Unknown", redriveStatus="REDRIVABLE"),
        described("mail", status="FAILED", error="AdminNotAsked", redriveStatus="REDRIVABLE"),
        described("slow", status="TIMED_OUT", redriveStatus="REDRIVABLE"),
        described("stopped", status="ABORTED", redriveStatus="NOT_REDRIVABLE", redriveStatusReason="it is too long ago"),
        {"call": "redrive-execution", "answer": {"redriveDate": 0}},
    ]

    def test_a_dry_run_says_what_would_be_done(self):
        out = self.runs("redrive", "--since", "2h", "--dry-run", "--rate", 1000, rules=self.RULES)
        self.assertIn("2 executions can be redriven, 1 cannot", out)
        self.assertIn("1 Lambda.Unknown, such as new", out)
        self.assertIn("1 TIMED_OUT, such as slow", out)
        self.assertIn("not mail: AdminNotAsked", out)
        self.assertEqual(self.calls("redrive-execution"), [])

    def test_what_failed_since_then_is_redriven(self):
        out = self.runs("redrive", "--since", ago(hours=2), "--rate", 1000, rules=self.RULES)
        self.assertIn("redrove 2 executions", out)
        redriven = {call.rsplit(":", 1)[1].split()[0] for call in self.calls("redrive-execution")}
        self.assertEqual(redriven, {"new", "slow"})

    def test_aborted_ones_only_when_that_is_said(self):
        out = self.runs("redrive", "--since", "2h", "--aborted", "--dry-run", "--rate", 1000, rules=self.RULES)
        self.assertIn("not stopped: it is too long ago", out)

    def test_what_is_refused_is_told(self):
        refusal = {"call": "redrive-execution .*:slow", "error": "An error occurred (ExecutionNotRedrivable): it ended"}
        done = self.run_script("redrive", "--since", "2h", "--rate", 1000, rules=[refusal, *self.RULES])
        self.assertEqual(done.returncode, 1)
        self.assertIn("not slow: An error occurred (ExecutionNotRedrivable)", done.stdout)
        self.assertIn("redrove 1 executions", done.stdout)
        self.assertIn("1 executions were not redriven", done.stderr)

    def test_it_keeps_to_its_pace(self):
        many = [ended(f"n{n}", ago(minutes=1)) for n in range(8)]
        rules = [THERE, listed("FAILED", *many), listed("TIMED_OUT"),
                 {"call": "describe-execution", "answer": {"status": "FAILED", "redriveStatus": "REDRIVABLE"}}]  # fmt: skip
        begun = time.monotonic()
        self.runs("redrive", "--since", "1h", "--dry-run", "--rate", 8, rules=rules)
        # Seven pauses of an eighth of a second; that the machine is slow can only make it longer.
        self.assertGreater(time.monotonic() - begun, 7 / 8)

    def test_bad_times_are_refused(self):
        self.assertIn("is no time", self.refuses("redrive", "--since", "yesterday", rules=self.RULES))
        self.assertIn("14 days", self.refuses("redrive", "--since", "15d", rules=self.RULES))


class Erase(ScriptTest):
    KEYS = {"Table": {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}
    RULES = [
        THERE,
        {"call": "dynamodb describe-table", "answer": KEYS},
        {"call": "dynamodb scan --table-name entries", "answer": {"Items": [
            {"id": {"S": "bob@example.com"}, "email": {"S": "Bob@Example.com"}, "submission_id": {"S": "s1"}},
            {"id": {"S": "jim-bob@example.com"}, "email": {"S": "jim-bob@example.com"}, "submission_id": {"S": "s2"}},
            {"id": {"S": "submission#s3"}, "note": {"M": {"email": {"S": "bob@example.community"}}}},
        ]}},
        {"call": "dynamodb scan --table-name approvals", "answer": {"Items": [
            {"id": {"S": "s4.1"}, "submission": {"S": '{"email":"bob@example.com"}'}, "submission_id": {"S": "s4"}},
        ]}},
        described("s1", status="SUCCEEDED", stopDate="2026-11-01T00:00:00+00:00"),
        described("s4", status="RUNNING"),
        {"call": "describe-continuous-backups", "answer": {"ContinuousBackupsDescription": {
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35}}}},
        {"call": "list-backups", "answer": {"BackupSummaries": []}},
        {"call": "(stop-execution|delete-item)", "answer": {}},
    ]  # fmt: skip

    def test_a_dry_run_finds_the_person_and_nobody_else(self):
        out = self.runs("erase", "BOB@example.com", "--dry-run", "--rate", 1000, rules=self.RULES)
        self.assertIn("1 items of table entries\n  bob@example.com\n", out)
        self.assertIn("1 items of table approvals\n  s4.1\n", out)
        self.assertNotIn("jim-bob", out)
        self.assertIn("the history of execution s1 until 2027-01-30", out)
        self.assertIn("the backups of table entries for 35 days from now", out)
        self.assertEqual(self.calls("delete-item|stop-execution"), [])

    def test_what_runs_is_stopped_before_the_items_go(self):
        self.runs("erase", "bob@example.com", "--yes", "--rate", 1000, rules=self.RULES)
        order = self.calls("delete-item|stop-execution")
        self.assertIn("stop-execution --execution-arn " + EXECUTION + ":s4", order[0])
        self.assertEqual(sorted(call.split()[3] for call in order[1:]), ["approvals", "entries"])
        self.assertIn('{"id": {"S": "bob@example.com"}}', " ".join(order))

    OPEN = {"call": "dynamodb scan --table-name approvals", "answer": {"Items": [
        {"id": {"S": "s4.1"}, "email": {"S": "bob@example.com"}, "submission_id": {"S": "s4"}, "open_shard": {"S": "open#3"}},
    ]}}  # fmt: skip

    def test_an_open_approval_leaves_the_count_too(self):
        both = {"call": "transact-write-items", "answer": {}}
        self.runs("erase", "bob@example.com", "--yes", "--rate", 1000, rules=[self.OPEN, both, *self.RULES])
        (call,) = self.calls("transact-write-items")
        for part in ('"s4.1"', '"counter#3"', '"-1"', "attribute_exists(open_shard)"):
            self.assertIn(part, call)
        self.assertEqual([call.split()[3] for call in self.calls("delete-item")], ["entries"])

    def test_one_that_was_closed_meanwhile_is_deleted_and_not_counted(self):
        closed = {"call": "transact-write-items", "error": "TransactionCanceledException: [ConditionalCheckFailed, None]"}
        self.runs("erase", "bob@example.com", "--yes", "--rate", 1000, rules=[self.OPEN, closed, *self.RULES])
        self.assertEqual(sorted(call.split()[3] for call in self.calls("delete-item")), ["approvals", "entries"])

    def test_nothing_is_deleted_unasked(self):
        self.run_script("erase", "bob@example.com", "--rate", 1000, rules=self.RULES)
        self.assertEqual(self.calls("delete-item|stop-execution"), [])

    def test_what_is_no_address_is_refused(self):
        self.assertIn("is no e-mail address", self.refuses("erase", "bob", rules=self.RULES))


if __name__ == "__main__":
    unittest.main()
