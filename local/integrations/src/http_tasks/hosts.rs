//! Whom tasks may call.

use url::{Host, Url};

/// The hosts that may be called besides this machine.
#[derive(Debug)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    pub(super) fn new(hosts: Vec<String>) -> Self {
        Self(hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect())
    }

    /// Tells whether an address may be called. Its host decides as it is written: a name that leads to this machine is not
    /// this machine.
    pub(super) fn may_be_called(&self, url: &Url) -> bool {
        let text = url.host_str().unwrap_or_default();
        let text = text.trim_start_matches('[').trim_end_matches(']');
        let is_this_machine = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        is_this_machine
            || self.0.iter().any(|host| match host.strip_prefix('.') {
                Some(domain) => text.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
                None => text == host,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_what_is_allowed() {
        let hosts = Hosts::new(vec!["API.example.com".to_owned(), ".example.org".to_owned()]);
        for (url, expected) in [
            ("http://localhost:1/", true),
            ("http://a.localhost/", true),
            ("https://127.0.0.1/", true),
            ("http://127.9.9.9/", true),
            ("http://2130706433/", true),
            ("http://[::1]:80/", true),
            ("https://api.example.com/x", true),
            ("https://x.api.example.com/", false),
            ("https://a.example.org/", true),
            ("https://a.b.example.org/", true),
            ("https://example.org/", false),
            ("https://evilexample.org/", false),
            ("https://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
            ("http://169.254.169.254/latest", false),
            ("http://0.0.0.0/", false),
            ("http://localhost@example.net/", false),
        ] {
            assert_eq!(hosts.may_be_called(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
