use crate::http::{Kind, Problem};

/// The longest idempotency key that is taken, in bytes.
const KEY_LIMIT: usize = 255;

/// Reads an idempotency key, with or without quotes.
pub(super) fn idempotency_key(header: &str) -> Result<&str, Problem> {
    let key = header
        .strip_prefix('"')
        .and_then(|key| key.strip_suffix('"'))
        .unwrap_or(header);
    if key.is_empty() || key.len() > KEY_LIMIT {
        let detail = format!(
            "The Idempotency-Key must have 1 to {KEY_LIMIT} bytes; this one has {}.",
            key.len()
        );
        return Err(Problem::new(Kind::BadRequest, detail));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_any_text_of_some_length() {
        let long = "ä".repeat(127);
        for (header, key) in [
            ("a", "a"),
            ("\"a\"", "a"),
            ("with space/and:colon", "with space/and:colon"),
            (&long, &long),
        ] {
            assert_eq!(idempotency_key(header), Ok(key));
        }
        for key in ["", "\"\"", &"a".repeat(256)] {
            assert_eq!(idempotency_key(key).unwrap_err().kind, Kind::BadRequest);
        }
    }
}
