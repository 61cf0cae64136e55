//! Where functions run: on this machine, or behind another Lambda endpoint.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sluice_host::{FunctionSpec, Host, Invocation, InvokeError, InvokeOutput};

use super::{FunctionName, Invoked, LambdaError, RemoteLambda};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The functions of this machine. The [`Host`] is one; tests bring their own.
pub trait Functions: Send + Sync + 'static {
    /// Runs a function and waits for its answer.
    fn invoke<'a>(&'a self, name: &'a str, invocation: Invocation) -> Boxed<'a, Result<InvokeOutput, InvokeError>>;

    /// How a function is set up; none when there is no such function.
    fn function(&self, name: &str) -> Option<FunctionSpec>;

    /// All functions.
    fn functions(&self) -> Vec<FunctionSpec>;
}

impl Functions for Host {
    fn invoke<'a>(&'a self, name: &'a str, invocation: Invocation) -> Boxed<'a, Result<InvokeOutput, InvokeError>> {
        Box::pin(Host::invoke(self, name, invocation))
    }

    fn function(&self, name: &str) -> Option<FunctionSpec> {
        Host::function(self, name)
    }

    fn functions(&self) -> Vec<FunctionSpec> {
        Host::functions(self)
    }
}

/// The functions of this machine, and perhaps a Lambda endpoint for those that it does not have.
#[derive(Clone)]
pub struct Lambda {
    local: Arc<dyn Functions>,
    remote: Option<RemoteLambda>,
    region: Arc<str>,
    account: Arc<str>,
}

impl Lambda {
    /// Functions of this machine first; the others from `remote`, if there is one. Region and account are for the ARNs
    /// in errors.
    pub fn new(local: Arc<dyn Functions>, remote: Option<RemoteLambda>, region: &str, account: &str) -> Self {
        Self {
            local,
            remote,
            region: region.into(),
            account: account.into(),
        }
    }

    /// Runs a function and waits for its answer.
    pub(crate) async fn invoke(&self, function: &FunctionName, call: Invocation) -> Result<Invoked, LambdaError> {
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

    /// Whether Invoke would find the function. One behind another endpoint counts as found: only calling it tells.
    pub(crate) fn find(&self, function: &FunctionName) -> Result<(), LambdaError> {
        self.check_qualifier(function)?;
        if self.remote.is_some() || self.local.function(&function.name).is_some() {
            return Ok(());
        }
        Err(self.not_found(function))
    }

    /// How a function of this machine is set up.
    pub(crate) fn spec(&self, function: &FunctionName) -> Result<FunctionSpec, LambdaError> {
        self.check_qualifier(function)?;
        self.local.function(&function.name).ok_or_else(|| {
            let arn = format!(
                "arn:aws:lambda:{}:{}:function:{}",
                self.region, self.account, function.name
            );
            LambdaError::FunctionNotFound { arn }
        })
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
            arn: function.qualified_arn(&self.region, &self.account),
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
