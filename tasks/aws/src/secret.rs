use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The secret in an approval's link: 256 random bits, base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret from fresh random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Secret(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A secret as it came in a link. Any text: what is no secret of ours matches no hash.
    pub fn from_link(text: &str) -> Self {
        Secret(text.to_owned())
    }

    /// The text for a link.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The hash that is stored instead of the secret.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&[&self.0])
    }

    /// Tells whether a text has the form of a secret: what has not needs no look into the table.
    pub fn is_well_formed(text: &str) -> bool {
        text.len() == 43
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The SHA-256 of a secret, base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretHash(String);

impl SecretHash {
    /// The hash of texts, one after the other.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.as_bytes());
        }
        SecretHash(URL_SAFE_NO_PAD.encode(hash.finalize()))
    }

    /// A hash as the table holds it.
    pub fn from_table(text: &str) -> Self {
        SecretHash(text.to_owned())
    }

    /// The text for the table.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether this hash is among `known`. Takes as long whichever it is, and whether it is at all.
    pub fn is_among(&self, known: &[SecretHash]) -> bool {
        let found = known.iter().fold(subtle::Choice::from(0), |found, hash| {
            found | self.0.as_bytes().ct_eq(hash.0.as_bytes())
        });
        found.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_short_safe_in_a_url_and_known_by_its_hash_only() {
        let secret = Secret::from_bytes([255; 32]);
        assert_eq!(secret.reveal().len(), 43);
        assert!(
            secret
                .reveal()
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        );
        assert!(!format!("{secret:?}").contains(secret.reveal()));
        let other = Secret::from_bytes([1; 32]);
        let known = [other.hash(), SecretHash::from_table(secret.hash().as_str())];
        assert!(Secret::from_link(secret.reveal()).hash().is_among(&known));
        assert!(!Secret::from_link("").hash().is_among(&known));
        assert!(!secret.hash().is_among(&[other.hash()]));
        assert!(!secret.hash().is_among(&[]));
    }
}
