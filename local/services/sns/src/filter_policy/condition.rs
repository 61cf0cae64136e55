use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::SnsError;

/// One condition on an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// The value itself: text, a number, a truth value or null.
    Exactly(Value),
    /// `exists`.
    Exists(bool),
    /// `prefix`.
    Prefix(String),
    /// `suffix`.
    Suffix(String),
    /// `equals-ignore-case`.
    EqualsIgnoreCase(String),
    /// `anything-but` with values.
    AnythingBut(Vec<Value>),
    /// `anything-but` with a prefix.
    NoPrefix(String),
    /// `numeric`: all comparisons hold.
    Numeric(Vec<(Comparison, f64)>),
    /// `cidr`: an address, and how many of its first bits count.
    Network(IpAddr, u8),
}

/// A numeric operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    /// Checks one condition.
    pub(super) fn parse(value: &Value) -> Result<Self, SnsError> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(Condition::Exactly(value.clone())),
            Value::Array(_) => Err(SnsError::filter_policy(
                "Match value must be String, number, true, false, or null",
            )),
            Value::Object(members) => match members.iter().next() {
                Some((operator, operand)) if members.len() == 1 => Self::parse_operator(operator, operand),
                Some(_) | None => Err(SnsError::filter_policy("Only one key allowed in match expression")),
            },
        }
    }

    fn parse_operator(operator: &str, operand: &Value) -> Result<Self, SnsError> {
        let text = || match operand {
            Value::String(text) => Ok(text.clone()),
            _ => Err(SnsError::filter_policy(&format!(
                "{operator} match pattern must be a string"
            ))),
        };
        match operator {
            "exists" => match operand {
                Value::Bool(exists) => Ok(Condition::Exists(*exists)),
                _ => Err(SnsError::filter_policy(
                    "exists match pattern must be either true or false.",
                )),
            },
            "prefix" => Ok(Condition::Prefix(text()?)),
            "suffix" => Ok(Condition::Suffix(text()?)),
            "equals-ignore-case" => Ok(Condition::EqualsIgnoreCase(text()?.to_lowercase())),
            "anything-but" => anything_but(operand),
            "numeric" => numeric(operand),
            "cidr" => network(operand),
            _ => Err(SnsError::filter_policy(&format!("Unrecognized match type {operator}"))),
        }
    }

    /// True when an attribute (`Type` and `Value`), or its absence, satisfies this. Of an array one element is enough.
    pub(super) fn holds(&self, attribute: Option<&Value>) -> bool {
        if let Condition::Exists(exists) = self {
            return attribute.is_some() == *exists;
        }
        let Some(attribute) = attribute else { return false };
        let text = attribute["Value"].as_str().unwrap_or_default();
        // a type may have a label of its own after a dot
        match attribute["Type"].as_str().unwrap_or_default() {
            "String.Array" => match serde_json::from_str(text) {
                Ok(Value::Array(elements)) => elements.iter().any(|element| self.accepts(element)),
                Ok(_) | Err(_) => false,
            },
            kind if kind == "String" || kind.starts_with("String.") => self.accepts(&Value::from(text)),
            kind if kind == "Number" || kind.starts_with("Number.") => match text.parse::<f64>() {
                Ok(number) => self.accepts(&Value::from(number)),
                Err(_) => false,
            },
            // binary attributes are never compared
            _ => false,
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        match self {
            Condition::Exactly(expected) => is_same(value, expected),
            Condition::Exists(exists) => *exists,
            Condition::AnythingBut(excluded) => !excluded.iter().any(|one| is_same(value, one)),
            Condition::Numeric(comparisons) => value.as_f64().is_some_and(|number| {
                comparisons
                    .iter()
                    .all(|(comparison, bound)| comparison.holds(number, *bound))
            }),
            Condition::Prefix(prefix) => value.as_str().is_some_and(|text| text.starts_with(prefix)),
            Condition::NoPrefix(prefix) => value.as_str().is_some_and(|text| !text.starts_with(prefix)),
            Condition::Suffix(suffix) => value.as_str().is_some_and(|text| text.ends_with(suffix)),
            Condition::EqualsIgnoreCase(lower) => value.as_str().is_some_and(|text| text.to_lowercase() == *lower),
            Condition::Network(network, bits) => value
                .as_str()
                .and_then(|text| text.parse().ok())
                .is_some_and(|address| is_within(address, *network, *bits)),
        }
    }
}

impl Comparison {
    fn parse(operator: &Value) -> Result<Self, SnsError> {
        match operator.as_str() {
            Some("=") => Ok(Comparison::Equal),
            Some("<") => Ok(Comparison::Less),
            Some("<=") => Ok(Comparison::LessOrEqual),
            Some(">") => Ok(Comparison::Greater),
            Some(">=") => Ok(Comparison::GreaterOrEqual),
            Some(other) => Err(SnsError::filter_policy(&format!(
                "Unrecognized numeric range operator: {other}"
            ))),
            None => Err(SnsError::filter_policy(&format!(
                "Invalid member in numeric match: {operator}"
            ))),
        }
    }

    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Comparison::Equal => is_same_number(number, bound),
            Comparison::Less => number < bound,
            Comparison::LessOrEqual => number <= bound,
            Comparison::Greater => number > bound,
            Comparison::GreaterOrEqual => number >= bound,
        }
    }
}

/// Numbers are compared as numbers, everything else as it is.
fn is_same(value: &Value, expected: &Value) -> bool {
    match (value.as_f64(), expected.as_f64()) {
        (Some(number), Some(bound)) => is_same_number(number, bound),
        _ => value == expected,
    }
}

/// SNS keeps five digits after the decimal point.
fn is_same_number(number: f64, bound: f64) -> bool {
    (number - bound).abs() < 0.000_005
}

fn anything_but(operand: &Value) -> Result<Condition, SnsError> {
    match operand {
        Value::Array(values) if values.is_empty() => Err(SnsError::filter_policy("Empty arrays are not allowed")),
        Value::Array(values) => {
            let plain = values.iter().all(|value| value.is_string() || value.is_number());
            if !plain {
                return Err(SnsError::filter_policy(
                    "Inside anything but list, only string or number are allowed",
                ));
            }
            Ok(Condition::AnythingBut(values.clone()))
        }
        Value::Object(members) => anything_but_prefix(members),
        Value::String(_) | Value::Number(_) => Ok(Condition::AnythingBut(vec![operand.clone()])),
        Value::Null | Value::Bool(_) => Err(SnsError::filter_policy(
            "Value of anything-but must be string, number, array or object",
        )),
    }
}

fn anything_but_prefix(members: &Map<String, Value>) -> Result<Condition, SnsError> {
    match members.iter().next() {
        Some((operator, Value::String(prefix))) if members.len() == 1 && operator == "prefix" => {
            Ok(Condition::NoPrefix(prefix.clone()))
        }
        Some((operator, _)) if members.len() == 1 && operator == "prefix" => {
            Err(SnsError::filter_policy("prefix match pattern must be a string"))
        }
        Some((operator, _)) => Err(SnsError::filter_policy(&format!(
            "Unsupported anything-but pattern: {operator}"
        ))),
        None => Err(SnsError::filter_policy("Only one key allowed in match expression")),
    }
}

/// Reads one comparison, or a range of two: `[">", 0, "<=", 150]`.
fn numeric(operand: &Value) -> Result<Condition, SnsError> {
    let members = operand.as_array().map(Vec::as_slice).unwrap_or_default();
    let bound = |operator: &Value, value: Option<&Value>| {
        value.and_then(Value::as_f64).ok_or_else(|| {
            let name = operator
                .as_str()
                .map_or("?", |name| if name == "=" { "equals" } else { name });
            SnsError::filter_policy(&format!("Value of {name} must be numeric"))
        })
    };
    let [operator, rest @ ..] = members else {
        return Err(SnsError::filter_policy("Invalid member in numeric match: ]"));
    };
    let first = Comparison::parse(operator)?;
    let low = bound(operator, rest.first())?;
    let [upper, rest @ ..] = rest.get(1..).unwrap_or_default() else {
        return Ok(Condition::Numeric(vec![(first, low)]));
    };
    if !matches!(first, Comparison::Greater | Comparison::GreaterOrEqual) {
        return Err(SnsError::filter_policy("Too many elements in numeric expression"));
    }
    let second = Comparison::parse(upper)?;
    if !matches!(second, Comparison::Less | Comparison::LessOrEqual) {
        let name = upper.as_str().unwrap_or_default();
        return Err(SnsError::filter_policy(&format!("Bad numeric range operator: {name}")));
    }
    let high = bound(upper, rest.first())?;
    if high <= low {
        return Err(SnsError::filter_policy("Bottom must be less than top"));
    }
    if rest.len() > 1 {
        return Err(SnsError::filter_policy("Too many terms in numeric range expression"));
    }
    Ok(Condition::Numeric(vec![(first, low), (second, high)]))
}

fn network(operand: &Value) -> Result<Condition, SnsError> {
    let Some(text) = operand.as_str() else {
        return Err(SnsError::filter_policy("prefix match pattern must be a string"));
    };
    let Some((address, bits)) = text.split_once('/') else {
        return Err(SnsError::filter_policy("Malformed CIDR, one '/' required"));
    };
    let address: IpAddr = address
        .parse()
        .map_err(|_| SnsError::filter_policy(&format!("Nonstandard IP address: {address}")))?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.parse().ok().filter(|bits| *bits <= most);
    let bits = bits.ok_or_else(|| SnsError::filter_policy("Malformed CIDR, mask bits must be an integer"))?;
    Ok(Condition::Network(address, bits))
}

/// True when the first `bits` of both addresses are the same.
fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let differing = match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (u32::from(one) ^ u32::from(other)).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (u128::from(one) ^ u128::from(other)).leading_zeros(),
        _ => return false,
    };
    differing >= u32::from(bits)
}
