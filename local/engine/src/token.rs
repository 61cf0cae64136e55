//! Task tokens: who may answer a task.
//!
//! A token names its execution and attempt, so that the engine finds them without a table, and carries 32 random
//! bytes, so that nobody can guess it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::AttemptId;

/// The prefix of every token.
const PREFIX: &str = "SLT1-";

/// The random bytes of a token.
pub(crate) const SECRET_LEN: usize = 32;

/// The token of one attempt.
pub(crate) fn mint(key: u64, attempt: AttemptId, secret: [u8; SECRET_LEN]) -> String {
    let mut bytes = Vec::with_capacity(16 + SECRET_LEN);
    bytes.extend_from_slice(&key.to_be_bytes());
    bytes.extend_from_slice(&attempt.0.to_be_bytes());
    bytes.extend_from_slice(&secret);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The execution's key ([`crate::Identity::key`]) and the attempt that a token names, or `None` when the text is no
/// token of this engine. Whether it is genuine, only the execution can tell
/// ([`crate::Execution::attempt_of_token`]).
///
/// ```
/// assert_eq!(sluice_engine::token::parse("NoSuchTaskToken"), None);
/// ```
pub fn parse(token: &str) -> Option<(u64, AttemptId)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    if bytes.len() != 16 + SECRET_LEN {
        return None;
    }
    let (key, rest) = bytes.split_first_chunk::<8>()?;
    let attempt = rest.first_chunk::<8>()?;
    Some((u64::from_be_bytes(*key), AttemptId(u64::from_be_bytes(*attempt))))
}

/// Compares two tokens in a time that does not tell how far they agree.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_execution_and_attempt() {
        let token = mint(u64::MAX - 1, AttemptId(7), [9; SECRET_LEN]);
        assert_eq!(parse(&token), Some((u64::MAX - 1, AttemptId(7))));
        assert!(same(&token, &token.clone()));
        assert!(!same(&token, &mint(u64::MAX - 1, AttemptId(7), [8; SECRET_LEN])));
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for text in [
            "",
            "NoSuchTaskToken",
            "SLT1-",
            "SLT1-AAAA",
            "SLT1-ü",
            "SLT1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
