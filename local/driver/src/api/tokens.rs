//! Task tokens: the results of tasks that were handed to somebody outside.

use serde_json::Value;

use crate::client::Client;
use crate::request::{Request, TokenUse};
use crate::{DriverError, OpenTask, TokenError, open_tasks};

/// A handle on the tasks that wait for an answer by their token.
///
/// ```
/// # struct Runner;
/// # impl sluice_driver::TaskRunner for Runner {
/// #     fn run(&self, task: sluice_driver::RunningTask) {
/// #         task.succeed(serde_json::json!("done"));
/// #     }
/// # }
/// # fn config(directory: &std::path::Path) -> sluice_driver::DriverConfig {
/// #     sluice_driver::DriverConfig {
/// #         directory: directory.to_owned(),
/// #         clock: std::sync::Arc::new(sluice_driver::SystemClock::new()),
/// #         seed: std::sync::Arc::new(|| [1, 2]),
/// #         region: "us-east-1".into(),
/// #         account: "123456789012".into(),
/// #         retention: sluice_driver::EXECUTION_RETENTION,
/// #         observer: std::sync::Arc::new(sluice_driver::NoObserver),
/// #         retry: sluice_driver::RetryBackoff::default(),
/// #         worker: None,
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let driver = sluice_driver::Driver::open(config(directory.path()), std::sync::Arc::new(Runner))?;
/// let unknown = driver.tokens().succeed("no token of this engine", serde_json::json!(1)).await;
/// assert_eq!(unknown, Err(sluice_driver::TokenError::Invalid));
/// # driver.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TaskTokens(pub(crate) Client);

impl TaskTokens {
    /// Ends the token's task with an output: SendTaskSuccess.
    ///
    /// # Errors
    /// When the token is none, or its task is closed.
    pub async fn succeed(&self, token: &str, output: Value) -> Result<(), TokenError> {
        self.send(token, TokenUse::Succeed(output)).await
    }

    /// Ends the token's task with an error: SendTaskFailure.
    ///
    /// # Errors
    /// When the token is none, or its task is closed.
    pub async fn fail(&self, token: &str, error: Option<String>, cause: Option<String>) -> Result<(), TokenError> {
        self.send(token, TokenUse::Fail { error, cause }).await
    }

    /// Reports that the token's task is still at work: SendTaskHeartbeat.
    ///
    /// # Errors
    /// When the token is none, or its task is closed.
    pub async fn heartbeat(&self, token: &str) -> Result<(), TokenError> {
        self.send(token, TokenUse::Heartbeat).await
    }

    /// Lists the tasks of an execution that can be answered by their tokens, those of the children of its Map Runs among
    /// them; `None`: there is no such execution. It folds the execution's log.
    ///
    /// # Errors
    /// When the journal fails.
    pub async fn open(&self, execution_arn: &str) -> Result<Option<Vec<OpenTask>>, DriverError> {
        let (shared, arn) = (self.0.shared().clone(), execution_arn.to_owned());
        self.0
            .read(move |connection| open_tasks::read(&shared, connection, &arn))
            .await
    }

    async fn send(&self, token: &str, action: TokenUse) -> Result<(), TokenError> {
        self.0.ask((token.to_owned(), action), Request::Token).await
    }
}
