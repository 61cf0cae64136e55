//! The file's format.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::result::{MockedResult, Results, TestCase};
use super::unique::Unique;

/// The most calls that one mocked response answers.
const MAX_CALLS: usize = 100_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct File {
    state_machines: Unique<Machine>,
    mocked_responses: Unique<Unique<Result>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Machine {
    test_cases: Unique<Unique<String>>,
}

/// The result of a call, as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Result {
    #[serde(rename = "Return", default, deserialize_with = "present")]
    returned: Option<Value>,
    #[serde(default)]
    throw: Option<Throw>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Throw {
    error: String,
    #[serde(default)]
    cause: String,
}

/// A `null` is a result too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer)
        .map(Some)
        .map_err(|error| D::Error::custom(error.to_string()))
}

type Problem<T> = std::result::Result<T, String>;

/// The test cases by state machine, or the place and reason for which there are none.
pub(super) fn parse(text: &str) -> Problem<BTreeMap<String, BTreeMap<String, TestCase>>> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut responses = BTreeMap::new();
    for (name, written) in file.mocked_responses.0 {
        let results = results(written.0).map_err(|problem| format!("MockedResponses.{name}: {problem}"))?;
        responses.insert(name, results);
    }
    let mut machines = BTreeMap::new();
    for (machine, written) in file.state_machines.0 {
        let mut cases = BTreeMap::new();
        for (case, states) in written.test_cases.0 {
            let mut mocked = TestCase::new();
            for (state, response) in states.0 {
                let Some(results) = responses.get(&response) else {
                    return Err(format!(
                        "StateMachines.{machine}.TestCases.{case}.{state}: there is no mocked response {response:?}"
                    ));
                };
                mocked.insert(state, (response, results.clone()));
            }
            cases.insert(case, mocked);
        }
        machines.insert(machine, cases);
    }
    Ok(machines)
}

/// The results in the order of the calls.
fn results(written: BTreeMap<String, Result>) -> Problem<Results> {
    let mut by_call: BTreeMap<usize, MockedResult> = BTreeMap::new();
    for (calls, written) in written {
        let result = match (written.returned, written.throw) {
            (Some(value), None) => MockedResult::Return(value),
            (None, Some(Throw { error, cause })) => MockedResult::Throw { error, cause },
            (None, None) | (Some(_), Some(_)) => {
                return Err(format!("{calls:?} must have exactly one of Return and Throw"));
            }
        };
        for call in range(&calls)? {
            if by_call.insert(call, result.clone()).is_some() {
                return Err(format!("it has two results for call {call}"));
            }
        }
    }
    if by_call.is_empty() {
        return Err("it has no results; the first call's is that of \"0\"".to_owned());
    }
    if let Some(missing) = (0..by_call.len()).find(|call| !by_call.contains_key(call)) {
        return Err(format!(
            "it has no result for call {missing}, and has one for a later call"
        ));
    }
    Ok(by_call.into_values().collect())
}

/// `"3"`, or `"1-2"`.
fn range(calls: &str) -> Problem<RangeInclusive<usize>> {
    let (first, last) = calls.split_once('-').unwrap_or((calls, calls));
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<usize>().ok().filter(|_| is_number)
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if last >= MAX_CALLS && first <= last => {
            Err(format!("{calls:?} are more than {MAX_CALLS} calls"))
        }
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err(format!(
            "{calls:?} is no range of calls: write \"0\" for the first one, \"1-2\" for the two after it"
        )),
    }
}
