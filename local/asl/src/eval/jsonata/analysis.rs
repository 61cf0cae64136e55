//! The names in an expression, found once when it is compiled.

use std::collections::{BTreeMap, BTreeSet};

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::{JValue, with_stack};
use serde_json::Value;

use super::convert::to_jsonata;
use super::limits::MAX_DEPTH;
use super::{builtin_override, functions};
use crate::size::weight;

/// The parts of a value that an expression reads.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Needs {
    /// All of it; `parts` does not matter then.
    pub(super) whole: bool,
    /// These members.
    pub(super) parts: BTreeMap<String, Needs>,
}

/// All that is known about an expression.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    /// The variables it names, its own included, without `$`.
    pub(super) variables: BTreeMap<String, Needs>,
    /// The variables that it binds itself.
    pub(super) own: BTreeSet<String>,
    /// The functions of the host that it names.
    pub(super) functions: BTreeSet<String>,
    /// It holds a function body, a binding or a range: something can happen more often than it is written.
    pub(super) repeats: bool,
    /// It may nest deeper than AWS allows: it does where it stands, or it calls a function of its own by name.
    pub(super) may_be_deep: bool,
    /// It calls `$pad`.
    pub(super) pads: bool,
    /// The functions that it names and that have an override.
    pub(super) overridden: BTreeSet<&'static str>,
    /// It joins: a step binds its items beside those of another.
    pub(super) joins: bool,
    /// A field read where there is no context item.
    pub(super) top_level_reference: Option<String>,
    /// `%` climbs back up a path, so that no part can be left out.
    climbs: bool,
    /// The functions that it calls by name.
    called: BTreeSet<String>,
    /// The levels around the node that is visited, and the most of them.
    level: usize,
    deepest: usize,
}

impl Needs {
    fn add(&mut self, names: &[&str]) {
        match names.split_first() {
            None => self.whole = true,
            Some((first, rest)) => self.parts.entry((*first).to_owned()).or_default().add(rest),
        }
    }

    fn make_whole(&mut self) {
        self.whole = true;
        self.parts.clear();
    }

    /// `value` with the parts that are needed, or all of it where it is not an object.
    pub(super) fn pruned(&self, value: &Value) -> JValue {
        match value {
            Value::Object(map) if !self.whole => JValue::object(
                self.parts
                    .iter()
                    .filter_map(|(name, needs)| Some((name.clone(), needs.pruned(map.get(name)?))))
                    .collect(),
            ),
            other => to_jsonata(other),
        }
    }
}

impl Needs {
    /// The same as [`Needs::pruned`], as JSON.
    pub(super) fn part(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) if !self.whole => self
                .parts
                .iter()
                .filter_map(|(name, needs)| Some((name.clone(), needs.part(map.get(name)?))))
                .collect(),
            other => other.clone(),
        }
    }

    /// The size of that, roughly.
    pub(super) fn weight(&self, value: &Value) -> usize {
        match value {
            Value::Object(map) if !self.whole => {
                let parts = self.parts.iter();
                let weights = parts.filter_map(|(name, needs)| Some(name.len() + needs.weight(map.get(name)?)));
                weights.sum()
            }
            other => weight(other),
        }
    }
}

impl Analysis {
    pub(super) fn of(tree: &AstNode) -> Self {
        let mut analysis = Self::default();
        analysis.visit(tree, false);
        // each node is two levels at most: a path, and its step
        analysis.may_be_deep |= 2 * analysis.deepest + 2 > MAX_DEPTH;
        analysis.may_be_deep |= analysis.called.iter().any(|name| analysis.own.contains(name));
        if analysis.climbs {
            analysis.variables.values_mut().for_each(Needs::make_whole);
        }
        analysis
    }

    fn name(&mut self, name: &str, members: &[&str]) {
        if functions::is_function(name) {
            self.functions.insert(name.to_owned());
        }
        self.overridden.extend(builtin_override::overridden(name));
        self.variables.entry(name.to_owned()).or_default().add(members);
    }

    fn context_item(&mut self, name: &str, has_context: bool) {
        if !has_context && self.top_level_reference.is_none() {
            self.top_level_reference = Some(name.to_owned());
        }
    }

    /// `has_context`: a value that `$` and bare names refer to is there.
    fn visit(&mut self, node: &AstNode, has_context: bool) {
        self.level += 1;
        self.deepest = self.deepest.max(self.level);
        with_stack(|| self.visit_node(node, has_context));
        self.level -= 1;
    }

    fn visit_all<'n>(&mut self, nodes: impl IntoIterator<Item = &'n AstNode>, has_context: bool) {
        for node in nodes {
            self.visit(node, has_context);
        }
    }

    fn visit_node(&mut self, node: &AstNode, has_context: bool) {
        match node {
            AstNode::String(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. } => {}
            AstNode::Name(name) => self.context_item(name, has_context),
            AstNode::Variable(name) if name.is_empty() => self.context_item("$", has_context),
            AstNode::Variable(name) => self.name(name, &[]),
            AstNode::ParentVariable(_) => self.context_item("$$", false),
            AstNode::Wildcard => self.context_item("*", has_context),
            AstNode::Descendant => self.context_item("**", has_context),
            AstNode::Parent(_) => self.climbs = true,
            AstNode::Path { steps } => self.visit_path(steps, has_context),
            AstNode::Binary { op, lhs, rhs } => self.visit_binary(*op, lhs, rhs, has_context),
            AstNode::Unary { operand, .. } => self.visit(operand, has_context),
            AstNode::Function { name, args, .. } => {
                if functions::is_function(name) {
                    self.functions.insert(name.to_owned());
                }
                self.called.insert(name.clone());
                self.pads |= name == "pad";
                self.overridden.extend(builtin_override::overridden(name));
                self.visit_all(args, has_context);
            }
            AstNode::Call { procedure, args } => {
                // what a function gives is a function of its own
                self.may_be_deep |= !matches!(**procedure, AstNode::Lambda { .. });
                self.visit(procedure, has_context);
                self.visit_all(args, has_context);
            }
            AstNode::Lambda { body, params, .. } => {
                self.repeats = true;
                self.own.extend(params.iter().cloned());
                self.visit(body, has_context);
            }
            AstNode::Array(items) | AstNode::Block(items) => self.visit_all(items, has_context),
            AstNode::ArrayGroup(items) => self.visit_all(items, has_context),
            AstNode::Object(pairs) => self.visit_all(pairs.iter().flat_map(|(k, v)| [k, v]), has_context),
            AstNode::ObjectTransform { input, pattern } => {
                self.visit(input, has_context);
                self.visit_all(pattern.iter().flat_map(|(k, v)| [k, v]), true);
            }
            AstNode::Conditional {
                condition,
                then_branch,
                else_branch,
            } => {
                self.visit(condition, has_context);
                self.visit(then_branch, has_context);
                self.visit_all(else_branch.as_deref(), has_context);
            }
            AstNode::FunctionApplication(inner) => self.visit(inner, true),
            AstNode::Sort { input, terms } => {
                self.visit(input, has_context);
                self.visit_all(terms.iter().map(|(term, _)| term), true);
            }
            AstNode::Transform {
                location,
                update,
                delete,
            } => {
                self.visit(location, true);
                self.visit(update, true);
                self.visit_all(delete.as_deref(), true);
            }
        }
    }

    fn visit_binary(&mut self, op: BinaryOp, lhs: &AstNode, rhs: &AstNode, has_context: bool) {
        match op {
            BinaryOp::ColonEqual | BinaryOp::Range => self.repeats = true,
            _ => {}
        }
        match (op, lhs) {
            // a binding names its variable without reading it
            (BinaryOp::ColonEqual, AstNode::Variable(name)) => {
                self.own.insert(name.clone());
            }
            _ => self.visit(lhs, has_context),
        }
        self.visit(rhs, has_context);
    }

    fn visit_path(&mut self, steps: &[PathStep], has_context: bool) {
        let mut rest = steps;
        if let Some(PathStep {
            node: AstNode::Variable(variable),
            stages,
            ..
        }) = steps.first()
            && !variable.is_empty()
        {
            // the names up to the first step that does more than read a member
            let mut members: Vec<&str> = Vec::new();
            if stages.is_empty() {
                for step in &steps[1..] {
                    let AstNode::Name(name) = &step.node else { break };
                    members.push(name);
                    if !step.stages.is_empty() {
                        break;
                    }
                }
            }
            self.name(variable, &members);
            self.visit_stages(stages);
            rest = &steps[1..];
        } else if let Some(first) = steps.first() {
            self.visit(&first.node, has_context);
            self.visit_stages(&first.stages);
            rest = &steps[1..];
        }
        self.joins |= steps.iter().skip(1).any(|step| step.focus.is_some());
        for step in steps {
            self.own.extend(step.focus.iter().chain(&step.index_var).cloned());
        }
        for step in rest {
            self.visit(&step.node, true);
            self.visit_stages(&step.stages);
        }
    }

    fn visit_stages(&mut self, stages: &[Stage]) {
        for stage in stages {
            match stage {
                Stage::Filter(condition) => self.visit(condition, true),
                Stage::Index(name) => {
                    self.own.insert(name.clone());
                }
                Stage::KeepArray => {}
            }
        }
    }
}
