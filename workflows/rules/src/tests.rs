use serde_json::json;

use super::*;

fn check(field: Field, value: Option<Value>, expected: &[&str]) {
    let verdict = super::check(field, value.clone());
    let mut rules: Vec<_> = verdict
        .violations
        .iter()
        .map(|violation| violation.rule.as_str())
        .collect();
    rules.sort_unstable();
    assert_eq!(rules, expected, "{field}: {value:?}");
    assert_eq!(verdict.ok, expected.is_empty());
    assert_eq!((verdict.field, &verdict.value), (field, &value));
    for violation in &verdict.violations {
        assert_eq!(violation.field, field);
        assert!(
            violation.message.ends_with('.') && !violation.message.contains("breaks the rule"),
            "{violation:?}"
        );
    }
}

#[test]
fn a_user_name_needs_something_to_read() {
    let field = Field::UserName;
    for right in [
        "Rishabh",
        " a ",
        "李",
        "<script>",
        "a\0",
        "\u{301}",
        "👩\u{200d}🚀",
        "\u{200b}x",
        &"ä".repeat(256),
    ] {
        check(field, Some(json!(right)), &[]);
    }
    for empty in [
        "",
        " ",
        "\t\n",
        "\u{3000}",
        "\0",
        "\u{7f}",
        "\u{85}",
        "\u{ad}",
        "\u{200b}\u{200d}",
        "\u{2028}",
        "\u{2800}",
        "\u{3164}",
        "\u{115f}",
        "\u{ffa0}",
        "\u{feff}",
        "\u{fe0f}",
        "\u{202e} ",
        "\u{1d173}",
        "\u{e0041}",
        "\u{e0fff}",
    ] {
        check(field, Some(json!(empty)), &["pattern"]);
    }
    check(field, Some(json!("a".repeat(257))), &["maxLength"]);
    check(field, Some(json!(" ".repeat(257))), &["maxLength", "pattern"]);
    for other in [json!(1), json!(["a"]), json!({}), json!(true)] {
        check(field, Some(other), &["type"]);
    }
    check(field, None, &["missing"]);
}

#[test]
fn an_email_is_letters_digits_at_letters_digits_dot_com() {
    let field = Field::Email;
    for right in ["rishabh@gmail.com", "a@1.com", "A1b2@X9.com"] {
        check(field, Some(json!(right)), &[]);
    }
    for wrong in [
        "",
        "1a@b.com",
        "a.b@c.com",
        "a@b.org",
        "a@b.com\n",
        "\na@b.com",
        " a@b.com",
        "a@b.com ",
        "a@b.co.com",
        "@b.com",
        "a@.com",
        "a@bxcom",
        "ä@b.com",
        "a@ü.com",
        "a+b@c.com",
        "a@b.COM",
        "a@b.com\0",
        "a@b@c.com",
        "１@b.com",
    ] {
        check(field, Some(json!(wrong)), &["pattern"]);
    }
    let long = |length: usize| format!("{}@b.com", "a".repeat(length - 6));
    check(field, Some(json!(long(254))), &[]);
    check(field, Some(json!(long(255))), &["maxLength"]);
    check(field, Some(json!("é".repeat(255))), &["maxLength", "pattern"]);
    check(field, Some(json!(7)), &["type"]);
    check(field, None, &["missing"]);
}

#[test]
fn a_pincode_is_four_to_six_ascii_digits_as_text() {
    let field = Field::Pincode;
    for right in ["3055", "30550", "305501", "0000"] {
        check(field, Some(json!(right)), &[]);
    }
    for wrong in [
        "",
        "305",
        "3055012",
        "30a5",
        " 3055",
        "3055\n",
        "３０５５",
        "-3055",
        "3055.0",
        "٣٠٥٥",
    ] {
        check(field, Some(json!(wrong)), &["pattern"]);
    }
    check(field, Some(json!(3055)), &["type"]);
    check(field, None, &["missing"]);
}

#[test]
fn a_submission_is_checked_field_by_field() {
    let submission = serde_json::from_value(json!({"user_name": "Ada", "email": null, "pincode": "12"})).unwrap();
    let broken: Vec<_> = violations_of(&submission)
        .into_iter()
        .map(|violation| (violation.field, violation.rule))
        .collect();
    assert_eq!(
        broken,
        [
            (Field::Email, "missing".to_owned()),
            (Field::Pincode, "pattern".to_owned())
        ]
    );
}

/// A function checks an automaton as it reads it; one that grew to megabytes would be felt.
#[test]
fn the_automata_are_small() {
    for field in Field::ALL {
        for rule in rules(field) {
            if let Test::Matches(automaton) = rule.test {
                let automaton = automaton.as_ref().expect("the build wrote it");
                let size = automaton.to_bytes_little_endian().len();
                assert!(size < 64 * 1024, "{field}: {size} bytes");
            }
        }
    }
}
