//! The account that the services act for, and its inputs from the world.

use std::sync::Arc;

use sluice_clock::{Clock, Timestamp};
use uuid::Uuid;

/// A source of random seeds: the operating system's, or a test's.
pub type Seed = Arc<dyn Fn() -> [u64; 2] + Send + Sync>;

/// The account and region that a service acts for, with clock and randomness.
///
/// ```
/// use std::sync::Arc;
/// use sluice_clock::ManualClock;
/// use sluice_wire::Account;
///
/// let account = Account {
///     region: "eu-west-1".into(),
///     id: "000000000000".into(),
///     clock: Arc::new(ManualClock::new(0)),
///     seed: Arc::new(|| [1, 2]),
/// };
/// assert_eq!(account.arn("sns", "topic"), "arn:aws:sns:eu-west-1:000000000000:topic");
/// ```
#[derive(Clone)]
pub struct Account {
    /// The region in ARNs, such as `us-east-1`.
    pub region: String,
    /// The account's number in ARNs: twelve digits.
    pub id: String,
    /// The engine's clock: what it shows is what mails, stacks and responses say.
    pub clock: Arc<dyn Clock>,
    /// Randomness for request ids, message ids and subscription ARNs.
    pub seed: Seed,
}

impl Account {
    /// Milliseconds since 1970 on the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A random version 4 UUID.
    pub fn uuid(&self) -> Uuid {
        let [high, low] = (self.seed)();
        let bits = (u128::from(high) << 64) | u128::from(low);
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.id)
    }
}
