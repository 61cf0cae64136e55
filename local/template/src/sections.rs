//! Reading the fixed structure of a template: mappings with known keys, names, texts.

use crate::error::{Problem, Report, Reported, unknown};
use crate::node::{Data, Key, Node, Path, Position};

/// A name and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sited {
    pub(crate) at: Position,
    pub(crate) name: String,
}

pub(crate) fn wrong_type(node: &Node, expected: &'static str, path: Path<'_>, report: &Report) -> Reported {
    report.add(
        node.at,
        path,
        Problem::WrongType {
            expected,
            found: node.describe(),
        },
    )
}

pub(crate) fn entries<'n>(node: &'n Node, path: Path<'_>, report: &Report) -> Option<&'n [(Key, Node)]> {
    match &node.data {
        Data::Map(entries) => Some(entries),
        Data::Scalar(_) | Data::List(_) => {
            wrong_type(node, "a mapping", path, report);
            None
        }
    }
}

pub(crate) fn list<'n>(node: &'n Node, path: Path<'_>, report: &Report) -> Option<&'n [Node]> {
    match &node.data {
        Data::List(items) => Some(items),
        Data::Scalar(_) | Data::Map(_) => {
            wrong_type(node, "a list", path, report);
            None
        }
    }
}

pub(crate) fn text<'n>(node: &'n Node, path: Path<'_>, report: &Report) -> Option<&'n str> {
    let text = node.as_text();
    if text.is_none() {
        wrong_type(node, "a string", path, report);
    }
    text
}

pub(crate) fn sited(node: &Node, path: Path<'_>, report: &Report) -> Option<Sited> {
    text(node, path, report).map(|name| Sited {
        at: node.at,
        name: name.to_owned(),
    })
}

/// A mapping whose keys are a closed set; each unknown key is reported.
pub(crate) struct Section<'n> {
    entries: &'n [(Key, Node)],
}

impl<'n> Section<'n> {
    pub(crate) fn read(
        node: &'n Node,
        what: &'static str,
        known: &[&'static str],
        path: Path<'_>,
        report: &Report,
    ) -> Option<Section<'n>> {
        let entries = entries(node, path, report)?;
        for (key, _) in entries {
            if !known.contains(&key.name.as_str()) {
                report.add(key.at, path, unknown(what, &key.name, known.iter().copied()));
            }
        }
        Some(Section { entries })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, value)| value)
    }

    /// The key's node; its absence is an error.
    pub(crate) fn require(&self, name: &str, at: Position, path: Path<'_>, report: &Report) -> Option<&'n Node> {
        let found = self.get(name);
        if found.is_none() {
            report.add(at, path, Problem::Missing { name: name.to_owned() });
        }
        found
    }

    pub(crate) fn text(&self, name: &'static str, path: Path<'_>, report: &Report) -> Option<String> {
        text(self.get(name)?, path.name(name), report).map(str::to_owned)
    }
}

/// Logical names are alphanumeric.
pub(crate) fn check_logical_name(key: &Key, path: Path<'_>, report: &Report) {
    if key.name.is_empty() || key.name.len() > 255 || !key.name.chars().all(|c| c.is_ascii_alphanumeric()) {
        let value = crate::node::Quoted(&key.name).to_string();
        let rule = "a logical name is 1 to 255 letters and digits".to_owned();
        report.add(key.at, path, Problem::NotAllowed { value, rule });
    }
}
