//! Submissions: the executions of one state machine, seen as what its product takes in.
//!
//! The runtime knows nothing of a product. A template says what its submissions are ([`SubmissionSpec`]): the state machine,
//! the columns of a list, and the outcomes with the conditions for each. [`Submissions`] answers lists, counts and searches;
//! it keeps an [`index`] of its own over the journal, which is thrown away with the process and made again when someone looks.

mod choice;
mod index;
mod search;
mod spec;

pub use spec::{Column, Condition, LinkTemplate, OutcomeRule, PageRequest, SubmissionSpec, Tone};

pub(crate) use index::words;
pub(crate) use search::{Counts, Found, Search, Submissions, name_of};

#[cfg(test)]
pub(crate) use spec::tests::spec as spec_for_tests;
