//! AWS's quotas on one machine, for whoever wants to see before deploying what AWS would do.
//!
//! The numbers, with their sources, are in [`numbers`]; a [`Profile`] chooses a column of them. [`Quotas`] holds the token
//! buckets. It has no clock: who asks says the time.
//!
//! ```
//! use sluice_quotas::{Profile, Quotas};
//!
//! let quotas = Quotas::new("aws-small".parse::<Profile>().unwrap());
//! let now = 1_000;
//! let taken = (0..1_000).filter(|_| quotas.admit_states_api("StartExecution", now)).count();
//! assert_eq!(taken, 800, "the bucket holds 800");
//! let later = now + 1_000;
//! let taken = (0..1_000).filter(|_| quotas.admit_states_api("StartExecution", later)).count();
//! assert_eq!(taken, 150, "and is refilled with 150 a second");
//! ```

mod bucket;
pub mod numbers;

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use parking_lot::Mutex;
use sluice_clock::Timestamp;

use bucket::{Bucket, Rate, SCALE};

/// An account in a region, as far as quotas go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// An account that has been used, in us-east-1, us-west-2 or eu-west-1.
    Aws,
    /// The same in any other region.
    AwsSmall,
    /// An account that is new, in any other region.
    NewAccount,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 3] = [Self::Aws, Self::AwsSmall, Self::NewAccount];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsSmall => "aws-small",
            Self::NewAccount => "new-account",
        }
    }

    /// The number of invocations of all functions together that run at a time.
    pub fn lambda_concurrency(self) -> usize {
        match self {
            Self::Aws | Self::AwsSmall => numbers::LAMBDA_CONCURRENCY,
            Self::NewAccount => numbers::LAMBDA_CONCURRENCY_NEW_ACCOUNT,
        }
    }

    /// The rate of state transitions.
    pub fn state_transitions(self) -> Rate {
        let (large, small) = numbers::STATE_TRANSITIONS;
        match self {
            Self::Aws => large,
            Self::AwsSmall | Self::NewAccount => small,
        }
    }

    /// An operation of Step Functions by its name here, and its numbers.
    fn states_api(self, operation: &str) -> Option<(&'static str, Rate)> {
        let (name, large, small) = numbers::STATES_API.iter().find(|(name, ..)| *name == operation)?;
        Some(match self {
            Self::Aws => (*name, *large),
            Self::AwsSmall | Self::NewAccount => (*name, *small),
        })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error about a profile that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are no quotas {0:?}: use aws, aws-small or new-account")]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|profile| profile.as_str() == text);
        found.ok_or_else(|| UnknownProfile(text.to_owned()))
    }
}

/// The quotas of one account: what has been used of them.
#[derive(Debug)]
pub struct Quotas {
    profile: Profile,
    states_api: Mutex<HashMap<&'static str, Bucket>>,
    transitions: Mutex<Option<Bucket>>,
    invocations: Mutex<HashMap<String, Bucket>>,
    partitions: Mutex<HashMap<PartitionKey, Bucket>>,
    mails: Mutex<HashMap<String, Bucket>>,
}

/// The kind of a call's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CapacityKind {
    /// Read units.
    Read,
    /// Write units.
    Write,
}

impl CapacityKind {
    fn rate(self) -> Rate {
        match self {
            Self::Read => numbers::DYNAMODB_PARTITION_READS,
            Self::Write => numbers::DYNAMODB_PARTITION_WRITES,
        }
    }
}

/// A partition of a table or an index.
type PartitionKey = (String, u64, CapacityKind);

impl Quotas {
    /// Quotas of which nothing is used.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            states_api: Mutex::default(),
            transitions: Mutex::default(),
            invocations: Mutex::default(),
            partitions: Mutex::default(),
            mails: Mutex::default(),
        }
    }

    /// The account that they are of.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Counts a call of Step Functions' API; false if it is throttled. An operation without a number is never throttled.
    pub fn admit_states_api(&self, operation: &str, now: Timestamp) -> bool {
        let Some((name, rate)) = self.profile.states_api(operation) else {
            return true;
        };
        let mut buckets = self.states_api.lock();
        buckets
            .entry(name)
            .or_insert_with(|| Bucket::full(rate, now))
            .take(rate, now)
    }

    /// Counts transitions of executions, and answers the time from which on what they lead to may go on: now, or later if they are
    /// more than the account may have.
    pub fn count_transitions(&self, count: u32, now: Timestamp) -> Timestamp {
        let rate = self.profile.state_transitions();
        let mut bucket = self.transitions.lock();
        let bucket = bucket.get_or_insert_with(|| Bucket::full(rate, now));
        bucket.spend(rate, i64::from(count) * SCALE, now);
        bucket.even_at(rate).max(now)
    }

    /// Counts an invocation of a function that may have `concurrency` of them at a time; false if it is throttled.
    pub fn admit_invocation(&self, function: &str, concurrency: usize, now: Timestamp) -> bool {
        let concurrency = u32::try_from(concurrency).unwrap_or(u32::MAX);
        let tokens = concurrency.saturating_mul(numbers::LAMBDA_REQUESTS);
        let rate = Rate {
            size: tokens,
            refill: tokens,
        };
        let mut buckets = self.invocations.lock();
        buckets
            .entry(function.to_owned())
            .or_insert_with(|| Bucket::full(rate, now))
            .take(rate, now)
    }

    /// False if the partition that has the items of this key has no units left.
    pub fn admit_partition(&self, table: &str, key: &str, kind: CapacityKind, now: Timestamp) -> bool {
        let buckets = self.partitions.lock();
        let bucket = buckets.get(&partition_key(table, key, kind));
        bucket.is_none_or(|bucket| bucket.even_at(kind.rate()) < now || bucket.has_some())
    }

    /// Takes the units that a call has consumed from the partition that has the items of this key.
    pub fn consume(&self, table: &str, key: &str, kind: CapacityKind, units: f64, now: Timestamp) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "units of a call are some thousands at most"
        )]
        let thousandths = (units * 1_000.0) as i64;
        let mut buckets = self.partitions.lock();
        let bucket = buckets.entry(partition_key(table, key, kind));
        bucket
            .or_insert_with(|| Bucket::full(kind.rate(), now))
            .spend(kind.rate(), thousandths, now);
    }

    /// Counts a mail to an e-mail subscription; false if it is one too many, for which SNS suspends the subscription.
    pub fn admit_mail(&self, subscription_arn: &str, now: Timestamp) -> bool {
        let rate = numbers::SNS_MAILS;
        let mut buckets = self.mails.lock();
        // a bucket that is full again says nothing
        if buckets.len() >= MAIL_BUCKETS {
            buckets.retain(|_, bucket| !bucket.is_full(rate, now));
        }
        buckets
            .entry(subscription_arn.to_owned())
            .or_insert_with(|| Bucket::full(rate, now))
            .take(rate, now)
    }
}

/// The partition that a key belongs to: AWS hashes too, and does not say how.
fn partition_key(table: &str, key: &str, kind: CapacityKind) -> PartitionKey {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (table.to_owned(), hasher.finish() % numbers::DYNAMODB_PARTITIONS, kind)
}

/// So many subscriptions are counted before those at rest are forgotten.
const MAIL_BUCKETS: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(profile: Profile, operation: &str, expected: [usize; 2]) {
        let quotas = Quotas::new(profile);
        let taken = |now| (0..10_000).filter(|_| quotas.admit_states_api(operation, now)).count();
        assert_eq!([taken(5_000), taken(6_000)], expected, "{profile} {operation}");
    }

    #[test]
    fn a_bucket_is_used_up_and_refilled() {
        check(Profile::Aws, "StartExecution", [1_300, 300]);
        check(Profile::AwsSmall, "StartExecution", [800, 150]);
        check(Profile::NewAccount, "StartExecution", [800, 150]);
        check(Profile::Aws, "GetExecutionHistory", [400, 20]);
        check(Profile::Aws, "DescribeExecution", [300, 15]);
        check(Profile::AwsSmall, "DescribeExecution", [250, 10]);
        check(Profile::Aws, "SendTaskSuccess", [3_000, 500]);
        check(Profile::Aws, "TestState", [10_000, 10_000]);
    }

    #[test]
    fn transitions_beyond_the_rate_go_on_later_in_their_order() {
        let check = |profile, counts: &[(u32, i64)], expected: &[i64]| {
            let quotas = Quotas::new(profile);
            let later: Vec<_> = counts
                .iter()
                .map(|(count, now)| quotas.count_transitions(*count, *now) - now)
                .collect();
            assert_eq!(later, expected, "{profile} {counts:?}");
        };
        check(
            Profile::Aws,
            &[(5_000, 0), (5, 0), (5_000, 0), (1, 500)],
            &[0, 4, 3_337, 2_838],
        );
        check(
            Profile::AwsSmall,
            &[(800, 0), (80, 0), (0, 160), (80, 320)],
            &[0, 160, 0, 0],
        );
        check(Profile::AwsSmall, &[(800, 0), (80, 0), (0, 50)], &[0, 160, 110]);
    }

    #[test]
    fn a_function_is_invoked_ten_times_a_second_for_each_unit_of_its_concurrency() {
        let quotas = Quotas::new(Profile::Aws);
        let taken = |function: &str, concurrency, now| {
            (0..2_000)
                .filter(|_| quotas.admit_invocation(function, concurrency, now))
                .count()
        };
        assert_eq!(
            (taken("f", 5, 0), taken("f", 5, 500), taken("g", 100, 0)),
            (50, 25, 1_000)
        );
    }

    #[test]
    fn a_hot_partition_is_throttled_and_others_are_not() {
        use CapacityKind::{Read, Write};
        let quotas = Quotas::new(Profile::Aws);
        let other = (0..).map(|n| format!("k{n}"));
        let here = partition_key("t", "hot", Write);
        let other = other
            .into_iter()
            .find(|key| partition_key("t", key, Write) != here)
            .unwrap();
        assert!(quotas.admit_partition("t", "hot", Write, 0));
        quotas.consume("t", "hot", Write, 999.5, 0);
        assert!(quotas.admit_partition("t", "hot", Write, 0), "a part is left");
        quotas.consume("t", "hot", Write, 100.0, 0);
        assert!(!quotas.admit_partition("t", "hot", Write, 0));
        assert!(
            !quotas.admit_partition("t", "hot", Write, 99),
            "what is owed comes first"
        );
        assert!(quotas.admit_partition("t", "hot", Write, 101));
        assert!(quotas.admit_partition("t", &other, Write, 0));
        assert!(quotas.admit_partition("t", "hot", Read, 0));
        assert!(quotas.admit_partition("u", "hot", Write, 0));
    }

    #[test]
    fn operations_have_buckets_of_their_own() {
        let quotas = Quotas::new(Profile::Aws);
        while quotas.admit_states_api("GetExecutionHistory", 0) {}
        assert!(quotas.admit_states_api("DescribeExecution", 0));
    }

    #[test]
    fn the_eleventh_mail_of_a_second_is_one_too_many() {
        let quotas = Quotas::new(Profile::NewAccount);
        let sent = |arn: &str, now| (0..20).filter(|_| quotas.admit_mail(arn, now)).count();
        assert_eq!(
            (sent("a", 0), sent("b", 0), sent("a", 500), sent("a", 2_000)),
            (10, 10, 5, 10)
        );
        for number in 0..3_000 {
            assert!(quotas.admit_mail(&format!("s{number}"), number * 1_000));
        }
        assert!(quotas.mails.lock().len() <= MAIL_BUCKETS);
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_gives_nothing() {
        let quotas = Quotas::new(Profile::Aws);
        while quotas.admit_states_api("ListExecutions", 1_000) {}
        assert!(!quotas.admit_states_api("ListExecutions", 0));
        assert!(!quotas.admit_states_api("ListExecutions", 1_000));
        assert!(quotas.admit_states_api("ListExecutions", 1_200));
    }

    #[test]
    fn profiles_are_named() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        let error = "gcp".parse::<Profile>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there are no quotas \"gcp\": use aws, aws-small or new-account"
        );
        assert_eq!([1_000, 1_000, 10], Profile::ALL.map(Profile::lambda_concurrency));
    }
}
