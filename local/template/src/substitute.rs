//! Substitutions in a state machine's definition.

use indexmap::IndexMap;

/// A definition with its substitutions made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substituted {
    /// The definition.
    pub text: String,
    /// `${Name}` placeholders that no substitution has: they stay in the text, as CloudFormation leaves them. Each once, in the
    /// order of appearance.
    pub left_over: Vec<String>,
    /// Substitutions whose placeholder does not appear.
    pub unused: Vec<String>,
}

/// Replaces `${Name}` in a definition wherever a substitution of that name exists, in one pass: what a substitution
/// brings in is not looked at again.
///
/// It follows `DefinitionSubstitutions` of
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html>.
///
/// ```
/// let substitutions = [("Table".to_owned(), "entries".to_owned())].into_iter().collect();
/// let done = sluice_template::substitute(r#"{"TableName": "${Table}"}"#, &substitutions);
/// assert_eq!(done.text, r#"{"TableName": "entries"}"#);
/// ```
#[must_use]
pub fn substitute(definition: &str, substitutions: &IndexMap<String, String>) -> Substituted {
    let mut text = String::with_capacity(definition.len());
    let mut used = vec![false; substitutions.len()];
    let mut left_over: Vec<String> = Vec::new();
    let mut rest = definition;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        text.push_str(before);
        let Some(name) = placeholder(from) else {
            text.push_str("${");
            rest = &from[2..];
            continue;
        };
        let whole = &from[..name.len() + 3];
        match substitutions.get_full(name) {
            Some((index, _, value)) => {
                used[index] = true;
                text.push_str(value);
            }
            None => {
                text.push_str(whole);
                if !left_over.iter().any(|known| known == name) {
                    left_over.push(name.to_owned());
                }
            }
        }
        rest = &from[whole.len()..];
    }
    text.push_str(rest);
    let unused = substitutions
        .keys()
        .zip(used)
        .filter(|(_, used)| !used)
        .map(|(name, _)| name.clone())
        .collect();
    Substituted {
        text,
        left_over,
        unused,
    }
}

/// The name at the start of `${Name}...`; names are letters, digits, `_`, `-`, `.` and `:`.
fn placeholder(from: &str) -> Option<&str> {
    let name = from.strip_prefix("${")?;
    let name = &name[..name.find('}')?];
    let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c));
    valid.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(definition: &str, text: &str, left_over: &[&str], unused: &[&str]) {
        let pairs = [("A", "1"), ("B", "${A}")];
        let substitutions = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let found = substitute(definition, &substitutions);
        assert_eq!(found.text, text);
        assert_eq!(found.left_over, left_over);
        assert_eq!(found.unused, unused);
    }

    #[test]
    fn replaces_placeholders_in_one_pass_and_tells_what_is_left() {
        check("${A} ${B}", "1 ${A}", &[], &[]);
        check("x${A}${A}y${B}", "x11y${A}", &[], &[]);
        check("${C} ${C} ${A}", "${C} ${C} 1", &["C"], &["B"]);
        check("no placeholder", "no placeholder", &[], &["A", "B"]);
        check("${", "${", &[], &["A", "B"]);
        check("${}${ A }${$x.y()}${A}", "${}${ A }${$x.y()}1", &[], &["B"]);
        check("${x ${A}", "${x 1", &[], &["B"]);
        check("ä${A}ö", "ä1ö", &[], &["B"]);
    }
}
