//! `AWS::Scheduler::Schedule`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html>).

use chrono::{DateTime, NaiveDateTime};

use crate::error::Problem;
use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::schedule_target::ScheduleTarget;

/// Something that happens at a time, or again and again. `Ref` gives its name, `Arn` its ARN.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// `Name`, or a generated name; at most 64 characters.
    pub name: String,
    /// The schedule's ARN.
    pub arn: String,
    /// `Description`; at most 512 characters.
    pub description: Option<String>,
    /// `ScheduleExpression`.
    pub timing: ScheduleTiming,
    /// `StartDate`: not before, in milliseconds since 1970.
    pub start_ms: Option<i64>,
    /// `EndDate`: not after, in milliseconds since 1970.
    pub end_ms: Option<i64>,
    /// `State` is `ENABLED`, which it is when absent.
    pub enabled: bool,
    /// `Target`: what happens.
    pub target: ScheduleTarget,
    /// `Target.RetryPolicy.MaximumRetryAttempts`: 0 to 185, which it is when absent.
    pub max_retries: u32,
    /// `Target.RetryPolicy.MaximumEventAgeInSeconds`: 60 to 86,400, which it is when absent.
    pub max_event_age_seconds: u32,
}

/// The times at which a schedule calls its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleTiming {
    /// `at(…)`: once, at these milliseconds since 1970.
    At(i64),
    /// `rate(…)`: again and again, so many milliseconds apart; at least a minute.
    Rate(i64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Window {
    Off,
    Flexible,
}

impl Choice for Window {
    const ALL: &'static [(&'static str, Self)] = &[("OFF", Window::Off), ("FLEXIBLE", Window::Flexible)];
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EnabledState {
    Enabled,
    Disabled,
}

impl Choice for EnabledState {
    const ALL: &'static [(&'static str, Self)] =
        &[("ENABLED", EnabledState::Enabled), ("DISABLED", EnabledState::Disabled)];
}

const TARGET: &[Property] = &[
    Property::honoured("Arn"),
    Property::refused("DeadLetterConfig", "what fails is in the log; leave it out"),
    Property::refused("EcsParameters", "tasks are run by services"),
    Property::refused("EventBridgeParameters", "there is no EventBridge; call a function"),
    Property::honoured("Input"),
    Property::refused("KinesisParameters", "call a function that puts the record"),
    Property::honoured("RetryPolicy"),
    Property::ignored("RoleArn", Shape::Text, "access is not checked locally"),
    Property::refused("SageMakerPipelineParameters", "there is no SageMaker; call a function"),
    Property::refused("SqsParameters", "call a function that sends the message"),
];

impl Kind for Schedule {
    const TYPE: &'static str = "AWS::Scheduler::Schedule";
    const ATTRIBUTES: &'static [&'static str] = &["Arn"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("Description"),
        Property::honoured("EndDate"),
        Property::honoured("FlexibleTimeWindow"),
        Property::honoured("GroupName"),
        Property::ignored("KmsKeyArn", Shape::Text, "nothing is encrypted locally"),
        Property::honoured("Name"),
        Property::honoured("ScheduleExpression"),
        Property::honoured("ScheduleExpressionTimezone"),
        Property::honoured("StartDate"),
        Property::honoured("State"),
        Property::honoured("Target"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("Name", 64, "-_.")
            .unwrap_or_else(|| identity.generated_name(64));
        let group = fields
            .name("GroupName", 64, "-_.")
            .unwrap_or_else(|| "default".to_owned());
        let timing = read_timing(fields);
        read_zone(fields);
        read_window(fields);
        let (start_ms, end_ms) = (read_date(fields, "StartDate"), read_date(fields, "EndDate"));
        if let (Some(start), Some(end), Some(node)) = (start_ms, end_ms, fields.node("EndDate"))
            && end <= start
        {
            let message = "EndDate is not after StartDate".to_owned();
            fields.report(node.at, "EndDate", Problem::Conflict(message));
        }
        let target = fields.required("Target", fields.nested_as("Target", TARGET));
        let retry = target
            .as_ref()
            .and_then(|target| target.nested("RetryPolicy", &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"]));
        let retry = |name, min, max| retry.as_ref().and_then(|retry| retry.integer(name, min, max));
        if let Some(target) = &target {
            target.required_text("RoleArn");
        }
        Some(Schedule {
            arn: identity.arn("scheduler", &format!("schedule/{group}/{name}")),
            name,
            description: fields.text("Description"),
            start_ms,
            end_ms,
            enabled: fields.choice("State") != Some(EnabledState::Disabled),
            max_retries: retry("MaximumRetryAttempts", 0, 185).unwrap_or(185),
            max_event_age_seconds: retry("MaximumEventAgeInSeconds", 60, 86_400).unwrap_or(86_400),
            timing: timing?,
            target: ScheduleTarget::read(&target?)?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Arn").then(|| self.arn.clone())
    }
}

/// `ScheduleExpression` (<https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>).
fn read_timing(fields: &Fields<'_>) -> Option<ScheduleTiming> {
    const NAME: &str = "ScheduleExpression";
    let text = fields.required_text(NAME)?;
    let inner = |function: &str| text.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(date) = inner("at") {
        let at = NaiveDateTime::parse_from_str(date, "%Y-%m-%dT%H:%M:%S").ok();
        if at.is_none() {
            fields.not_allowed(NAME, &text, "write at(2026-11-22T18:00:00), in UTC");
        }
        return at.map(|at| ScheduleTiming::At(at.and_utc().timestamp_millis()));
    }
    if let Some(rate) = inner("rate") {
        let every = read_rate(rate);
        if every.is_none() {
            fields.not_allowed(
                NAME,
                &text,
                "write rate(15 minutes): a number above 0 and minutes, hours or days",
            );
        }
        return every.map(ScheduleTiming::Rate);
    }
    if inner("cron").is_some() {
        fields.refuse(NAME, "a cron expression", "use rate(…), or at(…) for a single time");
    } else {
        fields.not_allowed(NAME, &text, "it must be at(…) or rate(…)");
    }
    None
}

/// `15 minutes` in milliseconds.
fn read_rate(text: &str) -> Option<i64> {
    let (value, unit) = text.split_once(' ')?;
    let value: i64 = value.parse().ok().filter(|value| *value > 0)?;
    let minutes = match unit {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 24 * 60,
        _ => return None,
    };
    value.checked_mul(minutes * 60_000)
}

/// `StartDate` and `EndDate`: as the API takes them, in UTC unless they say otherwise.
fn read_date(fields: &Fields<'_>, name: &str) -> Option<i64> {
    let text = fields.text(name)?;
    let with_zone = DateTime::parse_from_rfc3339(&text).map(|at| at.timestamp_millis());
    let at = with_zone.or_else(|_| {
        NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").map(|at| at.and_utc().timestamp_millis())
    });
    if at.is_err() {
        fields.not_allowed(name, &text, "write a time such as 2026-11-22T18:00:00Z");
    }
    at.ok()
}

fn read_zone(fields: &Fields<'_>) {
    let Some(zone) = fields.text("ScheduleExpressionTimezone") else {
        return;
    };
    if !["UTC", "Etc/UTC", "Etc/GMT", "GMT"].contains(&zone.as_str()) {
        let what = format!("the time zone {}", crate::node::Quoted(&zone));
        fields.refuse("ScheduleExpressionTimezone", &what, "write times in UTC");
    }
}

fn read_window(fields: &Fields<'_>) {
    const NAME: &str = "FlexibleTimeWindow";
    let window = fields.required(NAME, fields.nested(NAME, &["MaximumWindowInMinutes", "Mode"]));
    let Some(window) = window else { return };
    let mode = window.required("Mode", window.choice("Mode"));
    let minutes: Option<u32> = window.integer("MaximumWindowInMinutes", 1, 1_440);
    match mode {
        Some(Window::Flexible) => window.refuse("Mode", "a flexible time window", "use Mode OFF"),
        Some(Window::Off) if minutes.is_some() => {
            let message = "it belongs to the mode FLEXIBLE".to_owned();
            window.report(window.at(), "MaximumWindowInMinutes", Problem::Conflict(message));
        }
        Some(Window::Off) | None => {}
    }
}
