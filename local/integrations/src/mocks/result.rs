//! Mocked results.

use std::collections::BTreeMap;

use serde_json::Value;

/// The results of one mocked response, call by call.
pub(crate) type Results = Vec<MockedResult>;
/// The mocked states of a test case: the response's name, and its results.
pub(crate) type TestCase = BTreeMap<String, (String, Results)>;

/// The result of one call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MockedResult {
    Return(Value),
    Throw { error: String, cause: String },
}
