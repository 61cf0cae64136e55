//! Definitions written for this test, each with its verdict and the evidence for that; definitions from a grammar, which are all
//! valid; and those with one thing changed that AWS's documentation calls wrong.

mod grammar;

use grammar::Grammar;
use serde_json::Value;
use sluice_asl::{MachineType, Occasion, ParseOptions, Severity, StateMachine};

/// The files: a definition a line. `refused` is the error that it has.
const CORPUS: [(&str, &str); 9] = [
    ("choice", include_str!("corpus/choice.jsonl")),
    ("errors", include_str!("corpus/errors.jsonl")),
    ("express", include_str!("corpus/express.jsonl")),
    ("jsonata", include_str!("corpus/jsonata.jsonl")),
    ("nested", include_str!("corpus/nested.jsonl")),
    ("states", include_str!("corpus/states.jsonl")),
    ("tasks", include_str!("corpus/tasks.jsonl")),
    ("templates", include_str!("corpus/templates.jsonl")),
    ("wait", include_str!("corpus/wait.jsonl")),
];

fn errors(definition: &str, machine_type: MachineType) -> Vec<String> {
    let options = ParseOptions {
        machine_type,
        occasion: Occasion::New,
    };
    let findings = StateMachine::validate(definition, options);
    let errors: Vec<String> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(ToString::to_string)
        .collect();
    // both ways of asking give one answer
    assert_eq!(StateMachine::parse_with(definition, options).is_ok(), errors.is_empty());
    errors
}

#[test]
fn each_definition_of_the_corpus_has_its_verdict() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (file, rows) in CORPUS {
        for line in rows.lines() {
            let row: Value = serde_json::from_str(line).expect(line);
            let text = |name: &str| row[name].as_str().unwrap_or_default();
            assert!(!text("evidence").is_empty(), "{file}: {}", text("name"));
            let machine_type = match text("type") {
                "EXPRESS" => MachineType::Express,
                _ => MachineType::Standard,
            };
            let expected = row.get("refused").and_then(Value::as_str);
            let found = errors(&row["definition"].to_string(), machine_type);
            // one fault can be found more than once: the first finding is the one that the row is about
            if found.first().map(String::as_str) != expected {
                wrong.push(format!("{file}: {}: {found:#?}, expected {expected:#?}", text("name")));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 300, "{count}");
}

/// The fields that each type takes, besides those that all take: measured with all types and fields (cdk-preflight, 2026-09-05).
const MATRIX: [(&str, &str); 8] = [
    (
        "Pass",
        "InputPath OutputPath Result ResultPath Parameters Output Assign Next End",
    ),
    (
        "Task",
        "InputPath OutputPath ResultPath Parameters Arguments Output Assign Resource Credentials ResultSelector Retry Catch \
         TimeoutSeconds TimeoutSecondsPath HeartbeatSeconds HeartbeatSecondsPath Next End",
    ),
    (
        "Wait",
        "InputPath OutputPath Output Assign Seconds Timestamp SecondsPath TimestampPath Next End",
    ),
    (
        "Parallel",
        "InputPath OutputPath ResultPath Parameters Arguments Output Assign ResultSelector Retry Catch Branches Next End",
    ),
    (
        "Map",
        "InputPath OutputPath ResultPath Parameters Output Assign ResultSelector Retry Catch ItemProcessor Iterator ItemsPath Items \
         ItemSelector ItemReader ItemBatcher ResultWriter MaxConcurrency MaxConcurrencyPath ToleratedFailurePercentage \
         ToleratedFailurePercentagePath ToleratedFailureCount ToleratedFailureCountPath Label Next End",
    ),
    ("Choice", "InputPath OutputPath Output Assign Choices Default"),
    ("Succeed", "InputPath OutputPath Output"),
    ("Fail", "Error Cause ErrorPath CausePath"),
];

#[test]
fn each_type_takes_its_fields_and_no_other() {
    let all: std::collections::BTreeSet<&str> = MATRIX
        .iter()
        .flat_map(|(_, fields)| fields.split_whitespace())
        .collect();
    for (kind, fields) in MATRIX {
        let own: Vec<&str> = fields.split_whitespace().collect();
        for field in &all {
            let definition = serde_json::json!({"StartAt": "A", "States": {"A": {"Type": kind, *field: {}}}});
            let unsupported = format!("SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at /States/A");
            let refused = errors(&definition.to_string(), MachineType::Standard).contains(&unsupported);
            assert_eq!(refused, !own.contains(field), "{kind} with {field}");
        }
    }
}

#[test]
fn what_the_grammar_makes_is_taken() {
    for seed in 0..300 {
        let definition = Grammar::new(seed).definition().to_string();
        let found = errors(&definition, MachineType::Standard);
        assert!(found.is_empty(), "seed {seed}: {found:#?}\n{definition}");
        assert!(StateMachine::parse(&definition).is_ok(), "seed {seed}");
    }
}

#[test]
fn one_thing_wrong_is_enough() {
    let mut made = std::collections::BTreeMap::new();
    for seed in 0..800 {
        let mut grammar = Grammar::new(seed);
        let mut definition = grammar.definition();
        let Some(change) = grammar.spoil(&mut definition) else {
            continue;
        };
        *made.entry(change).or_insert(0) += 1;
        let found = errors(&definition.to_string(), MachineType::Standard);
        assert!(!found.is_empty(), "seed {seed}: {change} is taken\n{definition}");
    }
    assert_eq!(made.len(), grammar::CHANGES, "{made:?}");
}
