use serde_json::json;

use super::*;

fn accepted(policy: &Value, attributes: &Value) -> bool {
    let policy = FilterPolicy::parse(&policy.to_string()).unwrap_or_else(|error| panic!("{policy}: {error}"));
    policy.accepts(attributes.as_object().unwrap())
}

fn check(policy: &Value, attributes: &Value, expected: bool) {
    assert_eq!(accepted(policy, attributes), expected, "{policy} on {attributes}");
}

fn text(value: &str) -> Value {
    json!({"approver": {"Type": "String", "Value": value}, "kind": {"Type": "String", "Value": "request"}})
}

#[test]
fn a_text_is_matched_by_each_operator() {
    for (condition, matching, other) in [
        (json!("ada@example.com"), "ada@example.com", "Ada@example.com"),
        (json!({"prefix": "ada"}), "ada@example.com", "bob@example.com"),
        (json!({"suffix": "@example.com"}), "ada@example.com", "ada@example.org"),
        (json!({"equals-ignore-case": "Ada"}), "aDA", "Adam"),
        (json!({"anything-but": "ada"}), "bob", "ada"),
        (json!({"anything-but": ["ada", "eve"]}), "bob", "eve"),
        (json!({"anything-but": {"prefix": "a"}}), "bob", "ada"),
        (json!({"cidr": "10.0.0.0/24"}), "10.0.0.255", "10.0.1.0"),
        (json!({"cidr": "2001:db8::/32"}), "2001:db8::1", "10.0.0.1"),
    ] {
        let policy = json!({"approver": [condition]});
        check(&policy, &text(matching), true);
        check(&policy, &text(other), false);
        check(&json!({"approver": ["nobody", condition]}), &text(matching), true);
        check(
            &json!({"approver": [condition], "kind": ["reminder"]}),
            &text(matching),
            false,
        );
        check(&policy, &json!({"other": {"Type": "String", "Value": matching}}), false);
    }
}

#[test]
fn a_number_is_matched_as_a_number_and_only_if_its_type_says_so() {
    let number = |kind: &str, value: &str| json!({"price": {"Type": kind, "Value": value}});
    for (condition, value, expected) in [
        (json!(301.5), "301.50", true),
        (json!(301.5), "301.6", false),
        (json!({"numeric": ["=", 3.015e2]}), "301.5", true),
        (json!({"numeric": ["<", 10]}), "9.99", true),
        (json!({"numeric": ["<", 10]}), "10", false),
        (json!({"numeric": ["<=", 10]}), "10", true),
        (json!({"numeric": [">", 0, "<=", 150]}), "150", true),
        (json!({"numeric": [">", 0, "<=", 150]}), "0", false),
        (json!({"numeric": [">=", 0]}), "-1", false),
        (json!({"anything-but": [100, 500]}), "101", true),
        (json!({"anything-but": [100, 500]}), "500.0", false),
        (json!({"numeric": ["<", 10]}), "few", false),
    ] {
        check(&json!({"price": [condition]}), &number("Number", value), expected);
    }
    check(
        &json!({"price": [{"numeric": ["<", 10]}]}),
        &number("String", "9"),
        false,
    );
    check(&json!({"price": [9]}), &number("String", "9"), false);
    check(&json!({"price": ["9"]}), &number("Binary", "9"), false);
}

#[test]
fn one_element_of_an_array_is_enough() {
    let interests = |value: &str| json!({"interests": {"Type": "String.Array", "Value": value}});
    for (condition, value, expected) in [
        (json!("rugby"), r#"["rugby", "tennis"]"#, true),
        (json!("golf"), r#"["rugby", "tennis"]"#, false),
        (json!({"anything-but": ["rugby"]}), r#"["rugby", "baseball"]"#, true),
        (json!({"anything-but": ["rugby"]}), r#"["rugby"]"#, false),
        (json!(true), "[false, true]", true),
        (json!(null), "[null]", true),
        (json!({"numeric": [">", 1]}), "[1, 2]", true),
        (json!("rugby"), "rugby", false),
    ] {
        check(&json!({"interests": [condition]}), &interests(value), expected);
    }
}

#[test]
fn an_attribute_may_have_to_be_there_or_not() {
    let one = json!({"store": {"Type": "String", "Value": "fans"}});
    let other = json!({"event": {"Type": "String", "Value": "sold"}});
    check(&json!({"store": [{"exists": true}]}), &one, true);
    check(&json!({"store": [{"exists": true}]}), &other, false);
    check(&json!({"store": [{"exists": false}]}), &one, false);
    check(&json!({"store": [{"exists": false}]}), &other, true);
    check(&json!({"store": [{"exists": false}, "fans"]}), &one, true);
    // as documented: without any attribute nothing matches, but for a policy that asks for nothing
    check(&json!({"store": [{"exists": false}]}), &json!({}), false);
    check(&json!({}), &json!({}), true);
    check(&json!({}), &one, true);
}

#[test]
fn alternatives_are_policies_of_their_own() {
    let policy = json!({"source": ["a"], "$or": [{"metric": ["cpu"]}, {"space": ["ec2"], "metric": ["disk"]}]});
    let message = |source: &str, metric: &str, space: &str| {
        let attribute = |value: &str| json!({"Type": "String", "Value": value});
        json!({"source": attribute(source), "metric": attribute(metric), "space": attribute(space)})
    };
    check(&policy, &message("a", "cpu", ""), true);
    check(&policy, &message("a", "disk", "ec2"), true);
    check(&policy, &message("a", "disk", "ecs"), false);
    check(&policy, &message("b", "cpu", "ec2"), false);
    // one alternative is none: the key is an attribute's name
    let name = json!({"$or": {"Type": "String", "Value": "x"}});
    check(&json!({"$or": ["x"]}), &name, true);
}

#[test]
fn what_is_no_policy_is_refused_in_snss_words() {
    let many: Vec<u32> = (0..13).collect();
    for (policy, expected) in [
        (json!([]), "failed to parse JSON"),
        (json!({"a": "x"}), "\"a\" must be an object or an array"),
        (json!({"a": []}), "Empty arrays are not allowed"),
        (json!({"a": {"b": ["x"]}}), "does not support nested filter policy"),
        (
            json!({"a": [["x"]]}),
            "Match value must be String, number, true, false, or null",
        ),
        (json!({"a": [{}]}), "Only one key allowed in match expression"),
        (json!({"a": [{"prefix": "x", "suffix": "y"}]}), "Only one key allowed"),
        (json!({"a": [{"like": "x"}]}), "Unrecognized match type like"),
        (json!({"a": [{"prefix": 1}]}), "prefix match pattern must be a string"),
        (
            json!({"a": [{"exists": "yes"}]}),
            "exists match pattern must be either true or false.",
        ),
        (
            json!({"a": [{"anything-but": {"suffix": "x"}}]}),
            "Unsupported anything-but pattern: suffix",
        ),
        (json!({"a": [{"anything-but": []}]}), "Empty arrays"),
        (json!({"a": [{"numeric": []}]}), "Invalid member in numeric match: ]"),
        (
            json!({"a": [{"numeric": ["~", 1]}]}),
            "Unrecognized numeric range operator: ~",
        ),
        (
            json!({"a": [{"numeric": ["=", "1"]}]}),
            "Value of equals must be numeric",
        ),
        (
            json!({"a": [{"numeric": ["<", 1, ">", 0]}]}),
            "Too many elements in numeric expression",
        ),
        (
            json!({"a": [{"numeric": [">", 1, ">", 2]}]}),
            "Bad numeric range operator: >",
        ),
        (
            json!({"a": [{"numeric": [">", 2, "<", 1]}]}),
            "Bottom must be less than top",
        ),
        (json!({"a": [{"numeric": [">", 1, "<", 2, "<", 3]}]}), "Too many terms"),
        (json!({"a": [{"cidr": "10.0.0.0"}]}), "Malformed CIDR, one '/' required"),
        (json!({"a": [{"cidr": "10.0.0.0/33"}]}), "mask bits must be an integer"),
        (json!({"a": [{"cidr": "house/3"}]}), "Nonstandard IP address: house"),
        (
            json!({"a": [1], "b": [1], "c": [1], "d": [1], "e": [1], "f": [1]}),
            "more than 5 keys",
        ),
        (json!({"a": many, "b": many}), "too complex"),
    ] {
        let error = FilterPolicy::parse(&policy.to_string()).unwrap_err().to_string();
        assert!(
            error.starts_with("Invalid parameter: ") && error.contains(expected),
            "{policy}: {error}"
        );
    }
    let large = format!("{{\"a\": [\"{}\"]}}", "x".repeat(MAX_BYTES));
    assert!(
        FilterPolicy::parse(&large)
            .unwrap_err()
            .to_string()
            .contains("too large")
    );
}
