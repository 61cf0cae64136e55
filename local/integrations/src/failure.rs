//! The failures of tasks, as `ErrorEquals` and the history see them.

use sluice_wire::ApiError;

/// The most bytes of a task's result.
pub(crate) const MAX_RESULT: usize = 262_144;

/// The most characters of an error's name.
const MAX_ERROR: usize = 256;
/// The most characters of a cause.
const MAX_CAUSE: usize = 32_768;

fn cut(text: &mut String, characters: usize) {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
    }
}

/// An error name and its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskFailure {
    pub(crate) error: String,
    pub(crate) cause: String,
}

/// The generation of the AWS SDK for Java whose words a client uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    /// Optimised integrations.
    One,
    /// `aws-sdk:` integrations.
    Two,
}

/// The client by which Step Functions calls a service. Errors are named after its exception classes.
#[derive(Debug)]
pub(crate) struct Client {
    prefix: &'static str,
    /// The service as its exceptions name it.
    service: &'static str,
    /// The class of all that has none of its own.
    base: &'static str,
    generation: Generation,
    /// Error codes without a class of their own, besides those that no service has.
    unmodelled: &'static [&'static str],
}

/// Error codes that are in no service's model.
const UNMODELLED: [&str; 6] = [
    "SerializationException",
    "UnknownOperationException",
    "MissingAction",
    "InvalidAction",
    "InternalFailure",
    "ServiceUnavailable",
];

impl Client {
    const fn optimised(prefix: &'static str, service: &'static str, base: &'static str) -> Self {
        Self {
            prefix,
            service,
            base,
            generation: Generation::One,
            unmodelled: &[],
        }
    }

    const fn sdk(name: &'static str, base: &'static str) -> Self {
        Self {
            prefix: name,
            service: name,
            base,
            generation: Generation::Two,
            unmodelled: &[],
        }
    }

    const fn without(self, unmodelled: &'static [&'static str]) -> Self {
        Self { unmodelled, ..self }
    }

    pub(crate) const LAMBDA: Self = Self::optimised("Lambda", "AWSLambda", "AWSLambdaException");
    pub(crate) const SNS: Self = Self::optimised("SNS", "AmazonSNS", "AmazonSNSException");
    pub(crate) const DYNAMODB: Self =
        Self::optimised("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException").without(&["ValidationException"]);
    pub(crate) const STEP_FUNCTIONS: Self =
        Self::optimised("StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException");
    pub(crate) const SDK_LAMBDA: Self = Self::sdk("Lambda", "LambdaException");
    pub(crate) const SDK_SNS: Self = Self::sdk("Sns", "SnsException");
    pub(crate) const SDK_DYNAMODB: Self = Self::sdk("DynamoDb", "DynamoDbException").without(&["ValidationException"]);
    pub(crate) const SDK_SFN: Self = Self::sdk("Sfn", "SfnException");
    pub(crate) const SQS: Self = Self::optimised("SQS", "AmazonSQS", "AmazonSQSException")
        .without(&["InvalidParameterValue", "MissingParameter"]);
    pub(crate) const SDK_SQS: Self =
        Self::sdk("Sqs", "SqsException").without(&["InvalidParameterValue", "MissingParameter"]);
    pub(crate) const SDK_CLOUDWATCH_EVENTS: Self =
        Self::sdk("CloudWatchEvents", "CloudWatchEventsException").without(&["ValidationException"]);
    pub(crate) const SDK_KINESIS: Self = Self::sdk("Kinesis", "KinesisException");
    pub(crate) const SDK_CLOUDWATCH: Self =
        Self::sdk("CloudWatch", "CloudWatchException").without(&["ValidationError"]);
    pub(crate) const SDK_LOGS: Self = Self::sdk("CloudWatchLogs", "CloudWatchLogsException");
    pub(crate) const SDK_CLOUDFORMATION: Self =
        Self::sdk("CloudFormation", "CloudFormationException").without(&["ValidationError"]);
    pub(crate) const SDK_DYNAMODB_STREAMS: Self =
        Self::sdk("DynamoDbStreams", "DynamoDbStreamsException").without(&["ValidationException"]);
    pub(crate) const EVENTS: Self = Self::optimised(
        "EventBridge",
        "AmazonCloudWatchEvents",
        "AmazonCloudWatchEventsException",
    )
    .without(&["ValidationException"]);
    pub(crate) const SDK_EVENTBRIDGE: Self =
        Self::sdk("EventBridge", "EventBridgeException").without(&["ValidationException"]);
    pub(crate) const SDK_STS: Self = Self::sdk("Sts", "StsException");

    /// True when responses come as they are; those of optimised integrations carry the metadata of HTTP as well.
    pub(crate) fn is_sdk(&self) -> bool {
        self.generation == Generation::Two
    }

    /// The failure of a task whose call the service refused.
    pub(crate) fn refused(&self, error: &ApiError, request_id: &str) -> TaskFailure {
        self.refused_as(error, &error.code, request_id)
    }

    /// The same where the service shows another code than the one that its exception is named after.
    pub(crate) fn refused_as(&self, error: &ApiError, shown: &str, request_id: &str) -> TaskFailure {
        let ApiError {
            status, code, message, ..
        } = error;
        let (service, status) = (self.service, status.as_u16());
        let cause = match self.generation {
            Generation::One => format!(
                "{message} (Service: {service}; Status Code: {status}; Error Code: {shown}; Request ID: {request_id}; \
                 Proxy: null)"
            ),
            Generation::Two => format!(
                "{message} (Service: {service}, Status Code: {status}, Request ID: {request_id}) (SDK Attempt Count: 1)"
            ),
        };
        TaskFailure::new(format!("{}.{}", self.prefix, self.class(code)), cause)
    }

    fn class(&self, code: &str) -> String {
        if code.is_empty() || UNMODELLED.contains(&code) || self.unmodelled.contains(&code) {
            self.base.to_owned()
        } else if code.ends_with("Exception") {
            code.to_owned()
        } else if let Some(name) = code.strip_suffix("Fault") {
            format!("{name}Exception")
        } else {
            format!("{code}Exception")
        }
    }
}

impl TaskFailure {
    pub(crate) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        let (mut error, mut cause) = (error.into(), cause.into());
        cut(&mut error, MAX_ERROR);
        cut(&mut cause, MAX_CAUSE);
        Self { error, cause }
    }

    /// The definition asks for something that cannot be.
    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::new("States.Runtime", cause)
    }

    /// A result beyond 262,144 bytes.
    pub(crate) fn too_large(task: &str) -> Self {
        Self::new(
            "States.DataLimitExceeded",
            format!(
                "The state/task '{task}' returned a result with a size exceeding the maximum number of bytes service limit."
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(client: &Client, code: &'static str, error: &str, cause: &str) {
        let failure = client.refused(&ApiError::client(code, "m"), "id");
        assert_eq!((failure.error.as_str(), failure.cause.as_str()), (error, cause));
    }

    #[test]
    fn errors_are_named_after_the_classes_of_the_sdk() {
        check(
            &Client::STEP_FUNCTIONS,
            "ExecutionAlreadyExists",
            "StepFunctions.ExecutionAlreadyExistsException",
            "m (Service: AWSStepFunctions; Status Code: 400; Error Code: ExecutionAlreadyExists; Request ID: id; Proxy: null)",
        );
        check(
            &Client::SDK_SFN,
            "InvalidToken",
            "Sfn.InvalidTokenException",
            "m (Service: Sfn, Status Code: 400, Request ID: id) (SDK Attempt Count: 1)",
        );
        check(
            &Client::DYNAMODB,
            "ValidationException",
            "DynamoDB.AmazonDynamoDBException",
            "m (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: id; Proxy: null)",
        );
        check(
            &Client::SDK_DYNAMODB,
            "ConditionalCheckFailedException",
            "DynamoDb.ConditionalCheckFailedException",
            "m (Service: DynamoDb, Status Code: 400, Request ID: id) (SDK Attempt Count: 1)",
        );
    }
}
