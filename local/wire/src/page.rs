//! Pages of lists, and the tokens that lead from one to the next.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A place in a list, sealed with a digest of what the list was about. A token of another call, or one that somebody
/// touched, does not open. It holds nothing that its holder may not know, so it is not encrypted.
///
/// ```
/// let token = sluice_wire::PageToken::of(&["ListTopics"]);
/// assert_eq!(token.open(&token.seal("a place")).as_deref(), Some("a place"));
/// assert_eq!(sluice_wire::PageToken::of(&["ListQueues"]).open(&token.seal("a place")), None);
/// ```
#[derive(Debug, Clone)]
pub struct PageToken<'a> {
    scope: &'a [&'a str],
}

const DIGEST_BYTES: usize = 16;

impl<'a> PageToken<'a> {
    /// The tokens of the list that these texts describe: the operation and the parameters that must stay the same.
    pub fn of(scope: &'a [&'a str]) -> Self {
        Self { scope }
    }

    /// The token of a place.
    pub fn seal(&self, place: &str) -> String {
        let mut bytes = self.digest(place.as_bytes()).to_vec();
        bytes.extend_from_slice(place.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that [`PageToken::seal`] was given; none when the token is not one of this list.
    pub fn open(&self, token: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (digest, place) = bytes.split_at_checked(DIGEST_BYTES)?;
        (self.digest(place) == digest).then(|| String::from_utf8(place.to_vec()).ok())?
    }

    fn digest(&self, place: &[u8]) -> [u8; DIGEST_BYTES] {
        let mut hasher = Sha256::new();
        for part in self.scope {
            hasher.update(part.len().to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(place);
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&hasher.finalize()[..DIGEST_BYTES]);
        digest
    }
}

/// One page of a list.
///
/// ```
/// use sluice_wire::{Page, PageToken};
///
/// let token = PageToken::of(&["ListTopics"]);
/// // one more was read than fits
/// let page = Page::cut(vec!["a", "b", "c"], 2, &token, |name| name.to_string());
/// assert_eq!(page.items, ["a", "b"]);
/// assert_eq!(token.open(&page.next.unwrap()).as_deref(), Some("b"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts what was read (one more than fits, if there is more) to a page; the next one begins after the place of its last
    /// item.
    pub fn cut(mut items: Vec<T>, limit: usize, token: &PageToken<'_>, place: impl FnOnce(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|last| token.seal(&place(last)));
        Self { items, next }
    }

    /// The page with each item changed.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_only_the_list_it_came_from() {
        let list = PageToken::of(&["ListExecutions", "arn:one"]);
        let token = list.seal("42");
        assert_eq!(list.open(&token).as_deref(), Some("42"));
        assert_eq!(PageToken::of(&["ListExecutions", "arn:two"]).open(&token), None);
        assert_eq!(PageToken::of(&["ListExecutionsarn:one"]).open(&token), None);
        for rubbish in [
            "",
            "x",
            "%%%",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            &token[1..],
            &format!("{token}A"),
        ] {
            assert_eq!(list.open(rubbish), None, "{rubbish}");
        }
    }
}
