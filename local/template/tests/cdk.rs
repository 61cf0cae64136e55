//! The output of the CDK is taken as it is: `cdk/Greeting.template.json` is the output of version 2.276.0.

use sluice_template::{CdkMetadata, Function, ResourceType, Stack, StackInputs, StateMachine, parse};

const GREETING: &str = include_str!("cdk/Greeting.template.json");
const ASSET: &str = "asset.ec6a7104c6211eeb6999dd6acb5d5d8e0e36bf463d05e5bfb06f8b9fbd67001b";

fn resolve(source: &str, parameters: &[(&str, &str)]) -> Result<Stack, String> {
    let template = parse(source, "Greeting.template.json").map_err(|errors| errors.to_string())?;
    let mut inputs = StackInputs::new("Greeting", "us-east-1", "000000000000");
    let urls = template
        .resources()
        .filter(|(_, kind)| *kind == ResourceType::Url)
        .map(|(id, _)| (format!("{id}.FunctionUrl"), "http://127.0.0.1:4567/".to_owned()));
    inputs.attributes = urls.collect();
    let given = parameters.iter();
    inputs.parameters = given
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    template.resolve(&inputs).map_err(|errors| errors.to_string())
}

#[test]
fn a_template_of_the_cdk_is_read_whole() {
    let stack = resolve(GREETING, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let (_, function) = stack.all::<Function>().next().expect("a function");
    assert_eq!(function.code_path, ASSET);
    assert_eq!(stack.all::<StateMachine>().count(), 1);
    // the note about constructs, which is made where its condition says so
    assert_eq!(stack.all::<CdkMetadata>().count(), 1);
    assert_eq!(stack.output("Url"), Some("http://127.0.0.1:4567/"));
}

#[test]
fn an_asset_is_found_without_the_metadata_too() {
    fn check(changed: &str, by: &str, expected: Result<&str, &str>) {
        assert!(GREETING.contains(changed), "{changed}");
        let found = resolve(&GREETING.replace(changed, by), &[]);
        let path = found.map(|stack| stack.all::<Function>().next().expect("a function").1.code_path.clone());
        match (path, expected) {
            (Ok(path), Ok(expected)) => assert_eq!(path, expected, "{by}"),
            (Err(errors), Err(part)) => assert!(errors.contains(part), "{errors}"),
            (path, expected) => panic!("{path:?} instead of {expected:?}"),
        }
    }
    let key = &format!("\"S3Key\": \"{}.zip\"", &ASSET["asset.".len()..]);
    check("aws:asset:path", "other", Ok(ASSET));
    check(
        "\"aws:asset:property\": \"Code\"",
        "\"aws:asset:property\": \"Other\"",
        Ok(ASSET),
    );
    check(ASSET, "/elsewhere/greet", Ok("/elsewhere/greet"));
    // an object of one's own is none of the CDK's
    let named = "\"aws:asset:path\": \"asset";
    let without = GREETING.replace(named, "\"other\": \"asset");
    let errors = resolve(&without.replace(key, "\"S3Key\": \"greet.zip\""), &[]).expect_err("refused");
    assert!(
        errors.contains("code from S3Bucket, S3Key is not available locally"),
        "{errors}"
    );
}

#[test]
fn the_version_of_the_bootstrap_is_its_default_unless_given() {
    fn check(given: &[(&str, &str)], expected: Option<&str>) {
        match (resolve(GREETING, given), expected) {
            (Ok(_), None) => {}
            (Err(errors), Some(part)) => assert!(errors.contains(part), "{errors}"),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }
    check(&[], None);
    check(&[("BootstrapVersion", "21")], None);
    // the template's own rule holds
    check(
        &[("BootstrapVersion", "3")],
        Some("CDK bootstrap stack version 6 required"),
    );
}

#[test]
fn parameters_of_the_parameter_store_have_their_defaults() {
    fn check(kind: &str, default: &str, output: &str, expected: Result<&str, &str>) {
        let source = format!(
            "Parameters: {{ P: {{ Type: '{kind}', Default: '{default}' }} }}\nResources: {{ T: {{ Type: AWS::SNS::Topic }} }}\n\
             Outputs: {{ V: {{ Value: {output} }} }}\n"
        );
        match (resolve(&source, &[]), expected) {
            (Ok(stack), Ok(expected)) => assert_eq!(stack.output("V"), Some(expected), "{kind}"),
            (Err(errors), Err(part)) => assert!(errors.contains(part), "{kind}: {errors}"),
            (found, expected) => panic!("{kind}: {found:?} instead of {expected:?}"),
        }
    }
    let (text, list) = ("!Ref P", "!Join ['+', !Ref P]");
    check("AWS::SSM::Parameter::Value<String>", "/a/b", text, Ok("/a/b"));
    check(
        "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
        "/ami",
        text,
        Ok("/ami"),
    );
    check("AWS::SSM::Parameter::Value<List<String>>", "a,b", list, Ok("a+b"));
    check("AWS::SSM::Parameter::Value<CommaDelimitedList>", "a,b", list, Ok("a+b"));
    check(
        "AWS::SSM::Parameter::Value<Strin>",
        "a",
        text,
        Err("unknown parameter type"),
    );
    check(
        "AWS::SSM::Parameter::Value<String",
        "a",
        text,
        Err("unknown parameter type"),
    );
}
