//! Ids of submissions: a body, and a code over it with a secret of the stack. So an id can be neither guessed nor made up,
//! and one that is wrong is refused before anything is looked up.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use sluice_aws::SettingError;
use subtle::ConstantTimeEq as _;

/// The longest name of an execution
/// (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>).
const NAME_LIMIT: usize = 80;

/// Characters of the code: 84 bits. A guess costs a request, so that is far out of reach.
const CODE: usize = 14;

/// The longest body that an id has room for.
const BODY_LIMIT: usize = NAME_LIMIT - CODE - 1;

/// Characters of a hash in a body: 48 bits, which only tell apart what hardly ever meets.
const SHORT_HASH: usize = 8;

/// Characters of a sequence number in a body. AWS's have 56.
const SEQUENCE_NUMBER: usize = 56;

/// The shortest secret that is taken, in bytes.
const SECRET_LIMIT: usize = 32;

/// Makes submission ids and tells them from others.
#[derive(Clone)]
pub struct SubmissionIds {
    mac: Hmac<Sha256>,
}

impl fmt::Debug for SubmissionIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubmissionIds(..)")
    }
}

impl SubmissionIds {
    /// Ids with the code of this secret.
    ///
    /// # Errors
    /// [`SettingError::Unusable`] for a secret that is too short. Its value is not part of the error.
    pub fn new(secret: &str) -> Result<Self, SettingError> {
        let unusable = SettingError::Unusable {
            name: "ID_SECRET",
            value: format!("a text of {} bytes", secret.len()),
            expected: "it must have 32 bytes or more",
        };
        if secret.len() < SECRET_LIMIT {
            return Err(unusable);
        }
        // HMAC takes keys of any length, so this is no error that can come.
        let mac = Hmac::new_from_slice(secret.as_bytes()).map_err(|_| unusable)?;
        Ok(SubmissionIds { mac })
    }

    /// The id of a new submission from a random UUID of version 7, which holds its time.
    pub fn random(&self, uuid: &str) -> String {
        self.with_code(uuid)
    }

    /// The id of the submission that an idempotency key names. A hash, because a key may be longer than a name, and hold
    /// anything.
    pub fn of_key(&self, key: &str) -> String {
        self.with_code(&format!("k-{}", URL_SAFE_NO_PAD.encode(Sha256::digest(key.as_bytes()))))
    }

    /// The id of the submission that a producer's own id names; the id itself is its beginning, so that it can be found.
    pub fn of_producer(&self, id: &str) -> String {
        let body = format!("p-{id}");
        if body.len() <= BODY_LIMIT {
            return self.with_code(&body);
        }
        let shown = &body[..body.floor_char_boundary(BODY_LIMIT - SHORT_HASH - 1)];
        self.with_code(&format!("{shown}-{}", short_hash(&[id.as_bytes()])))
    }

    /// The id of the submission in a record that has no id of its own: its sequence number, to find it by, and a hash of
    /// stream, shard, sequence number and bytes. With the bytes in it, a taken name needs no second look, not even if a
    /// stream is made anew under an old name and counts from the start again.
    pub fn of_record(&self, stream_arn: &str, shard: &str, sequence_number: &str, data: &[u8]) -> String {
        let shown: String = sequence_number
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(SEQUENCE_NUMBER)
            .collect();
        let hash = short_hash(&[
            stream_arn.as_bytes(),
            shard.as_bytes(),
            sequence_number.as_bytes(),
            data,
        ]);
        self.with_code(&format!("{shown}-{hash}"))
    }

    /// Tells whether an id was made here. Takes as long whichever character of the code is wrong.
    pub fn is_ours(&self, id: &str) -> bool {
        let Some((body, code)) = split(id) else { return false };
        self.code(body).as_bytes().ct_eq(code.as_bytes()).into()
    }

    fn with_code(&self, body: &str) -> String {
        format!("{body}-{}", self.code(body))
    }

    fn code(&self, body: &str) -> String {
        let mut mac = self.mac.clone();
        mac.update(b"submission id\0");
        mac.update(body.as_bytes());
        let mut code = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        code.truncate(CODE);
        code
    }
}

/// The time at which an id was made, in milliseconds since 1970, if it is one that holds it.
pub(crate) fn made_at_ms(id: &str) -> Option<i64> {
    let (body, _) = split(id)?;
    let uuid = uuid::Uuid::try_parse(body).ok()?;
    let (seconds, nanos) = uuid.get_timestamp()?.to_unix();
    i64::try_from(seconds * 1000 + u64::from(nanos / 1_000_000)).ok()
}

fn split(id: &str) -> Option<(&str, &str)> {
    let at = id.len().checked_sub(CODE + 1)?;
    let (body, code) = id.split_at_checked(at)?;
    Some((body, code.strip_prefix('-')?)).filter(|(body, _)| !body.is_empty())
}

fn short_hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut text = URL_SAFE_NO_PAD.encode(hash.finalize());
    text.truncate(SHORT_HASH);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::start::is_name;

    const STREAM: &str = "arn:aws:kinesis:eu-central-1:123456789012:stream/load";

    fn ids() -> SubmissionIds {
        SubmissionIds::new(&"s".repeat(32)).unwrap()
    }

    fn all(ids: &SubmissionIds) -> Vec<String> {
        let long = "n".repeat(80);
        vec![
            ids.random("0198f3c0-0000-7000-8000-000000000000"),
            ids.of_key("order-1001"),
            ids.of_key(&"ä".repeat(127)),
            ids.of_producer("night-17"),
            ids.of_producer(&long),
            ids.of_record(STREAM, "shardId-000000000000", &"4".repeat(56), b"{}"),
            ids.of_record(STREAM, "shardId-000000000000", "1 2/ä", b"{}"),
        ]
    }

    #[test]
    fn every_id_is_a_name_and_known_by_its_code() {
        let (ids, others) = (ids(), SubmissionIds::new(&"t".repeat(32)).unwrap());
        let made = all(&ids);
        for (index, id) in made.iter().enumerate() {
            assert!(is_name(id), "{id}");
            assert!(ids.is_ours(id) && !others.is_ours(id), "{id}");
            assert!(!made[..index].contains(id), "{id}");
            for at in 0..id.len() {
                let mut changed = id.clone().into_bytes();
                changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
                assert!(!ids.is_ours(&String::from_utf8(changed).unwrap()), "{id} {at}");
            }
        }
        assert_eq!(all(&ids), made, "the same again");
        assert_ne!(all(&others), made);
    }

    #[test]
    fn what_was_made_up_is_none_of_ours() {
        let ids = ids();
        let code = ids.code("");
        for id in [
            "",
            "-",
            "k-1",
            "order-1001",
            &code,
            &format!("-{code}"),
            &"x".repeat(80),
            "ä-ä",
        ] {
            assert!(!ids.is_ours(id), "{id}");
        }
        // What a release before this one made of a key: anybody could.
        assert!(!ids.is_ours(&format!("k-{:x}", Sha256::digest(b"order-1001"))));
    }

    #[test]
    fn an_id_can_be_found_by_what_its_maker_knows() {
        let ids = ids();
        assert!(ids.of_producer("night-17").starts_with("p-night-17-"));
        assert!(
            ids.of_producer(&"n".repeat(80))
                .starts_with(&format!("p-{}-", "n".repeat(54)))
        );
        assert!(ids.of_record(STREAM, "s", "49590338", b"").starts_with("49590338-"));
        assert_ne!(
            ids.of_record(STREAM, "s", "1", b"a"),
            ids.of_record(STREAM, "s", "1", b"b")
        );
        assert_ne!(
            ids.of_record(STREAM, "s", "1", b"a"),
            ids.of_record(STREAM, "t", "1", b"a")
        );
    }

    #[test]
    fn a_random_id_holds_its_time() {
        let ids = ids();
        assert_eq!(
            made_at_ms(&ids.random("0198f3c0-0000-7000-8000-000000000000")),
            Some(0x0198_f3c0_0000)
        );
        for timeless in [ids.of_key("k"), ids.of_producer("night-17"), ids.random("fresh")] {
            assert_eq!(made_at_ms(&timeless), None);
        }
    }

    #[test]
    fn a_short_secret_is_refused_and_not_told() {
        let error = SubmissionIds::new("short").unwrap_err().to_string();
        assert!(error.contains("ID_SECRET") && !error.contains("short"), "{error}");
        assert!(!format!("{:?}", ids()).contains("sss"));
    }
}
