"""What cfn/redrive, cfn/erase and cfn/executions share: calls of the AWS CLI, paced. Needs Python 3.9 and nothing else."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone


class CallFailed(Exception):
    """A call that AWS refused; its text is the last line of what the AWS CLI said."""


def die(text):
    """Ends with one line that says what is wrong and what to do."""
    print(f"{pathlib.Path(sys.argv[0]).name}: {text}", file=sys.stderr)
    sys.exit(1)


def aws(*words):
    """The answer of `aws WORDS`, as data; an empty answer is an empty mapping."""
    environment = {**os.environ, "AWS_PAGER": ""}
    try:
        done = subprocess.run(["aws", *words, "--output", "json"], capture_output=True, text=True, env=environment)
    except FileNotFoundError:
        die("aws is missing. Install the AWS CLI, version 1.42 or 2")
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["the AWS CLI failed and did not say why"]
        raise CallFailed(lines[-1].strip())
    return json.loads(done.stdout) if done.stdout.strip() else {}


def use(name, region):
    """Checks the options that every command has; from here on calls go to `region`."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,15}", name):
        die(f"--name {name} cannot be used: 1 to 16 lower-case letters, digits and hyphens, the first a letter")
    if region:
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region


def outputs(stack):
    """The outputs of a stack by their keys."""
    try:
        described = aws("cloudformation", "describe-stacks", "--stack-name", stack)
    except CallFailed as failure:
        die(f"stack {stack} cannot be looked at: {failure}")
    return {one["OutputKey"]: one["OutputValue"] for one in described["Stacks"][0].get("Outputs", [])}


def parse_time(value):
    """A time as the AWS CLI writes it: seconds since 1970 (version 1) or ISO 8601 (version 2)."""
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, timezone.utc)
    parsed = datetime.fromisoformat(re.sub(r"Z$", "+00:00", value))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def since(text, now):
    """A time that a person gives: ISO 8601, or an age such as 90m, 6h or 3d."""
    age = re.fullmatch(r"(\d+)([mhd])", text)
    if age:
        return now - timedelta(**{UNITS[age[2]]: int(age[1])})
    try:
        return parse_time(text)
    except ValueError:
        die(f"{text} is no time. Write it as 2026-11-22T18:00:00Z, or as an age: 90m, 6h, 3d")


def ask(yes, question):
    """Asks before something that cannot be taken back, unless --yes was given."""
    if yes:
        return
    if not sys.stdin.isatty():
        die(f"{question} Say --yes to do it without being asked")
    if input(f"{question} [y/N] ") not in ("y", "Y", "yes"):
        die("nothing was done")


def executions(machine, *statuses):
    """The executions of a state machine in one of these states."""
    for status in statuses:
        listed = aws("stepfunctions", "list-executions", "--state-machine-arn", machine, "--status-filter", status)
        yield from listed["executions"]


def paced(rate, act, items):
    """Runs `act` on each item, at most `rate` a second; answers (item, answer or CallFailed) as they come.

    Calls that AWS throttles are repeated by the AWS CLI; the pace keeps what others need of the account's quota.
    """

    def attempt(item):
        try:
            return item, act(item)
        except CallFailed as failure:
            return item, failure

    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        running, begun = set(), time.monotonic()
        for count, item in enumerate(items):
            wait = begun + count / rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            running.add(pool.submit(attempt, item))
            if len(running) >= 64:
                done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
                yield from (one.result() for one in done)
        for one in concurrent.futures.as_completed(running):
            yield one.result()
