//! The ports of function URLs.
//!
//! A URL keeps its port for as long as its data directory lives, because mails that were sent have it in their links.

use std::net::SocketAddr;

use serde_json::json;
use sluice_driver::Driver;
use tokio::net::TcpListener;

use super::{Plan, StartError};

/// The journal's shelf for ports: `STACK/LogicalId` to `{"port": N}`.
const KIND: &str = "function-url-port";

/// A function URL that has its port.
pub(crate) struct UrlListener {
    pub(crate) logical_id: String,
    pub(crate) listener: TcpListener,
    pub(crate) url: String,
}

impl UrlListener {
    /// Binds every function URL of the plan: to the port that it had before, else to one of the ports after `endpoint`'s
    /// (any free port when `any` is set, as for `--listen ADDR:0`).
    pub(crate) async fn bind_all(
        plan: &Plan,
        driver: &Driver,
        endpoint: SocketAddr,
        any: bool,
    ) -> Result<Vec<Self>, StartError> {
        let mut bound = Vec::new();
        for (index, logical_id) in (1u16..).zip(plan.url_ids()) {
            let key = format!("{}/{logical_id}", plan.source.name);
            let known = driver.get(KIND, &key).await?;
            let known = known
                .and_then(|port| port["port"].as_u64())
                .and_then(|port| u16::try_from(port).ok());
            let port = known.unwrap_or(if any { 0 } else { endpoint.port().saturating_add(index) });
            let address = SocketAddr::new(endpoint.ip(), port);
            let failed = |source| StartError::Listen {
                what: format!("the function URL {logical_id}"),
                address,
                source,
            };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            if known.is_none() {
                driver.put(KIND, &key, json!({ "port": address.port() })).await?;
            }
            bound.push(Self {
                logical_id: logical_id.to_owned(),
                listener,
                url: format!("http://{}/", reachable(address)),
            });
        }
        Ok(bound)
    }
}

/// An address that a client on this machine can use: `0.0.0.0` and `::` are for listening only.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (std::net::Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}
