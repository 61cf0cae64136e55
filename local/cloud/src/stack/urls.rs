//! The ports of function URLs.
//!
//! A URL keeps its port for as long as its data directory lives, because mails that were sent have it in their links.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::Range;

use serde_json::json;
use sluice_driver::Driver;
use tokio::net::TcpListener;

use super::{Plan, StartError};

/// The journal's shelf for ports: `STACK/LogicalId` to `{"port": N}`.
const KIND: &str = "function-url-port";

/// Ports that operating systems do not give to outgoing connections. A port has to be free again at the next start, and one of
/// those might be the local end of somebody's connection by then.
const QUIET: Range<u16> = 10_000..32_768;

/// The number of ports of [`QUIET`] that are tried.
const ATTEMPTS: u16 = 256;

/// The distance between the first ports tried for two endpoints with neighbouring ports; prime.
const STEP: u32 = 7_919;

/// A function URL that has its port.
pub(crate) struct UrlListener {
    pub(crate) stack: String,
    pub(crate) logical_id: String,
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
}

impl UrlListener {
    /// Binds every function URL of the plans: to the port that it had before, else to one of the ports after `endpoint`'s
    /// (a free one of [`QUIET`] when `any` is set, as for `--listen ADDR:0`). Ports are remembered once all are bound.
    pub(crate) async fn bind_all(
        plans: &[&Plan],
        driver: &Driver,
        endpoint: SocketAddr,
        any: bool,
    ) -> Result<Vec<Self>, StartError> {
        let mut wanted = Vec::new();
        let all = plans
            .iter()
            .flat_map(|plan| plan.url_ids().map(|id| (&plan.source.name, id)));
        for (stack, logical_id) in all {
            let key = format!("{stack}/{logical_id}");
            let port = driver.store().get(KIND, &key).await?;
            let port = port
                .and_then(|port| port["port"].as_u64())
                .and_then(|port| u16::try_from(port).ok());
            wanted.push((stack, logical_id, key, port));
        }
        let known: Vec<u16> = wanted.iter().filter_map(|(_, _, _, port)| *port).collect();
        let mut free = (1..)
            .map(|n| endpoint.port().saturating_add(n))
            .filter(|port| !known.contains(port));
        let mut bound = Vec::new();
        let mut new = Vec::new();
        for (stack, logical_id, key, known) in wanted {
            let port = known.or_else(|| if any { None } else { free.next() });
            let address = SocketAddr::new(endpoint.ip(), port.unwrap_or(0));
            let failed = |source| match known {
                Some(_) => StartError::KnownPort {
                    logical_id: logical_id.to_owned(),
                    address,
                    source,
                },
                None => StartError::Listen {
                    what: format!("the function URL {logical_id}"),
                    address,
                    source,
                },
            };
            let listener = match port {
                Some(_) => TcpListener::bind(address).await,
                None => bind_quiet(endpoint).await,
            };
            let listener = listener.map_err(&failed)?;
            let address = listener.local_addr().map_err(&failed)?;
            if known.is_none() {
                new.push((key, address.port()));
            }
            let url = format!("http://{}/", reachable(address));
            bound.push(Self {
                stack: stack.clone(),
                logical_id: logical_id.to_owned(),
                listener,
                address,
                url,
            });
        }
        for (key, port) in new {
            driver.store().put(KIND, &key, json!({ "port": port })).await?;
        }
        Ok(bound)
    }
}

/// Binds a port of [`QUIET`]. Where the search begins depends on the endpoint's port, so that two programs seldom want the same one.
async fn bind_quiet(endpoint: SocketAddr) -> std::io::Result<TcpListener> {
    let count = QUIET.end - QUIET.start;
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        // a step without a common factor with the count, so that neighbours do not search the same ports
        let at = u32::from(endpoint.port()) * STEP + u32::from(attempt);
        let port = QUIET.start + u16::try_from(at % u32::from(count)).unwrap_or_default();
        match TcpListener::bind(SocketAddr::new(endpoint.ip(), port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => last = Some(error),
            bound => return bound,
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::AddrInUse.into()))
}

/// An address that a client on this machine can use: `0.0.0.0` and `::` are for listening only.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (std::net::Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}
