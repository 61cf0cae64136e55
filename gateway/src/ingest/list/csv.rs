use sluice_workflows::Entry;

const COLUMNS: [&str; 8] = [
    "id",
    "user_name",
    "email",
    "pincode",
    "status",
    "submission_id",
    "submitted_at",
    "stored_at",
];

/// The entries as CSV (RFC 4180): a heading, lines that end with CR LF, every value in quotes.
///
/// A value that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection): what strangers
/// sent must not run where somebody opens the file.
pub(super) fn write(entries: &[Entry]) -> String {
    let mut text = COLUMNS.join(",");
    text.push_str("\r\n");
    for entry in entries {
        let or_empty = |value: &Option<String>| value.clone().unwrap_or_default();
        let values = [
            entry.id.clone(),
            or_empty(&entry.user_name),
            or_empty(&entry.email),
            or_empty(&entry.pincode),
            entry.status.as_str().to_owned(),
            entry.submission_id.clone(),
            entry.submitted_at.clone(),
            entry.stored_at.clone(),
        ];
        text.push_str(&values.map(|value| quoted(&value)).join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(value: &str) -> String {
    let is_formula = value.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_and_no_formula() {
        let check = |value: &str, expected: &str| assert_eq!(quoted(value), expected);
        check("Ada", "\"Ada\"");
        check("", "\"\"");
        check("a,\"b\"\r\nc", "\"a,\"\"b\"\"\r\nc\"");
        check("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"");
        for formula in ["+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "＝1"] {
            check(formula, &format!("\"'{formula}\""));
        }
    }
}
