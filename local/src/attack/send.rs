//! Sends the requests of attacks, to this machine only.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use url::{Host, Url};

use super::plan::Attack;

/// The time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The requests that are made at once.
const AT_ONCE: usize = 8;

/// The redirects that are followed.
const REDIRECTS: usize = 5;

/// An attack, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) attack: Attack,
    /// The status of the answer; or why there is none.
    pub(super) status: Result<u16, String>,
    /// The answer's title, or the first words of its text.
    pub(super) said: String,
}

/// A client as scanners have them: it keeps no cookies and follows redirects.
pub(super) struct Sender(ureq::Agent);

impl Sender {
    pub(super) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(PATIENCE))
            .build();
        Self(config.into())
    }

    /// Asks for JSON with GET: the status and the value.
    pub(super) fn json(&self, url: &str) -> Result<(u16, Value), String> {
        let answer = self.0.get(url).header("accept", "application/json").call();
        let mut answer = answer.map_err(|error| format!("{url} does not answer ({error})"))?;
        let status = answer.status().as_u16();
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| format!("{url}: {error}"))?;
        let value = serde_json::from_str(&text).map_err(|error| format!("{url} answers no JSON ({error})"))?;
        Ok((status, value))
    }

    /// Calls an AWS action in awsJson1.0.
    pub(super) fn action(&self, endpoint: &str, target: &str, body: &Value) -> Result<Value, String> {
        let request = self.0.post(endpoint).header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.0");
        let failed = |error: &dyn std::fmt::Display| format!("{target} at {endpoint}: {error}");
        let mut answer = request.send(body.to_string()).map_err(|error| failed(&error))?;
        let text = answer.body_mut().read_to_string().map_err(|error| failed(&error))?;
        match answer.status().is_success() {
            true => serde_json::from_str(&text).map_err(|error| failed(&error)),
            false => Err(failed(&text)),
        }
    }

    /// Calls an AWS action in awsQuery; returns its XML.
    pub(super) fn query(&self, endpoint: &str, form: &str) -> Result<String, String> {
        let request = self
            .0
            .post(endpoint)
            .header("content-type", "application/x-www-form-urlencoded");
        let failed = |error: &dyn std::fmt::Display| format!("{form} at {endpoint}: {error}");
        let mut answer = request.send(form).map_err(|error| failed(&error))?;
        answer.body_mut().read_to_string().map_err(|error| failed(&error))
    }

    /// The page at a link, if it is one.
    pub(super) fn page(&self, link: &str) -> Option<String> {
        let answer = self.0.get(link).header("accept", "text/html").call();
        answer.ok()?.body_mut().read_to_string().ok()
    }

    /// Makes one attack after the other.
    pub(super) fn one_by_one(&self, attacks: Vec<Attack>) -> Vec<Outcome> {
        attacks.into_iter().map(|attack| self.make(attack)).collect()
    }

    /// Makes attacks at the same time.
    pub(super) fn at_once(&self, attacks: Vec<Attack>) -> Vec<Outcome> {
        let threads = AT_ONCE.min(attacks.len());
        let (queue, outcomes) = (Mutex::new(attacks.into_iter()), Mutex::new(Vec::new()));
        let next = || queue.lock().ok()?.next();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(attack) = next() {
                        let outcome = self.make(attack);
                        if let Ok(mut outcomes) = outcomes.lock() {
                            outcomes.push(outcome);
                        }
                    }
                });
            }
        });
        outcomes.into_inner().unwrap_or_default()
    }

    fn make(&self, attack: Attack) -> Outcome {
        let (status, said) = match self.follow(&attack) {
            Ok((status, said)) => (Ok(status), said),
            Err(reason) => (Err(reason), String::new()),
        };
        Outcome { attack, status, said }
    }

    /// Sends it, and goes where redirects lead.
    fn follow(&self, attack: &Attack) -> Result<(u16, String), String> {
        let mut now = attack.clone();
        for _ in 0..REDIRECTS {
            let mut answer = self.send(&now)?;
            let status = answer.status().as_u16();
            let location = answer.headers().get("location").and_then(|to| to.to_str().ok());
            let to = location.and_then(|to| Url::parse(&now.url).ok()?.join(to).ok());
            let Some(to) = to.filter(|_| (301..=308).contains(&status)) else {
                let text = answer.body_mut().read_to_string().unwrap_or_default();
                return Ok((status, first_words(&text)));
            };
            now.url = to.to_string();
            if status < 307 && now.method != "HEAD" {
                now.method = "GET";
                now.body = None;
            }
        }
        Err(format!("more than {REDIRECTS} redirects"))
    }

    fn send(&self, attack: &Attack) -> Result<ureq::http::Response<ureq::Body>, String> {
        if !is_this_machine(&attack.url) {
            return Err("left alone: it is not of this machine".to_owned());
        }
        let mut request = ureq::http::Request::builder().method(attack.method).uri(&attack.url);
        for (name, value) in &attack.headers {
            request = request.header(*name, value);
        }
        let answer = match &attack.body {
            Some(body) => self
                .0
                .run(request.body(body.clone()).map_err(|error| error.to_string())?),
            None => self.0.run(request.body(()).map_err(|error| error.to_string())?),
        };
        answer.map_err(|error| error.to_string())
    }
}

/// Returns true if an address is one of this machine's own: only those are attacked.
pub(super) fn is_this_machine(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let ip: IpAddr = match url.host() {
        Some(Host::Ipv4(ip)) => ip.into(),
        Some(Host::Ipv6(ip)) => ip.into(),
        Some(Host::Domain(name)) => return name == "localhost" || name.ends_with(".localhost"),
        None => return false,
    };
    ip.to_canonical().is_loopback() && ["http", "https"].contains(&url.scheme())
}

/// The title of a page, the title of a problem, or the beginning of a text.
fn first_words(text: &str) -> String {
    const MOST: usize = 80;
    let json: Option<Value> = serde_json::from_str(text).ok();
    let of_json = json.as_ref().and_then(|json| {
        ["title", "detail", "Message", "state"]
            .iter()
            .find_map(|m| json[*m].as_str())
    });
    let of_html = || Some(text.split_once("<title>")?.1.split_once("</title>")?.0);
    let found = of_json.or_else(of_html).unwrap_or(text);
    found
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_attacked() {
        let check = |address: &str, expected: bool| assert_eq!(is_this_machine(address), expected, "{address}");
        check("http://127.0.0.1:4568/x", true);
        check("http://[::1]:4568/x", true);
        check("http://localhost:4568/x", true);
        check("http://127.8.9.1/", true);
        check("https://abc.lambda-url.eu-central-1.on.aws/x", false);
        check("http://127.0.0.1.evil.example/", false);
        check("http://127.0.0.1@evil.example/", false);
        check("http://192.168.0.1/", false);
        check("ftp://127.0.0.1/", false);
        check("nonsense", false);
    }

    #[test]
    fn an_answer_is_told_by_its_title() {
        assert_eq!(first_words("<html><title>Please\n decide</title>"), "Please decide");
        assert_eq!(first_words(r#"{"title": "No code", "status": 400}"#), "No code");
        assert_eq!(first_words("plain"), "plain");
    }
}
