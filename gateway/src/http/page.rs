//! Pages: the frame and the parts are those of [`sluice_pages`]; here they become responses.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use serde_json::Value;
use sha2::{Digest, Sha256};
pub(crate) use sluice_pages::shown;
use sluice_pages::{Document, content_security_policy};

use super::response::Response;

/// A page of one column, without a way out of it.
pub(crate) fn response(status: u16, title: &str, content: &Markup) -> Response {
    let document = Document {
        title,
        is_narrow: true,
        ..Document::default()
    };
    document_response(status, &document, &html! { h1 { (shown(title)) } (content) })
}

/// A page in its frame.
pub(crate) fn document_response(status: u16, document: &Document<'_>, content: &Markup) -> Response {
    let page = document.render(content).into_string();
    Response::new(status, "text/html; charset=utf-8", page)
        .with("content-security-policy", content_security_policy())
        .with("x-frame-options", "DENY")
        // Without any referrer a browser would call the origin of the page's own forms "null".
        .with("referrer-policy", "same-origin")
}

/// As [`document_response`], for a page that looks at itself: its `ETag` is that of its title and content, so that the clock
/// in its frame makes it no other page.
pub(crate) fn live_response(status: u16, document: &Document<'_>, content: &Markup) -> Response {
    let mut hash = Sha256::new();
    for part in [document.title, &content.0] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let tag = URL_SAFE_NO_PAD.encode(&hash.finalize()[..15]);
    document_response(status, document, content).with("etag", format!("W/\"{tag}\""))
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
    fn a_page_lets_nothing_in_but_its_own_style_and_script() {
        let answer = response(200, "<b>", &html! { p { "x" } });
        let policy = &answer.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(
            answer.body.contains("<title>&lt;b&gt; · Sluice</title>") && answer.body.contains("<h1>&lt;b&gt;</h1>")
        );
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "same-origin");
        assert_eq!(answer.headers["x-frame-options"], "DENY");
    }
}
