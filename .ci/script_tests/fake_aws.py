"""An AWS CLI for tests: answers from a list of rules, and notes each call.

The files are named by FAKE_AWS: FAKE_AWS.rules (JSON: a list of rules) and FAKE_AWS.log (a call a line, as JSON). A rule is
{"call": regular expression on the words, "answer": data | "error": text}, and, as an account changes, "times": how often the rule
holds, "before" and "after": expressions for a call before and after which it holds, "region": where it holds alone. The first that holds is taken. `--query` and `--output text` are applied as the AWS CLI does, with its own code. A call that no
rule knows fails, so that nothing is answered by accident.
"""

import json
import os
import re
import sys


def main():
    base, words = os.environ["FAKE_AWS"], sys.argv[1:]
    text = " ".join(words)
    with open(base + ".log", "a+") as log:
        log.seek(0)
        before = [" ".join(json.loads(line)) for line in log]
        log.write(json.dumps(words) + "\n")
    with open(base + ".rules") as file:
        rules = json.load(file)
    for index, rule in enumerate(rules):
        if not re.search(rule["call"], text) or rule.get("region", os.environ["AWS_REGION"]) != os.environ["AWS_REGION"]:
            continue
        happened = {when: any(re.search(rule[when], call) for call in before) for when in ("before", "after") if when in rule}
        if happened.get("before", False) or not happened.get("after", True):
            continue
        used = os.path.join(base + ".used", str(index))
        os.makedirs(base + ".used", exist_ok=True)
        count = os.path.getsize(used) if os.path.exists(used) else 0
        if count >= rule.get("times", 1 << 30):
            continue
        with open(used, "a") as file:
            file.write(".")
        return answer(rule, words)
    print(f"fake aws: no rule for call {len(before)}: {text}", file=sys.stderr)
    return 99


def answer(rule, words):
    if "error" in rule:
        print("\n" + rule["error"], file=sys.stderr)
        return 254
    data = rule.get("answer", {})
    if "--query" in words:
        import jmespath

        data = jmespath.search(words[words.index("--query") + 1], data)
    if "text" in words[words.index("--output") + 1 :][:1] if "--output" in words else False:
        from awscli.text import format_text

        if data is None or isinstance(data, (str, int, float)):
            print(data)
        else:
            format_text(data, sys.stdout)
    elif data not in ({}, None):
        print(json.dumps(data))
    return 0


if __name__ == "__main__":
    sys.exit(main())
