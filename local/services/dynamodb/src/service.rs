//! The service's own state.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use sluice_quotas::Quotas;
use sluice_wire::Account;

use crate::ensure_table::EnsuredTable;
use crate::partitions::Partitions;
use crate::tables::Tables;
use crate::{DynamoError, Observer};

/// The DynamoDB tables of an account. Cheap to clone; when the last clone is dropped, they are closed.
///
/// ```
/// use std::sync::Arc;
/// use serde_json::json;
/// use sluice_clock::ManualClock;
/// use sluice_dynamodb::{DynamoDb, EnsuredTable, Unobserved};
/// use sluice_service_testing::account;
///
/// let directory = tempfile::tempdir().unwrap();
/// let account = account(Arc::new(ManualClock::new(0)), 1);
/// let dynamodb = DynamoDb::open(account, &directory.path().join("tables.db"), Arc::new(Unobserved)).unwrap();
/// let table = json!({
///     "TableName": "entries",
///     "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
///     "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
///     "BillingMode": "PAY_PER_REQUEST",
/// });
/// assert_eq!(dynamodb.ensure_table(&table, None).unwrap(), EnsuredTable::Created);
/// assert_eq!(dynamodb.ensure_table(&table, None).unwrap(), EnsuredTable::Existed);
/// ```
#[derive(Clone)]
pub struct DynamoDb {
    pub(crate) account: Account,
    pub(crate) tables: Arc<Tables>,
    pub(crate) observer: Arc<dyn Observer>,
    /// The limits of partitions, if AWS's quotas hold.
    pub(crate) partitions: Option<Arc<Partitions>>,
}

impl DynamoDb {
    /// Opens or creates the tables in a file.
    ///
    /// Every write is on disk before it is answered; those that wait at the same time share one sync.
    ///
    /// # Errors
    /// When the file cannot be opened, or there is no thread.
    pub fn open(account: Account, path: &Path, observer: Arc<dyn Observer>) -> Result<Self, DynamoError> {
        let tables = Arc::new(Tables::open(path, Arc::clone(&account.clock))?);
        Ok(Self {
            account,
            tables,
            observer,
            partitions: None,
        })
    }

    /// The same with AWS's quotas: calls of a partition beyond its units a second are throttled.
    #[must_use]
    pub fn with_quotas(self, quotas: Option<Arc<Quotas>>) -> Self {
        let partitions = quotas.map(|quotas| Arc::new(Partitions::new(quotas)));
        Self { partitions, ..self }
    }

    /// Makes a table from the members of a CreateTable request. One that is there already keeps its items and gets the
    /// global indexes that are asked for: others go, new ones are filled, changed ones are made anew. Its time to live is
    /// switched on for the given attribute, or off. It is on disk then. Blocks for as long as that takes; meant for the
    /// start.
    ///
    /// # Errors
    /// When the definition is refused, or a table of this name has other keys.
    pub fn ensure_table(&self, create_table: &Value, time_to_live: Option<&str>) -> Result<EnsuredTable, DynamoError> {
        self.tables.ensure_table(create_table, time_to_live)
    }

    /// The trouble with the tables' file; none: it can be written, as far as is known. While there is trouble, calls
    /// that write are refused, and each second it is tried whether that is over.
    pub fn trouble(&self) -> Option<String> {
        self.tables.trouble()
    }

    /// Waits until the file is damaged or gone, so that nothing can be acknowledged any more; says why.
    pub async fn until_lost(&self) -> Arc<str> {
        self.tables.until_lost().await
    }

    /// Carries out the calls in hand and closes the file, whoever still holds a clone. Calls are refused from then on. Blocks
    /// for as long as that takes.
    pub fn close(&self) {
        self.tables.close();
    }

    /// Deletes what has expired by now, and says how many items that were; `None` after the end. It goes on when nobody waits for
    /// it any more.
    pub async fn sweep_expired(&self) -> Option<u64> {
        self.tables.sweep_expired().await
    }
}
