//! Conditions: expressions that are true or false
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html>).

use crate::error::{Report, unknown};
use crate::expr::{Expr, arguments, not_a_value_function};
use crate::node::{Data, Key, Node, Path};
use crate::sections::{Sited, list, sited, wrong_type};

/// A boolean expression.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Equals(Expr, Expr),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    /// Another condition by its name.
    Named(Sited),
    /// `Fn::Contains`: is the value in the list?
    Contains {
        list: Expr,
        value: Expr,
    },
    /// `Fn::EachMemberEquals`: is every member of the list the value?
    EachMemberEquals {
        list: Expr,
        value: Expr,
    },
    /// `Fn::EachMemberIn`: is every member of the first list in the second?
    EachMemberIn {
        members: Expr,
        list: Expr,
    },
}

/// The section of a boolean expression: `Rules` has functions that `Conditions` has not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Conditions,
    Rules,
}

impl Place {
    fn functions(self) -> &'static [&'static str] {
        match self {
            Place::Conditions => &["Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or", "Condition"],
            Place::Rules => &[
                "Fn::And",
                "Fn::Contains",
                "Fn::EachMemberEquals",
                "Fn::EachMemberIn",
                "Fn::Equals",
                "Fn::Not",
                "Fn::Or",
            ],
        }
    }
}

impl Condition {
    /// Reads a boolean expression; `None` when something in it was reported.
    pub(crate) fn read(node: &Node, place: Place, path: Path<'_>, report: &Report) -> Option<Condition> {
        let Data::Map(entries) = &node.data else {
            wrong_type(node, "a condition function such as Fn::Equals", path, report);
            return None;
        };
        let [(key, argument)] = entries.as_slice() else {
            wrong_type(node, "one condition function such as Fn::Equals", path, report);
            return None;
        };
        if !place.functions().contains(&key.name.as_str()) {
            report_unknown(key, place, path, report);
            return None;
        }
        read_function(key, argument, place, path, report)
    }
}

fn report_unknown(key: &Key, place: Place, path: Path<'_>, report: &Report) {
    let known = place.functions();
    let problem = match not_a_value_function(&key.name) {
        problem @ crate::Problem::NotLocal { .. } => problem,
        _ => unknown("condition function", &key.name, known.iter().copied()),
    };
    report.add(key.at, path, problem);
}

fn read_function(key: &Key, argument: &Node, place: Place, path: Path<'_>, report: &Report) -> Option<Condition> {
    let pair = |expected| -> Option<(Expr, Expr)> {
        let [first, second] = arguments(argument, expected, path, report)?;
        let (first, second) = (Expr::read(first, path, report), Expr::read(second, path, report));
        Some((first?, second?))
    };
    match key.name.as_str() {
        "Fn::Equals" => pair("[value, value]").map(|(first, second)| Condition::Equals(first, second)),
        "Fn::And" => operands(argument, place, path, report).map(Condition::And),
        "Fn::Or" => operands(argument, place, path, report).map(Condition::Or),
        "Fn::Not" => {
            let [operand] = arguments(argument, "[condition]", path, report)?;
            Condition::read(operand, place, path, report).map(|operand| Condition::Not(Box::new(operand)))
        }
        "Condition" => sited(argument, path, report).map(Condition::Named),
        "Fn::Contains" => pair("[list, value]").map(|(list, value)| Condition::Contains { list, value }),
        "Fn::EachMemberEquals" => {
            pair("[list, value]").map(|(list, value)| Condition::EachMemberEquals { list, value })
        }
        "Fn::EachMemberIn" => pair("[members, list]").map(|(members, list)| Condition::EachMemberIn { members, list }),
        _ => {
            report_unknown(key, place, path, report);
            None
        }
    }
}

fn operands(argument: &Node, place: Place, path: Path<'_>, report: &Report) -> Option<Vec<Condition>> {
    let items = list(argument, path, report)?;
    if !(2..=10).contains(&items.len()) {
        wrong_type(argument, "a list of 2 to 10 conditions", path, report);
        return None;
    }
    let operands: Vec<Option<Condition>> = items
        .iter()
        .map(|item| Condition::read(item, place, path, report))
        .collect();
    operands.into_iter().collect()
}
