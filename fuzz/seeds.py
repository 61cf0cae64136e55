#!/usr/bin/env python3
"""Fills corpus/ with what there is to start from: the project's definition, a few machines of our own, and, if given,
the definitions and expressions of a directory of recorded cases.

    fuzz/seeds.py [CASES]
"""
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE / "corpus"


def keep(target: str, text: str) -> None:
    directory = CORPUS / target
    directory.mkdir(parents=True, exist_ok=True)
    (directory / hashlib.sha1(text.encode()).hexdigest()).write_text(text)


def strings(value):
    """Every string below a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from strings(member)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def definition(value: dict, document: str) -> None:
    keep("definition", json.dumps(value))
    for text in strings(value):
        if text.startswith("{%") and text.endswith("%}"):
            keep("jsonata", f"{text[2:-2].strip()}\n{document}")
        elif text.startswith(("$", "States.")):
            keep("paths", f"{text}\n{document}")


def definitions(value):
    """Every definition below a JSON value, as an object or as text."""
    if isinstance(value, str) and '"States"' in value:
        try:
            yield from definitions(json.loads(value))
        except ValueError:
            pass
    elif isinstance(value, dict):
        if "StartAt" in value and "States" in value:
            yield value
        else:
            for member in value.values():
                yield from definitions(member)
    elif isinstance(value, list):
        for item in value:
            yield from definitions(item)


def main() -> None:
    definition(json.loads((HERE.parent / "workflows/ingest.asl.json").read_text().replace("${Partition}", "aws")), "{}")
    for path in sorted((HERE / "seeds").iterdir()):
        for line in path.read_text().splitlines():
            if line:
                keep(path.name, line.replace("\\n", "\n"))
    for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.json")) if len(sys.argv) > 1 else []:
        case = json.loads(path.read_text())
        document = case.get("input") if isinstance(case.get("input"), str) else "{}"
        for value in definitions(case):
            definition(value, document)
    for target in sorted(CORPUS.iterdir()):
        print(f"{target.name}: {sum(1 for _ in target.iterdir())} seeds")


if __name__ == "__main__":
    main()
