//! The service's own state.

use sluice_host::Host;
use sluice_wire::Account;

use crate::LogsError;

/// The beginning of the names of functions' groups.
const GROUP: &str = "/aws/lambda/";

/// The log groups of an account. Cheap to clone; clones are the same service.
#[derive(Clone)]
pub struct Logs {
    pub(crate) account: Account,
    pub(crate) host: Host,
}

impl Logs {
    /// The service over the logs of a host.
    pub fn new(account: Account, host: Host) -> Self {
        Self { account, host }
    }

    /// The name of a function's group.
    pub(crate) fn group_of(function: &str) -> String {
        format!("{GROUP}{function}")
    }

    /// The ARN of a group.
    pub(crate) fn group_arn(&self, group: &str) -> String {
        self.account.arn("logs", &format!("log-group:{group}"))
    }

    /// The function of the group that a request names, by its name or by its ARN.
    ///
    /// # Errors
    /// When it names none, or one that is not there.
    pub(crate) fn function(&self, name: Option<&str>, identifier: Option<&str>) -> Result<String, LogsError> {
        let given = match (name, identifier) {
            (Some(given), None) | (None, Some(given)) => given,
            (None, None) => {
                let problem = "Exactly one of the parameters logGroupName and logGroupIdentifier must be there.";
                return Err(LogsError::InvalidParameter(problem.to_owned()));
            }
            (Some(_), Some(_)) => {
                let problem = "LogGroupName and LogGroupIdentifier cannot be used together.";
                return Err(LogsError::InvalidParameter(problem.to_owned()));
            }
        };
        let group = match given.split_once(":log-group:") {
            Some((_, group)) => group.trim_end_matches(":*"),
            None => given,
        };
        let function = group
            .strip_prefix(GROUP)
            .filter(|name| self.host.function(name).is_some());
        function.map(str::to_owned).ok_or(LogsError::NoGroup)
    }
}
