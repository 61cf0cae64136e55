//! The endpoint without a connection, for tasks.

use std::sync::{Arc, Weak};

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use sluice_integrations::{Endpoint, HttpTasks, Mocks, Pending};
use tower::ServiceExt as _;

use super::{Services, routes};

impl Services {
    /// The services that tasks call.
    pub(crate) fn integrations(self: &Arc<Self>, surroundings: Surroundings) -> sluice_integrations::Services {
        let Surroundings {
            host,
            http_hosts,
            mocks,
        } = surroundings;
        sluice_integrations::Services {
            account: self.config.clone(),
            lambda: self.lambda.clone(),
            dynamodb: self.dynamodb.clone(),
            sns: self.sns.clone(),
            stepfunctions: Arc::clone(&self.stepfunctions),
            endpoint: Arc::new(InProcess(Arc::downgrade(self))),
            host,
            http: Arc::new(HttpTasks::new(http_hosts)),
            mocks,
        }
    }
}

/// The parts of a start that tasks' calls depend on.
pub(crate) struct Surroundings {
    /// The endpoint's host and port.
    pub(crate) host: String,
    /// The hosts that `http:invoke` may call besides this machine.
    pub(crate) http_hosts: Vec<String>,
    /// The results that a file gives tasks in place of calls.
    pub(crate) mocks: Option<Arc<Mocks>>,
}

/// The endpoint over the services of a process. It does not keep them: they keep it.
struct InProcess(Weak<Services>);

impl Endpoint for InProcess {
    fn send(&self, request: Request<Body>) -> Pending<'_> {
        Box::pin(async move {
            match self.0.upgrade() {
                // Most services share this path, and need no router.
                Some(services) if request.uri().path() == "/" => routes::root(State(services), request).await,
                Some(services) => {
                    let Ok(response) = routes::router(services).oneshot(request).await;
                    response
                }
                None => gone(),
            }
        })
    }
}

/// The process is going down.
fn gone() -> Response<Body> {
    let body = r#"{"__type":"ServiceUnavailable","message":"The endpoint is being shut down."}"#;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
