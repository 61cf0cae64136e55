#!/usr/bin/env python3
"""Writes the result shapes of AWS's services, one file per service, from botocore's API models.

    python3 generate.py

TestState checks mocked results against them. Needs botocore (Apache License 2.0, as are the models); the version that
the files were made from is in `README.md`.

A file holds `operations` (action, as a state's `Resource` names it, to the shape of its result) and `shapes`. Where a
shape is referred to, a letter stands for a scalar without limits: `s` string, `n` number, `b` boolean, `a` anything.
"""

import gzip
import json
import pathlib

import botocore

# Services whose results are often mocked; a list keeps only those actions of a large one.
SERVICES = {
    "athena": None,
    "batch": None,
    "bedrock-runtime": None,
    "cloudwatch": None,
    "codebuild": None,
    "dynamodb": None,
    "ecs": None,
    "emr": None,
    "events": None,
    "firehose": None,
    "glue": ["GetCrawler", "GetJobRun", "GetJobRuns", "StartCrawler", "StartJobRun", "StopCrawler"],
    "kinesis": None,
    "kms": None,
    "lambda": None,
    "logs": None,
    "redshift-data": None,
    "s3": None,
    "scheduler": None,
    "secretsmanager": None,
    "ses": None,
    "sesv2": None,
    "sns": None,
    "sqs": None,
    "ssm": ["GetParameter", "GetParameters", "GetParametersByPath", "PutParameter", "SendCommand",
            "GetCommandInvocation", "StartAutomationExecution", "GetAutomationExecution"],
    "stepfunctions": None,
    "sts": None,
    "textract": None,
    "translate": None,
}
SCALARS = {"string": "s", "character": "s", "blob": "s", "timestamp": "s", "integer": "n", "long": "n", "float": "n",
           "double": "n", "bigdecimal": "n", "biginteger": "n", "boolean": "b"}


def model(service):
    versions = sorted((pathlib.Path(botocore.__file__).parent / "data" / service).iterdir())
    with gzip.open(versions[-1] / "service-2.json.gz") as file:
        return json.load(file)


def pascal(name):
    return name[:1].upper() + name[1:]


def reduced(service, only):
    source = model(service)
    shapes = {}

    def refer(name):
        shape = source["shapes"][name]
        kind = shape["type"]
        if shape.get("document"):
            return "a"
        limits = {key: shape[key] for key in ("min", "max") if key in shape}
        if kind in SCALARS and not limits and "enum" not in shape:
            return SCALARS[kind]
        if name not in shapes:
            shapes[name] = entry = {}
            describe(shape, kind, limits, entry)
        return "#" + name

    def describe(shape, kind, limits, entry):
        if kind == "structure":
            # Step Functions names members as the AWS SDK for Java does, with a capital.
            entry["members"] = {pascal(key): refer(member["shape"]) for key, member in shape["members"].items()}
            if shape.get("required"):
                entry["required"] = [pascal(key) for key in shape["required"]]
        elif kind == "list":
            entry["items"] = refer(shape["member"]["shape"])
        elif kind == "map":
            entry["values"] = refer(shape["value"]["shape"])
        elif "enum" in shape:
            entry["enum"] = shape["enum"]
        else:
            entry["scalar"] = SCALARS[kind]
        if "enum" not in shape:
            entry.update(limits)

    operations = {}
    for name, operation in sorted(source["operations"].items()):
        if "output" in operation and (only is None or name in only):
            operations[name[:1].lower() + name[1:]] = refer(operation["output"]["shape"])
    return source["metadata"]["serviceId"], {"operations": operations, "shapes": shapes}


def main():
    here = pathlib.Path(__file__).parent
    for service, only in SERVICES.items():
        service_id, shapes = reduced(service, only)
        # the service's name in `aws-sdk:` resources
        name = service_id.replace(" ", "").replace("-", "").lower()
        (here / f"{name}.json").write_text(json.dumps(shapes, separators=(",", ":")) + "\n")
        print(name)


if __name__ == "__main__":
    main()
