//! The decision about a stack at a start, by what is kept of it. Pure.

use std::collections::BTreeMap;

use sluice_engine::Timestamp;

use sluice_cloudformation::{StackRecord, StackStatus};

/// The parameter that is computed from a stack's lifetime, so that two starts with the same settings differ in it.
pub(crate) const DELETE_AT: &str = "DeleteAt";

/// The action that a start takes on a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StackAction {
    /// Deploy it.
    Deploy(Lifecycle),
    /// Delete it, since its time is over: what is left of it is brought up once more, so that what its streams hold is still
    /// delivered, and is then deleted.
    Delete(Lifecycle),
}

/// The lifecycle of a stack: its generation, and the times of its creation, of its last change and of its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lifecycle {
    /// The number of earlier stacks of its name.
    pub(crate) generation: u32,
    /// The time at which it was first set up.
    pub(crate) created: Timestamp,
    /// The time at which its parameters were last changed.
    pub(crate) updated: Option<Timestamp>,
    /// The time at which it deletes itself, if it has a lifetime.
    pub(crate) ends: Option<Timestamp>,
}

impl Lifecycle {
    /// The status after its deployment: created or updated.
    pub(crate) fn status(&self) -> StackStatus {
        match self.updated {
            None => StackStatus::CreateComplete,
            Some(_) => StackStatus::UpdateComplete,
        }
    }
}

/// Decides about a stack with `settings` (its parameters but for the computed time) and `lifetime` (in milliseconds), of
/// whose name `before` is the last that is known.
///
/// A start goes on with the life of a stack that is there; changed settings are a new deployment, whose lifetime begins
/// anew; and a stack that is deleted leaves room for another one. What was to be gone while nobody looked is gone first.
pub(crate) fn decide(
    before: Option<&StackRecord>,
    settings: &BTreeMap<String, String>,
    lifetime: Option<i64>,
    now: Timestamp,
) -> StackAction {
    let ends = lifetime.map(|lifetime| now.saturating_add(lifetime));
    let new = |generation| {
        StackAction::Deploy(Lifecycle {
            generation,
            created: now,
            updated: None,
            ends,
        })
    };
    let Some(before) = before else { return new(0) };
    let over = match before.status {
        StackStatus::DeleteComplete => return new(before.generation.saturating_add(1)),
        StackStatus::DeleteInProgress | StackStatus::DeleteFailed => true,
        StackStatus::CreateComplete | StackStatus::UpdateComplete => before.ends.is_some_and(|ends| ends <= now),
    };
    if over {
        return StackAction::Delete(Lifecycle {
            generation: before.generation,
            created: before.created,
            updated: before.updated,
            ends: before.ends.or(ends),
        });
    }
    let goes_on = same(before, settings, lifetime.is_some());
    StackAction::Deploy(Lifecycle {
        generation: before.generation,
        created: before.created,
        updated: if goes_on { before.updated } else { Some(now) },
        ends: if goes_on { before.ends } else { ends },
    })
}

/// Returns true if a stack's parameters are as they were.
fn same(before: &StackRecord, settings: &BTreeMap<String, String>, computed: bool) -> bool {
    if computed != before.ends.is_some() {
        return false;
    }
    let old = before
        .parameters
        .iter()
        .filter(|one| !(computed && one.key == DELETE_AT));
    let old: BTreeMap<&str, &str> = old.map(|one| (one.key.as_str(), one.value.as_str())).collect();
    old.len() == settings.len()
        && settings
            .iter()
            .all(|(key, value)| old.get(key.as_str()) == Some(&value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_cloudformation::StackParameter;

    const NOW: Timestamp = 1_000_000;

    fn settings(rate: &str) -> BTreeMap<String, String> {
        [("Rate".to_owned(), rate.to_owned())].into()
    }

    /// A stack of rate 1 that began long ago.
    fn before(status: StackStatus, ends: Option<Timestamp>) -> StackRecord {
        let parameter = |key: &str, value: &str| StackParameter {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        let mut parameters = vec![parameter("Rate", "1")];
        if ends.is_some() {
            parameters.push(parameter(DELETE_AT, "2026-11-22T18:00:00Z"));
        }
        StackRecord {
            status,
            parameters,
            created: 7,
            updated: (status == StackStatus::UpdateComplete).then_some(8),
            ends,
            generation: 2,
            ..StackRecord::empty("s", "id")
        }
    }

    fn run(generation: u32, created: Timestamp, updated: Option<Timestamp>, ends: Option<Timestamp>) -> StackAction {
        StackAction::Deploy(Lifecycle {
            generation,
            created,
            updated,
            ends,
        })
    }

    fn end(created: Timestamp, updated: Option<Timestamp>, ends: Option<Timestamp>) -> StackAction {
        StackAction::Delete(Lifecycle {
            generation: 2,
            created,
            updated,
            ends,
        })
    }

    #[test]
    fn a_start_goes_on_with_what_is_there() {
        use StackStatus::{CreateComplete, DeleteComplete, DeleteFailed, DeleteInProgress, UpdateComplete};
        let check = |before: Option<StackRecord>, rate: &str, lifetime: Option<i64>, expected: StackAction| {
            let found = decide(before.as_ref(), &settings(rate), lifetime, NOW);
            assert_eq!(found, expected, "{before:?}, rate {rate}, lifetime {lifetime:?}");
        };
        check(None, "1", None, run(0, NOW, None, None));
        check(None, "1", Some(60), run(0, NOW, None, Some(NOW + 60)));
        // the lifetime is not prolonged by a restart
        check(
            Some(before(CreateComplete, Some(NOW + 5))),
            "1",
            Some(60),
            run(2, 7, None, Some(NOW + 5)),
        );
        check(
            Some(before(UpdateComplete, Some(NOW + 5))),
            "1",
            Some(60),
            run(2, 7, Some(8), Some(NOW + 5)),
        );
        check(Some(before(CreateComplete, None)), "1", None, run(2, 7, None, None));
        // a changed parameter is a new deployment
        check(
            Some(before(CreateComplete, Some(NOW + 5))),
            "2",
            Some(60),
            run(2, 7, Some(NOW), Some(NOW + 60)),
        );
        check(
            Some(before(CreateComplete, None)),
            "1",
            Some(60),
            run(2, 7, Some(NOW), Some(NOW + 60)),
        );
        check(
            Some(before(CreateComplete, Some(NOW + 5))),
            "1",
            None,
            run(2, 7, Some(NOW), None),
        );
        // what was to be gone
        check(
            Some(before(CreateComplete, Some(NOW))),
            "1",
            Some(60),
            end(7, None, Some(NOW)),
        );
        check(
            Some(before(UpdateComplete, Some(NOW))),
            "2",
            Some(60),
            end(7, Some(8), Some(NOW)),
        );
        check(
            Some(before(DeleteInProgress, Some(NOW + 5))),
            "1",
            Some(60),
            end(7, None, Some(NOW + 5)),
        );
        check(
            Some(before(DeleteFailed, None)),
            "1",
            Some(60),
            end(7, None, Some(NOW + 60)),
        );
        // a deleted one makes room
        check(
            Some(before(DeleteComplete, Some(NOW))),
            "1",
            Some(60),
            run(3, NOW, None, Some(NOW + 60)),
        );
    }
}
