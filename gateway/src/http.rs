//! Requests and responses of a function URL, and the parts of HTTP that both functions need. Pure.

mod accept;
mod body;
mod json;
mod origin;
pub(crate) mod page;
mod prefer;
mod problem;
mod request;
mod response;
mod urlencoded;

pub use accept::{Representation, negotiate};
pub use body::{Parameters, parameters};
pub(crate) use json::strict_object;
pub(crate) use origin::OriginSecret;
pub use prefer::Preferences;
pub use problem::{Kind, Problem};
pub use request::{BODY_LIMIT, Http, Method, QUERY_LIMIT, Request, RequestContext};
pub use response::Response;
pub use urlencoded::PARAMETER_LIMIT;
pub(crate) use urlencoded::escaped;
