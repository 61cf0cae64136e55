use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::{STYLE, script};

static POLICY: LazyLock<String> = LazyLock::new(|| content_security_policy_with(""));

/// The policy of every page (`Content-Security-Policy`): its style sheet and script by their hashes, the icon in the
/// page, forms and the script's look at the page itself. Nothing else.
pub fn content_security_policy() -> &'static str {
    &POLICY
}

/// The policy of pages with [`Document::more_style`](crate::Document::more_style).
pub fn content_security_policy_with(more_style: &str) -> String {
    let hash = |texts: &[&str]| STANDARD.encode(Sha256::digest(texts.concat()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        hash(&[STYLE, more_style]),
        hash(&[script()])
    )
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;
    use crate::Document;

    /// The text between two marks.
    fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
        page.split_once(start).unwrap().1.split_once(end).unwrap().0
    }

    #[test]
    fn it_names_what_the_page_carries_and_nothing_unsafe() {
        check(content_security_policy(), "");
        check(
            &content_security_policy_with(".a > .b { color: red }"),
            ".a > .b { color: red }",
        );
    }

    fn check(policy: &str, more_style: &str) {
        let document = Document {
            more_style,
            ..Document::default()
        };
        let page = document.render(&html! { h1 { "x" } }).into_string();
        assert!(page.contains(&format!("{more_style}</style>")));
        for (directive, text) in [
            ("style-src", between(&page, "<style>", "</style>")),
            ("script-src", between(&page, "<script>", "</script>")),
        ] {
            let hash = STANDARD.encode(Sha256::digest(text));
            assert!(policy.contains(&format!("{directive} 'sha256-{hash}';")), "{policy}");
        }
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
        assert_eq!(
            (page.matches("<style").count(), page.matches("<script").count()),
            (1, 1)
        );
    }
}
