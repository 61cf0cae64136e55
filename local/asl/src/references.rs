//! The variables that states read, and the activities that they name.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{
    Comparison, Condition, Dynamic, Expression, ExpressionKind, Flow, Operand, Path, Resource, State, StateKind,
    StateMachine, Template, WaitFor,
};
use crate::eval::{JsonPathQuery, Root};

impl StateMachine {
    /// The variables that each state reads, without `$`; states that read none are left out.
    ///
    /// What DescribeStateMachine reports as
    /// [`variableReferences`](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html).
    ///
    /// ```
    /// use sluice_asl::StateMachine;
    ///
    /// let machine = StateMachine::parse(
    ///     r#"{ "StartAt": "A", "States": {
    ///         "A": { "Type": "Pass", "Assign": { "total.$": "$.n" }, "Next": "B" },
    ///         "B": { "Type": "Pass", "Parameters": { "sum.$": "$total" }, "End": true } } }"#,
    /// )?;
    /// let references = machine.variable_references();
    /// assert!(references["B"].contains("total"));
    /// assert!(!references.contains_key("A"));
    /// # Ok::<(), sluice_asl::Diagnostics>(())
    /// ```
    pub fn variable_references(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut out = BTreeMap::new();
        flow(&self.flow, &mut out);
        out
    }
}

impl StateMachine {
    /// The ARNs of the activities that its Tasks name.
    ///
    /// ```
    /// use sluice_asl::StateMachine;
    ///
    /// let machine = StateMachine::parse(
    ///     r#"{ "StartAt": "A", "States": { "A": {
    ///         "Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:review", "End": true } } }"#,
    /// )?;
    /// assert!(machine.activities().contains("arn:aws:states:us-east-1:123456789012:activity:review"));
    /// # Ok::<(), sluice_asl::Diagnostics>(())
    /// ```
    pub fn activities(&self) -> BTreeSet<&str> {
        let mut out = BTreeSet::new();
        activities(&self.flow, &mut out);
        out
    }
}

fn activities<'d>(flow: &'d Flow, out: &mut Names<'d>) {
    for state in flow.states.values() {
        match &state.kind {
            StateKind::Task(task) => {
                if let Resource::Activity { arn } = &task.resource {
                    out.insert(arn);
                }
            }
            StateKind::Parallel(parallel) => parallel.branches.iter().for_each(|branch| activities(branch, out)),
            StateKind::Map(map) => activities(&map.processor.flow, out),
            StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_) => {}
        }
    }
}

type Names<'d> = BTreeSet<&'d str>;

fn flow<'d>(flow_: &'d Flow, out: &mut BTreeMap<&'d str, Names<'d>>) {
    for state in flow_.states.values() {
        let mut names = Names::new();
        of_state(state, &mut names);
        if !names.is_empty() {
            out.insert(&state.name, names);
        }
        match &state.kind {
            StateKind::Parallel(parallel) => parallel.branches.iter().for_each(|branch| flow(branch, out)),
            StateKind::Map(map) => flow(&map.processor.flow, out),
            StateKind::Pass(_)
            | StateKind::Task(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_) => {}
        }
    }
}

fn of_state<'d>(state: &'d State, out: &mut Names<'d>) {
    state
        .input_path
        .iter()
        .chain(&state.output_path)
        .for_each(|p| path(p, out));
    state.assign.iter().chain(&state.output).for_each(|t| template(t, out));
    let catch = match &state.kind {
        StateKind::Pass(pass) => {
            pass.parameters.iter().for_each(|t| template(t, out));
            &[][..]
        }
        StateKind::Succeed(_) => &[],
        StateKind::Task(task) => {
            task.arguments
                .iter()
                .chain(&task.result_selector)
                .chain(&task.credentials)
                .for_each(|t| template(t, out));
            task.timeout.iter().chain(&task.heartbeat).for_each(|d| dynamic(d, out));
            &task.catch
        }
        StateKind::Choice(choice) => {
            for rule in &choice.rules {
                condition(&rule.condition, out);
                rule.assign.iter().chain(&rule.output).for_each(|t| template(t, out));
            }
            &[]
        }
        StateKind::Wait(wait) => {
            match &wait.until {
                WaitFor::Seconds(seconds) => dynamic(seconds, out),
                WaitFor::Timestamp(timestamp) => dynamic(timestamp, out),
            }
            &[]
        }
        StateKind::Fail(fail) => {
            fail.error.iter().chain(&fail.cause).for_each(|d| dynamic(d, out));
            &[]
        }
        StateKind::Parallel(parallel) => {
            parallel
                .arguments
                .iter()
                .chain(&parallel.result_selector)
                .for_each(|t| template(t, out));
            &parallel.catch
        }
        StateKind::Map(map) => {
            map.items.iter().for_each(|d| dynamic(d, out));
            map.item_selector
                .iter()
                .chain(&map.result_selector)
                .for_each(|t| template(t, out));
            map.max_concurrency
                .iter()
                .chain(&map.tolerance.count)
                .for_each(|d| dynamic(d, out));
            map.tolerance.percentage.iter().for_each(|d| dynamic(d, out));
            if let Some(batcher) = &map.item_batcher {
                batcher.batch_input.iter().for_each(|t| template(t, out));
                batcher
                    .max_items
                    .iter()
                    .chain(&batcher.max_bytes)
                    .for_each(|d| dynamic(d, out));
            }
            &map.catch
        }
    };
    for catcher in catch {
        catcher
            .assign
            .iter()
            .chain(&catcher.output)
            .for_each(|t| template(t, out));
    }
}

fn query<'d>(query: &'d JsonPathQuery, out: &mut Names<'d>) {
    match query.root() {
        Root::Variable(name) => {
            out.insert(name);
        }
        Root::Input | Root::Context => {}
    }
}

fn path<'d>(path: &'d Path, out: &mut Names<'d>) {
    match path {
        Path::Null => {}
        Path::Query(inner) => query(inner, out),
    }
}

fn expression<'d>(expression: &'d Expression, out: &mut Names<'d>) {
    match &expression.kind {
        ExpressionKind::Path(inner) => path(inner, out),
        ExpressionKind::Intrinsic(call) => call.paths().into_iter().for_each(|inner| query(inner, out)),
        ExpressionKind::Jsonata(program) => out.extend(program.variables()),
    }
}

fn template<'d>(template_: &'d Template, out: &mut Names<'d>) {
    match template_ {
        Template::Constant(_) => {}
        Template::Object(members) => members.iter().for_each(|(_, member)| template(member, out)),
        Template::Array(items) => items.iter().for_each(|item| template(item, out)),
        Template::Expression(inner) => expression(inner, out),
    }
}

fn dynamic<'d, T>(dynamic: &'d Dynamic<T>, out: &mut Names<'d>) {
    match dynamic {
        Dynamic::Constant(_) => {}
        Dynamic::Expression(inner) => expression(inner, out),
        Dynamic::Template(inner) => template(inner, out),
    }
}

fn condition<'d>(condition_: &'d Condition, out: &mut Names<'d>) {
    match condition_ {
        Condition::Constant(_) => {}
        Condition::Expression(inner) => expression(inner, out),
        Condition::And(rules) | Condition::Or(rules) => rules.iter().for_each(|rule| condition(rule, out)),
        Condition::Not(rule) => condition(rule, out),
        Condition::Test(Comparison { variable, operand, .. }) => {
            path(variable, out);
            match operand {
                Operand::Constant(_) => {}
                Operand::Path(inner) => path(inner, out),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::StateMachine;

    fn check(state: Value, expected: &[&str]) {
        let definition = json!({"StartAt": "A", "States": {"A": state, "Z": {"Type": "Succeed"}}});
        let mut definition = definition;
        if state_is_choice(&definition) {
            definition["States"]["A"]["Default"] = json!("Z");
        } else {
            definition["States"]["A"]["Next"] = json!("Z");
        }
        let machine = StateMachine::parse(&definition.to_string()).expect("a valid definition");
        let references = machine.variable_references();
        let found: Vec<&str> = references.get("A").into_iter().flatten().copied().collect();
        assert_eq!(found, expected, "{definition}");
    }

    fn state_is_choice(definition: &Value) -> bool {
        definition["States"]["A"]["Type"] == "Choice"
    }

    #[test]
    fn every_field_counts_and_own_names_do_not() {
        check(
            json!({"Type": "Pass", "InputPath": "$a.b", "OutputPath": "$$.Execution"}),
            &["a"],
        );
        check(
            json!({"Type": "Pass", "Parameters": {"x.$": "States.Format('{}', $b, $.c)", "y": "$no"}}),
            &["b"],
        );
        check(json!({"Type": "Wait", "SecondsPath": "$wait"}), &["wait"]);
        check(
            json!({"Type": "Choice", "Choices": [{"Variable": "$v", "NumericEqualsPath": "$w.x", "Next": "Z"}]}),
            &["v", "w"],
        );
        check(
            json!({"Type": "Pass", "QueryLanguage": "JSONata",
                "Output": "{% ($own := $outer; $map($list.a, function($x) { $string($x & $own & $states.input) })) %}"}),
            &["list", "outer"],
        );
        check(
            json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $map([1], $string) %}"}),
            &[],
        );
    }
}
