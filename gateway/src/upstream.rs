use sluice_aws::CallError;

use crate::http::{Kind, Problem};

/// The problem for a call to AWS that failed before anything was taken in. It names the service that failed.
pub(crate) fn upstream_problem(error: &CallError, retry_after: impl Into<String>) -> Problem {
    tracing::error!(%error, "a call failed");
    let service = error.service();
    if error.is_retryable() {
        Problem::new(
            Kind::Unavailable,
            format!("{service} did not answer. Try again in a moment."),
        )
        .with_header("retry-after", retry_after)
    } else {
        Problem::new(
            Kind::Broken,
            format!("{service} refused the call of this function. The function's log says why."),
        )
    }
}

#[cfg(test)]
mod tests {
    use sluice_aws::CallErrorKind;

    use super::*;

    #[test]
    fn it_names_the_service_that_failed() {
        for (action, kind, expected, detail) in [
            (
                "dynamodb:GetItem",
                CallErrorKind::Throttled,
                Kind::Unavailable,
                "DynamoDB did not answer",
            ),
            (
                "states:StartExecution",
                CallErrorKind::Unreachable,
                Kind::Unavailable,
                "Step Functions did not answer",
            ),
            (
                "dynamodb:Scan",
                CallErrorKind::Refused,
                Kind::Broken,
                "DynamoDB refused",
            ),
        ] {
            let error = CallError {
                action,
                kind,
                message: "secret detail".to_owned(),
            };
            let problem = upstream_problem(&error, "3");
            assert_eq!(problem.kind, expected);
            assert!(
                problem.detail.starts_with(detail) && !problem.detail.contains("secret"),
                "{problem:?}"
            );
            assert_eq!(
                problem.headers.contains_key("retry-after"),
                kind != CallErrorKind::Refused
            );
        }
    }
}
