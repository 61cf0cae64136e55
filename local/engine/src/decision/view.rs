//! The data that a state's expressions see.

use std::cell::OnceCell;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sluice_asl::definition::{Condition, Dynamic, Expression, ExpressionKind, Operand, Path, Template};
use sluice_asl::eval::{ErrorName, EvalError};
use sluice_asl::{QueryLanguage, Scope, State, StateKind, Variables, nests_deeper, serialized_len};

use super::work::Decision;
use crate::execution_state::{ROOT, ThreadId};
use crate::limits::MAX_DEPTH;
use crate::{InvariantViolation, Timestamp};

/// An output and the variables that are assigned with it.
pub(crate) type Assigned = (Arc<Value>, Option<Arc<Variables>>);

/// A thread's state with all that its expressions may name, taken once and evaluated against often.
pub(crate) struct View {
    pub(crate) state: Arc<State>,
    /// The state's raw input.
    pub(crate) input: Arc<Value>,
    variables: Arc<Variables>,
    thread: ThreadId,
    token: Option<Arc<str>>,
    item: Option<ViewedItem>,
    context: OnceCell<Value>,
}

/// `$$.Map.Item`.
pub(crate) struct ViewedItem {
    index: usize,
    /// The member's name, where the items are an object's members.
    key: Option<Value>,
    value: Arc<Value>,
}

impl ViewedItem {
    pub(crate) fn new(index: usize, value: Arc<Value>) -> Self {
        Self {
            index,
            key: None,
            value,
        }
    }

    /// The item of a pair, `{"Key": …, "Value": …}`.
    pub(crate) fn keyed(index: usize, pair: &Value) -> Self {
        Self {
            index,
            key: pair.get("Key").cloned(),
            value: Arc::new(pair.get("Value").cloned().unwrap_or_default()),
        }
    }

    /// The item as the context object shows it. Its source is the state's data: there is no reader of items here.
    pub(crate) fn context(&self) -> Value {
        let mut item = Map::new();
        item.insert("Index".to_owned(), self.index.into());
        if let Some(key) = &self.key {
            item.insert("Key".to_owned(), key.clone());
        }
        item.insert("Value".to_owned(), (*self.value).clone());
        item.insert("Source".to_owned(), Value::from("STATE_DATA"));
        json!({ "Item": item })
    }
}

/// The data of one evaluation.
#[derive(Clone, Copy)]
pub(crate) struct Data<'d> {
    /// `$` in JSONPath.
    pub(crate) input: &'d Value,
    pub(crate) result: Option<&'d Value>,
    pub(crate) error_output: Option<&'d Value>,
}

impl<'d> Data<'d> {
    pub(crate) fn input(input: &'d Value) -> Self {
        Self {
            input,
            result: None,
            error_output: None,
        }
    }

    pub(crate) fn with_result(self, result: &'d Value) -> Self {
        Self {
            result: Some(result),
            ..self
        }
    }

    pub(crate) fn with_error(self, error_output: &'d Value) -> Self {
        Self {
            error_output: Some(error_output),
            ..self
        }
    }
}

static NO_CONTEXT: Value = Value::Null;

impl View {
    /// The bytes of all variables that the state sees.
    pub(crate) fn variable_bytes(&self) -> usize {
        self.variables.values().map(|value| serialized_len(value)).sum()
    }

    /// The view with a task token in its context object.
    pub(crate) fn with_token(mut self, token: Arc<str>) -> Self {
        self.token = Some(token);
        self.context = OnceCell::new();
        self
    }

    /// The view of one item in a Map's ItemSelector.
    pub(crate) fn with_item(&self, item: ViewedItem) -> Self {
        Self {
            state: self.state.clone(),
            input: self.input.clone(),
            variables: self.variables.clone(),
            thread: self.thread,
            token: self.token.clone(),
            item: Some(item),
            context: OnceCell::new(),
        }
    }

    pub(crate) fn is_jsonata(&self) -> bool {
        self.state.query_language == QueryLanguage::Jsonata
    }
}

impl Decision<'_> {
    /// The view of the thread's state.
    pub(crate) fn view(&self, id: ThreadId) -> Result<View, InvariantViolation> {
        let thread = self.execution().thread(id)?;
        let instance = self.execution().instance(id)?;
        Ok(View {
            state: instance.state.clone(),
            input: instance.input.clone(),
            variables: thread.variables.clone(),
            thread: id,
            token: instance.call().and_then(|call| call.task.token.clone()),
            item: thread
                .item
                .as_ref()
                .map(|item| ViewedItem::new(item.index, item.value.clone())),
            context: OnceCell::new(),
        })
    }

    /// Runs an evaluation in the scope of a view.
    pub(crate) fn evaluate<T>(
        &self,
        view: &View,
        data: Data<'_>,
        reads_context: bool,
        evaluation: impl FnOnce(&Scope<'_>) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        let context = if reads_context {
            view.context.get_or_init(|| self.context(view))
        } else {
            &NO_CONTEXT
        };
        evaluation(&Scope {
            input: data.input,
            context,
            variables: &view.variables,
            result: data.result,
            error_output: data.error_output,
            now: self.at,
            entropy: &self.entropy,
            stop: self.stop,
            delegate: self.delegate,
        })
    }

    /// The value of a payload template.
    pub(crate) fn template(&self, view: &View, template: &Template, data: Data<'_>) -> Result<Value, EvalError> {
        let value = self.evaluate(view, data, reads_context(template), |scope| template.evaluate(scope))?;
        within_depth(value)
    }

    /// The part that `InputPath` or `OutputPath` selects.
    pub(crate) fn path(&self, view: &View, path: Option<&Path>, of: &Arc<Value>) -> Result<Arc<Value>, EvalError> {
        match path {
            None => Ok(of.clone()),
            Some(path) => self
                .evaluate(view, Data::input(of), path_reads_context(path), |scope| {
                    path.read(scope)
                })
                .map(Arc::new),
        }
    }

    /// The input that the state's fields read: the raw one, in JSONPath after `InputPath`.
    pub(crate) fn state_input(&self, view: &View) -> Result<Arc<Value>, EvalError> {
        if view.is_jsonata() {
            return Ok(view.input.clone());
        }
        self.effective_input(view)
    }

    /// The state's input after `InputPath`.
    pub(crate) fn effective_input(&self, view: &View) -> Result<Arc<Value>, EvalError> {
        self.path(view, view.state.input_path.as_ref(), &view.input)
    }

    /// The context object (`$$`).
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
    fn context(&self, view: &View) -> Value {
        let mut context = Map::new();
        context.insert("Execution".to_owned(), self.execution_context(view.thread));
        if let Some(item) = &view.item {
            context.insert("Map".to_owned(), item.context());
        }
        // a view is of a thread that is in a state
        if let Some(instance) = self.execution().instance_if_any(view.thread) {
            let mut state = Map::new();
            state.insert("Name".to_owned(), Value::String(instance.state.name.to_string()));
            state.insert("EnteredTime".to_owned(), Value::String(iso(instance.entered_at)));
            if matches!(
                instance.state.kind,
                StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_)
            ) {
                state.insert("RetryCount".to_owned(), instance.retry_count.into());
            }
            context.insert("State".to_owned(), Value::Object(state));
        }
        context.insert(
            "StateMachine".to_owned(),
            json!({ "Id": *self.identity.machine_arn, "Name": *self.identity.machine_name }),
        );
        if let Some(token) = &view.token {
            context.insert("Task".to_owned(), json!({ "Token": **token }));
        }
        Value::Object(context)
    }

    fn execution_context(&self, thread: ThreadId) -> Value {
        let execution = self.execution();
        let owner = execution
            .threads
            .get(&thread)
            .map_or(ROOT, |thread| thread.history_owner);
        let child = execution.threads.get(&owner).and_then(|owner| owner.child.as_deref());
        let (id, name, input, started_at) = match child {
            Some(child) => (&child.arn, &child.name, &child.input, child.started_at),
            None => (
                &self.identity.arn,
                &self.identity.name,
                &execution.input,
                execution.started_at,
            ),
        };
        let mut members = Map::new();
        members.insert("Id".to_owned(), Value::String(id.to_string()));
        members.insert("Input".to_owned(), (**input).clone());
        members.insert("StartTime".to_owned(), Value::String(iso(started_at)));
        members.insert("Name".to_owned(), Value::String(name.to_string()));
        members.insert("RoleArn".to_owned(), Value::String(self.identity.role_arn.to_string()));
        let own = (self.identity.express, execution.redrives, execution.redriven_at);
        let (express, redrives, redriven_at) =
            child.map_or(own, |child| (child.express, child.redrives, child.redriven_at));
        if !express {
            members.insert("RedriveCount".to_owned(), redrives.into());
        }
        if let Some(at) = redriven_at {
            members.insert("RedriveTime".to_owned(), Value::String(iso(at)));
        }
        Value::Object(members)
    }
}

/// The value, unless it is nested deeper than a state may pass on.
pub(crate) fn within_depth(value: Value) -> Result<Value, EvalError> {
    if nests_deeper(&value, MAX_DEPTH) {
        return Err(EvalError {
            name: ErrorName::DataLimitExceeded,
            cause: format!("The evaluated data is nested more than {MAX_DEPTH} levels deep."),
            location: None,
        });
    }
    Ok(value)
}

/// The time as the context object writes it: `2026-11-22T13:00:00.123Z`, and a whole second without a fraction.
pub(crate) fn iso(millis: Timestamp) -> String {
    let format = if millis % 1_000 == 0 {
        chrono::SecondsFormat::Secs
    } else {
        chrono::SecondsFormat::Millis
    };
    chrono::DateTime::from_timestamp_millis(millis)
        .unwrap_or_default()
        .to_rfc3339_opts(format, true)
}

/// Tells whether an expression may read the context object. Building it costs a copy of the execution's input, so that the
/// many expressions that do not name it go without.
fn expression_reads_context(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Path(_) | ExpressionKind::Intrinsic(_) => expression.source.contains("$$"),
        ExpressionKind::Jsonata(_) => jsonata_reads_context(&expression.source),
    }
}

/// `$states` with anything but a member that is known not to be the context.
fn jsonata_reads_context(source: &str) -> bool {
    const OTHERS: [&str; 3] = [".input", ".result", ".errorOutput"];
    source.match_indices("$states").any(|(at, name)| {
        let rest = &source[at + name.len()..];
        !OTHERS.iter().any(|other| rest.starts_with(other))
    })
}

pub(crate) fn reads_context(template: &Template) -> bool {
    match template {
        Template::Constant(_) => false,
        Template::Object(members) => members.iter().any(|(_, member)| reads_context(member)),
        Template::Array(elements) => elements.iter().any(reads_context),
        Template::Expression(expression) => expression_reads_context(expression),
    }
}

pub(crate) fn dynamic_reads_context<T>(dynamic: &Dynamic<T>) -> bool {
    match dynamic {
        Dynamic::Constant(_) => false,
        Dynamic::Expression(expression) => expression_reads_context(expression),
        Dynamic::Template(template) => reads_context(template),
    }
}

pub(crate) fn path_reads_context(path: &Path) -> bool {
    match path {
        Path::Null => false,
        Path::Query(query) => query.text().contains("$$"),
    }
}

pub(crate) fn condition_reads_context(condition: &Condition) -> bool {
    match condition {
        Condition::Constant(_) => false,
        Condition::Expression(expression) => expression_reads_context(expression),
        Condition::And(all) | Condition::Or(all) => all.iter().any(condition_reads_context),
        Condition::Not(inner) => condition_reads_context(inner),
        Condition::Test(test) => {
            path_reads_context(&test.variable)
                || match &test.operand {
                    Operand::Constant(_) => false,
                    Operand::Path(path) => path_reads_context(path),
                }
        }
    }
}

/// Tells whether any expression of a template names the task token.
pub(crate) fn names_token(template: &Template) -> bool {
    match template {
        Template::Constant(_) => false,
        Template::Object(members) => members.iter().any(|(_, member)| names_token(member)),
        Template::Array(elements) => elements.iter().any(names_token),
        Template::Expression(expression) => expression_reads_context(expression) && expression.source.contains("Task"),
    }
}

#[cfg(test)]
mod tests {
    use super::{iso, jsonata_reads_context};

    #[test]
    fn only_what_may_name_the_context_builds_it() {
        for (source, expected) in [
            ("1 + 1", false),
            ("$states.input.a", false),
            ("$states.result & $states.errorOutput.Error", false),
            ("$states.context.Execution.Id", true),
            ("$states", true),
            ("$states.input & $lookup($states, 'context')", true),
            ("$states . context", true),
        ] {
            assert_eq!(jsonata_reads_context(source), expected, "{source}");
        }
    }

    #[test]
    fn times_are_written_with_milliseconds() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(1_700_000_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(iso(1_700_000_000_120), "2023-11-14T22:13:20.120Z");
        assert_eq!(iso(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
    }
}
