"""State machines whose executions show every status that the graph knows, without any function."""


def flow(**states):
    return {"StartAt": next(iter(states)), "States": states}


PASS = {"Type": "Pass", "End": True}


def absent(**more):
    """A call of a function that is not there: it fails at once."""
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "absent"}, **more}


EACH = flow(
    Weigh={"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 2, "Next": "Heavy"}], "Default": "Light"},
    Light=PASS,
    Heavy={"Type": "Pass", "Next": "Pack"},
    Pack=PASS,
)

# Succeeded, caught, waiting for a time, waiting for the next attempt, not reached; nested.
NESTED = flow(
    Look={"Type": "Choice", "Choices": [{"Variable": "$.list", "IsPresent": False, "Next": "Nothing"}], "Default": "All"},
    Nothing={"Type": "Fail", "Error": "Nothing", "Cause": "There is no list."},
    All={"Type": "Parallel", "Next": "Done", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Nothing"}], "Branches": [
        flow(Each={"Type": "Map", "ItemsPath": "$.list", "ItemProcessor": EACH, "End": True}),
        flow(Try=absent(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Excuse"}], End=True), Excuse=PASS),
        flow(Again=absent(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3600, "MaxAttempts": 3}], End=True)),
        flow(Pause={"Type": "Wait", "Seconds": 864000, "Next": "Later"}, Later=PASS),
    ]},
    Done={"Type": "Succeed"},
)

# Failed, with a branch that was cut short.
FAILED = flow(Both={"Type": "Parallel", "End": True, "Branches": [
    flow(Broken=absent(End=True)),
    flow(Asleep={"Type": "Wait", "Seconds": 600, "End": True}),
]})

# A Map Run of which some children fail.
RUN = flow(Each={"Type": "Map", "Label": "each", "ItemsPath": "$.list", "ToleratedFailurePercentage": 90, "End": True,
                 "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **flow(
                     Judge={"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 2, "Next": "Bad"}], "Default": "Good"},
                     Good=PASS,
                     Bad={"Type": "Fail", "Error": "TooLarge", "Cause": "n is more than 2."},
                 )}})

# Sixty states, with ways back and to one end.
SIXTY = flow(**{name: state for n in range(15) for name, state in {
    f"Check{n}": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": n, "Next": f"Prepare{n}"}], "Default": f"Call{n}"},
    f"Prepare{n}": {"Type": "Pass", "Next": f"Call{n}"},
    f"Call{n}": {"Type": "Parallel", "Branches": [flow(**{f"Work{n}": PASS})], "ResultPath": None, "Next": f"Check{n + 1}" if n < 14 else "Done",
                 "Catch": [{"ErrorEquals": ["States.ALL"], "Next": f"Prepare{n}"}]},
} .items()}, Done={"Type": "Succeed"})

# What a stranger may write wherever a name, a comment or an error may stand.
STRANGE = "\"><img src=x onerror=alert(1)><script>alert(1)</script>"

STRANGE_MACHINE = {"Comment": STRANGE, **flow(**{
    STRANGE[:60]: {"Type": "Pass", "Comment": STRANGE, "Result": {STRANGE: STRANGE}, "Next": "End"},
    "End": {"Type": "Fail", "Error": STRANGE, "Cause": STRANGE},
})}

MACHINES = {"nested": NESTED, "failed": FAILED, "run": RUN, "sixty": SIXTY, "strange": STRANGE_MACHINE}
INPUT = {"n": 7, "list": [{"n": n} for n in range(5)]}
