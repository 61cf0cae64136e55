"""A script of cfn/ run in an account that a test describes."""

import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
REGION = "eu-central-1"
FAKE = pathlib.Path(__file__).with_name("fake_aws.py")


def stack(name, status="CREATE_COMPLETE", outputs=None, parameters=None, **more):
    """A rule: this stack is there."""
    described = {
        "StackName": name,
        "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1",
        "StackStatus": status,
        "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in (outputs or {}).items()],
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in (parameters or {}).items()],
        **more,
    }
    called = f"describe-stacks --stack-name ({name}|\\S+:stack/{name}/1)( |$)"
    return {"call": called, "answer": {"Stacks": [described]}}


NO_STACK = {"call": "describe-stacks", "error": "An error occurred (ValidationError): Stack with id x does not exist"}
WHO = {"call": "sts get-caller-identity", "answer": {"Account": ACCOUNT}}


def limits(total, unreserved=None):
    free = total if unreserved is None else unreserved
    found = {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": free}
    return {"call": "lambda get-account-settings", "answer": {"AccountLimit": found}}


# What every deployment calls, in an account with nothing in it and nothing wrong with it.
PLAIN = [
    WHO,
    limits(1000),
    {"call": "s3api head-bucket"},
    {"call": "cloudformation package"},
    {"call": "cloudformation deploy", "answer": "Successfully created/updated stack"},
    {"call": "cloudformation update-termination-protection"},
    {"call": "iam get-role", "answer": {}},
    {"call": "ecr describe-images", "answer": {}},
    {"call": "sns list-subscriptions-by-topic", "answer": {"Subscriptions": []}},
]


class ScriptTest(unittest.TestCase):
    """Runs scripts with a fake `aws`, `docker` and `sleep` first in PATH."""

    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.base = self.directory / "aws"
        self.bin = self.directory / "bin"
        self.bin.mkdir()
        self.program("aws", f'exec "{sys.executable}" "{FAKE}" "$@"')
        # Nothing here takes time.
        self.program("sleep", "exit 0")
        self.functions = self.directory / "functions"
        self.functions.mkdir()
        for template in ("workflow", "load"):
            text = (ROOT / "cfn" / f"{template}.yaml").read_text()
            for function in re.findall(r"^ *Code: \.\./target/lambda/([a-z-]*)$", text, re.M):
                # The machine of an ELF file is its byte 18: arm64.
                (self.functions / function).write_bytes(b"\x7fELF" + bytes(14) + b"\xb7" + bytes(45))

    def program(self, name, text):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run_script(self, script, *words, rules, region=REGION):
        pathlib.Path(f"{self.base}.rules").write_text(json.dumps(rules))
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment.update(PATH=f"{self.bin}:{os.environ['PATH']}", FAKE_AWS=str(self.base), AWS_REGION=region)
        done = subprocess.run(
            [ROOT / "cfn" / script, *map(str, words)],
            env=environment, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.assertNotIn("fake aws: no rule", done.stdout + done.stderr)
        return done

    def runs(self, script, *words, **how):
        done = self.run_script(script, *words, **how)
        self.assertEqual((done.returncode, done.stderr.strip()), (0, ""), done.stdout)
        return done.stdout

    def refuses(self, script, *words, **how):
        """What it says in its one line."""
        done = self.run_script(script, *words, **how)
        lines = done.stderr.strip().splitlines()
        self.assertEqual((done.returncode, len(lines)), (1, 1), (done.stdout, done.stderr))
        return lines[0]

    def deploys(self, *words, rules, **how):
        options = ["--functions", self.functions, "--admin-email", "a@example.com"]
        return self.runs("deploy", *options, *words, rules=rules, **how)

    def calls(self, pattern):
        """The calls that were made, one line each, that contain a pattern."""
        log = pathlib.Path(f"{self.base}.log")
        made = [" ".join(json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []
        return [one for one in made if re.search(pattern, one)]

    def overrides(self):
        """The parameters of the last deployment."""
        words = json.loads([line for line in pathlib.Path(f"{self.base}.log").read_text().splitlines()
                            if '"deploy"' in line][-1])  # fmt: skip
        given = words[words.index("--parameter-overrides") + 1 :] if "--parameter-overrides" in words else []
        return dict(one.split("=", 1) for one in given)
