//! A guess at who fetches a link: mail systems fetch links too. Nothing depends on it but words in the audit.

use serde_json::{Value, json};
use sluice_workflows::AuditData;

use crate::http::{Method, Request};

/// The longest header that is kept, in characters.
const KEPT: usize = 200;

/// Parts of user agents that name themselves as no person.
const MACHINES: [&str; 22] = [
    "bot",
    "spider",
    "crawl",
    "scan",
    "preview",
    "slack",
    "facebookexternalhit",
    "whatsapp",
    "telegram",
    "discord",
    "skype",
    "safelinks",
    "proofpoint",
    "mimecast",
    "barracuda",
    "symantec",
    "headless",
    "curl",
    "wget",
    "python",
    "java/",
    "go-http",
];

/// A guess, and its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    /// `person`, `scanner` or `unknown`.
    pub(super) who: &'static str,
    pub(super) reason: &'static str,
}

/// Guesses who sent a request. A scanner can look like a person; a person seldom looks like a scanner.
pub(super) fn guess(request: &Request) -> Guess {
    let agent = request.request_context.http.user_agent.to_ascii_lowercase();
    let says = |name: &str, value: &str| {
        request
            .header(name)
            .is_some_and(|given| given.eq_ignore_ascii_case(value))
    };
    let (who, reason) = if request.method() == Method::Head {
        ("scanner", "asked for the head only")
    } else if agent.is_empty() {
        ("scanner", "named no browser")
    } else if MACHINES.iter().any(|part| agent.contains(part)) {
        ("scanner", "named itself as a program")
    } else if says("sec-purpose", "prefetch")
        || says("purpose", "prefetch")
        || says("sec-purpose", "prefetch;prerender")
    {
        ("scanner", "fetched ahead of a click")
    } else if says("sec-fetch-user", "?1") && says("sec-fetch-mode", "navigate") {
        ("person", "a browser that says a person clicked")
    } else if request.header("accept-language").is_none() {
        ("scanner", "asked for no language, as browsers do")
    } else {
        (
            "unknown",
            "looks like a browser, and does not say that a person clicked",
        )
    };
    Guess { who, reason }
}

/// The request, for the audit.
pub(super) fn audit_data(request: &Request) -> AuditData {
    let http = &request.request_context.http;
    let guess = guess(request);
    let kept = |text: &str| Value::from(text.chars().take(KEPT).collect::<String>());
    AuditData::from([
        ("method".to_owned(), kept(&http.method)),
        ("user_agent".to_owned(), kept(&http.user_agent)),
        ("address".to_owned(), kept(&http.source_ip)),
        ("by".to_owned(), json!(guess.who)),
        ("because".to_owned(), json!(guess.reason)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: &str =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0 Safari/537.36";

    fn check(method: &str, agent: &str, headers: &[(&str, &str)], expected: &str) {
        let headers: serde_json::Map<_, _> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let request = serde_json::from_value(json!({"headers": headers,
            "requestContext": {"http": {"method": method, "userAgent": agent, "sourceIp": "192.0.2.1"}}}))
        .unwrap();
        assert_eq!(guess(&request).who, expected, "{method} {agent} {headers:?}");
        let data = audit_data(&request);
        assert_eq!(data["by"], expected);
        assert!(data["user_agent"].as_str().unwrap().chars().count() <= KEPT);
    }

    #[test]
    fn what_mail_systems_send_is_told_from_a_browser_that_a_person_uses() {
        let clicked = [
            ("sec-fetch-user", "?1"),
            ("sec-fetch-mode", "navigate"),
            ("accept-language", "de"),
        ];
        check("GET", BROWSER, &clicked, "person");
        check("HEAD", BROWSER, &clicked, "scanner");
        check(
            "GET",
            &BROWSER.replace("Chrome/", "HeadlessChrome/"),
            &clicked,
            "scanner",
        );
        check("GET", BROWSER, &[("accept-language", "de")], "unknown");
        check("GET", BROWSER, &[], "scanner");
        check(
            "GET",
            BROWSER,
            &[("accept-language", "de"), ("sec-purpose", "prefetch")],
            "scanner",
        );
        check("GET", "", &clicked, "scanner");
        check(
            "GET",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            &[],
            "scanner",
        );
        check("GET", &"x".repeat(5000), &[("accept-language", "de")], "unknown");
    }
}
