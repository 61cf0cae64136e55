//! The operations of AWS's services, and the members of their requests.
//!
//! From botocore's models, by `data/generate.py`. A service is read when a definition names it, and not kept: that costs some
//! ten microseconds, and a process that never asks pays nothing.

use std::io::Read;

use flate2::read::DeflateDecoder;

/// The table; `data/generate.py` says how it is written.
static TABLE: &[u8] = include_bytes!("../../data/apis.bin");

/// Services that botocore no longer has. Nothing is known about their operations, and old definitions may name them.
const RETIRED: [&str; 29] = [
    "alexaforbusiness",
    "cloudwatchevents",
    "cloudwatchevidently",
    "codestar",
    "elasticinference",
    "elastictranscoder",
    "evidently",
    "gamesparks",
    "honeycode",
    "iot1clickdevices",
    "iot1clickprojects",
    "iotanalytics",
    "iotevents",
    "iotroborunner",
    "lookoutmetrics",
    "lookoutvision",
    "macie",
    "mobile",
    "nimble",
    "opsworks",
    "opsworkscm",
    "panorama",
    "privatenetworks",
    "qldb",
    "qldbsession",
    "robomaker",
    "simspaceweaver",
    "sms",
    "worklink",
];

/// The knowledge about a service.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// There is no such service.
    Unknown,
    /// There is, or was; its operations are not known.
    Retired,
    /// Its operations, a line each.
    Known(String),
}

/// The members of an operation's request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Members<'s>(&'s str);

impl Service {
    /// The service that an integration names.
    pub(super) fn named(name: &str) -> Self {
        match text(name) {
            Some(text) => Self::Known(text),
            None if RETIRED.contains(&name) => Self::Retired,
            None => Self::Unknown,
        }
    }

    /// The request of an action, `startExecution` for StartExecution. None: there is no such operation.
    pub(super) fn request(&self, action: &str) -> Option<Members<'_>> {
        let Self::Known(text) = self else { return None };
        text.lines().find_map(|line| {
            let (operation, members) = line.split_once(' ').unwrap_or((line, ""));
            operation.eq_ignore_ascii_case(action).then_some(Members(members))
        })
    }
}

impl<'s> Members<'s> {
    /// The names of all.
    pub(super) fn names(&self) -> impl Iterator<Item = &'s str> {
        self.0
            .split_ascii_whitespace()
            .map(|member| member.trim_start_matches('*'))
    }

    /// The names of those without which there is no request.
    pub(super) fn required(&self) -> impl Iterator<Item = &'s str> {
        self.0
            .split_ascii_whitespace()
            .filter_map(|member| member.strip_prefix('*'))
    }
}

/// A service's text; none if the table does not have it.
fn text(service: &str) -> Option<String> {
    let (count, mut index) = TABLE.split_first_chunk::<2>()?;
    for _ in 0..u16::from_le_bytes(*count) {
        let (length, rest) = index.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let (offset, rest) = rest.split_first_chunk::<4>()?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        if name == service.as_bytes() {
            let offset = usize::try_from(u32::from_le_bytes(*offset)).ok()?;
            let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
            let packed = TABLE.get(offset..offset.checked_add(size)?)?;
            let mut text = String::new();
            DeflateDecoder::new(packed).read_to_string(&mut text).ok()?;
            return Some(text);
        }
        index = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Service, TABLE};

    fn check(service: &str, action: &str, required: &[&str], some: &str) {
        let known = Service::named(service);
        let request = known.request(action).expect(action);
        assert_eq!(request.required().collect::<Vec<_>>(), required, "{service}:{action}");
        assert!(request.names().any(|name| name == some), "{service}:{action}");
    }

    #[test]
    fn requests_are_botocores() {
        check("lambda", "invoke", &["FunctionName"], "Payload");
        check("sqs", "sendMessage", &["QueueUrl", "MessageBody"], "DelaySeconds");
        check("sfn", "startExecution", &["StateMachineArn"], "Input");
        check("dynamodb", "putItem", &["TableName", "Item"], "ReturnValues");
        check("ecs", "runTask", &["TaskDefinition"], "NetworkConfiguration");
        check("cloudwatchlogs", "getLogEvents", &["LogStreamName"], "LogGroupName");
    }

    #[test]
    fn names_are_those_of_the_sdk_for_java() {
        for name in [
            "directory",
            "config",
            "databasemigration",
            "eventbridge",
            "elasticloadbalancingv2",
        ] {
            assert!(matches!(Service::named(name), Service::Known(_)), "{name}");
        }
        for name in ["stepfunctions", "events", "logs", "Lambda", ""] {
            assert_eq!(Service::named(name), Service::Unknown, "{name}");
        }
        assert_eq!(Service::named("qldb"), Service::Retired);
    }

    #[test]
    fn the_whole_table_can_be_read() {
        let mut index = &TABLE[2..];
        for _ in 0..u16::from_le_bytes([TABLE[0], TABLE[1]]) {
            let (name, rest) = index[1..].split_at(usize::from(index[0]));
            let name = std::str::from_utf8(name).expect("a name");
            assert!(
                matches!(Service::named(name), Service::Known(text) if !text.is_empty()),
                "{name}"
            );
            index = &rest[8..];
        }
    }
}
