//! [DescribeAlarms](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html)

use serde::Deserialize;
use sluice_metrics::alarm::AlarmState;
use sluice_metrics::query::{MetricQuery, Query, Subject};
use sluice_metrics::{Statistic, Unit};
use sluice_wire::{Constraints, PageToken};

use crate::alarm_request::AlarmSpec;
use crate::alarms::AlarmRecord;
use crate::node::Node;
use crate::wire::Whole;
use crate::{CloudWatch, CloudWatchError, alarm_words, metric};

/// The most alarms of a response, and as many as there are when nothing is said.
const MAX_RECORDS: u32 = 100;
const USUAL_RECORDS: u32 = 50;

/// Records read at a time.
const BATCH: usize = 200;

/// The kinds of alarms that may be asked for.
const TYPES: [(&str, ()); 3] = [("MetricAlarm", ()), ("CompositeAlarm", ()), ("LogAlarm", ())];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    alarm_names: Option<Vec<String>>,
    alarm_name_prefix: Option<String>,
    alarm_types: Option<Vec<String>>,
    state_value: Option<String>,
    action_prefix: Option<String>,
    max_records: Option<Whole>,
    next_token: Option<String>,
    children_of_alarm_name: Option<String>,
    parents_of_alarm_name: Option<String>,
}

/// The alarms that are wanted.
struct Filter {
    names: Vec<String>,
    prefix: String,
    state: Option<AlarmState>,
    action_prefix: Option<String>,
    /// False where only composite ones are asked for: there are none.
    metric_alarms: bool,
}

impl Filter {
    fn passes(&self, name: &str, record: &AlarmRecord, spec: &AlarmSpec) -> bool {
        let mut actions = AlarmState::ALL.iter().flat_map(|(_, state)| spec.actions(*state));
        let acts = self.action_prefix.as_deref();
        self.metric_alarms
            && (self.names.is_empty() || self.names.iter().any(|wanted| wanted == name))
            && name.starts_with(&self.prefix)
            && self.state.is_none_or(|state| record.state == state)
            && acts.is_none_or(|prefix| actions.any(|arn| arn.starts_with(prefix)))
    }
}

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    if request.children_of_alarm_name.is_some() || request.parents_of_alarm_name.is_some() {
        return Err(CloudWatchError::Validation(
            "There are no composite alarms locally: leave out ChildrenOfAlarmName and ParentsOfAlarmName.".into(),
        ));
    }
    let mut constraints = Constraints::default();
    let most = request.max_records.map(|most| most.0);
    let most = constraints.number("maxRecords", most, 1..=MAX_RECORDS, USUAL_RECORDS);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let state = request.state_value.as_deref();
    let state = state.map(|_| constraints.choice("stateValue", state, &AlarmState::ALL, AlarmState::Ok));
    let types = request.alarm_types.unwrap_or_default();
    for (n, kind) in (1..).zip(&types) {
        constraints.choice(&format!("alarmTypes.{n}.member"), Some(kind), &TYPES, ());
    }
    constraints.finish()?;
    if request.alarm_names.is_some() && request.alarm_name_prefix.is_some() {
        return Err(CloudWatchError::InvalidParameterCombination(
            "AlarmNames and AlarmNamePrefix must not be specified together.".into(),
        ));
    }
    let filter = Filter {
        names: request.alarm_names.unwrap_or_default(),
        prefix: request.alarm_name_prefix.unwrap_or_default(),
        state,
        action_prefix: request.action_prefix,
        metric_alarms: types.is_empty() || types.iter().any(|kind| kind == "MetricAlarm"),
    };
    let scope = ["DescribeAlarms", &filter.prefix];
    let token = PageToken::of(&scope);
    let after = match &request.next_token {
        None => None,
        Some(text) => Some(token.open(text).ok_or(CloudWatchError::InvalidNextToken)?),
    };
    let (alarms, last) = page(cloudwatch, &filter, after, most).await?;
    let mut members = vec![
        ("MetricAlarms", Node::List(alarms)),
        ("CompositeAlarms", Node::List(Vec::new())),
    ];
    members.extend(last.map(|last| ("NextToken", Node::Text(token.seal(&last)))));
    Ok(Node::Record(members))
}

/// The alarms from behind a name, and the last one's name if there are more.
async fn page(
    cloudwatch: &CloudWatch,
    filter: &Filter,
    mut after: Option<String>,
    most: usize,
) -> Result<(Vec<Node>, Option<String>), CloudWatchError> {
    let (mut alarms, mut last) = (Vec::new(), None);
    loop {
        let batch = cloudwatch.alarms.after(after, BATCH).await?;
        let full = batch.len() == BATCH;
        after = batch.last().map(|(name, _)| name.clone());
        for (name, record) in batch {
            let spec = cloudwatch.alarm_spec(&record)?;
            if !filter.passes(&name, &record, &spec) {
                continue;
            }
            if alarms.len() == most {
                return Ok((alarms, last));
            }
            alarms.push(node(cloudwatch, &record, &spec));
            last = Some(name);
        }
        if !full {
            return Ok((alarms, None));
        }
    }
}

/// `MetricAlarm`.
fn node(cloudwatch: &CloudWatch, record: &AlarmRecord, spec: &AlarmSpec) -> Node {
    let texts = |list: &[String]| Node::List(list.iter().map(|one| Node::text(one)).collect());
    let condition = &spec.condition;
    let mut members = vec![
        ("AlarmName", Node::text(&spec.name)),
        (
            "AlarmArn",
            Node::Text(alarm_words::arn(&cloudwatch.account, &spec.name)),
        ),
    ];
    members.extend(
        spec.description
            .as_ref()
            .map(|text| ("AlarmDescription", Node::text(text))),
    );
    members.extend([
        ("AlarmConfigurationUpdatedTimestamp", Node::Time(record.configured)),
        ("ActionsEnabled", Node::Flag(record.actions_enabled)),
        ("OKActions", texts(&spec.ok_actions)),
        ("AlarmActions", texts(&spec.alarm_actions)),
        ("InsufficientDataActions", texts(&spec.insufficient_data_actions)),
        ("StateValue", Node::text(record.state.as_str())),
        ("StateReason", Node::text(&record.reason)),
    ]);
    members.extend(
        record
            .reason_data
            .as_ref()
            .map(|data| ("StateReasonData", Node::text(data))),
    );
    members.extend([
        ("StateUpdatedTimestamp", Node::Time(record.state_updated)),
        ("StateTransitionedTimestamp", Node::Time(record.state_updated)),
    ]);
    members.extend(watched(spec));
    members.extend([
        ("EvaluationPeriods", Node::Integer(condition.evaluation_periods.into())),
        ("DatapointsToAlarm", Node::Integer(condition.datapoints_to_alarm.into())),
        ("Threshold", Node::Number(condition.threshold)),
        ("ComparisonOperator", Node::text(condition.comparison.as_str())),
        ("TreatMissingData", Node::text(condition.missing.as_str())),
    ]);
    Node::Record(members)
}

/// The members that say what is watched.
fn watched(spec: &AlarmSpec) -> Vec<(&'static str, Node)> {
    if spec.is_math {
        let queries = spec.queries.iter().map(|query| query_node(spec, query));
        return vec![("Metrics", Node::List(queries.collect()))];
    }
    let of_metric = |query: &Query| match &query.subject {
        Subject::Metric(metric) => Some(single(metric)),
        Subject::Expression(_) => None,
    };
    spec.queries.iter().find_map(of_metric).unwrap_or_default()
}

fn single(query: &MetricQuery) -> Vec<(&'static str, Node)> {
    let is_basic = Statistic::BASIC.iter().any(|(name, _)| *name == query.statistic_name);
    let statistic = if is_basic { "Statistic" } else { "ExtendedStatistic" };
    let Node::Record(mut members) = metric::node(&query.metric) else {
        return Vec::new();
    };
    members.push((statistic, Node::text(&query.statistic_name)));
    members.push(("Period", Node::Integer(query.period.into())));
    members.extend(query.unit.map(|unit| ("Unit", Node::text(Unit::as_str(unit)))));
    members
}

/// `MetricDataQuery`.
fn query_node(spec: &AlarmSpec, query: &Query) -> Node {
    let mut members = vec![("Id", Node::text(&query.id))];
    match &query.subject {
        Subject::Expression(_) => members.push(("Expression", Node::text(spec.expression(&query.id)))),
        Subject::Metric(one) => {
            let mut stat = vec![
                ("Metric", metric::node(&one.metric)),
                ("Period", Node::Integer(one.period.into())),
                ("Stat", Node::text(&one.statistic_name)),
            ];
            stat.extend(one.unit.map(|unit| ("Unit", Node::text(unit.as_str()))));
            members.push(("MetricStat", Node::Record(stat)));
        }
    }
    members.extend(query.label.as_ref().map(|label| ("Label", Node::text(label))));
    members.push(("ReturnData", Node::Flag(query.returned)));
    Node::Record(members)
}
