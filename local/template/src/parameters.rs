//! Parameters: declarations, and the check of what is given
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>).

use std::fmt;

use regex::Regex;

use crate::error::{Problem, Report, unknown};
use crate::node::{Node, Path, Position, Quoted};
use crate::sections::{Section, list, text, wrong_type};

const KEYS: &[&str] = &[
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

/// AWS-specific types whose values are plain strings here; `List<...>` of them exists too.
const AWS_TYPES: &[&str] = &[
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::Volume::Id",
    "AWS::EC2::VPC::Id",
    "AWS::Route53::HostedZone::Id",
    "AWS::SSM::Parameter::Name",
];

/// The kind of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    TextList,
    NumberList,
}

/// A parameter as the template declares it.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) at: Position,
    pub(crate) description: Option<String>,
    pub(crate) default: Option<String>,
    pub(crate) no_echo: bool,
    kind: Kind,
    allowed_values: Option<Vec<String>>,
    allowed_pattern: Option<Regex>,
    constraint: Option<String>,
    length: Bounds,
    value: Bounds,
}

/// Inclusive limits of a length or a number.
#[derive(Debug, Clone, Copy, Default)]
struct Bounds {
    min: Option<f64>,
    max: Option<f64>,
}

impl Bounds {
    fn contain(self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (Some(min), Some(max)) => write!(f, "from {min} to {max}"),
            (Some(min), None) => write!(f, "at least {min}"),
            (None, Some(max)) => write!(f, "at most {max}"),
            (None, None) => f.write_str("any"),
        }
    }
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParameterValue {
    Text(String),
    List(Vec<String>),
}

impl Parameter {
    pub(crate) fn read(node: &Node, path: Path<'_>, report: &Report) -> Option<Parameter> {
        let section = Section::read(node, "parameter key", KEYS, path, report)?;
        let type_node = section.require("Type", node.at, path, report)?;
        let kind = read_kind(type_node, path.name("Type"), report)?;
        let bound = |name: &'static str| {
            section
                .get(name)
                .and_then(|node| read_number(node, path.name(name), report))
        };
        let allowed_values = section.get("AllowedValues").and_then(|node| {
            let path = path.name("AllowedValues");
            let values = list(node, path, report)?.iter();
            Some(
                values
                    .filter_map(|value| text(value, path, report))
                    .map(str::to_owned)
                    .collect(),
            )
        });
        let parameter = Parameter {
            at: node.at,
            description: section.text("Description", path, report),
            default: section.text("Default", path, report),
            no_echo: section
                .get("NoEcho")
                .is_some_and(|node| read_bool(node, path.name("NoEcho"), report)),
            kind,
            allowed_values,
            allowed_pattern: section
                .get("AllowedPattern")
                .and_then(|node| read_pattern(node, path.name("AllowedPattern"), report)),
            constraint: section.text("ConstraintDescription", path, report),
            length: Bounds {
                min: bound("MinLength"),
                max: bound("MaxLength"),
            },
            value: Bounds {
                min: bound("MinValue"),
                max: bound("MaxValue"),
            },
        };
        if let Some(default) = &parameter.default
            && let Err(problem) = parameter.check(default)
        {
            report.add(node.at, path.name("Default"), problem);
        }
        Some(parameter)
    }

    /// The value of a given text, or what is wrong with it.
    pub(crate) fn check(&self, given: &str) -> Result<ParameterValue, Problem> {
        match self.kind {
            Kind::Text | Kind::Number => {
                self.check_one(given)?;
                Ok(ParameterValue::Text(given.to_owned()))
            }
            Kind::TextList | Kind::NumberList => {
                let items: Vec<String> = match given {
                    "" => Vec::new(),
                    _ => given.split(',').map(|item| item.trim().to_owned()).collect(),
                };
                items.iter().try_for_each(|item| self.check_one(item))?;
                Ok(ParameterValue::List(items))
            }
        }
    }

    fn check_one(&self, given: &str) -> Result<(), Problem> {
        if matches!(self.kind, Kind::Number | Kind::NumberList) {
            match given.parse::<f64>() {
                Ok(number) if number.is_finite() => {
                    if !self.value.contain(number) {
                        return Err(self.refuse(given, format!("it must be {}", self.value)));
                    }
                }
                _ => return Err(self.refuse(given, "it must be a number".to_owned())),
            }
        }
        let length = given.chars().count();
        if !self.length.contain(length as f64) {
            return Err(self.refuse(given, format!("its length is {length}, it must be {}", self.length)));
        }
        if let Some(allowed) = &self.allowed_values
            && !allowed.iter().any(|value| value == given)
        {
            return Err(self.refuse(given, format!("it must be one of {}", allowed.join(", "))));
        }
        match &self.allowed_pattern {
            Some(pattern) if !pattern.is_match(given) => {
                // The pattern as written, without the anchors that were put around it.
                let written = pattern
                    .as_str()
                    .strip_prefix("^(?:")
                    .and_then(|rest| rest.strip_suffix(")$"));
                Err(self.refuse(given, format!("it must match {}", written.unwrap_or_default())))
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, given: &str, rule: String) -> Problem {
        let value = if self.no_echo {
            "the value".to_owned()
        } else {
            Quoted(given).to_string()
        };
        let rule = match &self.constraint {
            Some(constraint) => format!("{rule} ({constraint})"),
            None => rule,
        };
        Problem::NotAllowed { value, rule }
    }
}

fn read_kind(node: &Node, path: Path<'_>, report: &Report) -> Option<Kind> {
    let name = text(node, path, report)?;
    let element = name.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>'));
    let kind = match (name, element) {
        ("String", _) => Kind::Text,
        ("Number", _) => Kind::Number,
        ("CommaDelimitedList", _) => Kind::TextList,
        (_, Some("Number")) => Kind::NumberList,
        (_, Some("String")) => Kind::TextList,
        (_, Some(element)) if AWS_TYPES.contains(&element) => Kind::TextList,
        (_, None) if AWS_TYPES.contains(&name) => Kind::Text,
        // There is no Parameter Store: the default stands for the value, as what is given does.
        _ if let Some(kind) = stored_kind(name) => kind,
        _ => {
            let known = ["String", "Number", "CommaDelimitedList", "List<Number>"].into_iter();
            report.add(
                node.at,
                path,
                unknown("parameter type", name, known.chain(AWS_TYPES.iter().copied())),
            );
            return None;
        }
    };
    Some(kind)
}

/// The kind of the value under a name of the Parameter Store: `AWS::SSM::Parameter::Value<String>`, `…<List<String>>`,
/// `…<CommaDelimitedList>` or one of the types of AWS.
fn stored_kind(name: &str) -> Option<Kind> {
    let stored = name.strip_prefix("AWS::SSM::Parameter::Value<")?.strip_suffix('>')?;
    let element = stored.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>'));
    let known = |name: &str| name == "String" || AWS_TYPES.contains(&name);
    match (stored, element) {
        ("CommaDelimitedList", _) => Some(Kind::TextList),
        (_, Some(element)) if known(element) => Some(Kind::TextList),
        (_, None) if known(stored) => Some(Kind::Text),
        _ => None,
    }
}

fn read_number(node: &Node, path: Path<'_>, report: &Report) -> Option<f64> {
    let number = node
        .as_text()
        .and_then(|text| text.parse::<f64>().ok())
        .filter(|number| number.is_finite());
    if number.is_none() {
        wrong_type(node, "a number", path, report);
    }
    number
}

fn read_bool(node: &Node, path: Path<'_>, report: &Report) -> bool {
    match node.as_text() {
        Some("true") => true,
        Some("false") => false,
        _ => {
            wrong_type(node, "true or false", path, report);
            false
        }
    }
}

/// The pattern has to match the whole value, as in CloudFormation.
fn read_pattern(node: &Node, path: Path<'_>, report: &Report) -> Option<Regex> {
    let pattern = text(node, path, report)?;
    match Regex::new(&format!("^(?:{pattern})$")) {
        Ok(regex) => Some(regex),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            let value = Quoted(pattern).to_string();
            report.add(
                node.at,
                path,
                Problem::NotAllowed {
                    value,
                    rule: format!("not a readable pattern: {reason}"),
                },
            );
            None
        }
    }
}
