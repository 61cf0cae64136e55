//! The AWS endpoint of this process, as tasks call it.

use std::future::Future;
use std::pin::Pin;

use axum::body::Body;
use axum::http::{Request, Response};

/// A response that is still to come.
pub type Pending<'a> = Pin<Box<dyn Future<Output = Response<Body>> + Send + 'a>>;

/// The AWS endpoint, called without a connection: what it answers over the wire, a task can call.
pub trait Endpoint: Send + Sync + 'static {
    /// Answers one request in the protocol of its service.
    fn send(&self, request: Request<Body>) -> Pending<'_>;
}
