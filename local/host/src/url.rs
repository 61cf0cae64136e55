//! Function URLs: HTTP in, payload format 2.0 to the function, its answer back as HTTP.

mod auth;
mod cors;
mod event;
mod response;
mod serve;

pub use auth::AuthType;
pub use cors::Cors;
pub use serve::UrlSpec;
