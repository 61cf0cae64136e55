//! Values with intrinsic functions
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>).

use crate::error::{Problem, Report, unknown};
use crate::node::{Data, Key, Node, Path, Position, Scalar};
use crate::sections::{Sited, list, sited, text, wrong_type};

/// A value as the template writes it: data, with functions in it.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) at: Position,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Expr>),
    Map(Vec<(Key, Expr)>),
    Ref(String),
    GetAtt {
        resource: String,
        attribute: String,
    },
    Sub {
        parts: Vec<SubPart>,
        variables: Vec<(Key, Expr)>,
    },
    Join {
        delimiter: String,
        values: Box<Expr>,
    },
    If {
        condition: Sited,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Select {
        index: Box<Expr>,
        list: Box<Expr>,
    },
    Split {
        delimiter: String,
        source: Box<Expr>,
    },
    FindInMap {
        map: Box<Expr>,
        first: Box<Expr>,
        second: Box<Expr>,
    },
    Base64(Box<Expr>),
    ImportValue(Box<Expr>),
    GetAzs(Box<Expr>),
}

/// A piece of a `Fn::Sub` text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SubPart {
    Literal(String),
    Variable(String),
}

/// The functions that give a value.
#[derive(Clone, Copy)]
enum Function {
    Base64,
    FindInMap,
    GetAtt,
    GetAzs,
    If,
    ImportValue,
    Join,
    Ref,
    Select,
    Split,
    Sub,
}

impl Function {
    const ALL: [(&'static str, Function); 11] = [
        ("Fn::Base64", Function::Base64),
        ("Fn::FindInMap", Function::FindInMap),
        ("Fn::GetAtt", Function::GetAtt),
        ("Fn::GetAZs", Function::GetAzs),
        ("Fn::If", Function::If),
        ("Fn::ImportValue", Function::ImportValue),
        ("Fn::Join", Function::Join),
        ("Ref", Function::Ref),
        ("Fn::Select", Function::Select),
        ("Fn::Split", Function::Split),
        ("Fn::Sub", Function::Sub),
    ];

    fn parse(name: &str) -> Option<Function> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, function)| function)
    }
}

/// Functions that answer true or false, and so stand only in `Conditions` and `Rules`.
const BOOLEAN_FUNCTIONS: &[&str] = &[
    "Fn::And",
    "Fn::Contains",
    "Fn::EachMemberEquals",
    "Fn::EachMemberIn",
    "Fn::Equals",
    "Fn::Not",
    "Fn::Or",
];

/// Functions that need a transform or a service that one machine does not have.
const UNAVAILABLE: &[(&str, &str)] = &[
    ("Fn::Cidr", "write the CIDR blocks out"),
    ("Fn::Length", "it needs the AWS::LanguageExtensions transform"),
    ("Fn::RefAll", "it needs an account's parameters"),
    (
        "Fn::ToJsonString",
        "it needs the AWS::LanguageExtensions transform; write the JSON as a string with Fn::Sub",
    ),
    (
        "Fn::Transform",
        "macros run on AWS only; write the processed template out",
    ),
    ("Fn::ValueOf", "it needs an account's parameters"),
    ("Fn::ValueOfAll", "it needs an account's parameters"),
];

impl Expr {
    /// Reads a value; `None` when something in it was reported.
    pub(crate) fn read(node: &Node, path: Path<'_>, report: &Report) -> Option<Expr> {
        let kind = match &node.data {
            Data::Scalar(scalar) => Kind::Scalar(scalar.clone()),
            Data::List(items) => Kind::List(read_all(items, path, report)?),
            Data::Map(entries) => match entries.as_slice() {
                [(key, argument)] if key.name == "Ref" || key.name.starts_with("Fn::") => {
                    read_function(key, argument, path, report)?
                }
                _ => Kind::Map(read_entries(entries, path, report)?),
            },
        };
        Some(Expr { at: node.at, kind })
    }

    fn boxed(node: &Node, path: Path<'_>, report: &Report) -> Option<Box<Expr>> {
        Expr::read(node, path, report).map(Box::new)
    }
}

fn read_all(items: &[Node], path: Path<'_>, report: &Report) -> Option<Vec<Expr>> {
    // Every item is read before a fault counts, so that all faults are shown.
    let items: Vec<Option<Expr>> = items
        .iter()
        .enumerate()
        .map(|(index, item)| Expr::read(item, path.index(index), report))
        .collect();
    items.into_iter().collect()
}

fn read_entries(entries: &[(Key, Node)], path: Path<'_>, report: &Report) -> Option<Vec<(Key, Expr)>> {
    let mut result = Some(Vec::with_capacity(entries.len()));
    for (key, value) in entries {
        if key.name.starts_with("Fn::") {
            let message = format!("`{}` must be the only key of its mapping", key.name);
            report.add(key.at, path, Problem::Syntax(message));
            result = None;
            continue;
        }
        match (Expr::read(value, path.name(&key.name), report), &mut result) {
            (Some(value), Some(read)) => read.push((key.clone(), value)),
            (None, _) => result = None,
            (Some(_), None) => {}
        }
    }
    result
}

/// The problem of a function that is not one of those that give a value.
pub(crate) fn not_a_value_function(name: &str) -> Problem {
    if BOOLEAN_FUNCTIONS.contains(&name) {
        return Problem::Conflict(format!(
            "`{name}` stands only in Conditions and Rules; name its condition in Fn::If"
        ));
    }
    let known = Function::ALL.into_iter().map(|(known, _)| known);
    let unavailable = UNAVAILABLE.iter().find(|(unavailable, _)| *unavailable == name);
    match unavailable {
        Some((name, advice)) => Problem::NotLocal {
            what: format!("`{name}`"),
            advice: (*advice).to_owned(),
        },
        None if name.starts_with("Fn::ForEach") => Problem::NotLocal {
            what: "`Fn::ForEach`".to_owned(),
            advice: "it needs the AWS::LanguageExtensions transform; write the elements out".to_owned(),
        },
        None => unknown("function", name, known),
    }
}

fn read_function(key: &Key, argument: &Node, path: Path<'_>, report: &Report) -> Option<Kind> {
    let Some(function) = Function::parse(&key.name) else {
        report.add(key.at, path, not_a_value_function(&key.name));
        return None;
    };
    match function {
        Function::Ref => Some(Kind::Ref(text(argument, path, report)?.to_owned())),
        Function::GetAtt => read_get_att(argument, path, report),
        Function::Sub => read_sub(argument, path, report),
        Function::Base64 => Some(Kind::Base64(Expr::boxed(argument, path, report)?)),
        Function::ImportValue => Some(Kind::ImportValue(Expr::boxed(argument, path, report)?)),
        Function::GetAzs => Some(Kind::GetAzs(Expr::boxed(argument, path, report)?)),
        Function::Join => {
            let [delimiter, values] = arguments(argument, "[delimiter, values]", path, report)?;
            let delimiter = text(delimiter, path, report)?.to_owned();
            Some(Kind::Join {
                delimiter,
                values: Expr::boxed(values, path, report)?,
            })
        }
        Function::Split => {
            let [delimiter, source] = arguments(argument, "[delimiter, string]", path, report)?;
            let delimiter = text(delimiter, path, report)?.to_owned();
            Some(Kind::Split {
                delimiter,
                source: Expr::boxed(source, path, report)?,
            })
        }
        Function::Select => {
            let [index, list] = arguments(argument, "[index, list]", path, report)?;
            let (index, list) = (Expr::boxed(index, path, report), Expr::boxed(list, path, report));
            Some(Kind::Select {
                index: index?,
                list: list?,
            })
        }
        Function::If => {
            let [condition, then, otherwise] = arguments(argument, "[condition, then, else]", path, report)?;
            let condition = sited(condition, path, report);
            let (then, otherwise) = (Expr::boxed(then, path, report), Expr::boxed(otherwise, path, report));
            Some(Kind::If {
                condition: condition?,
                then: then?,
                otherwise: otherwise?,
            })
        }
        Function::FindInMap => {
            let [map, first, second] = arguments(argument, "[map, first key, second key]", path, report)?;
            let (map, first) = (Expr::boxed(map, path, report), Expr::boxed(first, path, report));
            Some(Kind::FindInMap {
                map: map?,
                first: first?,
                second: Expr::boxed(second, path, report)?,
            })
        }
    }
}

/// A function's arguments, whose number is fixed.
pub(crate) fn arguments<'n, const N: usize>(
    node: &'n Node,
    expected: &'static str,
    path: Path<'_>,
    report: &Report,
) -> Option<[&'n Node; N]> {
    if let Data::List(items) = &node.data
        && let Ok(items) = <&[Node; N]>::try_from(items.as_slice())
    {
        return Some(items.each_ref());
    }
    let found = match &node.data {
        Data::List(items) => format!("a list of {}", items.len()),
        Data::Scalar(_) | Data::Map(_) => node.describe(),
    };
    report.add(node.at, path, Problem::WrongType { expected, found });
    None
}

fn read_get_att(argument: &Node, path: Path<'_>, report: &Report) -> Option<Kind> {
    let (resource, attribute) = match &argument.data {
        Data::Scalar(scalar) => match scalar.as_text().split_once('.') {
            Some((resource, attribute)) => (resource.to_owned(), attribute.to_owned()),
            None => {
                wrong_type(argument, "Resource.Attribute", path, report);
                return None;
            }
        },
        Data::List(_) => {
            let [resource, attribute] = arguments(argument, "[resource, attribute]", path, report)?;
            (
                text(resource, path, report)?.to_owned(),
                text(attribute, path, report)?.to_owned(),
            )
        }
        Data::Map(_) => {
            wrong_type(argument, "Resource.Attribute", path, report);
            return None;
        }
    };
    Some(Kind::GetAtt { resource, attribute })
}

fn read_sub(argument: &Node, path: Path<'_>, report: &Report) -> Option<Kind> {
    let (template, variables) = match &argument.data {
        Data::List(_) => {
            let [template, variables] = arguments(argument, "[string, variables]", path, report)?;
            let entries = crate::sections::entries(variables, path, report)?;
            (template, read_entries(entries, path, report)?)
        }
        Data::Scalar(_) | Data::Map(_) => (argument, Vec::new()),
    };
    match sub_parts(text(template, path, report)?) {
        Ok(parts) => Some(Kind::Sub { parts, variables }),
        Err(message) => {
            report.add(template.at, path, Problem::Syntax(message));
            None
        }
    }
}

/// Splits `a ${B} ${!C}` into its parts; `${!C}` stands for a literal `${C}`.
fn sub_parts(mut rest: &str) -> Result<Vec<SubPart>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        literal.push_str(before);
        let Some(end) = from.find('}') else {
            return Err("Fn::Sub: `${` without its `}`; write `${!` for a literal `${`".to_owned());
        };
        let name = &from[2..end];
        rest = &from[end + 1..];
        if let Some(escaped) = name.strip_prefix('!') {
            literal.push_str(&format!("${{{escaped}}}"));
            continue;
        }
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.:".contains(c)) {
            return Err(format!(
                "Fn::Sub: `${{{name}}}` is not a name (letters, digits, `_`, `.`, `:`); write `${{!` for a literal `${{`"
            ));
        }
        if !literal.is_empty() {
            parts.push(SubPart::Literal(std::mem::take(&mut literal)));
        }
        parts.push(SubPart::Variable(name.to_owned()));
    }
    literal.push_str(rest);
    if !literal.is_empty() || parts.is_empty() {
        parts.push(SubPart::Literal(literal));
    }
    Ok(parts)
}

/// Reads a list of names, or one name.
pub(crate) fn names(node: &Node, path: Path<'_>, report: &Report) -> Vec<Sited> {
    match &node.data {
        Data::Scalar(_) => sited(node, path, report).into_iter().collect(),
        Data::List(_) | Data::Map(_) => {
            let items = list(node, path, report).unwrap_or_default();
            items.iter().filter_map(|item| sited(item, path, report)).collect()
        }
    }
}
