//! Parameters of templates, on the command line and of one machine.

use std::collections::BTreeMap;

/// Values for parameters that the templates ask for and one machine can answer itself; `--parameter` overrides them.
/// The limits of concurrency keep one function from starving the others on AWS; here all share the processors anyway, and a
/// request that finds none waits instead of being refused.
const LOCAL: [(&str, &str); 5] = [
    ("AdminEmail", "admin@example.com"),
    ("PublicListing", "true"),
    ("IngestConcurrency", "0"),
    ("TaskConcurrency", "0"),
    ("ApprovalConcurrency", "0"),
];

/// The values of one machine, by the parameters' names.
pub(crate) fn local() -> BTreeMap<String, String> {
    let values = LOCAL.iter();
    values.map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Reads `KEY=VALUE`.
pub(crate) fn parse(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!(
            "'{text}' is not KEY=VALUE, for example --parameter AdminEmail=me@example.com"
        )),
    }
}
