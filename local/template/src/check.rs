//! References of a whole template: does everything that is named exist?

use crate::conditions::Condition;
use crate::error::{Problem, Report, unknown};
use crate::expr::{Expr, Kind, SubPart};
use crate::node::{Key, Path, Position, Scalar};
use crate::pseudo::Pseudo;
use crate::sections::Sited;
use crate::template::Template;

/// Reports every name in the template that names nothing, also in branches that no parameter takes.
pub(crate) fn references(template: &Template, report: &Report) {
    let static_parts = Checker {
        template,
        report,
        resources_allowed: false,
    };
    let conditions = Path::Root("Conditions");
    for (name, condition) in &template.conditions {
        static_parts.condition(&condition.condition, conditions.name(name));
    }
    let rules = Path::Root("Rules");
    for rule in &template.rules {
        let path = rules.name(&rule.name);
        if let Some(condition) = &rule.condition {
            static_parts.condition(condition, path.name("RuleCondition"));
        }
        for assertion in &rule.assertions {
            static_parts.condition(&assertion.assert, path.name("Assertions"));
        }
    }
    let checker = Checker {
        resources_allowed: true,
        ..static_parts
    };
    for (id, resource) in &template.resources {
        let path = Path::Root(id);
        if let Some(condition) = &resource.condition {
            checker.condition_name(condition, path.name("Condition"));
        }
        for dependency in &resource.depends_on {
            checker.depends_on(id, dependency, path.name("DependsOn"));
        }
        for (key, value) in &resource.properties {
            checker.value(value, path.name(&key.name));
        }
    }
    checker.outputs();
}

#[derive(Clone, Copy)]
struct Checker<'t> {
    template: &'t Template,
    report: &'t Report,
    /// Conditions and rules are evaluated before any resource exists.
    resources_allowed: bool,
}

impl Checker<'_> {
    fn outputs(&self) {
        let outputs = Path::Root("Outputs");
        for (name, output) in &self.template.outputs {
            let path = outputs.name(name);
            if let Some(condition) = &output.condition {
                self.condition_name(condition, path.name("Condition"));
            }
            self.value(&output.value, path.name("Value"));
            if let Some(export) = &output.export {
                self.value(export, path.name("Export"));
            }
        }
    }

    fn condition(&self, condition: &Condition, path: Path<'_>) {
        match condition {
            Condition::Named(name) => self.condition_name(name, path),
            Condition::Not(operand) => self.condition(operand, path),
            Condition::And(operands) | Condition::Or(operands) => {
                operands.iter().for_each(|operand| self.condition(operand, path));
            }
            Condition::Equals(first, second)
            | Condition::Contains {
                list: first,
                value: second,
            }
            | Condition::EachMemberEquals {
                list: first,
                value: second,
            }
            | Condition::EachMemberIn {
                members: first,
                list: second,
            } => {
                self.value(first, path);
                self.value(second, path);
            }
        }
    }

    fn value(&self, expr: &Expr, path: Path<'_>) {
        match &expr.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, path.index(index));
                }
            }
            Kind::Map(entries) => {
                for (key, value) in entries {
                    self.value(value, path.name(&key.name));
                }
            }
            Kind::Ref(name) => self.reference(expr.at, name, path),
            Kind::GetAtt { resource, attribute } => self.attribute(expr.at, resource, attribute, path),
            Kind::Sub { parts, variables } => self.sub(expr.at, parts, variables, path),
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                self.condition_name(condition, path);
                self.value(then, path);
                self.value(otherwise, path);
            }
            Kind::Join { values, .. } => self.value(values, path),
            Kind::Split { source, .. } => self.value(source, path),
            Kind::Select { index, list } => {
                self.value(index, path);
                self.value(list, path);
            }
            Kind::FindInMap { map, first, second } => {
                self.map_name(map, path);
                self.value(first, path);
                self.value(second, path);
            }
            Kind::Base64(value) | Kind::ImportValue(value) | Kind::GetAzs(value) => self.value(value, path),
        }
    }

    fn sub(&self, at: Position, parts: &[SubPart], variables: &[(Key, Expr)], path: Path<'_>) {
        for (_, value) in variables {
            self.value(value, path);
        }
        for part in parts {
            let SubPart::Variable(name) = part else { continue };
            if variables.iter().any(|(key, _)| key.name == *name) {
                continue;
            }
            match name.split_once('.') {
                Some((resource, attribute)) => self.attribute(at, resource, attribute, path),
                None => self.reference(at, name, path),
            }
        }
    }

    fn map_name(&self, map: &Expr, path: Path<'_>) {
        match &map.kind {
            Kind::Scalar(Scalar::Text(name)) if !self.template.mappings.contains_key(name) => {
                let known = self.template.mappings.keys().map(String::as_str);
                self.report.add(map.at, path, unknown("mapping", name, known));
            }
            _ => self.value(map, path),
        }
    }

    fn condition_name(&self, condition: &Sited, path: Path<'_>) {
        if !self.template.conditions.contains_key(&condition.name) {
            let known = self.template.conditions.keys().map(String::as_str);
            self.report
                .add(condition.at, path, unknown("condition", &condition.name, known));
        }
    }

    fn reference(&self, at: Position, name: &str, path: Path<'_>) {
        if name.starts_with("AWS::") {
            if Pseudo::parse(name).is_none() {
                self.report
                    .add(at, path, unknown("pseudo parameter", name, Pseudo::names()));
            }
        } else if self.template.resources.contains_key(name) {
            self.resource_allowed(at, name, path);
        } else if !self.template.parameters.contains_key(name) {
            let parameters = self.template.parameters.keys().map(String::as_str);
            let known = parameters.chain(self.template.resources.keys().map(String::as_str));
            self.report.add(at, path, unknown("parameter or resource", name, known));
        }
    }

    fn attribute(&self, at: Position, resource: &str, attribute: &str, path: Path<'_>) {
        let Some(target) = self.template.resources.get(resource) else {
            let known = self.template.resources.keys().map(String::as_str);
            self.report.add(at, path, unknown("resource", resource, known));
            return;
        };
        self.resource_allowed(at, resource, path);
        let attributes = target.resource_type.attributes();
        if !attributes.contains(&attribute) {
            let hint = crate::error::hint(attribute, attributes.iter().copied());
            let message = format!(
                "{} `{resource}` has no attribute `{attribute}`{hint}",
                target.resource_type.name()
            );
            self.report.add(at, path, Problem::Unresolved(message));
        }
    }

    fn resource_allowed(&self, at: Position, resource: &str, path: Path<'_>) {
        if !self.resources_allowed {
            let message = format!("`{resource}` is a resource; only parameters and mappings are known here");
            self.report.add(at, path, Problem::Unresolved(message));
        }
    }

    fn depends_on(&self, id: &str, dependency: &Sited, path: Path<'_>) {
        if dependency.name == id {
            self.report
                .add(dependency.at, path, Problem::Cycle(vec![id.to_owned(), id.to_owned()]));
        } else if !self.template.resources.contains_key(&dependency.name) {
            let known = self.template.resources.keys().map(String::as_str);
            self.report
                .add(dependency.at, path, unknown("resource", &dependency.name, known));
        }
    }
}
