//! Text that was made to break a reader gets an error, never a panic and never a long wait.

use std::fmt::Write as _;

use sluice_template::{StackInputs, TemplateErrors, parse};

const WORKFLOW: &str = include_str!("fixtures/workflow.yaml");

fn first_error(source: &str) -> String {
    let errors: TemplateErrors = parse(source, "t.yaml").expect_err("the text is no template");
    errors.errors[0].to_string()
}

#[track_caller]
fn check(source: &str, expected: &str) {
    let error = first_error(source);
    assert!(error.contains(expected), "{error}");
}

#[test]
fn deep_nesting_is_refused() {
    check(
        &format!("Metadata: {}", "[".repeat(200)),
        "nested more than 100 levels deep",
    );
    check(
        &format!("Metadata: {}", "{a: ".repeat(200)),
        "nested more than 100 levels deep",
    );
    check(&"[".repeat(500_000), "recursion limit exceeded");
    let mut steps = String::from("Metadata:\n");
    for depth in 1..200 {
        let _ = writeln!(steps, "{}a:", " ".repeat(depth));
    }
    check(&steps, "nested more than 100 levels deep");
    check(&"- ".repeat(200), "nested more than 100 levels deep");
}

#[test]
fn alias_bombs_do_not_grow() {
    let mut source = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        let _ = writeln!(source, "a{level}: &a{level} [{aliases}]");
    }
    check(&source, "YAML aliases (`*name`) are not read");
    check("a: &a [*a]\n", "YAML aliases");
    check("a: *b\n", "unknown anchor");
}

#[test]
fn size_is_limited() {
    check(
        &"#".repeat(1_000_001),
        "the template has 1000001 bytes; CloudFormation takes at most 1000000",
    );
    let many: String = (0..501).fold("Resources:\n".to_owned(), |mut text, number| {
        let _ = writeln!(text, "  T{number}: {{ Type: AWS::SNS::Topic }}");
        text
    });
    check(&many, "a template has 1 to 500 resources, this one has 501");
    let long = format!("Resources: {{ T: {{ Type: {} }} }}", "x".repeat(900_000));
    assert!(first_error(&long).len() < 2_000);
}

#[test]
fn many_errors_are_counted() {
    let mut source = String::from("Resources: { T: { Type: AWS::SNS::Topic } }\nMetadata:\n");
    for number in 0..5_000 {
        let _ = writeln!(source, "  k{number}: null");
    }
    let errors = parse(&source, "t.yaml").expect_err("nulls are errors");
    assert_eq!((errors.errors.len(), errors.omitted), (100, 4_900));
    assert!(errors.to_string().ends_with("\nand 4900 more"));
}

#[test]
fn a_long_chain_of_resources_resolves() {
    let mut source = String::from("Resources:\n");
    for number in 0..499 {
        let next = number + 1;
        let _ = writeln!(source, "  T{number}: {{ Type: AWS::SNS::Topic, DependsOn: T{next} }}");
    }
    source.push_str("  T499: { Type: AWS::SNS::Topic }\n");
    let template = parse(&source, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    let stack = template
        .resolve(&StackInputs::new("s", "r", "1"))
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(stack.resources[0].logical_id, "T499");
    assert_eq!(stack.resources[499].logical_id, "T0");
}

#[test]
fn odd_text_is_answered() {
    for source in [
        "\u{feff}",
        "\0",
        "a\0b: c",
        "\t",
        "? ",
        "? a\n: b",
        "- - -",
        "!",
        "!!",
        "!<x> y",
        "%YAML 1.2\n---\n",
        "%X\n",
        "&a",
        "*a",
        "|",
        ">-\n",
        "\"",
        "'",
        "\"\\ud800\"",
        "\"\\x\"",
        "{",
        "}",
        "[}",
        "{]",
        ": :",
        "a: b: c",
        "---\n---\n",
        "...",
        "@",
        "`",
        "a:\n\t- b",
        "{? }",
        "[? a : b]",
        "{a: b, c}",
        "\u{2028}: \u{85}",
        "Resources: !Ref x",
        "Resources: { T: !Sub a }",
        "Resources: { T: { Type: [] } }",
        "Resources: { T: { Type: AWS::SNS::Topic, Properties: { Tags: !Ref T } } }",
        "Resources: { T: { Type: AWS::SNS::Topic } }\nOutputs: { O: { Value: { Ref: [] } } }",
        "Resources: { T: { Type: AWS::SNS::Topic } }\nOutputs: { O: { Value: { 'Fn::Sub': { a: b } } } }",
    ] {
        let result = parse(source, "t.yaml").and_then(|template| template.resolve(&StackInputs::new("s", "r", "1")));
        assert!(result.is_err(), "{source:?}");
    }
}

#[test]
fn a_template_cut_anywhere_is_answered() {
    let inputs = StackInputs::new("s", "us-east-1", "123456789012");
    for end in (0..WORKFLOW.len()).step_by(7) {
        let _ = parse(&WORKFLOW[..end], "t.yaml").and_then(|template| template.resolve(&inputs));
    }
}

#[test]
fn a_template_with_any_character_replaced_is_answered() {
    let mut inputs = StackInputs::new("s", "us-east-1", "123456789012");
    inputs.parameters.insert("AdminEmail".to_owned(), "a@b".to_owned());
    for (index, at) in (0..WORKFLOW.len()).step_by(23).enumerate() {
        let put = ["!", "{", "[", ":", "\n", "\"", "-", "&x ", "*x ", "}", "\u{e9}", "${"][index % 12];
        let source = format!("{}{put}{}", &WORKFLOW[..at], &WORKFLOW[at + 1..]);
        let _ = parse(&source, "t.yaml").and_then(|template| template.resolve(&inputs));
    }
}
