//! Every name that the state machine uses exists: states, variables, substitutions, functions, errors.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value};
use sluice_workflows::{DEFINITION, MAXIMUM_ROUNDS, TaskError};

const TEMPLATE: &str = include_str!("../../cfn/workflow.yaml");
const LOAD_TEMPLATE: &str = include_str!("../../cfn/load.yaml");

fn definition() -> Value {
    serde_json::from_str(DEFINITION).expect("the definition is JSON before its substitutions")
}

/// The states of the machine itself, without those of its branches.
fn states() -> Map<String, Value> {
    definition()["States"].as_object().unwrap().clone()
}

/// The machine, and the branches of its Parallel states: each has states and a first one.
fn machines() -> Vec<Value> {
    let mut machines = vec![definition()];
    let mut next = 0;
    while let Some(machine) = machines.get(next).cloned() {
        let states = machine["States"].as_object().unwrap();
        machines.extend(
            states
                .values()
                .flat_map(|state| state["Branches"].as_array().into_iter().flatten().cloned()),
        );
        next += 1;
    }
    machines
}

/// All states, those of branches too. Their names are unique, as the language wants it.
fn every_state() -> Map<String, Value> {
    let mut all = Map::new();
    for machine in machines() {
        for (name, state) in machine["States"].as_object().unwrap() {
            assert!(
                all.insert(name.clone(), state.clone()).is_none(),
                "two states are called {name}"
            );
        }
    }
    all
}

/// All strings below a value.
fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => members.values().for_each(|member| strings(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn all_strings(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    strings(value, &mut found);
    found
}

/// The names after `$` in JSONata, without those after `$.`; `${...}` is CloudFormation's.
fn dollar_names(expression: &str) -> Vec<String> {
    let pieces = expression.split('$').skip(1);
    let name = |piece: &str| {
        piece
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    pieces.map(name).filter(|name| !name.is_empty()).collect()
}

fn jsonata(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}")
}

/// Lists the ways out of a state, and what is assigned on each.
fn ways_out(state: &Value) -> Vec<(String, BTreeSet<String>)> {
    let assigned = |holder: &Value| -> BTreeSet<String> {
        holder["Assign"]
            .as_object()
            .into_iter()
            .flat_map(|members| members.keys().cloned())
            .collect()
    };
    let mut ways = Vec::new();
    for key in ["Next", "Default"] {
        if let Some(next) = state[key].as_str() {
            ways.push((next.to_owned(), assigned(state)));
        }
    }
    for key in ["Choices", "Catch"] {
        for rule in state[key].as_array().into_iter().flatten() {
            ways.push((rule["Next"].as_str().unwrap().to_owned(), assigned(rule)));
        }
    }
    ways
}

#[test]
fn every_state_exists_and_is_reached() {
    for machine in machines() {
        let states = machine["States"].as_object().unwrap();
        let mut reached = BTreeSet::new();
        let mut open = vec![machine["StartAt"].as_str().unwrap().to_owned()];
        while let Some(name) = open.pop() {
            let state = states.get(&name).unwrap_or_else(|| panic!("no state is called {name}"));
            if reached.insert(name) {
                open.extend(ways_out(state).into_iter().map(|(next, _)| next));
            }
        }
        assert_eq!(reached, states.keys().cloned().collect());
    }
}

/// The price of a Standard workflow is its transitions: one for each state that is entered, those of branches too.
#[test]
fn a_submission_that_nobody_is_asked_about_enters_five_states() {
    let check = |choice: &str, expected: [&str; 5]| {
        let states = states();
        let mut entered = vec![definition()["StartAt"].as_str().unwrap().to_owned()];
        while let Some(next) = {
            let state = &states[entered.last().unwrap()];
            state["Next"].as_str().or(state.pointer(choice).and_then(Value::as_str))
        } {
            entered.push(next.to_owned());
            assert!(entered.len() < 20, "{entered:?}");
        }
        assert_eq!(entered, expected);
    };
    let validated = ["ValidateUserName", "ValidateEmail", "ValidatePincode", "Decide"];
    let with = |end| [validated[0], validated[1], validated[2], validated[3], end];
    check("/Choices/0/Next", with("Store"));
    check("/Default", with("Rejected"));
}

/// The states that an approval enters beside the five, as docs/operations.md says what it costs.
#[test]
fn an_approval_costs_six_transitions_more_and_five_for_reminder_and_escalation() {
    let all = every_state();
    let next = |name: &str, key: &str| {
        all[name]
            .pointer(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let branches = machines()[1..]
        .iter()
        .map(|branch| branch["StartAt"].as_str().unwrap().to_owned())
        .collect::<Vec<_>>();
    assert_eq!(branches, ["RequestApproval", "ChooseReminder"]);
    let mut entered = vec![next("Decide", "/Choices/2/Next")];
    entered.extend(branches);
    entered.push(next("ChooseReminder", "/Choices/0/Next"));
    entered.push(next("RequestApproval", "/Next"));
    let decided: Vec<&Value> = all["AskAdmin"]["Catch"].as_array().unwrap().iter().collect();
    assert_eq!(decided[0]["ErrorEquals"][0], all["DecisionTaken"]["Error"]);
    entered.push(decided[0]["Next"].as_str().unwrap().to_owned());
    let expected = [
        "AskAdmin",
        "RequestApproval",
        "ChooseReminder",
        "WaitToRemind",
        "DecisionTaken",
        "ReadDecision",
    ];
    assert_eq!(entered, expected);
    let mut reminding = vec![next("WaitToRemind", "/Next")];
    for key in ["/Next", "/Choices/0/Next", "/Next", "/Next"] {
        reminding.push(next(reminding.last().unwrap(), key));
    }
    assert_eq!(
        reminding,
        [
            "Remind",
            "ChooseEscalation",
            "WaitToEscalate",
            "Escalate",
            "RemindersSent"
        ]
    );
}

/// Nothing that goes wrong in the branch of reminders ends the approval: its tasks go on after any error, and it only ever succeeds.
#[test]
fn a_reminder_that_fails_does_not_end_the_approval() {
    let reminders = machines()[2].clone();
    for (name, state) in reminders["States"].as_object().unwrap() {
        match state["Type"].as_str().unwrap() {
            "Task" => {
                let caught = state["Catch"].as_array().unwrap();
                assert_eq!(
                    caught.last().unwrap()["ErrorEquals"],
                    serde_json::json!(["States.ALL"]),
                    "{name}"
                );
                assert_eq!(caught.last().unwrap()["Next"], state["Next"], "{name}");
            }
            kind => assert!(["Choice", "Wait", "Succeed"].contains(&kind), "{name} is a {kind}"),
        }
    }
}

/// An ending without a store writes its outcome itself: as a task with an end it costs no more than a Succeed state.
#[test]
fn every_ending_leaves_its_outcome_and_costs_no_state_more() {
    for (name, status) in [("Rejected", "rejected"), ("Expired", "expired")] {
        let state = states()[name].clone();
        assert_eq!(
            (&state["Type"], &state["End"]),
            (&"Task".into(), &true.into()),
            "{name}"
        );
        assert_eq!(state["Output"]["outcome"], status);
        let item = &state["Arguments"]["Item"];
        assert_eq!(item["status"]["S"], status);
        let outcome = item["outcome"]["S"].as_str().unwrap();
        assert!(outcome.contains(&format!("'outcome': '{status}'")), "{outcome}");
        assert!(
            !outcome.contains("approval"),
            "{outcome}: the admin's words are the admin's"
        );
    }
    let ends = states();
    let ends = ends
        .iter()
        .filter(|(_, state)| state["End"] == true || state["Type"] == "Succeed");
    let ends: Vec<_> = ends.map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        ends,
        ["Store", "Rejected", "Expired"],
        "what ends well and leaves no outcome"
    );
}

#[test]
fn every_variable_is_assigned_on_every_way_to_its_use() {
    check_variables(&definition(), &BTreeSet::new());
}

/// Checks a machine that is entered with `given`; a branch is entered with what its Parallel knows.
fn check_variables(machine: &Value, given: &BTreeSet<String>) {
    let states = machine["States"].as_object().unwrap();
    let known = known_on_entering(machine, given);
    let builtin = [
        "states",
        "exists",
        "floor",
        "merge",
        "parse",
        "fromMillis",
        "string",
        "toMillis",
    ];
    for (name, state) in states {
        for branch in state["Branches"].as_array().into_iter().flatten() {
            check_variables(branch, &known[name]);
        }
        let mut own = state.clone();
        own.as_object_mut().unwrap().remove("Branches");
        for expression in all_strings(&own).into_iter().filter_map(jsonata) {
            for used in dollar_names(expression) {
                let is_known = builtin.contains(&used.as_str()) || known[name].contains(&used);
                assert!(
                    is_known,
                    "{name} uses ${used} in {expression:?}, and some way to it does not assign it"
                );
            }
        }
    }
}

/// The variables that are certainly assigned on entering each state: what all ways to it have in common.
fn known_on_entering(machine: &Value, given: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let states = machine["States"].as_object().unwrap();
    let start = machine["StartAt"].as_str().unwrap().to_owned();
    let mut known = BTreeMap::from([(start, given.clone())]);
    loop {
        let before = known.clone();
        for (name, entering) in &before {
            for (next, assigned) in ways_out(&states[name]) {
                let leaving: BTreeSet<_> = entering.union(&assigned).cloned().collect();
                let common = known
                    .get(&next)
                    .map_or(leaving.clone(), |held| held.intersection(&leaving).cloned().collect());
                known.insert(next, common);
            }
        }
        if known == before {
            return known;
        }
    }
}

#[test]
fn every_expression_is_jsonata() {
    let definition = definition();
    let mut count = 0;
    for text in all_strings(&definition) {
        let Some(expression) = jsonata(text) else {
            assert!(
                !text.contains("{%") && !text.contains("%}"),
                "{text:?} is neither JSONata nor text"
            );
            continue;
        };
        let numbers = [
            "ApprovalTimeoutDays",
            "RemindAtPercent",
            "EscalateAtPercent",
            "OpenApprovalsLimit",
        ];
        let expression = numbers.iter().fold(expression.to_owned(), |text, name| {
            text.replace(&format!("${{{name}}}"), "7")
        });
        assert!(!expression.contains("${"), "{expression}");
        jsonata_core::parser::parse(&expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
        count += 1;
    }
    assert!(count > 20, "{count}");
}

fn template() -> Value {
    parsed(TEMPLATE)
}

/// A template as data: tags (`!Ref`, `!GetAtt`) fall away, their arguments stay.
fn parsed(template: &str) -> Value {
    fn plain(node: &Yaml<'_>) -> Value {
        match node {
            Yaml::Tagged(_, inner) => plain(inner),
            Yaml::Sequence(items) => items.iter().map(plain).collect(),
            Yaml::Mapping(members) => {
                let member = |(key, value): (&Yaml<'_>, &Yaml<'_>)| (key.as_str().unwrap().to_owned(), plain(value));
                Value::Object(members.iter().map(member).collect())
            }
            Yaml::Representation(text, ..) => Value::String(text.to_string()),
            Yaml::Value(scalar) => match scalar {
                saphyr::Scalar::String(text) => Value::String(text.to_string()),
                saphyr::Scalar::Integer(number) => (*number).into(),
                saphyr::Scalar::Boolean(truth) => (*truth).into(),
                saphyr::Scalar::Null | saphyr::Scalar::FloatingPoint(_) => Value::Null,
            },
            Yaml::Alias(_) | Yaml::BadValue => panic!("the template uses YAML that CloudFormation does not know"),
        }
    }
    plain(&Yaml::load_from_str(template).unwrap()[0])
}

fn state_machine() -> Value {
    let resources = template()["Resources"].as_object().unwrap().clone();
    let machine = &resources["IngestStateMachine"];
    assert_eq!(machine["Type"], "AWS::StepFunctions::StateMachine");
    machine["Properties"].clone()
}

#[test]
fn the_template_supplies_exactly_the_substitutions_that_are_open() {
    let open: BTreeSet<String> = DEFINITION
        .split("${")
        .skip(1)
        .map(|rest| rest.split_once('}').expect("a substitution is closed").0.to_owned())
        .collect();
    let supplied = state_machine()["DefinitionSubstitutions"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(open, supplied);
    // Beside an expression, `${` would be taken for a substitution: it may stand in strings only.
    assert_eq!(state_machine()["DefinitionS3Location"], "../workflows/ingest.asl.json");
}

#[test]
fn every_function_that_a_state_invokes_is_a_binary() {
    let template = template();
    let substitutions = state_machine()["DefinitionSubstitutions"].clone();
    let mut invoked = BTreeSet::new();
    for (name, state) in every_state() {
        let Some(function) = state["Arguments"]["FunctionName"].as_str() else {
            continue;
        };
        let open = function
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap();
        // Under a condition it is an alias; the function is the other branch.
        let given = &substitutions[open];
        let given = given.as_array().map_or(given, |branches| branches.last().unwrap());
        let resource = given.as_str().unwrap().strip_suffix(".Arn").unwrap();
        let code = template["Resources"][resource]["Properties"]["Code"].as_str().unwrap();
        let binary = code.strip_prefix("../target/lambda/").unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../tasks/src/bin")
            .join(format!("{binary}.rs"));
        assert!(
            source.exists(),
            "{name} invokes {binary}, and {} is not there",
            source.display()
        );
        let again = !invoked.insert(binary.to_owned());
        assert!(!again || binary == "remind", "{binary} is invoked by two states");
    }
    assert_eq!(invoked.len(), 7);
}

/// Each function of the templates is a binary, and each binary a function.
#[test]
fn the_templates_deploy_every_binary() {
    let templates = [TEMPLATE, LOAD_TEMPLATE].map(parsed);
    let functions = templates
        .iter()
        .flat_map(|one| one["Resources"].as_object().unwrap().values());
    let deployed: BTreeSet<String> = functions
        .filter(|resource| resource["Type"] == "AWS::Lambda::Function")
        .map(|resource| {
            resource["Properties"]["Code"]
                .as_str()
                .unwrap()
                .replace("../target/lambda/", "")
        })
        .collect();
    let mut built = BTreeSet::new();
    for krate in ["tasks", "gateway"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(krate)
            .join("src/bin");
        for file in std::fs::read_dir(folder).unwrap() {
            built.insert(file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    assert_eq!(deployed, built);
}

#[test]
fn every_error_that_is_matched_is_one_that_can_come() {
    let mut own = BTreeSet::new();
    for (name, state) in every_state() {
        for key in ["Retry", "Catch"] {
            for rule in state[key].as_array().into_iter().flatten() {
                for error in rule["ErrorEquals"].as_array().unwrap() {
                    let error = error.as_str().unwrap();
                    if ["DynamoDB.", "Lambda.", "States.", "Runtime.", "Sandbox."]
                        .iter()
                        .any(|owner| error.starts_with(owner))
                    {
                        continue;
                    }
                    if every_state().values().any(|state| state["Error"] == error) {
                        continue;
                    }
                    assert!(
                        TaskError::ALL.iter().any(|known| known.as_str() == error),
                        "{name} matches {error}"
                    );
                    own.insert(error.to_owned());
                }
            }
        }
    }
    let passing = [
        "ApprovalTableUnavailable",
        "DecisionNotDelivered",
        "EntryTableUnavailable",
        "MailUnavailable",
        "SubmissionTableUnavailable",
        "TooManyOpenApprovals",
    ];
    assert_eq!(own, passing.map(str::to_owned).into());
}

/// A retrier with full jitter that begins at a second and doubles.
fn retrier(errors: &[&str], attempts: u64, longest_delay: u64) -> Value {
    serde_json::json!({ "ErrorEquals": errors, "IntervalSeconds": 1, "MaxAttempts": attempts, "BackoffRate": 2,
        "MaxDelaySeconds": longest_delay, "JitterStrategy": "FULL" })
}

/// Tasks try the same errors again, equally often, but for the errors of their own: throttling for
/// most of an hour, since a retry costs $0.000025 and a lost submission more; what Lambda calls transient; a process that
/// crashed or hung, which says nothing about the submission, and every function may be called again. A time that has run
/// out is tried again where it is the call's; for RequestApproval it says that nobody has decided.
#[test]
fn every_task_has_a_timeout_and_tries_again_what_may_pass() {
    let throttled = |errors: &[&str]| retrier(errors, 100, 60);
    let common = [
        throttled(&["Lambda.TooManyRequestsException"]),
        retrier(
            &[
                "Lambda.ClientExecutionTimeoutException",
                "Lambda.ServiceException",
                "Lambda.AWSLambdaException",
                "Lambda.SdkClientException",
            ],
            6,
            20,
        ),
        retrier(&["Runtime.ExitError", "Sandbox.Timedout", "Lambda.Unknown"], 2, 5),
    ];
    let timed_out = || retrier(&["States.Timeout"], 6, 20);
    let reminding = || vec![timed_out(), throttled(&["ApprovalTableUnavailable", "MailUnavailable"])];
    let own = BTreeMap::from([
        ("ValidateUserName", vec![timed_out()]),
        ("ValidateEmail", vec![timed_out()]),
        ("ValidatePincode", vec![timed_out()]),
        (
            "Store",
            vec![
                timed_out(),
                throttled(&["EntryTableUnavailable", "SubmissionTableUnavailable"]),
            ],
        ),
        (
            "RequestApproval",
            vec![throttled(&[
                "ApprovalTableUnavailable",
                "SubmissionTableUnavailable",
                "MailUnavailable",
                "DecisionNotDelivered",
            ])],
        ),
        ("Remind", reminding()),
        ("Escalate", reminding()),
        (
            "CloseApproval",
            vec![timed_out(), throttled(&["ApprovalTableUnavailable"])],
        ),
    ]);
    let table = [
        throttled(&[
            "DynamoDB.ProvisionedThroughputExceededException",
            "DynamoDB.ThrottlingException",
            "DynamoDB.RequestLimitExceeded",
        ]),
        retrier(
            &[
                "DynamoDB.InternalServerErrorException",
                "DynamoDB.InternalServerError",
                "DynamoDB.ServiceUnavailableException",
                "DynamoDB.SdkClientException",
            ],
            6,
            20,
        ),
        timed_out(),
    ];
    let states = every_state();
    let tasks = states.iter().filter(|(_, state)| state["Type"] == "Task");
    let endings = ["Rejected", "Expired"];
    assert_eq!(tasks.clone().count(), own.len() + endings.len());
    for (name, state) in tasks {
        assert!(state.get("TimeoutSeconds").is_some(), "{name}");
        let expected: Value = if endings.contains(&name.as_str()) {
            table.iter().cloned().collect()
        } else {
            common.iter().chain(&own[name.as_str()]).cloned().collect()
        };
        assert_eq!(state["Retry"], expected, "{name}");
    }
}

#[test]
fn the_rounds_are_bounded_as_the_contract_says() {
    let decide = states()["Decide"].clone();
    let conditions: Vec<_> = all_strings(&decide)
        .into_iter()
        .filter(|text| text.contains("$round"))
        .collect();
    let [condition] = conditions[..] else {
        panic!("one way to the admin: {conditions:?}")
    };
    assert!(
        condition.contains(&format!("$round <= {MAXIMUM_ROUNDS}")),
        "{condition}"
    );
}
