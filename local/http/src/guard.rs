//! The check that keeps foreign web pages away from the listeners of this machine. Pure.
//!
//! A page from anywhere can make a browser send requests to `127.0.0.1`. It cannot read the answers, unless its own
//! host name is made to resolve to this machine (DNS rebinding): then the browser takes both for one origin, and only
//! the `Host` header still carries the foreign name. So a name that is not this machine's is refused, and so is a
//! request with consequences that comes from another origin.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::header::{HOST, ORIGIN};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Method, StatusCode, Uri, Version};

/// The host names that a request may address, and the check of requests against them.
///
/// Allowed are `localhost` and names under it, loopback addresses, the listen address, and names added by
/// [`HostGuard::also`]. When the listen address is unspecified (`0.0.0.0`, `[::]`), every address literal is allowed:
/// rebinding needs a name. Ports are not compared, so that a forwarded port works.
#[derive(Debug, Clone)]
pub struct HostGuard {
    listen: IpAddr,
    /// The name in most requests: the listen address as it is written.
    written: Arc<str>,
    names: Arc<[String]>,
}

/// The reason why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No `Host`, or more than one.
    #[error("the request has no single Host header; send one, such as Host: localhost")]
    NoHost,
    /// A host that is not this machine.
    #[error(
        "the host {0:?} is not this machine; use localhost, a loopback address or the listen address, or start sluice \
         with --allow-host NAME"
    )]
    ForeignHost(String),
    /// A request with consequences, sent by a page of another origin.
    #[error("a page from {0:?} may not change anything here; if it is yours, start sluice with --allow-host NAME")]
    ForeignOrigin(String),
    /// A request with consequences that a page of another site had its browser send.
    #[error("a page of another site may not change anything here")]
    ForeignSite,
}

impl Refusal {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::ForeignHost(_) | Self::ForeignOrigin(_) | Self::ForeignSite => StatusCode::FORBIDDEN,
        }
    }
}

impl HostGuard {
    /// A guard for what listens on `listen`.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen: listen.ip(),
            written: listen.to_string().into(),
            names: Arc::new([]),
        }
    }

    /// Allows these host names too, without ports; upper and lower case are the same, and a name that begins with a dot
    /// stands for all names under it.
    #[must_use]
    pub fn also(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names = self.names.iter().cloned().chain(names).collect();
        self
    }

    /// Checks that a request may pass to a handler without consequences when the method is safe.
    ///
    /// # Errors
    /// What is wrong with its host or its origin.
    pub fn admits(&self, request: &Parts) -> Result<(), Refusal> {
        let host = self.admits_host(request.version, &request.uri, &request.headers)?;
        if request.method.is_safe() {
            return Ok(());
        }
        self.admits_origin(host.as_deref(), &request.headers)?;
        match text(&request.headers, "sec-fetch-site") {
            Some("cross-site") if !request.headers.contains_key(ORIGIN) => Err(Refusal::ForeignSite),
            _ => Ok(()),
        }
    }

    /// Checks that a request may pass to a handler that may have consequences with any method, for its own page or one that
    /// `allows` knows. Following a link from anywhere is allowed.
    ///
    /// # Errors
    /// What is wrong with its host or its origin.
    pub fn admits_to_any(&self, request: &Parts, allows: impl FnOnce(&HeaderMap) -> bool) -> Result<(), Refusal> {
        let headers = &request.headers;
        let host = self.admits_host(request.version, &request.uri, headers)?;
        let foreign = match self.admits_origin(host.as_deref(), headers) {
            Err(refused) => refused,
            Ok(()) if headers.contains_key(ORIGIN) => return Ok(()),
            Ok(()) => match text(headers, "sec-fetch-site") {
                Some("cross-site") if !is_visit(&request.method, headers) => Refusal::ForeignSite,
                _ => return Ok(()),
            },
        };
        if allows(headers) { Ok(()) } else { Err(foreign) }
    }

    /// Checks that the request addresses this machine; gives the host as the request names it if it is not the usual one.
    fn admits_host<'a>(
        &self,
        version: Version,
        uri: &'a Uri,
        headers: &'a HeaderMap,
    ) -> Result<Option<std::borrow::Cow<'a, str>>, Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let header = hosts.next().map(|host| String::from_utf8_lossy(host.as_bytes()));
        if hosts.next().is_some() {
            return Err(Refusal::NoHost);
        }
        // HTTP/2, and HTTP/1 requests in absolute form, name the host in the target; both must be right.
        let authority = uri.authority().map(Authority::as_str);
        if header.is_none() && authority.is_none() {
            // No browser speaks HTTP/1.0, which knows no Host.
            return if version == Version::HTTP_10 {
                Ok(None)
            } else {
                Err(Refusal::NoHost)
            };
        }
        for host in header.as_deref().into_iter().chain(authority) {
            if !self.knows(host) {
                return Err(Refusal::ForeignHost(host.chars().take(255).collect()));
            }
        }
        Ok(header.or(authority.map(Into::into)))
    }

    /// Programs send no `Origin`; browsers send it with everything but plain navigation and reads.
    fn admits_origin(&self, host: Option<&str>, headers: &HeaderMap) -> Result<(), Refusal> {
        for origin in headers.get_all(ORIGIN) {
            let origin = String::from_utf8_lossy(origin.as_bytes());
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            let same = match (authority, host) {
                (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host) || self.names_one(authority),
                _ => false,
            };
            if !same {
                return Err(Refusal::ForeignOrigin(origin.chars().take(255).collect()));
            }
        }
        Ok(())
    }

    /// Returns true if a host, with or without a port, is this machine.
    fn knows(&self, host: &str) -> bool {
        if *host == *self.written {
            return true;
        }
        let Some(name) = name_of(host) else { return false };
        let literal = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(&name);
        if let Ok(address) = literal.parse::<IpAddr>() {
            let address = address.to_canonical();
            return address.is_loopback() || self.listen.is_unspecified() || address == self.listen.to_canonical();
        }
        name == "localhost" || name.ends_with(".localhost") || self.lists(&name)
    }

    /// Returns true if a host is one of the names that were added.
    fn names_one(&self, host: &str) -> bool {
        !self.names.is_empty() && name_of(host).is_some_and(|name| self.lists(&name))
    }

    fn lists(&self, name: &str) -> bool {
        self.names.iter().any(|known| match known.strip_prefix('.') {
            Some(parent) => name
                .len()
                .checked_sub(parent.len() + 1)
                .is_some_and(|at| at > 0 && name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(known)),
            None => known.eq_ignore_ascii_case(name),
        })
    }
}

/// The name of a host in lower case, without port and final dot; none of what is no host.
fn name_of(host: &str) -> Option<String> {
    let authority = host
        .parse::<Authority>()
        .ok()
        .filter(|host| !host.as_str().contains('@'))?;
    let mut name = authority.host().to_ascii_lowercase();
    if name.ends_with('.') {
        name.pop();
    }
    Some(name)
}

/// Returns true if a person follows a link, or types an address.
fn is_visit(method: &Method, headers: &HeaderMap) -> bool {
    method.is_safe() && text(headers, "sec-fetch-mode") == Some("navigate")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn guard(listen: &str) -> HostGuard {
        let names = ["Build-Box", ".tunnel.example"];
        HostGuard::new(listen.parse().expect("a socket address")).also(names.map(str::to_owned))
    }

    fn parts(method: &str, uri: &str, version: Version, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri).version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn a_host_that_is_not_this_machine_is_refused() {
        fn check(listen: &str, host: &str, admitted: bool) {
            let request = parts("GET", "/console", Version::HTTP_11, &[("host", host)]);
            for answer in [
                guard(listen).admits(&request),
                guard(listen).admits_to_any(&request, |_| false),
            ] {
                assert_eq!(answer.is_ok(), admitted, "{host:?} at {listen}: {answer:?}");
            }
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
        check(LOOPBACK, "a.tunnel.example", true);
        check(LOOPBACK, "a.b.TUNNEL.example.:80", true);
        check(LOOPBACK, "tunnel.example", false);
        check(LOOPBACK, ".tunnel.example", false);
        check(LOOPBACK, "atunnel.example", false);
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
        fn check(uri: &str, version: Version, hosts: &[&str], expected: Result<(), Refusal>) {
            let headers: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            let answer = guard("127.0.0.1:1").admits(&parts("GET", uri, version, &headers));
            assert_eq!(answer, expected, "{uri} {version:?} {hosts:?}");
        }
        let foreign = || Err(Refusal::ForeignHost("evil.example".to_owned()));
        check("/console", Version::HTTP_11, &[], Err(Refusal::NoHost));
        check("/console", Version::HTTP_10, &[], Ok(()));
        check("/console", Version::HTTP_10, &["evil.example"], foreign());
        check(
            "/console",
            Version::HTTP_11,
            &["localhost", "localhost"],
            Err(Refusal::NoHost),
        );
        check("http://localhost/console", Version::HTTP_11, &[], Ok(()));
        check(
            "http://evil.example/console",
            Version::HTTP_11,
            &["localhost"],
            foreign(),
        );
        check(
            "http://localhost/console",
            Version::HTTP_11,
            &["evil.example"],
            foreign(),
        );
    }

    #[test]
    fn another_origin_changes_nothing() {
        fn check(method: &str, headers: &[(&str, &str)], reads: bool, any: bool) {
            let all: Vec<_> = [("host", "localhost:4566")].iter().chain(headers).copied().collect();
            let request = parts(method, "/", Version::HTTP_11, &all);
            let guard = guard("127.0.0.1:4566");
            assert_eq!(guard.admits(&request).is_ok(), reads, "{method} {headers:?}");
            assert_eq!(
                guard.admits_to_any(&request, |_| false).is_ok(),
                any,
                "{method} {headers:?}"
            );
            assert_eq!(guard.admits_to_any(&request, |_| true), Ok(()), "{method} {headers:?}");
        }
        let cross = ("sec-fetch-site", "cross-site");
        check("POST", &[], true, true);
        check("POST", &[("origin", "http://localhost:4566")], true, true);
        check("POST", &[("origin", "https://build-box")], true, true);
        check("POST", &[("origin", "https://a.tunnel.example"), cross], true, true);
        check("POST", &[("origin", "http://localhost:9999")], false, false);
        check("POST", &[("origin", "https://evil.example")], false, false);
        check(
            "POST",
            &[("origin", "http://localhost:4566"), ("origin", "https://evil.example")],
            false,
            false,
        );
        check("POST", &[("origin", "")], false, false);
        check("DELETE", &[("origin", "null")], false, false);
        check("POST", &[cross], false, false);
        check("POST", &[("sec-fetch-site", "same-origin")], true, true);
        check("GET", &[("origin", "https://evil.example")], true, false);
        check("GET", &[cross, ("sec-fetch-mode", "no-cors")], true, false);
        check("GET", &[cross, ("sec-fetch-mode", "navigate")], true, true);
        check("POST", &[cross, ("sec-fetch-mode", "navigate")], false, false);
        check(
            "GET",
            &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")],
            true,
            true,
        );
    }
}
