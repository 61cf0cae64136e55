#!/usr/bin/env python3
"""Replays what AWS Step Functions was recorded to do against a running `sluice`, and compares with local/docs/conformance.md.

    conformance.py [--sluice PATH] [--suite DIR] [--record] [OPTION OF THE RUNNER ...]

The cases and their runner (`run.py`) are no part of this repository: they are looked for in --suite, in
SLUICE_CONFORMANCE_CASES, and in `../shared/asl-conformance`. The comparison is the runner's own. On top of it every raw
response is held against botocore's model. Fails when the rate of a group is lower than the one in local/docs/conformance.md,
or when a response is not what the model says. --record writes this run's rates there. Other options, such as
`--group lambda -v`, go to the runner; only groups that ran whole are compared.
"""
import argparse
import collections
import http.server
import json
import linecache
import os
import pathlib
import re
import runpy
import sys
import tempfile
import threading

import boto3

import sluice
import wire_shapes

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "local/docs/conformance.md"
ROW = re.compile(r"^\| (\w+) \| (\d+) \| (\d+)/(\d+) \| (\d+)/(\d+) \|$", re.M)
MEASURES = ("outcome", "history")
# How many times longer than the case says it may take: a machine whose disk stands still for half a minute is not wrong.
PATIENCE = "4"


class PerThread(collections.UserDict):
    """A dictionary that each thread has to itself.

    The runner's Lambda stub runs every handler as `/var/task/handler.py` and gives Python that file's text by
    `linecache.cache`, which all threads share: two handlers that fail at once get each other's lines in their stack traces.
    """

    def __init__(self):
        self.local = threading.local()

    @property
    def data(self):
        return self.local.__dict__


def suite(given):
    """The directory of run.py; none when it is not on this machine."""
    given = given or os.environ.get("SLUICE_CONFORMANCE_CASES")
    directory = pathlib.Path(given) if given else ROOT.parent / "shared" / "asl-conformance"
    if (directory / "run.py").is_file():
        return directory
    if given:
        raise SystemExit(f"{directory} holds no run.py: --suite and SLUICE_CONFORMANCE_CASES name its directory")
    return None


def run(binary, directory, options):
    """Runs the runner in this process: its results and what was seen of the responses."""
    linecache.cache = PerThread()
    # The stub's queue of five connections is shorter than a Map is wide.
    http.server.ThreadingHTTPServer.request_queue_size = 128
    boto3.setup_default_session()
    seen = wire_shapes.watch(boto3.DEFAULT_SESSION)
    stub = f"127.0.0.1:{sluice.free_port()}"
    with sluice.running(binary, "--lambda-endpoint", f"http://{stub}") as (_, endpoint), \
            tempfile.NamedTemporaryFile("r", suffix=".json") as out:
        sys.argv = ["run.py", "--endpoint", endpoint, "--lambda-mode", "stub", "--lambda-listen", stub,
                    "--json", out.name, "-v", "--timeout-scale", PATIENCE, *options]
        runpy.run_path(str(directory / "run.py"), run_name="__main__")
        return json.load(out)["results"], seen


def rates(results):
    """group: (cases, outcome passed, of, history passed, of)"""
    groups = collections.defaultdict(lambda: [0, 0, 0, 0, 0])
    for result in results:
        group = groups[result["group"]]
        group[0] += 1
        for place, measure in zip((1, 3), MEASURES):
            if result.get(measure) is not None:
                group[place] += result[measure]
                group[place + 1] += 1
    return dict(sorted(groups.items()))


def recorded(page):
    return {group: list(map(int, numbers)) for group, *numbers in ROW.findall(page)}


def compare(now, before):
    """What fell, in words. A group that did not run whole says nothing."""
    for group, (cases, *passed) in now.items():
        if group not in before or before[group][0] > cases:
            continue
        for place, measure in zip((0, 2), MEASURES):
            (is_, of), (was, was_of) = passed[place:place + 2], before[group][1 + place:3 + place]
            if is_ * was_of < was * of:
                yield f"{group}: {measure} fell from {was}/{was_of} to {is_}/{of}"
            elif is_ * was_of > was * of:
                print(f"{group}: {measure} rose from {was}/{was_of} to {is_}/{of}; --record keeps it")


def written(page, now):
    """The page with these rates in its table."""
    rows = "\n".join(f"| {group} | {n[0]} | {n[1]}/{n[2]} | {n[3]}/{n[4]} |" for group, n in now.items())
    first, last = re.search(ROW, page), list(ROW.finditer(page))[-1]
    return page[:first.start()] + rows + page[last.end():]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", default=ROOT / "target" / "debug" / "sluice", help="a built `sluice`")
    parser.add_argument("--suite", help="the directory of run.py and its cases")
    parser.add_argument("--record", action="store_true", help="write the rates to local/docs/conformance.md")
    args, options = parser.parse_known_args()
    directory = suite(args.suite)
    if directory is None:
        print("The conformance cases are not on this machine: nothing was compared. See local/docs/conformance.md.")
        return
    results, seen = run(args.sluice, directory, options)
    now, page = rates(results), PAGE.read_text()
    fallen = list(compare(now, recorded(page)))
    if args.record:
        PAGE.write_text(written(page, now))
        fallen = []
    odd = [f"{finding} ({times} times)" for finding, times in sorted(seen.findings.items())]
    print(f"{sum(seen.calls.values())} responses and {sum(seen.errors.values())} errors held against botocore's model")
    if fallen or odd:
        raise SystemExit("\n".join(["conformance failed:", *fallen, *odd]))


if __name__ == "__main__":
    main()
