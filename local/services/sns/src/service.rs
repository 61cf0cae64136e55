//! The service's own state.

use sluice_driver::Driver;
use sluice_wire::Account;

/// SNS for one account. Cheap to clone; clones share the topics.
#[derive(Clone)]
pub struct Sns {
    pub(crate) account: Account,
    pub(crate) driver: Driver,
}

impl Sns {
    /// SNS whose topics lie in this driver's store.
    pub fn new(account: Account, driver: Driver) -> Self {
        Self { account, driver }
    }
}
