//! The frame of every page: plain, escaped, no script, and a policy that lets nothing else in.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::response::Response;

const STYLE: &str = include_str!("page.css");

/// The policy allows one style sheet, by its hash, and forms that go back to where the page came from.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
});

/// A whole page.
pub(crate) fn response(status: u16, title: &str, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " - Sluice" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    (content)
                }
            }
        }
    };
    Response::new(status, "text/html; charset=utf-8", page.into_string())
        .with("content-security-policy", POLICY.as_str())
        .with("x-frame-options", "DENY")
}

/// Text from outside, made visible: control characters become their pictures, and what hides or turns text goes.
/// Escaping is the template's business.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
            '\u{7f}' => Some('\u{2421}'),
            '\u{80}'..='\u{9f}' => Some('\u{fffd}'),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                Some('\u{fffd}')
            }
            c => Some(c),
        })
        .collect()
}

/// A time as it stands in JSON (ISO 8601), for people: to the minute, in UTC. What is no time is shown as it is.
pub(crate) fn time(iso: &str) -> Markup {
    match DateTime::parse_from_rfc3339(iso) {
        Ok(at) => html! { time datetime=(iso) { (at.to_utc().format("%-d %b %Y, %H:%M UTC").to_string()) } },
        Err(_) => html! { (shown(iso)) },
    }
}

/// A list of violations as they stand in JSON; nothing if there are none.
pub(crate) fn violations(violations: Option<&Value>) -> Markup {
    let violations = violations
        .and_then(Value::as_array)
        .filter(|violations| !violations.is_empty());
    html! {
        @if let Some(violations) = violations {
            ul {
                @for violation in violations {
                    li { (shown(violation["message"].as_str().unwrap_or_default())) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lets_nothing_in_but_its_own_style() {
        let answer = response(200, "<b>", &html! { p { "x" } });
        let policy = &answer.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script"));
        assert!(answer.body.contains("<title>&lt;b&gt; - Sluice</title>"));
        assert!(answer.body.contains(STYLE) && !STYLE.contains('<') && !STYLE.contains("url("));
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
    }

    #[test]
    fn times_are_for_people_and_for_programs() {
        let check = |iso: &str, expected: &str| assert_eq!(time(iso).into_string(), expected);
        check(
            "2026-11-22T14:55:09.123Z",
            r#"<time datetime="2026-11-22T14:55:09.123Z">22 Nov 2026, 14:55 UTC</time>"#,
        );
        check(
            "2026-12-01T00:30:00+01:00",
            r#"<time datetime="2026-12-01T00:30:00+01:00">30 Nov 2026, 23:30 UTC</time>"#,
        );
        check("<soon>", "&lt;soon&gt;");
        assert!(STYLE.contains("time { white-space: nowrap; }"));
    }

    #[test]
    fn hidden_characters_become_visible() {
        assert_eq!(
            shown("a\0b\n\u{7f}\u{9b}\u{202e}c"),
            "a\u{2400}b\u{240a}\u{2421}\u{fffd}\u{fffd}c"
        );
        assert_eq!(shown("李 ä <b>"), "李 ä <b>");
    }
}
