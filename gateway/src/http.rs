//! Requests and answers of a function URL, and the parts of HTTP that both functions need. Pure.

mod accept;
mod answer;
mod body;
mod event;
mod form;
mod json;
mod prefer;
mod problem;

pub use accept::{Form as Representation, negotiate};
pub use answer::Answer;
pub use body::{Parameters, parameters};
pub use event::{BODY_LIMIT, Event, Http, Method, QUERY_LIMIT, RequestContext};
pub use form::PARAMETER_LIMIT;
pub(crate) use json::strict_object;
pub use prefer::Preferences;
pub use problem::{Kind, Problem};
