//! The service's own state.

use std::sync::Arc;

use sluice_driver::Driver;
use sluice_quotas::Quotas;
use sluice_wire::Account;

/// SNS for one account. Cheap to clone; clones share the topics.
#[derive(Clone)]
pub struct Sns {
    pub(crate) account: Account,
    pub(crate) driver: Driver,
    pub(crate) quotas: Option<Arc<Quotas>>,
}

impl Sns {
    /// SNS whose topics lie in this driver's store.
    pub fn new(account: Account, driver: Driver) -> Self {
        Self {
            account,
            driver,
            quotas: None,
        }
    }

    /// The same with AWS's quotas: a subscription that gets more than ten mails a second is suspended.
    #[must_use]
    pub fn with_quotas(self, quotas: Option<Arc<Quotas>>) -> Self {
        Self { quotas, ..self }
    }
}
