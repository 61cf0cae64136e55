//! [DescribeAlarmHistory](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html)

use serde::Deserialize;
use sluice_driver::Order;
use sluice_wire::{Constraints, PageToken};

use crate::alarms::{HistoryItem, HistoryItemType};
use crate::node::Node;
use crate::wire::{Time, Whole};
use crate::{CloudWatch, CloudWatchError};

/// The most items of a response, and as many as there are when nothing is said.
const MAX_RECORDS: u32 = 100;

/// Items read at a time.
const BATCH: usize = 500;

const ORDERS: [(&str, Order); 2] = [
    ("TimestampDescending", Order::Descending),
    ("TimestampAscending", Order::Ascending),
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    alarm_name: Option<String>,
    alarm_types: Option<Vec<String>>,
    history_item_type: Option<String>,
    start_date: Option<Time>,
    end_date: Option<Time>,
    max_records: Option<Whole>,
    next_token: Option<String>,
    scan_by: Option<String>,
}

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let mut constraints = Constraints::default();
    let name = constraints.optional_text("alarmName", request.alarm_name, 1..=255);
    let most = request.max_records.map(|most| most.0);
    let most = constraints.number("maxRecords", most, 1..=MAX_RECORDS, MAX_RECORDS);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let kind = request.history_item_type.as_deref();
    let usual = HistoryItemType::StateUpdate;
    let kind = kind.map(|_| constraints.choice("historyItemType", kind, &HistoryItemType::ALL, usual));
    let order = constraints.choice("scanBy", request.scan_by.as_deref(), &ORDERS, Order::Descending);
    constraints.finish()?;
    let types = request.alarm_types.unwrap_or_default();
    let metric_alarms = types.is_empty() || types.iter().any(|one| one == "MetricAlarm");
    let passes = |item: &HistoryItem| {
        metric_alarms
            && name.as_ref().is_none_or(|name| item.alarm == *name)
            && kind.is_none_or(|kind| item.kind == kind)
            && request.start_date.is_none_or(|start| item.at >= start.0)
            && request.end_date.is_none_or(|end| item.at <= end.0)
    };
    let scope = ["DescribeAlarmHistory", name.as_deref().unwrap_or_default()];
    let token = PageToken::of(&scope);
    let mut after = match &request.next_token {
        None => None,
        Some(text) => Some(token.open(text).ok_or(CloudWatchError::InvalidNextToken)?),
    };
    let (mut items, mut last) = (Vec::new(), None);
    loop {
        let batch = cloudwatch.alarms.history(order, after, BATCH).await?;
        let full = batch.len() == BATCH;
        after = batch.last().map(|(key, _)| key.clone());
        for (key, item) in batch.into_iter().filter(|(_, item)| passes(item)) {
            if items.len() == most {
                return Ok(response(items, last.map(|last: String| token.seal(&last))));
            }
            items.push(node(&item));
            last = Some(key);
        }
        if !full {
            return Ok(response(items, None));
        }
    }
}

fn node(item: &HistoryItem) -> Node {
    Node::Record(vec![
        ("AlarmName", Node::text(&item.alarm)),
        ("AlarmType", Node::text("MetricAlarm")),
        ("Timestamp", Node::Time(item.at)),
        ("HistoryItemType", Node::text(item.kind.as_str())),
        ("HistorySummary", Node::text(&item.summary)),
        ("HistoryData", Node::text(&item.data)),
    ])
}

fn response(items: Vec<Node>, next: Option<String>) -> Node {
    let mut members = vec![("AlarmHistoryItems", Node::List(items))];
    members.extend(next.map(|next| ("NextToken", Node::Text(next))));
    Node::Record(members)
}
