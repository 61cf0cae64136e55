//! Functions by closure, in place of processes.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use sluice_host::{FunctionError, FunctionSpec, Functions, Invocation, InvokeError, InvokeOutput, ThrottleReason};

use crate::{ACCOUNT, REGION};

/// A function: its event in, its response out.
pub type Handler = fn(&Bytes) -> Result<Vec<u8>, Fault>;

/// A failure of a test function.
#[derive(Debug)]
pub enum Fault {
    /// The function failed with this payload.
    Function(&'static str),
    /// The host refused.
    Throttled,
}

/// Functions by name.
#[derive(Debug, Default)]
pub struct TestFunctions(BTreeMap<&'static str, Handler>);

impl TestFunctions {
    /// These functions.
    pub fn new<const N: usize>(functions: [(&'static str, Handler); N]) -> Self {
        Self(functions.into_iter().collect())
    }
}

impl Functions for TestFunctions {
    fn invoke<'a>(
        &'a self,
        name: &'a str,
        invocation: Invocation,
    ) -> Pin<Box<dyn Future<Output = Result<InvokeOutput, InvokeError>> + Send + 'a>> {
        let result = match self.0.get(name) {
            None => Err(InvokeError::ResourceNotFound(name.to_owned())),
            Some(handler) => output(handler(&invocation.payload), &invocation),
        };
        Box::pin(std::future::ready(result))
    }

    fn function(&self, name: &str) -> Option<FunctionSpec> {
        self.0.contains_key(name).then(|| spec(name))
    }

    fn functions(&self) -> Vec<FunctionSpec> {
        self.0.keys().map(|name| spec(name)).collect()
    }
}

/// The set-up of a test function.
pub fn spec(name: &str) -> FunctionSpec {
    FunctionSpec::new(
        name,
        &format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"),
        "/nowhere/bootstrap",
    )
}

/// The host's output for a function's result.
///
/// # Errors
/// [`InvokeError::TooManyRequests`] for [`Fault::Throttled`].
pub fn output(result: Result<Vec<u8>, Fault>, invocation: &Invocation) -> Result<InvokeOutput, InvokeError> {
    let (payload, function_error) = match result {
        Ok(payload) => (payload, None),
        Err(Fault::Function(payload)) => (payload.as_bytes().to_vec(), Some(FunctionError::Unhandled)),
        Err(Fault::Throttled) => {
            return Err(InvokeError::TooManyRequests(
                ThrottleReason::ConcurrentInvocationLimitExceeded,
            ));
        }
    };
    Ok(InvokeOutput {
        request_id: invocation.request_id.unwrap_or_default(),
        payload: payload.into(),
        function_error,
        executed_version: "$LATEST".into(),
        log_tail: invocation.log_tail.then(|| "TE9H".to_owned()),
        duration: Duration::from_millis(1),
        init_duration: None,
        billed_ms: 1,
    })
}
