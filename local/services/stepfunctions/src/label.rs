//! The error of CreateStateMachine and UpdateStateMachine about a Map's `Label` that cannot be one.
//!
//! The only recordings about labels hold a Python exception as Python prints it. AWS can hardly have said that: it is
//! what an emulator answers, and AWS's own words are not known. The recorded sentence names the fault truly, so the calls
//! that keep a definition use it. It is evidence of nothing about AWS. ValidateStateMachineDefinition does not use it: its
//! findings keep the form that AWS gives findings.

use sluice_asl::{DiagnosticCode, Diagnostics};

/// The recorded sentence, when the first thing wrong with a definition is a label.
pub(crate) fn sentence(diagnostics: &Diagnostics, definition: &str) -> Option<String> {
    let first = diagnostics.0.first()?;
    if first.code != DiagnosticCode::InvalidLabel {
        return None;
    }
    let message = match offender(&first.message) {
        Some(c) => first
            .message
            .replace(&format!("'{c}'"), &python(c.encode_utf8(&mut [0; 4]))),
        None => first.message.clone(),
    };
    Some(format!(
        "Error=ValueError Args=[{}] in definition '{definition}'.",
        python(&message)
    ))
}

/// The character that a message quotes at its end.
fn offender(message: &str) -> Option<char> {
    let (_, quoted) = message.split_once(": '")?;
    let mut chars = quoted.chars();
    chars.next().filter(|_| chars.as_str() == "'")
}

/// A text as Python writes it: in single quotes, unless it holds some and no double ones.
/// See [`repr`](https://docs.python.org/3/library/stdtypes.html#str.isprintable).
fn python(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut written = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c == quote => written.extend(['\\', c]),
            ' ' => written.push(c),
            c if c.is_control() || c.is_whitespace() => match u32::from(c) {
                code @ ..=0xff => written.push_str(&format!("\\x{code:02x}")),
                code => written.push_str(&format!("\\u{code:04x}")),
            },
            c => written.push(c),
        }
    }
    written.push(quote);
    written
}

#[cfg(test)]
mod tests {
    use sluice_asl::StateMachine;

    use super::*;

    #[test]
    fn a_bad_label_is_told_of_in_the_recorded_words() {
        let check = |label: &str, expected: Option<&str>| {
            let definition = serde_json::json!({
                "StartAt": "M",
                "States": { "M": {
                    "Type": "Map", "End": true, "Label": label,
                    "ItemProcessor": {
                        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                        "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } },
                    },
                } },
            })
            .to_string();
            let refused = StateMachine::parse(&definition).err();
            let found = refused.and_then(|diagnostics| sentence(&diagnostics, &definition));
            let expected = expected.map(|args| format!("Error=ValueError Args=[{args}] in definition '{definition}'."));
            assert_eq!(found, expected, "{label:?}");
        };
        check("fine", None);
        check("", Some("'Label cannot be empty'"));
        check(&"x".repeat(41), Some("'Label cannot exceed 40 characters'"));
        check("a b", Some(r#""Label contains invalid character: ' '""#));
        check("a`", Some(r#""Label contains invalid character: '`'""#));
        check("a\"", Some(r#"'Label contains invalid character: \'"\''"#));
        check("a\\", Some(r#""Label contains invalid character: '\\\\'""#));
        check("a\n", Some(r#""Label contains invalid character: '\\n'""#));
        check("a\u{1}", Some(r#""Label contains invalid character: '\\x01'""#));
        check("a\u{85}", Some(r#""Label contains invalid character: '\\x85'""#));
        check("a\u{2028}", Some(r#""Label contains invalid character: '\\u2028'""#));
    }
}
