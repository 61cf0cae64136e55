//! [PutDashboard](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html)

use serde::Deserialize;
use serde_json::Value;
use sluice_wire::shortened;

use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

/// The most widgets of a dashboard.
const MAX_WIDGETS: usize = 500;

const WIDGET_TYPES: [&str; 6] = ["alarm", "custom", "explorer", "log", "metric", "text"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    dashboard_name: Option<String>,
    dashboard_body: Option<String>,
}

pub(crate) async fn call(cloudwatch: &CloudWatch, request: Request) -> Result<Node, CloudWatchError> {
    let name = request
        .dashboard_name
        .ok_or(CloudWatchError::MissingParameter("DashboardName"))?;
    let body = request
        .dashboard_body
        .ok_or(CloudWatchError::MissingParameter("DashboardBody"))?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
        return Err(CloudWatchError::InvalidParameterValue(format!(
            "The value {} for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) \
             and underscore (_), at most 255.",
            shortened(&name)
        )));
    }
    let problems = problems(&body);
    if !problems.is_empty() {
        return Err(CloudWatchError::DashboardInvalid(problems));
    }
    cloudwatch.put_dashboard(&name, body).await?;
    Ok(Node::Record(vec![(
        "DashboardValidationMessages",
        Node::List(Vec::new()),
    )]))
}

/// The problems of a body, each with its place. Only its structure is looked at, not whether its metrics exist.
fn problems(body: &str) -> Vec<(String, String)> {
    let problem = |path: &str, message: &str| vec![(path.to_owned(), message.to_owned())];
    let root = match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(root)) => root,
        Ok(_) => return problem("/", "must be a JSON object"),
        Err(error) => return problem("/", &format!("is no JSON: {error}")),
    };
    let widgets = match root.get("widgets") {
        Some(Value::Array(widgets)) => widgets,
        Some(_) => return problem("/widgets", "must be an array"),
        None => return problem("/", "must have the member widgets"),
    };
    if widgets.len() > MAX_WIDGETS {
        return problem("/widgets", "must have at most 500 widgets");
    }
    let of_widget = |(n, widget): (usize, &Value)| {
        let kind = widget.get("type").and_then(Value::as_str).unwrap_or_default();
        if !WIDGET_TYPES.contains(&kind) {
            let message = format!("must be one of {}", WIDGET_TYPES.join(", "));
            return Some((format!("/widgets/{n}/type"), message));
        }
        let has_properties = widget.get("properties").is_some_and(Value::is_object);
        (!has_properties).then(|| (format!("/widgets/{n}/properties"), "must be an object".to_owned()))
    };
    widgets.iter().enumerate().filter_map(of_widget).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_named_with_their_place() {
        let check = |body: &str, expected: &[&str]| {
            let found: Vec<String> = problems(body).into_iter().map(|(path, _)| path).collect();
            assert_eq!(found, expected, "{body}");
        };
        check(r#"{"widgets":[]}"#, &[]);
        check(r#"{"start":"-PT3H","widgets":[{"type":"text","properties":{}}]}"#, &[]);
        check("", &["/"]);
        check("[]", &["/"]);
        check("{}", &["/"]);
        check(r#"{"widgets":{}}"#, &["/widgets"]);
        check(
            r#"{"widgets":[{"type":"text"},{"type":"pie","properties":{}},3]}"#,
            &["/widgets/0/properties", "/widgets/1/type", "/widgets/2/type"],
        );
        let many = vec![r#"{"type":"text","properties":{}}"#; 501].join(",");
        check(&format!("{{\"widgets\":[{many}]}}"), &["/widgets"]);
    }
}
