//! Resolving a template with its parameters to a stack.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::error::{Problem, Report, TemplateErrors, unknown};
use crate::eval::{ResourceState, Scope};
use crate::fields::{Effect, Fields};
use crate::inputs::StackInputs;
use crate::naming::stack_id;
use crate::node::{Key, Node, Path, Position};
use crate::order::dependency_order;
use crate::parameters::ParameterValue;
use crate::resources::{Peers, Resource, ResourceType};
use crate::template::{DeletionPolicy, ResourceTemplate, Template};

/// The text that CloudFormation shows instead of a `NoEcho` parameter.
const MASK: &str = "****";

/// A template with every function evaluated.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The stack's name.
    pub name: String,
    /// Its id, an ARN that depends on account, region, name and generation only.
    pub id: String,
    /// The template's description.
    pub description: Option<String>,
    /// The parameters in the order of the template.
    pub parameters: Vec<StackParameter>,
    /// The outputs in the order of the template, without those whose condition is false.
    pub outputs: Vec<Output>,
    /// The resources in an order in which they can be created, without those whose condition is false.
    pub resources: Vec<StackResource>,
    /// The exports of other stacks that were used, sorted.
    pub imports: Vec<String>,
}

/// A parameter and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackParameter {
    /// The parameter's name.
    pub key: String,
    /// Its value as DescribeStacks shows it: `****` for `NoEcho`.
    pub value: String,
    /// Its description.
    pub description: Option<String>,
}

/// An output of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The output's key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Its description.
    pub description: Option<String>,
    /// The name under which it is exported.
    pub export: Option<String>,
}

/// A resource of the stack.
#[derive(Debug, Clone)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// The value of `Ref`: a name or an ARN, by type.
    pub physical_id: String,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its typed properties.
    pub resource: Resource,
    /// All properties as they were evaluated.
    pub properties: Value,
    /// Properties that have no effect on one machine, in the order of the template.
    pub ignored: Vec<Ignored>,
    /// The treatment of the resource when it leaves the stack.
    pub deletion_policy: DeletionPolicy,
    /// Its `Metadata` as written, functions not evaluated; null when there is none.
    pub metadata: Value,
    /// The position in the template.
    pub at: Position,
}

/// A property that is valid and has no effect on one machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Ignored {
    /// The property.
    pub name: &'static str,
    /// The reason why it has no effect.
    pub why: &'static str,
    /// Its value.
    pub value: Value,
    /// The position in the template.
    pub at: Position,
}

impl Stack {
    /// The resource of a logical id.
    #[must_use]
    pub fn resource(&self, logical_id: &str) -> Option<&StackResource> {
        self.resources.iter().find(|resource| resource.logical_id == logical_id)
    }

    /// All resources of one type, such as `stack.all::<Function>()`, in the stack's order.
    ///
    /// ```
    /// use sluice_template::{StackInputs, Topic, parse};
    ///
    /// let source = "Resources:\n  News: { Type: AWS::SNS::Topic }\n  Alerts: { Type: AWS::SNS::Topic }\n";
    /// let stack = parse(source, "t.yaml")?.resolve(&StackInputs::new("s", "us-east-1", "123456789012"))?;
    /// assert_eq!(stack.all::<Topic>().count(), 2);
    /// # Ok::<(), sluice_template::TemplateErrors>(())
    /// ```
    pub fn all<'s, T: 's>(&'s self) -> impl Iterator<Item = (&'s StackResource, &'s T)>
    where
        &'s T: TryFrom<&'s Resource>,
    {
        self.resources
            .iter()
            .filter_map(|entry| Some((entry, <&T>::try_from(&entry.resource).ok()?)))
    }

    /// The value of an output.
    #[must_use]
    pub fn output(&self, key: &str) -> Option<&str> {
        self.outputs
            .iter()
            .find(|output| output.key == key)
            .map(|output| output.value.as_str())
    }
}

impl Template {
    /// Evaluates the template for a stack.
    ///
    /// The same template and inputs give the same stack, down to every generated name.
    ///
    /// # Errors
    /// All faults that were found: in the parameters given, in rules, in properties, and cycles.
    ///
    /// ```
    /// use sluice_template::{StackInputs, parse};
    ///
    /// let source = "
    /// Parameters:
    ///   Name: { Type: String, Default: news }
    /// Resources:
    ///   Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name } }
    /// Outputs:
    ///   Arn: { Value: !Ref Topic }
    /// ";
    /// let inputs = StackInputs::new("stack", "us-east-1", "123456789012");
    /// let stack = parse(source, "t.yaml")?.resolve(&inputs)?;
    /// assert_eq!(stack.output("Arn"), Some("arn:aws:sns:us-east-1:123456789012:news"));
    /// # Ok::<(), sluice_template::TemplateErrors>(())
    /// ```
    pub fn resolve(&self, inputs: &StackInputs) -> Result<Stack, TemplateErrors> {
        let report = Report::new(&self.file);
        let stack = resolve(self, inputs, &report);
        report.finish(stack)
    }
}

/// `None` when resolving could not go on; what stands in the report counts in any case.
fn resolve(template: &Template, inputs: &StackInputs, report: &Report) -> Option<Stack> {
    check_inputs(template, inputs, report);
    let (parameters, values) = parameters(template, inputs, report);
    if values.len() < template.parameters.len() {
        // Without every parameter, more errors would only repeat this one.
        return None;
    }
    let mut scope = Scope::new(template, inputs, report, values);
    if !conditions_and_rules(&scope) {
        return None;
    }
    let active = |id: &str| {
        let condition = template
            .resources
            .get(id)
            .and_then(|resource| resource.condition.as_ref());
        condition.is_none_or(|condition| scope.named_condition(&condition.name).unwrap_or(false))
    };
    let condition = |name: &str| scope.named_condition(name).unwrap_or(false);
    let order = dependency_order(template, active, condition, report).ok()?;
    for id in template.resources.keys() {
        if !order.contains(&id.as_str()) {
            scope.resources.insert(id, ResourceState::Absent);
        }
    }
    let mut entries = Vec::with_capacity(order.len());
    for id in order {
        let entry = template
            .resources
            .get(id)
            .and_then(|declared| resource(&scope, id, declared));
        let state = entry.as_ref().map_or(ResourceState::Failed, |entry| {
            ResourceState::Resolved(Box::new(entry.resource.clone()))
        });
        scope.resources.insert(id, state);
        entries.extend(entry);
    }
    link(&mut entries, &scope);
    Some(Stack {
        name: inputs.stack_name.clone(),
        id: stack_id(inputs),
        description: template.description.clone(),
        parameters,
        outputs: outputs(&scope),
        resources: entries,
        imports: scope.imported.into_inner().into_iter().collect(),
    })
}

fn check_inputs(template: &Template, inputs: &StackInputs, report: &Report) {
    let name = &inputs.stack_name;
    let valid = (1..=128).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !valid {
        let value = format!("the stack name {}", crate::node::Quoted(name));
        let rule = "1 to 128 letters, digits and hyphens, a letter first".to_owned();
        report.add(Position::START, "", Problem::NotAllowed { value, rule });
    }
    for given in inputs.attributes.keys() {
        let (id, attribute) = given.split_once('.').unwrap_or((given, ""));
        let known = template
            .resources
            .get(id)
            .map(|resource| resource.resource_type.attributes());
        if !known.is_some_and(|known| known.contains(&attribute)) {
            let message = format!("the attribute `{given}` is given, but no resource of the template has it");
            report.add(Position::START, "", Problem::Unresolved(message));
        }
    }
}

fn parameters<'t>(
    template: &'t Template,
    inputs: &StackInputs,
    report: &Report,
) -> (Vec<StackParameter>, IndexMap<&'t str, ParameterValue>) {
    for given in inputs.parameters.keys() {
        if !template.parameters.contains_key(given) {
            let known = template.parameters.keys().map(String::as_str);
            report.add(template.parameters_at, "Parameters", unknown("parameter", given, known));
        }
    }
    let mut shown = Vec::with_capacity(template.parameters.len());
    let mut values = IndexMap::with_capacity(template.parameters.len());
    for (name, parameter) in &template.parameters {
        let path = format!("Parameters.{name}");
        let Some(text) = inputs.parameters.get(name).or(parameter.default.as_ref()) else {
            let message = format!("the parameter has no default: give a value for `{name}`");
            report.add(parameter.at, path, Problem::Unresolved(message));
            continue;
        };
        match parameter.check(text) {
            Ok(value) => values.insert(name.as_str(), value),
            Err(problem) => {
                report.add(parameter.at, path, problem);
                continue;
            }
        };
        shown.push(StackParameter {
            key: name.clone(),
            value: if parameter.no_echo {
                MASK.to_owned()
            } else {
                text.clone()
            },
            description: parameter.description.clone(),
        });
    }
    (shown, values)
}

/// Evaluates conditions and rules; returns true if every condition has a value and every rule is met.
fn conditions_and_rules(scope: &Scope<'_>) -> bool {
    let mut fine = true;
    for name in scope.template.conditions.keys() {
        fine &= scope.named_condition(name).is_ok();
    }
    let section = Path::Root("Rules");
    for rule in &scope.template.rules {
        let path = section.name(&rule.name);
        let applies = rule
            .condition
            .as_ref()
            .map_or(Ok(true), |condition| scope.condition(condition, path));
        fine &= applies.is_ok();
        if !applies.unwrap_or(false) {
            continue;
        }
        for assertion in &rule.assertions {
            match scope.condition(&assertion.assert, path) {
                Ok(true) => {}
                Ok(false) => {
                    let description = assertion.description.as_deref().unwrap_or("the assertion is false");
                    scope
                        .report
                        .add(assertion.at, path, Problem::Rule(description.to_owned()));
                    fine = false;
                }
                Err(_) => fine = false,
            }
        }
    }
    fine
}

/// Evaluates and reads one resource; `None` when anything in it was reported.
fn resource(scope: &Scope<'_>, id: &str, declared: &ResourceTemplate) -> Option<StackResource> {
    let path = Path::Root(id);
    let mut entries: Vec<(Key, Node)> = Vec::with_capacity(declared.properties.len());
    let mut failed = false;
    for (key, value) in &declared.properties {
        match scope.value(value, path.name(&key.name)) {
            Ok(Some(value)) => entries.push((key.clone(), value)),
            Ok(None) => {}
            Err(_) => failed = true,
        }
    }
    if failed {
        return None;
    }
    let ignored = ignored(declared.resource_type, &entries, path, scope);
    let fields = Fields::new(&entries, declared.properties_at, id.to_owned(), scope.report);
    let fields = fields.with_metadata(&declared.metadata);
    let identity = scope.identity(id);
    let resource = Resource::read(declared.resource_type, &fields, &identity)?;
    let properties = entries.iter().map(|(key, value)| (key.name.clone(), value.to_json()));
    Some(StackResource {
        logical_id: id.to_owned(),
        physical_id: resource.reference(&identity),
        resource_type: declared.resource_type,
        properties: Value::Object(properties.collect::<Map<_, _>>()),
        resource,
        ignored,
        deletion_policy: declared.deletion_policy,
        metadata: declared.metadata.clone(),
        at: declared.at,
    })
}

fn ignored(resource_type: ResourceType, entries: &[(Key, Node)], path: Path<'_>, scope: &Scope<'_>) -> Vec<Ignored> {
    let mut ignored = Vec::new();
    for (key, node) in entries {
        let Some(property) = resource_type.property(&key.name) else {
            continue;
        };
        match &property.effect {
            Effect::Honoured | Effect::Refused { .. } => {}
            Effect::Ignored { shape, why } => {
                shape.check(node, path.name(&key.name), scope.report);
                ignored.push(Ignored {
                    name: property.name,
                    why,
                    value: node.to_json(),
                    at: node.at,
                });
            }
        }
    }
    ignored
}

/// Lets resources that name others by name or ARN find them, and refuses two that would be one.
fn link(entries: &mut [StackResource], scope: &Scope<'_>) {
    let mut peers = Peers::default();
    for entry in entries.iter() {
        let identity = scope.identity(&entry.logical_id);
        if let Some(other) = peers.add(&entry.logical_id, &entry.resource, &identity) {
            let message = format!(
                "`{}` is already the {} `{other}`",
                entry.physical_id,
                entry.resource_type.name()
            );
            scope
                .report
                .add(entry.at, &entry.logical_id, Problem::Conflict(message));
        }
    }
    // A failed resource may be the one that is named; its own error is enough.
    let complete = !scope
        .resources
        .values()
        .any(|state| matches!(state, ResourceState::Failed));
    for entry in entries.iter_mut() {
        if let Err(missing) = entry.resource.link(&peers)
            && complete
        {
            let at = property_position(scope, &entry.logical_id, missing.property).unwrap_or(entry.at);
            let path = format!("{}.{}", entry.logical_id, missing.property);
            let (wanted, name) = (missing.wanted.name(), missing.name);
            let message = format!("`{name}` is no {wanted} of this stack; nothing else exists locally");
            scope.report.add(at, path, Problem::Unresolved(message));
        }
    }
}

fn property_position(scope: &Scope<'_>, id: &str, property: &str) -> Option<Position> {
    let declared = scope.template.resources.get(id)?;
    declared
        .properties
        .iter()
        .find(|(key, _)| key.name == property)
        .map(|(_, value)| value.at)
}

fn outputs(scope: &Scope<'_>) -> Vec<Output> {
    let section = Path::Root("Outputs");
    let mut outputs = Vec::with_capacity(scope.template.outputs.len());
    for (key, declared) in &scope.template.outputs {
        let wanted = declared
            .condition
            .as_ref()
            .map_or(Ok(true), |condition| scope.named_condition(&condition.name));
        if !wanted.unwrap_or(false) {
            continue;
        }
        let path = section.name(key);
        let value = scope.text(&declared.value, path.name("Value"));
        let export = declared
            .export
            .as_ref()
            .map(|name| scope.text(name, path.name("Export")));
        if let (Ok(value), Ok(export)) = (value, export.transpose()) {
            outputs.push(Output {
                key: key.clone(),
                value,
                description: declared.description.clone(),
                export,
            });
        }
    }
    let mut exports: IndexMap<&str, &str> = IndexMap::new();
    for output in &outputs {
        let Some(export) = &output.export else { continue };
        if let Some(other) = exports.insert(export, &output.key) {
            let at = scope
                .template
                .outputs
                .get(&output.key)
                .map_or(Position::START, |declared| declared.at);
            let message = format!("the export `{export}` is already the output `{other}`");
            scope
                .report
                .add(at, section.name(&output.key), Problem::Conflict(message));
        }
    }
    outputs
}
