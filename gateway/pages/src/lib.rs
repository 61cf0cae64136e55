//! The look and the parts of every page: for the gateway's functions and the local console. Pure.
//!
//! One style sheet and one optional script, both in the page and allowed by their hashes, so that a visit is one
//! request and nothing else can get in.

mod chips;
mod design;
mod document;
mod form;
mod mark;
mod parts;
mod policy;
mod script;
mod style;
mod table;
mod text;
mod time;
mod tone;

pub use chips::{Chip, chips};
pub use design::design;
pub use document::{Document, Link, Refresh};
pub use form::{ErrorSummary, Mistake, Shape, TextField};
pub use mark::{icon, mark};
pub use parts::{Step, copy, empty, facts, notice, pager, steps};
pub use policy::{content_security_policy, content_security_policy_with};
pub use script::script;
pub use style::STYLE;
pub use table::{Column, table};
pub use text::shown;
pub use time::{ago, time, time_to_second, words_between};
pub use tone::{Tone, badge};
