//! The submissions that are sent: made up, and the same again for the same seed and number.
//!
//! No address belongs to a real mailbox: all are under `example.com` (RFC 2606), or wrong.

mod bad;
mod good;

use std::fmt;

use serde::{Serialize, Serializer};

/// The fields that are right in a submission, and so what the workflow should do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// All fields are right: it is stored.
    Valid,
    /// Exactly one of e-mail and pincode is wrong: an admin is asked.
    Partial,
    /// E-mail and pincode are both wrong: it is refused.
    Invalid,
}

impl Kind {
    /// All kinds, in the order of the summary.
    pub const ALL: [Kind; 3] = [Kind::Valid, Kind::Partial, Kind::Invalid];

    /// The name in the summary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Valid => "valid",
            Kind::Partial => "partial",
            Kind::Invalid => "invalid",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The fields, in the order of the workflow's input. One that is `None` is not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fields {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The pincode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pincode: Option<String>,
}

impl Fields {
    /// The fields that are sent, by name.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("user_name", &self.user_name),
            ("email", &self.email),
            ("pincode", &self.pincode),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// One submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its number in the run.
    pub number: u64,
    /// The fields that are right.
    pub kind: Kind,
    /// The submissions.
    pub fields: Fields,
    /// Its own key, if keys are asked for.
    pub key: Option<String>,
}

/// A part of the whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share(f64);

impl Share {
    /// The share that `part` is.
    ///
    /// # Errors
    /// A sentence that says what a share is, if this is none.
    pub fn new(part: f64) -> Result<Self, &'static str> {
        if (0.0..=1.0).contains(&part) {
            Ok(Share(part))
        } else {
            Err("a share is a number from 0 to 1, or from 0% to 100%")
        }
    }

    /// From 0 to 1.
    pub fn part(self) -> f64 {
        self.0
    }
}

/// The text before the seed and the number in a submission's key: 1 to 40 letters, digits, `-` or `_`.
///
/// A key is also good as the name of an execution, which has at most 80 of these characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// The prefix `text`.
    ///
    /// # Errors
    /// A sentence that says what a prefix is, if this is none.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let fits = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if fits && (1..=40).contains(&text.len()) {
            Ok(KeyPrefix(text.to_owned()))
        } else {
            Err("a key prefix has 1 to 40 letters, digits, hyphens or underscores")
        }
    }
}

/// Makes submissions up.
#[derive(Debug, Clone)]
pub struct Generator {
    seed: u64,
    partial: Share,
    invalid: Share,
    prefix: Option<KeyPrefix>,
}

impl Generator {
    /// Shares `partial` and `invalid` are of these kinds, the rest is valid. With `prefix`, each gets a key of its own.
    pub fn new(seed: u64, partial: Share, invalid: Share, prefix: Option<KeyPrefix>) -> Self {
        Generator {
            seed,
            partial,
            invalid,
            prefix,
        }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Submission `number`. Depends on nothing but the seed, the shares, the prefix and the number.
    pub fn submission(&self, number: u64) -> Submission {
        let mut random = fastrand::Rng::with_seed(mix(mix(self.seed) ^ number));
        let kind = self.kind(&mut random);
        let unique = unique(self.seed, number);
        let name = good::Name::random(&mut random);
        let right_email = |random: &mut fastrand::Rng| Some(good::email(random, &name, &unique));
        let wrong_email = |random: &mut fastrand::Rng| bad::email(random, &name, &unique);
        let (email, pincode) = match kind {
            Kind::Valid => (right_email(&mut random), Some(good::pincode(&mut random))),
            Kind::Partial if random.bool() => (wrong_email(&mut random), Some(good::pincode(&mut random))),
            Kind::Partial => (right_email(&mut random), bad::pincode(&mut random)),
            Kind::Invalid => (wrong_email(&mut random), bad::pincode(&mut random)),
        };
        Submission {
            number,
            kind,
            fields: Fields {
                user_name: Some(good::user_name(&mut random, &name)),
                email,
                pincode,
            },
            key: self.prefix.as_ref().map(|prefix| self.key(prefix, number)),
        }
    }

    fn kind(&self, random: &mut fastrand::Rng) -> Kind {
        let draw = random.f64();
        if draw < self.partial.0 {
            Kind::Partial
        } else if draw < self.partial.0 + self.invalid.0 {
            Kind::Invalid
        } else {
            Kind::Valid
        }
    }

    /// Holds the seed too: whoever repeats a run repeats its keys, and two runs with seeds of their own share none.
    fn key(&self, prefix: &KeyPrefix, number: u64) -> String {
        format!("{}-{}-{number}", prefix.0, base36(self.seed, 1))
    }
}

/// A text that no other submission of this run has, and hardly one of another run: 7 characters for each.
fn unique(seed: u64, number: u64) -> String {
    let seven = 36_u64.pow(7);
    base36(mix(seed) % seven, 7) + &base36(number % seven, 7)
}

/// `number` in digits and lower-case letters, with zeros in front up to `width`.
fn base36(mut number: u64, width: usize) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.len() < width {
        #[allow(clippy::cast_possible_truncation)] // below 36
        digits.push(char::from_digit((number % 36) as u32, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.iter().rev().collect()
}

/// Spreads neighbouring numbers over all 64 bits (the finaliser of SplitMix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A record of the stream: the fields, and the submission's key, which is to name its execution.
#[derive(Debug, Serialize)]
pub struct Record<'a> {
    #[serde(flatten, serialize_with = "fields")]
    submission: &'a Submission,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission_id: Option<&'a str>,
}

fn fields<S: Serializer>(submission: &&Submission, serializer: S) -> Result<S::Ok, S::Error> {
    submission.fields.serialize(serializer)
}

impl<'a> From<&'a Submission> for Record<'a> {
    fn from(submission: &'a Submission) -> Self {
        Record {
            submission,
            submission_id: submission.key.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests;
