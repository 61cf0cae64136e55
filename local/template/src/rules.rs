//! Rules: assertions about parameters
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>).

use crate::conditions::{Condition, Place};
use crate::error::Report;
use crate::node::{Key, Node, Path, Position};
use crate::sections::{Section, list};

/// One rule: its assertions hold when its condition does.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) condition: Option<Condition>,
    pub(crate) assertions: Vec<Assertion>,
}

#[derive(Debug, Clone)]
pub(crate) struct Assertion {
    pub(crate) at: Position,
    pub(crate) assert: Condition,
    pub(crate) description: Option<String>,
}

impl Rule {
    pub(crate) fn read(key: &Key, node: &Node, path: Path<'_>, report: &Report) -> Option<Rule> {
        let section = Section::read(node, "rule key", &["RuleCondition", "Assertions"], path, report)?;
        let condition = section
            .get("RuleCondition")
            .map(|node| Condition::read(node, Place::Rules, path.name("RuleCondition"), report));
        let assertions = section.require("Assertions", node.at, path, report)?;
        let assertions_path = path.name("Assertions");
        let assertions = list(assertions, assertions_path, report)?
            .iter()
            .enumerate()
            .filter_map(|(index, item)| Assertion::read(item, assertions_path.index(index), report))
            .collect();
        let condition = match condition {
            Some(None) => return None,
            Some(condition) => condition,
            None => None,
        };
        Some(Rule {
            name: key.name.clone(),
            condition,
            assertions,
        })
    }
}

impl Assertion {
    fn read(node: &Node, path: Path<'_>, report: &Report) -> Option<Assertion> {
        let section = Section::read(node, "assertion key", &["Assert", "AssertDescription"], path, report)?;
        let description = section.text("AssertDescription", path, report);
        let assert = section.require("Assert", node.at, path, report)?;
        let assert = Condition::read(assert, Place::Rules, path.name("Assert"), report)?;
        Some(Assertion {
            at: node.at,
            assert,
            description,
        })
    }
}
