//! The guards and limits that the listeners of the endpoint and of the function URLs have in common.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use sluice_host::OpenFiles;
use sluice_http::{Connection, ConnectionSlots, HostGuard, Limits};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::Service as _;

/// More connections than this are of no use to the functions of one machine, whatever it allows.
const MOST: usize = 4096;

/// The connections to function URLs, and the guards of all listeners.
pub(crate) struct Listeners {
    names: Vec<String>,
    pub(crate) url_places: Arc<ConnectionSlots>,
    endpoint_places: Arc<ConnectionSlots>,
}

impl Listeners {
    /// With the names that may be addressed besides this machine's own.
    pub(crate) fn new(names: &[String]) -> Self {
        let files = OpenFiles::of_process();
        Self {
            names: names.to_vec(),
            url_places: ConnectionSlots::new(files.url_connections().min(MOST)),
            endpoint_places: ConnectionSlots::new(files.endpoint_connections().min(MOST)),
        }
    }

    /// The guard of what listens on `address`.
    pub(crate) fn guard(&self, address: SocketAddr) -> HostGuard {
        HostGuard::new(address).also(self.names.iter().cloned())
    }

    /// Serves the AWS endpoint and the console until `stop` says so.
    pub(crate) fn serve_endpoint(
        &self,
        listener: TcpListener,
        router: axum::Router,
        mut stop: watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let places = Arc::clone(&self.endpoint_places);
        tokio::spawn(async move {
            let stopped = async move {
                // an error means that the sender is gone, which is a stop as well
                let _ = stop.wait_for(|stop| *stop).await;
            };
            let accepted = |_: SocketAddr, connection: &Arc<Connection>| {
                let (router, connection) = (router.clone(), Arc::clone(connection));
                move |request: axum::http::Request<sluice_http::RequestBody>| {
                    if is_long_poll(request.headers()) {
                        connection.follow_peer();
                    }
                    let request: Request = request.map(Body::new);
                    let mut router = router.clone();
                    async move { router.call(request).await.unwrap_or_else(|never| match never {}) }
                }
            };
            // whoever stops it says how long it may take
            let limits = Limits {
                grace: std::time::Duration::from_secs(3600),
                ..Limits::default()
            };
            sluice_http::serve(listener, limits, places, accepted, stopped).await;
        })
    }
}

/// Returns true for a call that waits for something that it then takes away: its client must be alive.
fn is_long_poll(headers: &HeaderMap) -> bool {
    headers.get("x-amz-target").is_some_and(|target| {
        [
            b"AWSStepFunctions.GetActivityTask".as_slice(),
            b"AmazonSQS.ReceiveMessage",
        ]
        .contains(&target.as_bytes())
    })
}
