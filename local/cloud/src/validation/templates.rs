//! Templates are checked together: one may import what another exports.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sluice_asl::{ParseOptions, StateMachine};
use sluice_template::TemplateError;

use super::{Finding, Severity, finding};
use crate::stack::{Plan, StartError, exports};

/// A template that is to be checked.
#[derive(Debug, Clone)]
pub struct TemplateSource {
    /// Its file, beside which its definitions lie.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
}

/// Checks templates of stacks with this name, which the names of exports have in them, with the parameters that are given, each for the templates that have it, and with defaults for others.
#[must_use]
pub fn templates(
    stack_name: &str,
    sources: &[TemplateSource],
    given: &BTreeMap<String, String>,
    defaults: &BTreeMap<String, String>,
) -> Vec<Finding> {
    let mut plans: Vec<Plan> = Vec::new();
    let mut open: Vec<&TemplateSource> = sources.iter().collect();
    let mut failed = Vec::new();
    // each round has the exports of the one before
    loop {
        let before = open.len();
        failed.clear();
        open.retain(|source| {
            let imports = exports(plans.iter().map(Plan::preview));
            match Plan::check(stack_name, &source.file, &source.text, given, defaults, &imports) {
                Ok(plan) => {
                    plans.push(plan);
                    false
                }
                Err(error) => {
                    failed.extend(findings(source, error));
                    true
                }
            }
        });
        if open.is_empty() || open.len() == before {
            break;
        }
    }
    failed.extend(plans.iter().flat_map(warnings));
    failed
}

fn findings(source: &TemplateSource, error: StartError) -> Vec<Finding> {
    let file = source.file.display().to_string();
    match error {
        StartError::Template(errors) => {
            let mut found: Vec<Finding> = errors.errors.iter().map(of_template).collect();
            if errors.omitted > 0 {
                found.push(Finding::of_file(&file, format!("and {} more", errors.omitted)));
            }
            found
        }
        StartError::Definition {
            logical_id,
            source_name,
            problem,
        } => vec![Finding {
            location: Some(logical_id),
            ..Finding::of_file(&source_name, problem)
        }],
        other => vec![Finding::of_file(&file, other.to_string())],
    }
}

fn of_template(error: &TemplateError) -> Finding {
    Finding {
        line: Some(error.at.line as usize),
        column: Some(error.at.column as usize),
        location: Some(error.path.clone()).filter(|path| !path.is_empty()),
        ..Finding::of_file(&error.file, error.problem.to_string())
    }
}

/// The warnings about the definitions of a template that is fine.
fn warnings(plan: &Plan) -> Vec<Finding> {
    let definitions = plan.definitions();
    let all = definitions.iter().flat_map(|(file, text)| {
        let found = StateMachine::validate(text, ParseOptions::default());
        found
            .iter()
            .map(|diagnostic| finding(file, text, diagnostic))
            .collect::<Vec<_>>()
    });
    all.filter(|finding| finding.severity == Severity::Warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(templates: &[(&str, &str)], expected: &[&str]) {
        let sources: Vec<TemplateSource> = templates
            .iter()
            .map(|(file, text)| TemplateSource {
                file: PathBuf::from(file),
                text: (*text).to_owned(),
            })
            .collect();
        let given = BTreeMap::from([("Given".to_owned(), "g".to_owned())]);
        let found = super::templates("s", &sources, &given, &BTreeMap::new());
        let lines: Vec<String> = found
            .iter()
            .map(|one| format!("{}:{} {}", one.file, one.line.unwrap_or_default(), one.message))
            .collect();
        assert_eq!(lines.len(), expected.len(), "{lines:#?}");
        for (line, part) in lines.iter().zip(expected) {
            assert!(line.contains(part), "{line} lacks {part}");
        }
    }

    const EXPORTS: &str = "Resources: { T: { Type: AWS::SNS::Topic } }\n\
                           Outputs: { O: { Value: !Ref T, Export: { Name: told } } }\n";
    const IMPORTS: &str =
        "Resources: { T: { Type: AWS::SNS::Topic, Properties: { DisplayName: !ImportValue told } } }\n";

    #[test]
    fn one_may_import_what_another_exports() {
        check(&[("b.yaml", IMPORTS), ("a.yaml", EXPORTS)], &[]);
        check(&[("b.yaml", IMPORTS)], &["b.yaml:1 "]);
    }

    #[test]
    fn each_error_has_its_line() {
        check(
            &[(
                "t.yaml",
                "Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties: { DisplayNam: x }\n  U: { Type: AWS::No::No }\n",
            )],
            &[
                "t.yaml:4 unknown property `DisplayNam`",
                "t.yaml:5 unknown resource type",
            ],
        );
        check(
            &[(
                "t.yaml",
                "Parameters: { Given: { Type: String }, P: { Type: String } }\nResources: { T: { Type: AWS::SNS::Topic } }\n",
            )],
            &["t.yaml:1 the parameter has no default: give a value for `P`"],
        );
        let machine = |definition: &str| {
            format!(
                "Resources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      RoleArn: arn:aws:iam::0:role/r\n      DefinitionString: '{definition}'\n"
            )
        };
        check(&[("t.yaml", &machine("{}"))], &["SCHEMA_VALIDATION_FAILED"]);
        let pass = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"a":"$.b"},"End":true}}}"#;
        check(&[("t.yaml", &machine(pass))], &["t.yaml"]);
    }
}
