//! The statuses of executions, as a query names them.

use sluice_engine::Status;

use crate::problem::Problem;
use crate::query::Query;

/// The statuses that an execution of this runtime can have.
const STATUSES: [Status; 6] = [
    Status::Running,
    Status::Succeeded,
    Status::Failed,
    Status::TimedOut,
    Status::Aborted,
    Status::PendingRedrive,
];

/// Reads a status as a query names it, in upper or lower case.
pub(crate) fn parse_status(query: &Query) -> Result<Option<Status>, Problem> {
    let Some(wanted) = query.filled("status") else {
        return Ok(None);
    };
    let known = STATUSES
        .into_iter()
        .find(|status| status.as_str().eq_ignore_ascii_case(wanted));
    known.map(Some).ok_or_else(|| {
        let beginning: String = wanted.chars().take(40).collect();
        let names: Vec<&str> = STATUSES.iter().map(|status| status.as_str()).collect();
        Problem::bad_request(format!("status is {beginning:?}; it can be {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_in_any_case() {
        fn check(query: &str, expected: Result<Option<Status>, u16>) {
            let status = parse_status(&Query::parse(Some(query))).map_err(|problem| problem.status.as_u16());
            assert_eq!(status, expected, "{query}");
        }
        check("", Ok(None));
        check("status=", Ok(None));
        check("status=TIMED_OUT", Ok(Some(Status::TimedOut)));
        check("status=aborted", Ok(Some(Status::Aborted)));
        check("status=WAITING", Err(400));
        check("status=%00", Err(400));
    }
}
