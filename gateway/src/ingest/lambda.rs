use std::time::Duration;

use sluice_aws::{
    Attempts, CallError, Entries, EntryPage, Executions, NewestEvent, Service, SettingError, config, environment,
    required,
};

use super::{EntryList, Ingest, Randomness, Settings, Workflow};
use crate::http::{OriginSecret, Request, negotiate};

impl Workflow for Executions {
    async fn newest_event(&self, name: &str) -> Result<Option<NewestEvent>, CallError> {
        Executions::newest_event(self, name).await
    }
}

impl EntryList for Entries {
    async fn page(&self, limit: u16, after: Option<&str>) -> Result<EntryPage, CallError> {
        Entries::page(self, limit, after).await
    }
}

/// The system's randomness.
struct System;

impl Randomness for System {
    fn submission_id(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }

    fn fraction(&self) -> f64 {
        crate::randomness::fraction()
    }
}

fn settings(read: &dyn Fn(&str) -> Option<String>) -> Result<Settings, SettingError> {
    const LISTING: &str = "PUBLIC_LISTING";
    const WAIT: &str = "WAIT_SECONDS";
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
    let wait = match read(WAIT) {
        None => 3,
        Some(value) => value
            .parse()
            .ok()
            .filter(|seconds| *seconds <= 20)
            .ok_or(SettingError::Unusable {
                name: WAIT,
                value,
                expected: "it must be a number of seconds from 0 to 20",
            })?,
    };
    Ok(Settings {
        public_listing,
        wait: Duration::from_secs(wait),
    })
}

fn ingest() -> Result<(Ingest<Executions, Entries, System>, OriginSecret), SettingError> {
    let workflow = Executions::new(
        &config(Service::StepFunctions, Attempts::ByCaller, &environment)?,
        required(&environment, "STATE_MACHINE_ARN")?,
    )?;
    let entries = Entries::new(
        &config(Service::DynamoDb, Attempts::BySdk, &environment)?,
        required(&environment, "TABLE_NAME")?,
    );
    let ingest = Ingest::new(workflow, entries, System, settings(&environment)?);
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

    fn check(variables: &[(&str, &str)], expected: Result<(bool, u64), &str>) {
        let read = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        match (settings(&read), expected) {
            (got, Ok((public_listing, wait))) => {
                assert_eq!(
                    got,
                    Ok(Settings {
                        public_listing,
                        wait: Duration::from_secs(wait)
                    })
                );
            }
            (got, Err(part)) => assert!(got.unwrap_err().to_string().contains(part)),
        }
    }

    #[test]
    fn the_list_is_shown_only_if_asked_for() {
        check(&[], Ok((false, 3)));
        check(&[("PUBLIC_LISTING", "true"), ("WAIT_SECONDS", "0")], Ok((true, 0)));
        check(&[("PUBLIC_LISTING", "yes")], Err("PUBLIC_LISTING is \"yes\""));
        check(&[("WAIT_SECONDS", "21")], Err("WAIT_SECONDS is \"21\""));
    }
}
