#!/usr/bin/env python3
"""The templates, beyond what `cfn-lint cfn/*.yaml` sees. Called by check_templates with the path of checkov.

1. The definition of the workflow, put into the template in place of its S3 location: cfn-lint does not look behind it.
2. checkov's policies, with each condition of a template true and false. A finding stays only if the template lists it
   under Metadata.PolicyExceptions with a reason; an entry that finds nothing is refused.
3. IAM: no wildcard in an action, and "*" as a resource only in the statements that docs/operations.md lists.
"""
import functools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from cfnlint.decode.cfn_yaml import load as read_template

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "cfn").glob("*.yaml"))
BIN = pathlib.Path(sys.executable).parent
# Variants of a template, by parameter, so that everything conditional is there in one of them.
VARIANTS = {
    "load": [{"Feed": "kinesis", "Tracing": "true"}, {"VpcId": "vpc-0123456789abcdef0"}],
    "workflow": [
        {"Tracing": "true", "MonthlyBudget": "50", "StartsAlarmThreshold": "100", "PermissionsBoundary": "arn:aws:iam::1:policy/b"},
        {"GradualShift": "canary", "TaskConcurrency": "0", "EntriesTableName": "sluice-entries", "EdgeUrl": "https://edge/"},
        {"AdminEmail2": "second@example.com", "EscalationEmail": "boss@example.com"},
    ],
}

problems = []


def plain(node):
    """A template as plain data."""
    if isinstance(node, dict):
        return {str(k): plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [plain(v) for v in node]
    return node if isinstance(node, (bool, int, float)) or node is None else str(node)


def lint(template, *options):
    done = subprocess.run([BIN / "cfn-lint", "--format", "json", *options, template], capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise SystemExit(f"cfn-lint broke on {template}: {done.stdout}{done.stderr}") from None


def check_definition(directory):
    template = plain(read_template(str(ROOT / "cfn" / "workflow.yaml")))
    machine = template["Resources"]["IngestStateMachine"]["Properties"]
    location = machine.pop("DefinitionS3Location")
    text = (ROOT / "cfn" / location).read_text()
    # cfn-lint knows the ARNs of integrations with "aws" in them; other partitions are other words in that place.
    definition = json.loads(text.replace("${Partition}", "aws"))
    machine["Definition"] = definition
    inlined = directory / "workflow-inlined.json"
    inlined.write_text(json.dumps(template))
    # The one false finding: AWS allows a JSONata expression for TimeoutSeconds (Task state, "TimeoutSeconds"), cfn-lint
    # knows only numbers. It counts as false only for this field of this state.
    inside = ["States", "AskAdmin", "Branches", 0, "States", "RequestApproval", "TimeoutSeconds"]
    known = ["Resources", "IngestStateMachine", "Properties", "Definition", *map(str, inside)]
    timeout = functools.reduce(lambda node, key: node[key], inside, definition)
    assert timeout.startswith("{%") and timeout.endswith("%}"), "the exception below is for a JSONata expression"
    seen = False
    for finding in lint(inlined):
        path = [str(part) for part in finding["Location"]["Path"] or []]
        # The inlined template is JSON in another place: local paths and the size of the file mean nothing there.
        if finding["Rule"]["Id"] == "E3601" and path == known:
            seen = True
        else:
            problems.append(f"the definition: {finding['Rule']['Id']} {finding['Message']} at {'/'.join(path)}")
    if not seen:
        problems.append("cfn-lint no longer objects to TimeoutSeconds as an expression: remove the exception")
    used = set(re.findall(r"\$\{(\w+)\}", text))
    given = set(machine["DefinitionSubstitutions"])
    if used != given:
        problems.append(f"the definition and its substitutions differ: {used ^ given}")


def variant(text, name, value):
    """The template's text with another default of a parameter."""
    pattern = re.compile(rf"(^  {name}:\n(?:    .*\n)*?    Default: )(.*)$", re.M)
    changed, count = pattern.subn(rf'\g<1>"{value}"', text)
    assert count == 1, f"no default of {name}"
    return changed


# What checkov has no policy for; a template of nothing else gets an empty report.
UNKNOWN = {"AWS::CloudWatch::Dashboard"}


def checkov(template):
    resources = plain(read_template(str(template)))["Resources"]
    done = subprocess.run(
        [sys.argv[1], "--file", template, "--framework", "cloudformation", "--output", "json", "--quiet"],
        capture_output=True, text=True,
    )  # fmt: skip
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise SystemExit(f"checkov broke on {template}: {done.stdout}{done.stderr}") from None
    report = report[0] if isinstance(report, list) else report
    if report.get("resource_count") == 0 and {r["Type"] for r in resources.values()} <= UNKNOWN:
        return {}, 0
    if "results" not in report or report["results"].get("parsing_errors"):
        raise SystemExit(f"checkov did not read {template}: {done.stdout[:500]}")
    assert report["summary"]["passed"] > 0, "checkov checked nothing"
    found = {(c["check_id"], c["resource"].split(".")[-1]): c["check_name"] for c in report["results"]["failed_checks"]}
    return found, report["summary"]["passed"]


def check_policies(template, directory):
    exceptions = plain(read_template(str(template))).get("Metadata", {}).get("PolicyExceptions", {})
    text = template.read_text()
    found, passed = {}, 0
    for values in [{}, *VARIANTS.get(template.stem, [])]:
        copy, changed = directory / template.name, text
        for name, value in values.items():
            changed = variant(changed, name, value)
        copy.write_text(changed)
        more, count = checkov(copy)
        found.update(more)
        passed = max(passed, count)
    used = set()
    for (policy, resource), what in sorted(found.items()):
        reason = exceptions.get(policy)
        if isinstance(reason, dict):
            reason = reason.get(resource)
            used.add((policy, resource))
        else:
            used.add((policy, None))
        if not reason:
            problems.append(f"{template.name}: {policy} {resource}: {what}")
    for policy, reason in exceptions.items():
        for resource in reason if isinstance(reason, dict) else [None]:
            if (policy, resource) not in used:
                problems.append(f"{template.name}: the exception {policy} {resource or ''} finds nothing: remove it")
    return passed, len(found)


def statements(template):
    """Every statement of an identity policy: resource, Sid, actions, resources."""
    for name, resource in plain(read_template(str(template)))["Resources"].items():
        properties = resource.get("Properties", {})
        policies = properties.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []
        if isinstance(policies, dict):  # a condition: those of both branches
            policies = [policy for branch in policies["Fn::If"][1:] if isinstance(branch, list) for policy in branch]
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            policies = [properties]
        for policy in policies:
            for statement in policy["PolicyDocument"]["Statement"]:
                as_list = lambda value: value if isinstance(value, list) else [value]
                yield name, statement["Sid"], as_list(statement["Action"]), as_list(statement["Resource"])


def check_rights():
    listed = set(re.findall(r"^\| `(\w+\.yaml)` \| `(\w+)` \| `(\w+)` \|", (ROOT / "docs/operations.md").read_text(), re.M))
    wild, count = set(), 0
    for template in TEMPLATES:
        for resource, sid, actions, resources in statements(template):
            count += 1
            if any("*" in action for action in actions):
                problems.append(f"{template.name}: {resource}, {sid}: an action with a wildcard")
            if "*" in resources:
                wild.add((template.name, resource, sid))
    for where in wild - listed:
        problems.append(f"{where}: the resource is *, and docs/operations.md does not say why")
    for where in listed - wild:
        problems.append(f"{where}: docs/operations.md lists it, and there is no such statement with *")
    return count, len(wild)


def check_functions():
    """All functions are built for one machine; cfn/deploy refuses binaries for another."""
    for template in TEMPLATES:
        for name, resource in plain(read_template(str(template)))["Resources"].items():
            if resource["Type"] == "AWS::Lambda::Function" and resource["Properties"].get("Architectures") != ["arm64"]:
                problems.append(f"{template.name}: {name} is not for arm64")


def check_dashboard():
    """The body is JSON once its variables are in, and every row of a widget names a metric or an expression."""
    body = plain(read_template(str(ROOT / "cfn/dashboard.yaml")))["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    text, variables = body["Fn::Sub"]
    known = {*variables, "AWS::Region", "WorkflowStackName"}
    used = set(re.findall(r"\$\{([\w:]+)\}", text))
    if used != known:
        problems.append(f"dashboard.yaml: variables that are not both given and used: {used ^ known}")
    widgets = json.loads(re.sub(r"\$\{([\w:]+)\}", "x", text))["widgets"]
    for widget in widgets:
        properties = widget["properties"]
        ids = [row[-1]["id"] for row in properties.get("metrics", []) if isinstance(row[-1], dict) and "id" in row[-1]]
        for row in properties.get("metrics", []):
            if isinstance(row[0], dict):
                names = set(re.findall(r"\b[a-z]\w*\b(?!\()", row[0]["expression"]))
                if names - set(ids):
                    problems.append(f"dashboard.yaml: {row[0]['expression']} names {names - set(ids)}")
    return len(widgets)


def main():
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        check_definition(directory)
        for template in TEMPLATES:
            passed, left = check_policies(template, directory)
            print(f"{template.name}: {passed} policy checks passed, {left} findings stay with a reason")
    check_functions()
    count, wild = check_rights()
    print(f"{count} IAM statements, {wild} of them for every resource")
    print(f"{check_dashboard()} widgets")
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
