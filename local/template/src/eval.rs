//! Evaluation of intrinsic functions.

use std::cell::RefCell;
use std::collections::BTreeSet;

use base64::Engine as _;
use indexmap::IndexMap;

use crate::conditions::Condition;
use crate::error::{Problem, Report, Reported, unknown};
use crate::expr::{Expr, Kind, SubPart};
use crate::inputs::StackInputs;
use crate::naming::{Identity, stack_id};
use crate::node::{Data, Key, Node, Path, Position};
use crate::parameters::ParameterValue;
use crate::pseudo::Pseudo;
use crate::resources::Resource;
use crate::sections::wrong_type;
use crate::template::Template;

/// A value, or `None` for `AWS::NoValue`.
pub(crate) type Evaluated = Result<Option<Node>, Reported>;

/// The template, the inputs and the results so far, while a stack is resolved.
pub(crate) struct Scope<'a> {
    pub(crate) template: &'a Template,
    pub(crate) inputs: &'a StackInputs,
    pub(crate) report: &'a Report,
    pub(crate) parameters: IndexMap<&'a str, ParameterValue>,
    pub(crate) resources: IndexMap<&'a str, ResourceState>,
    /// The exports that were imported so far.
    pub(crate) imported: RefCell<BTreeSet<String>>,
    conditions: RefCell<IndexMap<&'a str, Truth>>,
}

/// The state of a resource's resolution.
pub(crate) enum ResourceState {
    Resolved(Box<Resource>),
    /// Its condition is false.
    Absent,
    /// It has errors, which are reported.
    Failed,
}

/// The state of a condition's evaluation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Truth {
    InProgress,
    Known(bool),
    Failed,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(
        template: &'a Template,
        inputs: &'a StackInputs,
        report: &'a Report,
        parameters: IndexMap<&'a str, ParameterValue>,
    ) -> Self {
        let conditions = RefCell::default();
        Scope {
            template,
            inputs,
            report,
            parameters,
            resources: IndexMap::new(),
            imported: RefCell::default(),
            conditions,
        }
    }

    /// The value of a condition by name; the names are checked when the template is parsed.
    pub(crate) fn named_condition(&self, name: &str) -> Result<bool, Reported> {
        let Some((name, declared)) = self.template.conditions.get_key_value(name) else {
            return Err(Reported);
        };
        let known = self.conditions.borrow().get(name.as_str()).copied();
        match known {
            Some(Truth::Known(value)) => return Ok(value),
            Some(Truth::Failed) => return Err(Reported),
            Some(Truth::InProgress) => {
                let conditions = self.conditions.borrow();
                let mut cycle: Vec<String> = conditions
                    .iter()
                    .filter(|(_, truth)| **truth == Truth::InProgress)
                    .map(|(name, _)| (*name).to_owned())
                    .skip_while(|open| open != name)
                    .collect();
                cycle.push(name.clone());
                let path = format!("Conditions.{name}");
                return Err(self.report.add(declared.at, path, Problem::Cycle(cycle)));
            }
            None => {}
        }
        self.conditions.borrow_mut().insert(name, Truth::InProgress);
        let section = Path::Root("Conditions");
        let value = self.condition(&declared.condition, section.name(name));
        let truth = value.as_ref().map_or(Truth::Failed, |value| Truth::Known(*value));
        self.conditions.borrow_mut().insert(name, truth);
        value
    }

    pub(crate) fn condition(&self, condition: &Condition, path: Path<'_>) -> Result<bool, Reported> {
        match condition {
            Condition::Named(name) => self.named_condition(&name.name),
            Condition::Not(operand) => self.condition(operand, path).map(|value| !value),
            Condition::And(operands) => operands
                .iter()
                .try_fold(true, |all, operand| Ok(self.condition(operand, path)? && all)),
            Condition::Or(operands) => operands
                .iter()
                .try_fold(false, |any, operand| Ok(self.condition(operand, path)? || any)),
            Condition::Equals(first, second) => Ok(self.comparable(first, path)? == self.comparable(second, path)?),
            Condition::Contains { list, value } => {
                let value = self.text(value, path)?;
                Ok(self.texts(list, path)?.contains(&value))
            }
            Condition::EachMemberEquals { list, value } => {
                let value = self.text(value, path)?;
                Ok(self.texts(list, path)?.iter().all(|member| *member == value))
            }
            Condition::EachMemberIn { members, list } => {
                let list = self.texts(list, path)?;
                Ok(self.texts(members, path)?.iter().all(|member| list.contains(member)))
            }
        }
    }

    /// Conditions compare texts: `true` and "true" are equal. Lists are compared by their items.
    fn comparable(&self, expr: &Expr, path: Path<'_>) -> Result<Vec<String>, Reported> {
        let node = self.required(expr, path)?;
        match &node.data {
            Data::Scalar(scalar) => Ok(vec![scalar.as_text().to_owned()]),
            Data::List(_) => self.node_texts(&node, path),
            Data::Map(_) => Err(wrong_type(&node, "a string or a list", path, self.report)),
        }
    }

    pub(crate) fn value(&self, expr: &Expr, path: Path<'_>) -> Evaluated {
        let at = expr.at;
        let text = |text: String| Ok(Some(Node::text(at, text)));
        match &expr.kind {
            Kind::Scalar(scalar) => Ok(Some(Node {
                at,
                data: Data::Scalar(scalar.clone()),
            })),
            Kind::List(items) => self.list(at, items, path),
            Kind::Map(entries) => self.map(at, entries, path),
            Kind::Ref(name) => self.reference(at, name, path),
            Kind::GetAtt { resource, attribute } => text(self.attribute(at, resource, attribute, path)?),
            Kind::Sub { parts, variables } => text(self.sub(at, parts, variables, path)?),
            Kind::Join { delimiter, values } => text(self.texts(values, path)?.join(delimiter)),
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                let taken = if self.named_condition(&condition.name)? {
                    then
                } else {
                    otherwise
                };
                self.value(taken, path)
            }
            Kind::Select { index, list } => self.select(index, list, path),
            Kind::Split { delimiter, source } => self.split(at, delimiter, source, path),
            Kind::FindInMap { map, first, second } => self.find_in_map(at, [map, first, second], path),
            Kind::Base64(value) => text(base64::engine::general_purpose::STANDARD.encode(self.text(value, path)?)),
            Kind::ImportValue(name) => self.import(name, path),
            Kind::GetAzs(region) => {
                let region = self.text(region, path)?;
                let region = if region.is_empty() {
                    self.inputs.region.as_str()
                } else {
                    region.as_str()
                };
                let zones = ["a", "b", "c"].map(|zone| Node::text(at, format!("{region}{zone}")));
                Ok(Some(Node {
                    at,
                    data: Data::List(zones.into()),
                }))
            }
        }
    }

    /// A value that `AWS::NoValue` must not be.
    fn required(&self, expr: &Expr, path: Path<'_>) -> Result<Node, Reported> {
        self.value(expr, path)?.ok_or_else(|| {
            let problem = Problem::WrongType {
                expected: "a value",
                found: "AWS::NoValue".to_owned(),
            };
            self.report.add(expr.at, path, problem)
        })
    }

    pub(crate) fn text(&self, expr: &Expr, path: Path<'_>) -> Result<String, Reported> {
        let node = self.required(expr, path)?;
        let text = node.as_text().map(str::to_owned);
        text.ok_or_else(|| wrong_type(&node, "a string", path, self.report))
    }

    fn texts(&self, expr: &Expr, path: Path<'_>) -> Result<Vec<String>, Reported> {
        let node = self.required(expr, path)?;
        self.node_texts(&node, path)
    }

    fn node_texts(&self, node: &Node, path: Path<'_>) -> Result<Vec<String>, Reported> {
        let Data::List(items) = &node.data else {
            return Err(wrong_type(node, "a list of strings", path, self.report));
        };
        let one = |item: &Node| {
            let text = item.as_text().map(str::to_owned);
            text.ok_or_else(|| wrong_type(item, "a string", path, self.report))
        };
        items.iter().map(one).collect()
    }

    fn list(&self, at: Position, items: &[Expr], path: Path<'_>) -> Evaluated {
        let mut values = Vec::with_capacity(items.len());
        let mut failed = None;
        for (index, item) in items.iter().enumerate() {
            match self.value(item, path.index(index)) {
                Ok(value) => values.extend(value),
                Err(reported) => failed = Some(reported),
            }
        }
        failed.map_or(
            Ok(Some(Node {
                at,
                data: Data::List(values),
            })),
            Err,
        )
    }

    fn map(&self, at: Position, entries: &[(Key, Expr)], path: Path<'_>) -> Evaluated {
        let mut values = Vec::with_capacity(entries.len());
        let mut failed = None;
        for (key, value) in entries {
            match self.value(value, path.name(&key.name)) {
                Ok(Some(value)) => values.push((key.clone(), value)),
                Ok(None) => {}
                Err(reported) => failed = Some(reported),
            }
        }
        failed.map_or(
            Ok(Some(Node {
                at,
                data: Data::Map(values),
            })),
            Err,
        )
    }

    fn reference(&self, at: Position, name: &str, path: Path<'_>) -> Evaluated {
        let text = |text: &str| Ok(Some(Node::text(at, text)));
        let list = |texts: &[String]| {
            let items = texts.iter().map(|text| Node::text(at, text.as_str())).collect();
            Ok(Some(Node {
                at,
                data: Data::List(items),
            }))
        };
        if let Some(pseudo) = Pseudo::parse(name) {
            return match pseudo {
                Pseudo::NoValue => Ok(None),
                Pseudo::AccountId => text(&self.inputs.account_id),
                Pseudo::Partition => text(&self.inputs.partition),
                Pseudo::Region => text(&self.inputs.region),
                Pseudo::StackId => text(&stack_id(self.inputs)),
                Pseudo::StackName => text(&self.inputs.stack_name),
                Pseudo::UrlSuffix => text(&self.inputs.url_suffix),
                Pseudo::NotificationArns => list(&self.inputs.notification_arns),
            };
        }
        match self.parameters.get(name) {
            Some(ParameterValue::Text(value)) => text(value),
            Some(ParameterValue::List(values)) => list(values),
            None if self.template.parameters.contains_key(name) => Err(Reported),
            None => {
                let resource = self.resource(at, name, path)?;
                text(&resource.reference(&self.identity(name)))
            }
        }
    }

    fn attribute(&self, at: Position, name: &str, attribute: &str, path: Path<'_>) -> Result<String, Reported> {
        let resource = self.resource(at, name, path)?;
        let identity = self.identity(name);
        let value = identity
            .given(attribute)
            .or_else(|| resource.attribute(attribute, &identity));
        value.ok_or_else(|| {
            let message = format!("`{name}.{attribute}` is known only when the stack runs, and was not given");
            self.report.add(at, path, Problem::Unresolved(message))
        })
    }

    pub(crate) fn identity<'i>(&'i self, logical_id: &'i str) -> Identity<'i> {
        Identity {
            inputs: self.inputs,
            logical_id,
        }
    }

    fn resource(&self, at: Position, name: &str, path: Path<'_>) -> Result<&Resource, Reported> {
        match self.resources.get(name) {
            Some(ResourceState::Resolved(resource)) => Ok(resource),
            Some(ResourceState::Absent) => {
                let message = format!("`{name}` is not part of the stack: its condition is false");
                Err(self.report.add(at, path, Problem::Unresolved(message)))
            }
            // Either it has errors itself, or it could not be ordered: both are reported.
            Some(ResourceState::Failed) | None => Err(Reported),
        }
    }

    fn sub(
        &self,
        at: Position,
        parts: &[SubPart],
        variables: &[(Key, Expr)],
        path: Path<'_>,
    ) -> Result<String, Reported> {
        let mut text = String::new();
        for part in parts {
            match part {
                SubPart::Literal(literal) => text.push_str(literal),
                SubPart::Variable(name) => {
                    let node = match variables.iter().find(|(key, _)| key.name == *name) {
                        Some((_, value)) => self.required(value, path)?,
                        None => self.sub_reference(at, name, path)?,
                    };
                    match node.as_text() {
                        Some(value) => text.push_str(value),
                        None => return Err(wrong_type(&node, "a string for Fn::Sub", path, self.report)),
                    }
                }
            }
        }
        Ok(text)
    }

    fn sub_reference(&self, at: Position, name: &str, path: Path<'_>) -> Result<Node, Reported> {
        if let Some((resource, attribute)) = name.split_once('.') {
            return Ok(Node::text(at, self.attribute(at, resource, attribute, path)?));
        }
        self.reference(at, name, path)?.ok_or_else(|| {
            let problem = Problem::WrongType {
                expected: "a string for Fn::Sub",
                found: name.to_owned(),
            };
            self.report.add(at, path, problem)
        })
    }

    fn select(&self, index: &Expr, list: &Expr, path: Path<'_>) -> Evaluated {
        let (number, node) = (self.text(index, path)?, self.required(list, path)?);
        let Data::List(items) = node.data else {
            return Err(wrong_type(&node, "a list", path, self.report));
        };
        let count = items.len();
        let chosen = number
            .parse::<usize>()
            .ok()
            .and_then(|number| items.into_iter().nth(number));
        chosen.map(Some).ok_or_else(|| {
            let rule = format!("Fn::Select takes an index from 0 into a list of {count}");
            self.report.add(
                index.at,
                path,
                Problem::NotAllowed {
                    value: format!("index {number}"),
                    rule,
                },
            )
        })
    }

    fn split(&self, at: Position, delimiter: &str, source: &Expr, path: Path<'_>) -> Evaluated {
        if delimiter.is_empty() {
            let rule = "Fn::Split needs a delimiter".to_owned();
            return Err(self.report.add(
                at,
                path,
                Problem::NotAllowed {
                    value: "\"\"".to_owned(),
                    rule,
                },
            ));
        }
        let source = self.text(source, path)?;
        let items = source.split(delimiter).map(|item| Node::text(at, item)).collect();
        Ok(Some(Node {
            at,
            data: Data::List(items),
        }))
    }

    fn find_in_map(&self, at: Position, names: [&Expr; 3], path: Path<'_>) -> Evaluated {
        let [map, first, second] = names;
        let (map, first, second) = (self.text(map, path)?, self.text(first, path)?, self.text(second, path)?);
        let fail = |what, name: &str, known: Vec<&String>| {
            let known = known.into_iter().map(String::as_str);
            Err(self.report.add(at, path, unknown(what, name, known)))
        };
        let Some(mapping) = self.template.mappings.get(&map) else {
            return fail("mapping", &map, self.template.mappings.keys().collect());
        };
        let Some(values) = mapping.get(&first) else {
            return fail("top-level key of the mapping", &first, mapping.keys().collect());
        };
        match values.get(&second) {
            Some(value) => Ok(Some(Node {
                at,
                data: value.data.clone(),
            })),
            None => fail("second-level key of the mapping", &second, values.keys().collect()),
        }
    }

    fn import(&self, name: &Expr, path: Path<'_>) -> Evaluated {
        let export = self.text(name, path)?;
        match self.inputs.imports.get(&export) {
            Some(value) => {
                let node = Node::text(name.at, value.as_str());
                self.imported.borrow_mut().insert(export);
                Ok(Some(node))
            }
            None => {
                let known = self.inputs.imports.keys().map(String::as_str);
                Err(self.report.add(name.at, path, unknown("export", &export, known)))
            }
        }
    }
}
