//! The service's own state: functions of this machine, or behind another Lambda endpoint.

use std::sync::Arc;

use sluice_host::{FunctionSpec, Functions, Invocation, InvokeError, InvokeOutput};
use sluice_wire::Account;

use crate::{FunctionName, FunctionUrls, Invoked, LambdaError, RemoteLambda};

/// Lambda for one account: the functions of this machine, and perhaps an endpoint for those that it does not have. Cheap to
/// clone; clones share functions and URLs.
///
/// ```
/// # #[tokio::main]
/// # async fn main() {
/// use std::sync::Arc;
/// use sluice_clock::ManualClock;
/// use sluice_host::Invocation;
/// use sluice_lambda::{FunctionName, Lambda};
/// use sluice_service_testing::{TestFunctions, account};
///
/// let functions = TestFunctions::new([("echo", |event| Ok(event.to_vec()))]);
/// let lambda = Lambda::new(account(Arc::new(ManualClock::new(0)), 1), Arc::new(functions), None);
/// let echo = FunctionName::parse("echo", None).unwrap();
/// let invoked = lambda.invoke(&echo, Invocation::new("{}")).await.unwrap();
/// assert_eq!(invoked.payload, "{}");
/// # }
/// ```
#[derive(Clone)]
pub struct Lambda {
    pub(crate) account: Account,
    local: Arc<dyn Functions>,
    remote: Option<RemoteLambda>,
    urls: Arc<FunctionUrls>,
}

impl Lambda {
    /// Functions of this machine first; the others from `remote`, if there is one.
    pub fn new(account: Account, local: Arc<dyn Functions>, remote: Option<RemoteLambda>) -> Self {
        Self {
            account,
            local,
            remote,
            urls: Arc::default(),
        }
    }

    /// The function URLs.
    pub fn urls(&self) -> &FunctionUrls {
        &self.urls
    }

    /// Runs a function and waits for its response.
    ///
    /// # Errors
    /// When it is not there, has no room, or cannot be reached. A function that fails is no error.
    pub async fn invoke(&self, function: &FunctionName, call: Invocation) -> Result<Invoked, LambdaError> {
        self.check_qualifier(function)?;
        let remote = self.remote.as_ref().map(|remote| (remote, call.clone()));
        match self.local.invoke(&function.name, call).await {
            Ok(output) => Ok(invoked(output)),
            Err(InvokeError::ResourceNotFound(_)) => match remote {
                Some((remote, call)) => remote.invoke(function, call).await,
                None => Err(self.not_found(function)),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Looks for the function that Invoke would call. One behind another endpoint counts as found: only calling it tells.
    ///
    /// # Errors
    /// [`LambdaError::FunctionNotFound`].
    pub fn find(&self, function: &FunctionName) -> Result<(), LambdaError> {
        self.check_qualifier(function)?;
        if self.remote.is_some() || self.local.function(&function.name).is_some() {
            return Ok(());
        }
        Err(self.not_found(function))
    }

    /// The set-up of a function of this machine.
    ///
    /// # Errors
    /// [`LambdaError::FunctionNotFound`].
    pub fn spec(&self, function: &FunctionName) -> Result<FunctionSpec, LambdaError> {
        self.check_qualifier(function)?;
        let arn = || self.account.arn("lambda", &format!("function:{}", function.name));
        let spec = self.local.function(&function.name);
        spec.ok_or_else(|| LambdaError::FunctionNotFound { arn: arn() })
    }

    /// The functions of this machine by name.
    pub(crate) fn specs(&self) -> Vec<FunctionSpec> {
        let mut specs = self.local.functions();
        specs.sort_by(|a, b| a.name.cmp(&b.name));
        specs
    }

    /// Functions of this machine have one version and no aliases.
    fn check_qualifier(&self, function: &FunctionName) -> Result<(), LambdaError> {
        match function.qualifier.as_deref() {
            None | Some("$LATEST") => Ok(()),
            Some(_) if self.remote.is_some() && self.local.function(&function.name).is_none() => Ok(()),
            Some(_) => Err(self.not_found(function)),
        }
    }

    fn not_found(&self, function: &FunctionName) -> LambdaError {
        LambdaError::FunctionNotFound {
            arn: function.qualified_arn(&self.account),
        }
    }
}

fn invoked(output: InvokeOutput) -> Invoked {
    Invoked {
        request_id: output.request_id.to_string(),
        payload: output.payload,
        function_error: output.function_error.map(|error| error.as_str().to_owned()),
        executed_version: output.executed_version.to_string(),
        log_result: output.log_tail,
    }
}
