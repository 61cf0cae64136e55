//! The service's own state.

use std::sync::Arc;

use sluice_wire::{Account, Form};

use crate::{CloudFormationError, StackRecord, Stacks};

/// The stacks of an account. Cheap to clone; clones are the same service.
#[derive(Clone)]
pub struct CloudFormation {
    pub(crate) account: Account,
    pub(crate) stacks: Arc<Stacks>,
}

impl CloudFormation {
    /// The service over these stacks.
    pub fn new(account: Account, stacks: Arc<Stacks>) -> Self {
        Self { account, stacks }
    }

    /// The stack that `StackName` names, by name or id.
    pub(crate) fn named_stack(&self, form: &Form) -> Result<Arc<StackRecord>, CloudFormationError> {
        let name = form
            .filled("StackName")
            .ok_or(CloudFormationError::MissingParameter("StackName"))?;
        let stack = self.stacks.get(name);
        stack.ok_or_else(|| CloudFormationError::StackDoesNotExist(name.to_owned()))
    }
}

/// Refuses a `NextToken`: every list fits one page, so no page gave out a token.
pub(crate) fn refuse_token(form: &Form) -> Result<(), CloudFormationError> {
    match form.filled("NextToken") {
        None => Ok(()),
        Some(_) => Err(CloudFormationError::InvalidToken),
    }
}
