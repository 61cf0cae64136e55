//! The body of a message.

use md5::{Digest, Md5};

use crate::SqsError;

/// Tells whether a text has only characters that XML allows.
pub(crate) fn is_allowed(text: &str) -> bool {
    text.chars()
        .all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..))
}

/// The body, which must be there and allowed.
pub(crate) fn check(body: Option<String>) -> Result<String, SqsError> {
    let body = body
        .filter(|body| !body.is_empty())
        .ok_or(SqsError::MissingParameter("MessageBody"))?;
    if is_allowed(&body) {
        Ok(body)
    } else {
        Err(SqsError::InvalidMessageContents)
    }
}

/// The digest that SDKs check.
pub(crate) fn digest(body: &str) -> String {
    format!("{:x}", Md5::digest(body.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_hold_what_xml_allows() {
        for (text, good) in [
            ("a\t\r\n é €\u{10ffff}\u{fffd}", true),
            ("\u{0}", false),
            ("\u{b}", false),
            ("\u{1f}", false),
            ("\u{fffe}", false),
            ("\u{ffff}", false),
        ] {
            assert_eq!(is_allowed(text), good, "{text:?}");
        }
        assert_eq!(digest("hello"), "5d41402abc4b2a76b9719d911017c592");
    }
}
