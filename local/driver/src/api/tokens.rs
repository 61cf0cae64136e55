//! Task tokens: the results of tasks that were handed to somebody outside.

use serde_json::Value;

use crate::TokenError;
use crate::client::Client;
use crate::request::{Request, TokenUse};

/// A handle on the tasks that wait for an answer by their token.
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

    async fn send(&self, token: &str, action: TokenUse) -> Result<(), TokenError> {
        self.0.ask((token.to_owned(), action), Request::Token).await
    }
}
