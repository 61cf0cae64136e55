//! Keeps other people's web pages away from what listens on this machine.
//!
//! A page from anywhere can make a browser send requests to `127.0.0.1`. It cannot read the answers, unless its own
//! host name is made to resolve to this machine (DNS rebinding): then the browser takes both for one origin, and only
//! the `Host` header still carries the foreign name. So a name that is not this machine's is refused, and so is a
//! request with consequences that comes from another origin.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;

use super::negotiation::Format;
use super::problem::Problem;
use super::reply;

/// Which host names a request may address.
///
/// Allowed are `localhost` and names under it, loopback addresses, the listen address, and names added by
/// [`HostGuard::also`]. When the listen address is unspecified (`0.0.0.0`, `[::]`), every address literal is allowed:
/// rebinding needs a name. Ports are not compared, so that a forwarded port works.
#[derive(Debug, Clone)]
pub struct HostGuard {
    listen: IpAddr,
    names: Arc<[String]>,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No `Host`, or more than one.
    #[error("the request has no single Host header; send one, such as Host: localhost")]
    NoHost,
    /// A host that is not this machine.
    #[error("the host {0:?} is not this machine; use localhost, a loopback address or the listen address")]
    ForeignHost(String),
    /// A request with consequences, sent by a page of another origin.
    #[error("a page from {0:?} may not change anything here")]
    ForeignOrigin(String),
}

impl HostGuard {
    /// A guard for what listens on `listen`.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen: listen.ip(),
            names: Arc::new([]),
        }
    }

    /// Allows these host names too, without ports; upper and lower case are the same.
    #[must_use]
    pub fn also(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names = self.names.iter().cloned().chain(names).collect();
        self
    }

    /// Whether a request may pass.
    ///
    /// # Errors
    /// What is wrong with its host or its origin.
    pub fn admits(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
        let mut hosts = headers.get_all(HOST).iter();
        let header = hosts.next().map(|host| String::from_utf8_lossy(host.as_bytes()));
        if hosts.next().is_some() {
            return Err(Refused::NoHost);
        }
        // HTTP/2, and HTTP/1 requests in absolute form, name the host in the target; both must be right.
        let authority = uri.authority().map(Authority::as_str);
        if header.is_none() && authority.is_none() {
            return Err(Refused::NoHost);
        }
        for host in header.as_deref().into_iter().chain(authority) {
            if !self.knows(host) {
                return Err(Refused::ForeignHost(host.chars().take(255).collect()));
            }
        }
        if method.is_safe() {
            Ok(())
        } else {
            Self::same_origin(header.as_deref().or(authority), headers)
        }
    }

    /// Programs send no `Origin`; browsers send it with everything but plain navigation and reads.
    fn same_origin(host: Option<&str>, headers: &HeaderMap) -> Result<(), Refused> {
        for origin in headers.get_all(ORIGIN) {
            let origin = String::from_utf8_lossy(origin.as_bytes());
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            let same = match (authority, host) {
                (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
                _ => false,
            };
            if !same {
                return Err(Refused::ForeignOrigin(origin.chars().take(255).collect()));
            }
        }
        Ok(())
    }

    /// Whether a host, with or without a port, is this machine.
    fn knows(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else {
            return false;
        };
        if authority.as_str().contains('@') {
            return false;
        }
        let name = authority.host().to_ascii_lowercase();
        let literal = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(&name);
        if let Ok(address) = literal.parse::<IpAddr>() {
            let address = address.to_canonical();
            return address.is_loopback() || self.listen.is_unspecified() || address == self.listen.to_canonical();
        }
        let name = name.strip_suffix('.').unwrap_or(&name);
        name == "localhost"
            || name.ends_with(".localhost")
            || self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The guard as a layer: refuses with 403 and says why.
///
/// ```text
/// router.layer(axum::middleware::from_fn_with_state(guard, console::guard::layer))
/// ```
pub async fn layer(State(guard): State<HostGuard>, request: Request, next: Next) -> Response {
    match guard.admits(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => {
            let format = Format::of(request.uri().query(), request.headers()).unwrap_or(Format::Html);
            reply::problem(&Problem::new(StatusCode::FORBIDDEN, refused.to_string()), format)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(listen: &str) -> HostGuard {
        HostGuard::new(listen.parse().expect("a socket address")).also(["Build-Box".to_owned()])
    }

    #[test]
    fn a_host_that_is_not_this_machine_is_refused() {
        fn check(listen: &str, host: &str, admitted: bool) {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().expect("a header value"));
            let answer = guard(listen).admits(&Method::GET, &Uri::from_static("/console"), &headers);
            assert_eq!(answer.is_ok(), admitted, "{host:?} at {listen}: {answer:?}");
        }
        const LOOPBACK: &str = "127.0.0.1:4566";
        check(LOOPBACK, "localhost", true);
        check(LOOPBACK, "LOCALHOST:4566", true);
        check(LOOPBACK, "localhost.:4566", true);
        check(LOOPBACK, "console.localhost:4566", true);
        check(LOOPBACK, "127.0.0.1:4566", true);
        check(LOOPBACK, "127.8.9.1", true);
        check(LOOPBACK, "[::1]:9", true);
        check(LOOPBACK, "[::ffff:127.0.0.1]", true);
        check(LOOPBACK, "build-box:4566", true);
        check(LOOPBACK, "evil.example", false);
        check(LOOPBACK, "evil.example:4566", false);
        check(LOOPBACK, "localhost.evil.example", false);
        check(LOOPBACK, "notlocalhost", false);
        check(LOOPBACK, "127.0.0.1.evil.example", false);
        check(LOOPBACK, "127.0.0.1@evil.example", false);
        check(LOOPBACK, "evil.example@127.0.0.1", false);
        check(LOOPBACK, "192.168.1.9", false);
        check(LOOPBACK, "", false);
        check(LOOPBACK, "local host", false);
        check("192.168.1.9:4566", "192.168.1.9:4566", true);
        check("192.168.1.9:4566", "192.168.1.10", false);
        check("0.0.0.0:4566", "192.168.1.10:4566", true);
        check("0.0.0.0:4566", "evil.example", false);
        check("[::]:4566", "[fd00::1]", true);
    }

    #[test]
    fn one_host_must_be_named() {
        fn check(uri: &'static str, hosts: &[&'static str], expected: Result<(), Refused>) {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, host.parse().expect("a header value"));
            }
            assert_eq!(
                guard("127.0.0.1:1").admits(&Method::GET, &Uri::from_static(uri), &headers),
                expected
            );
        }
        check("/console", &[], Err(Refused::NoHost));
        check("/console", &["localhost", "localhost"], Err(Refused::NoHost));
        check("http://localhost/console", &[], Ok(()));
        check(
            "http://evil.example/console",
            &["localhost"],
            Err(Refused::ForeignHost("evil.example".to_owned())),
        );
        check(
            "http://localhost/console",
            &["evil.example"],
            Err(Refused::ForeignHost("evil.example".to_owned())),
        );
    }

    #[test]
    fn another_origin_changes_nothing() {
        fn check(method: Method, origin: Option<&'static str>, admitted: bool) {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "localhost:4566".parse().expect("a header value"));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().expect("a header value"));
            }
            let answer = guard("127.0.0.1:4566").admits(&method, &Uri::from_static("/"), &headers);
            assert_eq!(answer.is_ok(), admitted, "{method} from {origin:?}");
        }
        check(Method::POST, None, true);
        check(Method::POST, Some("http://localhost:4566"), true);
        check(Method::POST, Some("http://localhost:9999"), false);
        check(Method::POST, Some("https://evil.example"), false);
        check(Method::DELETE, Some("null"), false);
        check(Method::GET, Some("https://evil.example"), true);
    }
}
