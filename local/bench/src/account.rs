//! The word of a stack about itself: its metrics, and how many entries it has.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::BenchError;
use crate::support::Sluice;

/// A wait for something that must come: its longest time, and the time between two looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    /// The longest wait.
    pub(crate) at_most: Duration,
    /// The time between two looks.
    pub(crate) pause: Duration,
}

impl Waiting {
    /// Looks again until it is so.
    pub(crate) fn until(
        self,
        what: &str,
        mut is_so: impl FnMut() -> Result<bool, BenchError>,
    ) -> Result<(), BenchError> {
        let began = Instant::now();
        while !is_so()? {
            if began.elapsed() > self.at_most {
                let waited = self.at_most.as_secs();
                return Err(BenchError::Unfinished(format!("waited {waited} s for {what}")));
            }
            std::thread::sleep(self.pause);
        }
        Ok(())
    }
}

/// A count of executions of the workflow, by the name of its metric.
pub(crate) fn execution_count(sluice: &Sluice, metric: &str) -> f64 {
    let machine = sluice.output("StateMachineArn");
    let dimensions = json!([{ "Name": "StateMachineArn", "Value": machine }]);
    metric_sum(sluice, ("AWS/States", metric), &dimensions, "Sum")
}

/// Returns true if an execution of the workflow has this status.
pub(crate) fn any_execution(sluice: &Sluice, status: &str) -> Result<bool, BenchError> {
    let machine = sluice.output("StateMachineArn");
    let request = json!({ "stateMachineArn": machine, "statusFilter": status, "maxResults": 1 });
    let answer = sluice.aws().call("AWSStepFunctions.ListExecutions", &request);
    let answer = answer.map_err(|error| BenchError::Unfinished(format!("ListExecutions: {error:?}")))?;
    Ok(answer["executions"].as_array().is_some_and(|found| !found.is_empty()))
}

/// A statistic of a metric over the last hours.
pub(crate) fn metric_sum(sluice: &Sluice, (namespace, name): (&str, &str), dimensions: &Value, stat: &str) -> f64 {
    let metric = json!({ "Namespace": namespace, "MetricName": name, "Dimensions": dimensions });
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    let request = json!({
        "MetricDataQueries": [{ "Id": "m", "MetricStat": { "Metric": metric, "Period": 86_400, "Stat": stat } }],
        "StartTime": now - 2 * 86_400, "EndTime": now + 86_400,
    });
    let answer = sluice
        .aws()
        .call("GraniteServiceVersion20100801.GetMetricData", &request);
    let values = answer.map(|answer| answer["MetricDataResults"][0]["Values"].clone());
    let values = values.unwrap_or_default();
    let numbers = values.as_array().into_iter().flatten().filter_map(Value::as_f64);
    numbers.fold(0.0, |sum, number| sum + number)
}

/// The number of entries.
pub(crate) fn entries(sluice: &Sluice) -> Result<u64, BenchError> {
    let table = sluice.output("TableName");
    let mut request = json!({ "TableName": table, "Select": "COUNT" });
    let mut found = 0;
    loop {
        let answer = sluice.aws().call("DynamoDB_20120810.Scan", &request);
        let answer = answer.map_err(|error| BenchError::Unfinished(format!("Scan: {error:?}")))?;
        found += answer["Count"].as_u64().unwrap_or_default();
        match answer["LastEvaluatedKey"].is_object() {
            true => request["ExclusiveStartKey"] = answer["LastEvaluatedKey"].clone(),
            false => return Ok(found),
        }
    }
}
