//! The service's own state.

use std::sync::Arc;

use sluice_driver::Driver;
use sluice_quotas::Quotas;
use sluice_wire::Account;
use tokio::sync::watch;

/// SNS for one account. Cheap to clone; clones share the topics.
///
/// ```
/// # #[tokio::main]
/// # async fn main() {
/// use std::sync::Arc;
/// use sluice_clock::ManualClock;
/// use sluice_service_testing::{account, form, journal};
/// use sluice_sns::Sns;
///
/// let directory = tempfile::tempdir().unwrap();
/// let account = account(Arc::new(ManualClock::new(0)), 1);
/// let sns = Sns::new(account.clone(), journal(directory.path(), &account));
/// let topic_arn = sns.ensure_topic("news", "News").await.unwrap();
/// let listed = sns.call("ListTopics", &form(&[])).await.unwrap();
/// assert!(listed.into_string().contains(&topic_arn));
/// # }
/// ```
#[derive(Clone)]
pub struct Sns {
    pub(crate) account: Account,
    pub(crate) driver: Driver,
    pub(crate) quotas: Option<Arc<Quotas>>,
    /// Changes when mails were put into the inbox.
    pub(crate) mailed: watch::Sender<()>,
}

impl Sns {
    /// SNS whose topics lie in this driver's store.
    pub fn new(account: Account, driver: Driver) -> Self {
        Self {
            account,
            driver,
            quotas: None,
            mailed: watch::Sender::default(),
        }
    }

    /// A channel that changes when mails were put into the inbox.
    pub fn mailed(&self) -> watch::Receiver<()> {
        self.mailed.subscribe()
    }

    /// The same with AWS's quotas: a subscription that gets more than ten mails a second is suspended.
    #[must_use]
    pub fn with_quotas(self, quotas: Option<Arc<Quotas>>) -> Self {
        Self { quotas, ..self }
    }
}
