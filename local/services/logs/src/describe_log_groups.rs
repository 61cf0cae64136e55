//! [DescribeLogGroups](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html)

use serde::{Deserialize, Serialize};
use sluice_wire::{ApiError, Constraints, PageToken};

use crate::{Logs, LogsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    log_groups: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    log_group_name: String,
    creation_time: i64,
    metric_filter_count: u32,
    arn: String,
    stored_bytes: u64,
    log_group_class: &'static str,
    log_group_arn: String,
}

pub(crate) async fn call(logs: &Logs, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::default();
    let limit = constraints.number("limit", request.limit, 1..=50, 50) as usize;
    constraints.finish()?;
    if request.log_group_name_prefix.is_some() && request.log_group_name_pattern.is_some() {
        let problem = "Either logGroupNamePrefix or logGroupNamePattern can be used, not both.";
        return Err(LogsError::InvalidParameter(problem.to_owned()).into());
    }
    let scope = format!(
        "{:?} {:?}",
        request.log_group_name_prefix, request.log_group_name_pattern
    );
    let scope = ["DescribeLogGroups", &scope];
    let token = PageToken::of(&scope);
    let after = match &request.next_token {
        None => None,
        Some(text) => Some(token.open(text).ok_or_else(unknown_token)?),
    };
    let pattern = request.log_group_name_pattern.as_deref().map(str::to_lowercase);
    let mut names: Vec<(String, String)> = logs
        .host
        .functions()
        .iter()
        .map(|function| (Logs::group_of(&function.name), function.name.to_string()))
        .filter(|(group, _)| {
            let prefix = request.log_group_name_prefix.as_deref();
            prefix.is_none_or(|prefix| group.starts_with(prefix))
                && pattern
                    .as_deref()
                    .is_none_or(|part| group.to_lowercase().contains(part))
                && after.as_deref().is_none_or(|after| group.as_str() > after)
        })
        .collect();
    names.sort();
    let more = names.len() > limit;
    names.truncate(limit);
    let next_token = names.last().filter(|_| more).map(|(last, _)| token.seal(last));
    let group = |(name, function): (String, String)| {
        let events = crate::events::events(&logs.host, &function);
        Group {
            arn: format!("{}:*", logs.group_arn(&name)),
            log_group_arn: logs.group_arn(&name),
            creation_time: events
                .first()
                .map_or_else(|| logs.account.now(), |first| first.timestamp),
            stored_bytes: events.iter().map(|event| event.message.len() as u64).sum(),
            metric_filter_count: 0,
            log_group_class: "STANDARD",
            log_group_name: name,
        }
    };
    Ok(Response {
        log_groups: names.into_iter().map(group).collect(),
        next_token,
    })
}

/// The refusal of a token that was given out by no list like this.
pub(crate) fn unknown_token() -> LogsError {
    LogsError::InvalidParameter("The specified nextToken is invalid.".to_owned())
}
