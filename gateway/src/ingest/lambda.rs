use std::time::Duration;

use sluice_aws::{
    Attempts, CallError, Entries, EntriesError, EntryChunk, EntryRange, Executions, Service, SettingError, Submissions,
    config, environment, required,
};
use sluice_workflows::Entry;

use super::{EntryList, Ingest, Randomness, Settings};
use crate::http::{OriginSecret, Request, negotiate};
use crate::start::AwsWorkflow;
use crate::submission_id::SubmissionIds;

impl EntryList for Entries {
    async fn chunk(&self, range: &EntryRange<'_>) -> Result<EntryChunk, EntriesError> {
        Entries::chunk(self, range).await
    }

    async fn entry(&self, id: &str) -> Result<Option<Entry>, CallError> {
        Entries::find(self, id).await
    }
}

/// The system's randomness.
struct System;

impl Randomness for System {
    fn uuid(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }

    fn fraction(&self) -> f64 {
        crate::randomness::fraction()
    }
}

fn settings(read: &dyn Fn(&str) -> Option<String>) -> Result<Settings, SettingError> {
    const LISTING: &str = "PUBLIC_LISTING";
    let public_listing = match read(LISTING).as_deref() {
        Some("true") => true,
        // What shows personal data must be asked for.
        Some("false") | None => false,
        Some(value) => {
            let value = value.to_owned();
            return Err(SettingError::Unusable {
                name: LISTING,
                value,
                expected: "it must be true or false",
            });
        }
    };
    Ok(Settings {
        public_listing,
        wait: seconds(read, "WAIT_SECONDS", 3)?,
        longest_wait: seconds(read, "LONGEST_WAIT_SECONDS", 5)?,
    })
}

fn seconds(read: &dyn Fn(&str) -> Option<String>, name: &'static str, default: u64) -> Result<Duration, SettingError> {
    let Some(value) = read(name) else {
        return Ok(Duration::from_secs(default));
    };
    value
        .parse()
        .ok()
        .filter(|seconds| *seconds <= 20)
        .map(Duration::from_secs)
        .ok_or(SettingError::Unusable {
            name,
            value,
            expected: "it must be a number of seconds from 0 to 20",
        })
}

fn ingest() -> Result<(Ingest<AwsWorkflow, Entries, System>, OriginSecret), SettingError> {
    let step_functions = config(Service::StepFunctions, Attempts::ByCaller, &environment)?;
    let dynamodb = config(Service::DynamoDb, Attempts::BySdk, &environment)?;
    // Looked at again and again anyway, and not when it is busy.
    let looks = config(Service::DynamoDb, Attempts::ByCaller, &environment)?;
    let workflow = AwsWorkflow {
        executions: Executions::new(&step_functions, required(&environment, "STATE_MACHINE_ARN")?)?,
        submissions: Submissions::new(&looks, required(&environment, "SUBMISSIONS_TABLE_NAME")?),
    };
    let entries = Entries::new(&dynamodb, required(&environment, "TABLE_NAME")?);
    let ids = SubmissionIds::new(&required(&environment, "ID_SECRET")?)?;
    let ingest = Ingest::new(workflow, entries, System, ids, settings(&environment)?);
    Ok((ingest, OriginSecret::read(&environment)?))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(ingest, async |(ingest, origin), request: Request, context| {
        Ok(match origin.check(&request) {
            Ok(()) => ingest.handle(&request, sluice_aws::remaining(&context)).await,
            Err(problem) => problem.response(negotiate(request.header("accept"))),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expected: Result<(bool, u64, u64), &str>) {
        let read = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        match (settings(&read), expected) {
            (got, Ok((public_listing, wait, longest_wait))) => {
                assert_eq!(
                    got,
                    Ok(Settings {
                        public_listing,
                        wait: Duration::from_secs(wait),
                        longest_wait: Duration::from_secs(longest_wait)
                    })
                );
            }
            (got, Err(part)) => assert!(got.unwrap_err().to_string().contains(part)),
        }
    }

    #[test]
    fn the_list_is_shown_only_if_asked_for() {
        check(&[], Ok((false, 3, 5)));
        check(
            &[
                ("PUBLIC_LISTING", "true"),
                ("WAIT_SECONDS", "0"),
                ("LONGEST_WAIT_SECONDS", "20"),
            ],
            Ok((true, 0, 20)),
        );
        check(&[("PUBLIC_LISTING", "yes")], Err("PUBLIC_LISTING is \"yes\""));
        check(&[("WAIT_SECONDS", "21")], Err("WAIT_SECONDS is \"21\""));
    }
}
