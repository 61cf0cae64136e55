//! A template's sections
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>).

use indexmap::IndexMap;
use serde_json::Value;

use crate::conditions::{Condition, Place};
use crate::error::{Problem, Report, unknown};
use crate::expr::{Expr, names};
use crate::node::{Key, Node, Path, Position, Quoted};
use crate::parameters::Parameter;
use crate::resources::ResourceType;
use crate::rules::Rule;
use crate::sections::{Section, Sited, check_logical_name, entries, sited, text};

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

const RESOURCE_KEYS: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

const VERSION: &str = "2010-09-09";

/// CloudFormation's quota of resources in a template.
const MAX_RESOURCES: usize = 500;

/// A template that has been read and checked as far as is possible without parameters.
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) file: String,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Value,
    pub(crate) parameters_at: Position,
    pub(crate) parameters: IndexMap<String, Parameter>,
    pub(crate) mappings: IndexMap<String, Mapping>,
    pub(crate) conditions: IndexMap<String, ConditionTemplate>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) resources: IndexMap<String, ResourceTemplate>,
    pub(crate) outputs: IndexMap<String, OutputTemplate>,
}

/// A mapping's values by first and second key.
pub(crate) type Mapping = IndexMap<String, IndexMap<String, Node>>;

#[derive(Debug, Clone)]
pub(crate) struct ConditionTemplate {
    pub(crate) at: Position,
    pub(crate) condition: Condition,
}

#[derive(Debug, Clone)]
pub(crate) struct ResourceTemplate {
    pub(crate) at: Position,
    pub(crate) resource_type: ResourceType,
    pub(crate) properties_at: Position,
    pub(crate) properties: Vec<(Key, Expr)>,
    pub(crate) depends_on: Vec<Sited>,
    pub(crate) condition: Option<Sited>,
    pub(crate) deletion_policy: DeletionPolicy,
    pub(crate) metadata: Value,
}

#[derive(Debug, Clone)]
pub(crate) struct OutputTemplate {
    pub(crate) at: Position,
    pub(crate) description: Option<String>,
    pub(crate) condition: Option<Sited>,
    pub(crate) value: Expr,
    pub(crate) export: Option<Expr>,
}

/// The treatment of a resource that leaves its stack
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeletionPolicy {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays.
    Retain,
    /// It stays, unless its creation failed.
    RetainExceptOnCreate,
    /// It is deleted after a snapshot.
    Snapshot,
}

impl DeletionPolicy {
    const ALL: [(&'static str, DeletionPolicy); 4] = [
        ("Delete", DeletionPolicy::Delete),
        ("Retain", DeletionPolicy::Retain),
        ("RetainExceptOnCreate", DeletionPolicy::RetainExceptOnCreate),
        ("Snapshot", DeletionPolicy::Snapshot),
    ];

    fn read(node: &Node, path: Path<'_>, report: &Report) -> Option<DeletionPolicy> {
        let name = text(node, path, report)?;
        let found = Self::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, policy)| policy);
        if found.is_none() {
            report.add(
                node.at,
                path,
                unknown("policy", name, Self::ALL.into_iter().map(|(known, _)| known)),
            );
        }
        found
    }
}

impl Template {
    /// The template's `Description`.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The template's `Metadata` as JSON, short tags written as `Fn::` mappings; null when there is none.
    #[must_use]
    pub fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// The names of the declared parameters, with `true` for those that must be given because they have no default.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, bool)> {
        self.parameters
            .iter()
            .map(|(name, parameter)| (name.as_str(), parameter.default.is_none()))
    }

    /// Logical id and type of every resource, also of those whose condition may turn out false, in the order of the file.
    pub fn resources(&self) -> impl Iterator<Item = (&str, ResourceType)> {
        self.resources
            .iter()
            .map(|(id, resource)| (id.as_str(), resource.resource_type))
    }
}

/// Reads a template from a document.
pub(crate) fn read(root: &Node, file: &str, report: &Report) -> Option<Template> {
    let top = Path::Root("");
    let section = Section::read(root, "section", SECTIONS, top, report)?;
    check_version(&section, report);
    if let Some(transform) = section.get("Transform") {
        let what = match transform.as_text() {
            Some(name) => format!("the transform {}", Quoted(name)),
            None => "a transform".to_owned(),
        };
        let advice = "macros run on AWS only; write the processed template out".to_owned();
        report.add(transform.at, "Transform", Problem::NotLocal { what, advice });
    }
    let mut template = Template {
        file: file.to_owned(),
        description: section.text("Description", top, report),
        metadata: section.get("Metadata").map_or(Value::Null, Node::to_json),
        parameters_at: section.get("Parameters").map_or(Position::START, |node| node.at),
        parameters: named(&section, "Parameters", report, |_, node, path| {
            Parameter::read(node, path, report)
        }),
        mappings: named(&section, "Mappings", report, |_, node, path| {
            read_mapping(node, path, report)
        }),
        conditions: named(&section, "Conditions", report, |key, node, path| {
            let condition = Condition::read(node, Place::Conditions, path, report)?;
            Some(ConditionTemplate { at: key.at, condition })
        }),
        rules: named(&section, "Rules", report, |key, node, path| {
            Rule::read(key, node, path, report)
        })
        .into_values()
        .collect(),
        resources: IndexMap::new(),
        outputs: named(&section, "Outputs", report, |key, node, path| {
            read_output(key, node, path, report)
        }),
    };
    let resources = section.require("Resources", root.at, top, report)?;
    let resources_entries = entries(resources, Path::Root("Resources"), report)?;
    let count = resources_entries.len();
    if !(1..=MAX_RESOURCES).contains(&count) {
        let message = format!("a template has 1 to {MAX_RESOURCES} resources, this one has {count}");
        report.add(resources.at, "Resources", Problem::Conflict(message));
        return None;
    }
    for (key, node) in resources_entries {
        check_logical_name(key, Path::Root("Resources"), report);
        if template.parameters.contains_key(&key.name) {
            let message = format!("`{}` is the name of a parameter and of a resource", key.name);
            report.add(key.at, &key.name, Problem::Conflict(message));
        }
        if let Some(resource) = read_resource(key, node, report) {
            template.resources.insert(key.name.clone(), resource);
        }
    }
    Some(template)
}

fn check_version(section: &Section<'_>, report: &Report) {
    if let Some(node) = section.get("AWSTemplateFormatVersion")
        && node.as_text() != Some(VERSION)
    {
        let problem = Problem::NotAllowed {
            value: node.describe(),
            rule: format!("the only version is {VERSION}"),
        };
        report.add(node.at, "AWSTemplateFormatVersion", problem);
    }
}

/// Reads a section of named elements; those that are reported are left out.
fn named<T>(
    section: &Section<'_>,
    name: &'static str,
    report: &Report,
    read: impl Fn(&Key, &Node, Path<'_>) -> Option<T>,
) -> IndexMap<String, T> {
    let path = Path::Root(name);
    let Some(entries) = section.get(name).and_then(|node| entries(node, path, report)) else {
        return IndexMap::new();
    };
    let mut elements = IndexMap::with_capacity(entries.len());
    for (key, node) in entries {
        check_logical_name(key, path, report);
        if let Some(element) = read(key, node, path.name(&key.name)) {
            elements.insert(key.name.clone(), element);
        }
    }
    elements
}

fn read_mapping(node: &Node, path: Path<'_>, report: &Report) -> Option<Mapping> {
    let mut mapping = Mapping::new();
    for (first, inner) in entries(node, path, report)? {
        let path = path.name(&first.name);
        let mut values = IndexMap::new();
        for (second, value) in entries(inner, path, report)? {
            match &value.data {
                crate::node::Data::Map(_) => {
                    crate::sections::wrong_type(value, "a string or a list", path.name(&second.name), report);
                }
                crate::node::Data::Scalar(_) | crate::node::Data::List(_) => {
                    values.insert(second.name.clone(), value.clone());
                }
            }
        }
        mapping.insert(first.name.clone(), values);
    }
    Some(mapping)
}

fn read_output(key: &Key, node: &Node, path: Path<'_>, report: &Report) -> Option<OutputTemplate> {
    let known = &["Condition", "Description", "Export", "Value"];
    let section = Section::read(node, "output key", known, path, report)?;
    let export = section.get("Export").and_then(|node| {
        let path = path.name("Export");
        let section = Section::read(node, "export key", &["Name"], path, report)?;
        Expr::read(
            section.require("Name", node.at, path, report)?,
            path.name("Name"),
            report,
        )
    });
    let value = section.require("Value", node.at, path, report)?;
    Some(OutputTemplate {
        at: key.at,
        description: section.text("Description", path, report),
        condition: section
            .get("Condition")
            .and_then(|node| sited(node, path.name("Condition"), report)),
        value: Expr::read(value, path.name("Value"), report)?,
        export,
    })
}

fn read_resource(key: &Key, node: &Node, report: &Report) -> Option<ResourceTemplate> {
    let path = Path::Root(&key.name);
    let section = Section::read(node, "resource attribute", RESOURCE_KEYS, path, report)?;
    let policy = |name: &'static str| {
        section
            .get(name)
            .and_then(|node| DeletionPolicy::read(node, path.name(name), report))
            .unwrap_or_default()
    };
    let deletion_policy = policy("DeletionPolicy");
    // Replacing a resource keeps its data locally; the value is checked all the same.
    let _ = policy("UpdateReplacePolicy");
    let type_node = section.require("Type", node.at, path, report)?;
    let type_name = text(type_node, path.name("Type"), report)?;
    let Some(resource_type) = ResourceType::parse(type_name) else {
        let known = ResourceType::ALL.iter().map(|known| known.name());
        report.add(type_node.at, path, unknown("resource type", type_name, known));
        return None;
    };
    let properties_node = section.get("Properties");
    let properties = match properties_node {
        Some(properties) => read_properties(properties, resource_type, path, report),
        None => Some(Vec::new()),
    };
    Some(ResourceTemplate {
        at: key.at,
        resource_type,
        properties_at: properties_node.map_or(key.at, |node| node.at),
        properties: properties?,
        depends_on: section
            .get("DependsOn")
            .map_or_else(Vec::new, |node| names(node, path.name("DependsOn"), report)),
        condition: section
            .get("Condition")
            .and_then(|node| sited(node, path.name("Condition"), report)),
        deletion_policy,
        metadata: section.get("Metadata").map_or(Value::Null, Node::to_json),
    })
}

fn read_properties(
    node: &Node,
    resource_type: ResourceType,
    path: Path<'_>,
    report: &Report,
) -> Option<Vec<(Key, Expr)>> {
    let entries = entries(node, path.name("Properties"), report)?;
    let mut properties = Vec::with_capacity(entries.len());
    let mut complete = true;
    for (key, value) in entries {
        let path = path.name(&key.name);
        resource_type.check_property(key, path, report);
        match Expr::read(value, path, report) {
            Some(value) => properties.push((key.clone(), value)),
            None => complete = false,
        }
    }
    complete.then_some(properties)
}
