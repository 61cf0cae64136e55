//! Requests that must come through a CDN: it adds a header whose value nobody else knows.

use sha2::{Digest as _, Sha256};
use sluice_aws::SettingError;

use super::problem::{Kind, Problem};
use super::request::Request;

/// The header that carries the secret.
const HEADER: &str = "x-origin-secret";

/// The secret that requests must carry, as its hash; without one every request is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OriginSecret(Option<[u8; 32]>);

impl OriginSecret {
    /// Reads the variable `ORIGIN_SECRET`.
    ///
    /// # Errors
    /// [`SettingError::Unusable`] for one that can be guessed.
    pub(crate) fn read(read: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        const NAME: &str = "ORIGIN_SECRET";
        match read(NAME) {
            Some(secret) if secret.len() < 32 => Err(SettingError::Unusable {
                name: NAME,
                // it may be a part of the right one
                value: "…".to_owned(),
                expected: "it must have 32 characters or more",
            }),
            secret => Ok(OriginSecret(secret.map(|secret| hash(&secret)))),
        }
    }

    /// Lets a request in that carries the secret.
    ///
    /// # Errors
    /// The problem to answer with.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Problem> {
        // Hashes are compared, so the time that it takes tells nothing about the secret.
        let given = request.header(HEADER).map(hash);
        match self.0 {
            Some(expected) if given != Some(expected) => Err(Problem::new(
                Kind::WrongOrigin,
                "This address answers only what comes through the site's own.",
            )),
            _ => Ok(()),
        }
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn check(variable: Option<&str>, header: Option<&str>, expected: Result<(), u16>) {
        let read = |_: &str| variable.map(str::to_owned);
        let request = Request {
            headers: header
                .map(|value| (HEADER.to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
            ..Request::default()
        };
        let checked = OriginSecret::read(&read).unwrap().check(&request);
        assert_eq!(checked.map_err(|problem| problem.kind.status()), expected);
    }

    #[test]
    fn only_what_carries_the_secret_is_let_in_where_there_is_one() {
        check(None, None, Ok(()));
        check(None, Some("anything"), Ok(()));
        check(Some(SECRET), Some(SECRET), Ok(()));
        check(Some(SECRET), None, Err(403));
        check(Some(SECRET), Some(""), Err(403));
        check(Some(SECRET), Some(&SECRET[1..]), Err(403));
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused_and_not_shown() {
        let error = OriginSecret::read(&|_| Some("hunter2".to_owned())).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
