//! Other people's text made fit to be looked at: bounded, with invisible characters made visible, links found.
//!
//! Escaping is maud's; what is here only decides which characters there are to escape.

use maud::{Markup, html};
use serde_json::Value;

/// At most so many bytes of one value are shown on a page; the JSON form has all of them.
pub(crate) const SHOWN_BYTES: usize = 16 * 1024;

/// The first `limit` bytes of `text` at most, cut between characters, and how many bytes were left out.
pub(crate) fn bounded(text: &str, limit: usize) -> (&str, usize) {
    if text.len() <= limit {
        return (text, 0);
    }
    let cut = boundary(text, limit);
    (&text[..cut], text.len() - cut)
}

/// The last place between two characters that is not behind `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&index| text.is_char_boundary(index))
        .unwrap_or(0)
}

/// Writes characters that cannot be seen, or that change the order of others, as `\uXXXX`.
///
/// A name with a right-to-left override would otherwise read as another name; a NUL would vanish.
pub(crate) fn visible(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                written.push('\n');
            }
            '\n' | '\t' => written.push(character),
            _ if is_invisible(character) => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    written.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => written.push(character),
        }
    }
    written
}

/// Control characters, directional marks, and what has no width.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line of text: bounded to `limit` bytes, isolated from the direction of the text around it.
pub(crate) fn line(text: &str, limit: usize) -> Markup {
    let (shown, left_out) = bounded(text, limit);
    html! { bdi { (visible(shown)) @if left_out > 0 { "…" } } }
}

/// A block of text as it is, bounded, with a link to all of it when something was left out.
pub(crate) fn block(text: &str, all: &str) -> Markup {
    let (shown, left_out) = bounded(text, SHOWN_BYTES);
    html! {
        pre tabindex="0" { (visible(shown)) }
        @if left_out > 0 {
            p.note { (left_out) " more bytes are not shown: " a href=(all) { "all of it as JSON" } "." }
        }
    }
}

/// A block of text that tells most at its beginning and its end; when it is long, its middle is left out.
pub(crate) fn ends(text: &str, all: &str) -> Markup {
    if text.len() <= SHOWN_BYTES {
        return block(text, all);
    }
    let head = boundary(text, SHOWN_BYTES / 2);
    let tail = boundary(text, text.len() - SHOWN_BYTES / 2);
    html! {
        pre tabindex="0" { (visible(&text[..head])) }
        p.note { (tail - head) " bytes in between are not shown: " a href=(all) { "all of it as JSON" } "." }
        pre tabindex="0" { (visible(&text[tail..])) }
    }
}

/// A JSON value, pretty-printed.
pub(crate) fn json_block(value: &Value, all: &str) -> Markup {
    // A Value always serialises: its keys are strings.
    block(&serde_json::to_string_pretty(value).unwrap_or_default(), all)
}

/// Text that is JSON, pretty-printed; other text as it is.
pub(crate) fn maybe_json_block(text: &str, all: &str) -> Markup {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => json_block(&value, all),
        Err(_) => block(text, all),
    }
}

/// A part of a text: plain, or an address that can be opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Span<'a> {
    /// Not an address.
    Plain(&'a str),
    /// An `http` or `https` address.
    Link(&'a str),
}

/// Splits a text at its `http` and `https` addresses. No other scheme is ever a link.
pub(crate) fn spans(text: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find("http") {
        let start = at + found;
        let link = link_at(text, start);
        if link.is_empty() {
            at = start + "http".len();
            continue;
        }
        if plain_from < start {
            spans.push(Span::Plain(&text[plain_from..start]));
        }
        spans.push(Span::Link(link));
        at = start + link.len();
        plain_from = at;
    }
    if plain_from < text.len() {
        spans.push(Span::Plain(&text[plain_from..]));
    }
    spans
}

/// The address that begins at `start`, or nothing.
fn link_at(text: &str, start: usize) -> &str {
    let rest = &text[start..];
    let Some(scheme) = ["https://", "http://"]
        .into_iter()
        .find(|scheme| rest.starts_with(scheme))
    else {
        return "";
    };
    if text[..start].ends_with(|before: char| before.is_alphanumeric()) {
        return "";
    }
    let length = rest.find(|c: char| !is_address_character(c)).unwrap_or(rest.len());
    let mut link = &rest[..length];
    // What ends a sentence does not belong to the address in it.
    while let Some(last) = link.chars().next_back() {
        let ends_sentence = matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | ']');
        if ends_sentence || (last == ')' && !link.contains('(')) {
            link = &link[..link.len() - 1];
        } else {
            break;
        }
    }
    let has_host = link
        .get(scheme.len()..)
        .is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
    if has_host { link } else { "" }
}

/// The characters of RFC 3986.
fn is_address_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c)
}

/// A mail's text: as it is, its addresses clickable.
pub(crate) fn linked(text: &str) -> Markup {
    html! {
        pre.mail tabindex="0" {
            @for span in spans(text) {
                @match span {
                    Span::Plain(plain) => (visible(plain)),
                    Span::Link(link) => a href=(link) rel="noreferrer noopener" { (link) },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        fn check(text: &str, limit: usize, shown: &str, left_out: usize) {
            assert_eq!(bounded(text, limit), (shown, left_out), "{text:?} to {limit}");
        }
        check("", 0, "", 0);
        check("abc", 3, "abc", 0);
        check("abcd", 3, "abc", 1);
        check("aéz", 2, "a", 3);
        check("𝄞", 3, "", 4);
    }

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        fn check(text: &str, shown: &str) {
            assert_eq!(visible(text), shown, "{text:?}");
        }
        check("plain ünïcode 日本", "plain ünïcode 日本");
        check("a\0b", "a\\u0000b");
        check("a\u{202e}b\u{2066}c\u{200f}", "a\\u202eb\\u2066c\\u200f");
        check("a\r\nb\rc\n\td", "a\nb\nc\n\td");
        check("\u{1b}[31m", "\\u001b[31m");
        check("\u{feff}x\u{200b}", "\\ufeffx\\u200b");
        check("\u{e0041}", "\\udb40\\udc41");
        check("family 👨\u{200d}👩 stays", "family 👨\u{200d}👩 stays");
    }

    #[test]
    fn only_web_addresses_become_links() {
        fn check(text: &str, links: &[&str]) {
            let found: Vec<&str> = spans(text)
                .into_iter()
                .filter_map(|span| match span {
                    Span::Link(link) => Some(link),
                    Span::Plain(_) => None,
                })
                .collect();
            assert_eq!(found, links, "{text:?}");
            let whole: String = spans(text)
                .into_iter()
                .map(|span| match span {
                    Span::Link(text) | Span::Plain(text) => text,
                })
                .collect();
            assert_eq!(whole, text, "nothing of the text is lost");
        }
        check("", &[]);
        check("no link", &[]);
        check(
            "http://127.0.0.1:41001/a?d=approve#x",
            &["http://127.0.0.1:41001/a?d=approve#x"],
        );
        check(
            "see https://a.example/x, or http://b.example.",
            &["https://a.example/x", "http://b.example"],
        );
        check("(https://a.example/x)", &["https://a.example/x"]);
        check("https://a.example/x_(y)", &["https://a.example/x_(y)"]);
        check(
            "<https://a.example/>\"https://b.example\"",
            &["https://a.example/", "https://b.example"],
        );
        check("javascript:alert(1) data:text/html,x ftp://a.example", &[]);
        check("https://a.example/\u{202e}gpj.exe", &["https://a.example/"]);
        check("xhttp://a.example", &[]);
        check("http:// https://. http", &[]);
        check("http://[::1]:1/x", &["http://[::1]:1/x"]);
        check("httphttp://a.example http https://b.example", &["https://b.example"]);
    }

    #[test]
    fn markup_in_a_text_stays_text() {
        fn check(markup: Markup, contains: &[&str], lacks: &[&str]) {
            let page = markup.into_string();
            for part in contains {
                assert!(page.contains(part), "{part:?} in {page}");
            }
            for part in lacks {
                assert!(!page.contains(part), "no {part:?} in {page}");
            }
        }
        check(
            line("<script>alert(1)</script>", 100),
            &["&lt;script&gt;"],
            &["<script"],
        );
        check(line("0123456789", 4), &["0123…"], &["4"]);
        check(
            linked("https://a.example/?a=1&b=\"><img>"),
            &["href=\"https://a.example/?a=1&amp;b=\""],
            &["<img"],
        );
        check(linked("javascript:alert(1)"), &["javascript:alert(1)"], &["<a"]);
        check(
            maybe_json_block("{\"a\":1}", "/all"),
            &["{\n  &quot;a&quot;: 1\n}"],
            &["/all"],
        );
        check(maybe_json_block("not { json", "/all"), &["not { json"], &[]);
        check(
            block(&"x".repeat(200_000), "/all"),
            &["183616 more bytes", "href=\"/all\""],
            &[],
        );
    }
}
