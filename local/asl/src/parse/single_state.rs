//! One state, without the states around it.

use std::sync::Arc;

use super::fields::Fields;
use super::options::{Occasion, ParseOptions};
use super::report::Report;
use super::{flow, json, state};
use crate::definition::{Flow, Name, State, StateKind, StateMachine};
use crate::{Diagnostic, Diagnostics};

impl State {
    /// Parses and validates the text of one state. The targets of its transitions are not checked: there is nothing else.
    ///
    /// ```
    /// use sluice_asl::{State, StateKind};
    ///
    /// let state = State::parse("Pause", r#"{ "Type": "Wait", "Seconds": 5, "Next": "Elsewhere" }"#)?;
    /// assert!(matches!(state.kind, StateKind::Wait(_)));
    /// # Ok::<(), sluice_asl::Diagnostics>(())
    /// ```
    ///
    /// # Errors
    /// Every finding, at places below `/States/name`, where the text is not JSON or breaks the language's rules.
    pub fn parse(name: &str, text: &str) -> Result<State, Diagnostics> {
        let value = json::parse(text, Occasion::Kept).map_err(|finding| Diagnostics(vec![finding]))?;
        let location = format!("/States/{name}");
        let Some(map) = value.as_object() else {
            let finding = Diagnostic::schema(&location, "Expected value of type Object");
            return Err(Diagnostics(vec![finding]));
        };
        let mut report = Report::new(ParseOptions::default());
        let state = state::parse(
            &Name::from(name),
            &Fields::new(map, location.clone()),
            &mut report,
            flow::parse,
        );
        match (state, report.into_errors()) {
            (Some(state), findings) if findings.is_empty() => Ok(state),
            (None, findings) if findings.is_empty() => {
                let finding = Diagnostic::schema(&location, "The definition is not valid");
                Err(Diagnostics(vec![finding]))
            }
            (_, findings) => Err(Diagnostics(findings)),
        }
    }

    /// The flows that the state runs: a Parallel's branches, a Map's processor.
    pub fn flows(&self) -> &[Arc<Flow>] {
        match &self.kind {
            StateKind::Parallel(parallel) => &parallel.branches,
            StateKind::Map(map) => std::slice::from_ref(&map.processor.flow),
            StateKind::Pass(_)
            | StateKind::Task(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_) => &[],
        }
    }
}

impl StateMachine {
    /// The state of that name, on the top level or inside a Parallel or Map.
    pub fn find_state(&self, name: &str) -> Option<&Arc<State>> {
        self.flow.find_state(name)
    }
}

impl Flow {
    /// The state of that name, in the flow or inside one of its Parallels or Maps.
    pub fn find_state(&self, name: &str) -> Option<&Arc<State>> {
        // not in recursion: a definition may nest deeper than a stack
        let mut open = vec![self];
        while let Some(flow) = open.pop() {
            if let Some(state) = flow.states.get(name) {
                return Some(state);
            }
            open.extend(flow.states.values().flat_map(|state| state.flows()).map(|flow| &**flow));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::{State, StateMachine};

    fn check(text: &str, expected: Result<(), &str>) {
        let parsed = State::parse("StateName", text).map(drop);
        assert_eq!(
            parsed.map_err(|e| e.to_string()),
            expected.map_err(str::to_owned),
            "{text}"
        );
    }

    #[test]
    fn a_state_alone_may_lead_anywhere() {
        check(r#"{"Type":"Pass","Next":"Elsewhere"}"#, Ok(()));
        check(r#"{"Type":"Pass","End":true}"#, Ok(()));
    }

    #[test]
    fn findings_are_placed_as_if_the_state_had_a_machine() {
        check(
            r#"{"Type":"Parallel","Branches":[],"End":true}"#,
            Err(
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Value cannot be empty at \
                 /States/StateName/Branches'",
            ),
        );
        check(
            "[]",
            Err(
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Expected value of type Object at \
                 /States/StateName'",
            ),
        );
    }

    #[test]
    fn states_are_found_at_any_depth() {
        let machine = StateMachine::parse(
            r#"{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"P","States":{
                "P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"X","States":{"X":{"Type":"Succeed"}}}]}}}}}}"#,
        )
        .expect("a valid machine");
        for (name, found) in [("M", true), ("P", true), ("X", true), ("Y", false)] {
            assert_eq!(machine.find_state(name).is_some(), found, "{name}");
        }
    }
}
