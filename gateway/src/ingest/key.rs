use sha2::{Digest, Sha256};

use crate::http::{Kind, Problem};

/// The longest idempotency key that is taken, in bytes.
const KEY_LIMIT: usize = 255;

/// The execution's name for an idempotency key. A hash, because a key may be longer than a name, and hold anything.
pub(super) fn execution_name(key: &str) -> Result<String, Problem> {
    let key = key
        .strip_prefix('"')
        .and_then(|key| key.strip_suffix('"'))
        .unwrap_or(key);
    if key.is_empty() || key.len() > KEY_LIMIT {
        let detail = format!(
            "The Idempotency-Key must have 1 to {KEY_LIMIT} bytes; this one has {}.",
            key.len()
        );
        return Err(Problem::new(Kind::BadRequest, detail));
    }
    let hash = Sha256::digest(key.as_bytes());
    Ok(hash
        .iter()
        .fold("k-".to_owned(), |name, byte| format!("{name}{byte:02x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_becomes_a_name_that_step_functions_takes() {
        let long = "ä".repeat(127);
        for key in ["a", "with space/and:colon", long.as_str()] {
            let name = execution_name(key).unwrap();
            assert!(name.len() <= 80 && crate::start::is_name(&name), "{name}");
        }
        assert_eq!(execution_name("\"a\""), execution_name("a"));
        assert_ne!(execution_name("b"), execution_name("a"));
        for key in ["", "\"\"", &"a".repeat(256)] {
            assert_eq!(execution_name(key).unwrap_err().kind, Kind::BadRequest);
        }
    }
}
