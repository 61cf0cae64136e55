//! The functions of a machine, as their callers see them.

use std::future::Future;
use std::pin::Pin;

use crate::{FunctionSpec, Host, Invocation, InvokeError, InvokeOutput};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The functions of this machine. The [`Host`] is one; tests bring their own.
pub trait Functions: Send + Sync + 'static {
    /// Runs a function and waits for its response.
    fn invoke<'a>(&'a self, name: &'a str, invocation: Invocation) -> Boxed<'a, Result<InvokeOutput, InvokeError>>;

    /// The set-up of a function; none when there is no such function.
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
