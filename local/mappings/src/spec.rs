//! Mappings as templates declare them.

use sluice_lambda::FunctionName;
use sluice_sqs::name_in_arn;
use sluice_streams::StartingPosition;
use sluice_wire::Account;

use crate::MappingError;

/// A mapping as a template declares it
/// ([AWS::Lambda::EventSourceMapping](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html)
/// of a Kinesis stream). [`MappingSpec::new`] has Lambda's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingSpec {
    /// The UUID that a new mapping gets; absent: any.
    pub uuid: Option<String>,
    /// The ARN of the stream.
    pub stream_arn: String,
    /// The function's name or ARN.
    pub function: String,
    /// The ARN of the function's role, which events name.
    pub role_arn: String,
    /// The place at which it begins the first time.
    pub starting_position: StartingPosition,
    /// The most records of a batch: 1 to 10,000.
    pub batch_size: u32,
    /// The time for which records may wait for others: 0 to 300 s.
    pub batching_window_seconds: u32,
    /// The batches of a shard that are at work at once: 1 to 10.
    pub parallelization_factor: u32,
    /// The function names the records that failed.
    pub report_batch_item_failures: bool,
    /// A batch that fails is tried again in two halves.
    pub bisect_batch_on_function_error: bool,
    /// The retries of a batch: 0 to 10,000; absent: until its records are past their time.
    pub maximum_retry_attempts: Option<u32>,
    /// The oldest age of a record: 60 to 604,800 s; absent: as old as the stream keeps it.
    pub maximum_record_age_seconds: Option<u32>,
    /// The ARN of the queue that is told of batches that are given up.
    pub on_failure: Option<String>,
}

impl MappingSpec {
    /// A mapping with Lambda's defaults.
    pub fn new(stream_arn: &str, function: &str, role_arn: &str, starting_position: StartingPosition) -> Self {
        Self {
            uuid: None,
            stream_arn: stream_arn.to_owned(),
            function: function.to_owned(),
            role_arn: role_arn.to_owned(),
            starting_position,
            batch_size: 100,
            batching_window_seconds: 0,
            parallelization_factor: 1,
            report_batch_item_failures: false,
            bisect_batch_on_function_error: false,
            maximum_retry_attempts: None,
            maximum_record_age_seconds: None,
            on_failure: None,
        }
    }

    /// The stream's name.
    pub(crate) fn stream(&self, account: &Account) -> Result<String, MappingError> {
        let prefix = account.arn("kinesis", "stream/");
        let name = self.stream_arn.strip_prefix(&prefix).filter(|name| !name.is_empty());
        name.map(str::to_owned)
            .ok_or_else(|| MappingError::Source(self.stream_arn.clone()))
    }

    /// The function.
    pub(crate) fn function(&self) -> Result<FunctionName, MappingError> {
        FunctionName::parse(&self.function, None).map_err(|error| MappingError::Function(error.to_string()))
    }

    /// The name of the queue for what is given up.
    pub(crate) fn destination(&self) -> Result<Option<String>, MappingError> {
        let Some(arn) = &self.on_failure else { return Ok(None) };
        let name = name_in_arn(arn).ok_or_else(|| MappingError::Destination(arn.clone()))?;
        Ok(Some(name.to_owned()))
    }

    /// Refuses what Lambda refuses.
    pub(crate) fn check(&self) -> Result<(), MappingError> {
        let rows = [
            ("BatchSize", Some(self.batch_size), 1..=10_000),
            (
                "MaximumBatchingWindowInSeconds",
                Some(self.batching_window_seconds),
                0..=300,
            ),
            ("ParallelizationFactor", Some(self.parallelization_factor), 1..=10),
            ("MaximumRetryAttempts", self.maximum_retry_attempts, 0..=10_000),
            (
                "MaximumRecordAgeInSeconds",
                self.maximum_record_age_seconds,
                60..=604_800,
            ),
        ];
        for (name, value, bounds) in rows {
            if let Some(value) = value.filter(|value| !bounds.contains(value)) {
                let (least, most) = bounds.into_inner();
                return Err(MappingError::Limit {
                    name,
                    value,
                    least,
                    most,
                });
            }
        }
        Ok(())
    }
}
