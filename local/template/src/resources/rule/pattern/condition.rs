//! The conditions of a place in a pattern.

use std::cmp::Ordering;
use std::net::IpAddr;

use serde_json::Value;

/// A condition on what an event has in a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Exactly(Value),
    Text(Text),
    AnythingBut(Vec<Condition>),
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
    Cidr { network: IpAddr, bits: u8 },
}

/// A condition on a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    Prefix(String),
    PrefixIgnoringCase(String),
    Suffix(String),
    SuffixIgnoringCase(String),
    EqualsIgnoringCase(String),
    Wildcard(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let members = match value {
            Value::Object(members) => members,
            Value::Array(_) => return Err("a list in a list is not possible".to_owned()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Ok(Self::Exactly(value.clone()));
            }
        };
        let mut members = members.iter();
        let (Some((name, argument)), None) = (members.next(), members.next()) else {
            return Err("one condition is wanted in an object".to_owned());
        };
        let read = match name.as_str() {
            "anything-but" => anything_but(argument),
            "numeric" => numeric(argument),
            "exists" => argument.as_bool().map(Self::Exists),
            "cidr" => argument.as_str().and_then(cidr),
            "prefix" | "suffix" | "equals-ignore-case" | "wildcard" => Text::read(name, argument).map(Self::Text),
            _ => return Err(format!("`{name}` is no condition")),
        };
        read.ok_or_else(|| format!("`{name}` wants {}", wanted(name)))
    }

    /// The text that it wants, if it is a text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Exactly(Value::String(text)) => Some(text),
            Self::Exactly(_)
            | Self::Text(_)
            | Self::AnythingBut(_)
            | Self::Numeric(_)
            | Self::Exists(_)
            | Self::Cidr { .. } => None,
        }
    }

    pub(super) fn matches(&self, found: Option<&Value>) -> bool {
        if let Self::Exists(wanted) = self {
            return found.is_some() == *wanted;
        }
        match found {
            None => false,
            Some(Value::Array(items)) => match self {
                // none of them may be what it must not be
                Self::AnythingBut(_) => items.iter().all(|item| self.matches_one(item)),
                _ => items.iter().any(|item| self.matches_one(item)),
            },
            Some(one) => self.matches_one(one),
        }
    }

    fn matches_one(&self, found: &Value) -> bool {
        match self {
            Self::Exactly(Value::Number(wanted)) => found.as_f64() == wanted.as_f64() && found.is_number(),
            Self::Exactly(wanted) => found == wanted,
            Self::Text(text) => found.as_str().is_some_and(|found| text.matches(found)),
            Self::AnythingBut(conditions) => !conditions.iter().any(|one| one.matches_one(found)),
            Self::Numeric(comparisons) => found.as_f64().is_some_and(|found| {
                comparisons
                    .iter()
                    .all(|(comparison, with)| comparison.holds(found, *with))
            }),
            Self::Exists(wanted) => *wanted,
            Self::Cidr { network, bits } => {
                let address = found.as_str().and_then(|text| text.parse::<IpAddr>().ok());
                address.is_some_and(|address| shares(address, *network, *bits))
            }
        }
    }
}

fn wanted(condition: &str) -> &'static str {
    match condition {
        "anything-but" => "a value, a list of values, or an object with prefix, suffix, equals-ignore-case or wildcard",
        "numeric" => "a list of one or two comparisons, as [\">\", 0, \"<=\", 5]",
        "exists" => "true or false",
        "cidr" => "a network, as 10.0.0.0/24",
        _ => "a text",
    }
}

impl Text {
    fn read(name: &str, argument: &Value) -> Option<Self> {
        if let Some(text) = argument.as_str() {
            let text = text.to_owned();
            return match name {
                "prefix" => Some(Self::Prefix(text)),
                "suffix" => Some(Self::Suffix(text)),
                "equals-ignore-case" => Some(Self::EqualsIgnoringCase(text.to_lowercase())),
                "wildcard" if !text.contains("**") => Some(Self::Wildcard(text)),
                _ => None,
            };
        }
        let text = argument.get("equals-ignore-case")?.as_str()?.to_lowercase();
        match name {
            "prefix" => Some(Self::PrefixIgnoringCase(text)),
            "suffix" => Some(Self::SuffixIgnoringCase(text)),
            _ => None,
        }
    }

    fn matches(&self, found: &str) -> bool {
        match self {
            Self::Prefix(text) => found.starts_with(text),
            Self::PrefixIgnoringCase(text) => found.to_lowercase().starts_with(text),
            Self::Suffix(text) => found.ends_with(text),
            Self::SuffixIgnoringCase(text) => found.to_lowercase().ends_with(text),
            Self::EqualsIgnoringCase(text) => found.to_lowercase() == *text,
            Self::Wildcard(pattern) => wildcard(pattern, found),
        }
    }
}

/// `*` stands for any text; the parts between are looked for in their order, each at its first place.
fn wildcard(pattern: &str, found: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == found;
    };
    let (middle, last) = rest
        .rsplit_once('*')
        .map_or(("", rest), |(middle, last)| (middle, last));
    let Some(mut left) = found.strip_prefix(first).and_then(|left| left.strip_suffix(last)) else {
        return false;
    };
    for part in middle.split('*') {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    true
}

fn anything_but(argument: &Value) -> Option<Condition> {
    let conditions = match argument {
        Value::Object(members) => {
            let mut members = members.iter();
            let (Some((name, argument)), None) = (members.next(), members.next()) else {
                return None;
            };
            let texts = match argument {
                Value::Array(texts) => texts
                    .iter()
                    .map(|text| Text::read(name, text))
                    .collect::<Option<Vec<_>>>()?,
                text => vec![Text::read(name, text)?],
            };
            texts.into_iter().map(Condition::Text).collect()
        }
        Value::Array(values) if !values.is_empty() => {
            let exactly =
                |value: &Value| (!value.is_object() && !value.is_array()).then(|| Condition::Exactly(value.clone()));
            values.iter().map(exactly).collect::<Option<Vec<_>>>()?
        }
        Value::Array(_) => return None,
        value => vec![Condition::Exactly(value.clone())],
    };
    Some(Condition::AnythingBut(conditions))
}

fn numeric(argument: &Value) -> Option<Condition> {
    let parts = argument.as_array()?;
    if parts.is_empty() || parts.len() > 4 || parts.len() % 2 != 0 {
        return None;
    }
    let pairs = parts.chunks(2).map(|pair| match pair {
        [comparison, with] => Some((Comparison::read(comparison.as_str()?)?, with.as_f64()?)),
        _ => None,
    });
    pairs.collect::<Option<Vec<_>>>().map(Condition::Numeric)
}

impl Comparison {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds(self, found: f64, with: f64) -> bool {
        match self {
            Self::Equal => found.partial_cmp(&with).is_some_and(Ordering::is_eq),
            Self::NotEqual => found.partial_cmp(&with).is_some_and(Ordering::is_ne),
            Self::Less => found < with,
            Self::LessOrEqual => found <= with,
            Self::Greater => found > with,
            Self::GreaterOrEqual => found >= with,
        }
    }
}

fn cidr(text: &str) -> Option<Condition> {
    let (network, bits) = text.split_once('/')?;
    let network: IpAddr = network.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    let most = if network.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some(Condition::Cidr { network, bits })
}

/// Tells whether two addresses have their first bits in common.
fn shares(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    let different = address ^ network;
    bits == 0 || different.checked_shr(width - u32::from(bits)) == Some(0)
}
