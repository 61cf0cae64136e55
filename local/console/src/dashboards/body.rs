//! Reading a `DashboardBody`.

use serde_json::{Map, Value};
use sluice_metrics::math::Expression;
use sluice_metrics::query::{MetricQuery, Query, Subject};
use sluice_metrics::{MetricId, Statistic};

use super::range::{Range, minutes_back};

/// The columns of a dashboard.
pub(crate) const COLUMNS: u32 = 24;
/// The most rows of one widget's metrics.
const MOST_METRICS: usize = 500;
const DEFAULT_PERIOD: u32 = 300;

/// A dashboard.
#[derive(Debug)]
pub(crate) struct Body {
    /// The minutes that it shows by itself.
    pub(crate) minutes: Option<i64>,
    /// In the order of their places: from the top, then from the left.
    pub(crate) widgets: Vec<Widget>,
}

/// A widget and its place.
#[derive(Debug)]
pub(crate) struct Widget {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) title: Option<String>,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// Markdown.
    Text(String),
    Metrics(Box<MetricWidget>),
    /// ARNs of alarms.
    Alarms(Vec<String>),
    /// Something that is not drawn here, and why.
    NotDrawn(String),
}

/// The way in which metrics are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Lines,
    Stacked,
    Bars,
    Pie,
    Numbers,
    Gauge,
    Table,
}

/// A widget of metrics.
#[derive(Debug)]
pub(crate) struct MetricWidget {
    pub(crate) shape: Shape,
    /// A number has a small picture beside it.
    pub(crate) sparkline: bool,
    pub(crate) left: AxisSpec,
    pub(crate) right: AxisSpec,
    pub(crate) rows: Vec<MetricRow>,
    /// Horizontal lines: their value and their label.
    pub(crate) lines: Vec<(f64, String)>,
}

/// The wishes of a body about an axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AxisSpec {
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) label: Option<String>,
}

/// A metric or an expression of a widget.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MetricRow {
    pub(crate) id: String,
    pub(crate) asked: Asked,
    pub(crate) label: Option<String>,
    /// `#rrggbb`
    pub(crate) color: Option<String>,
    pub(crate) is_right: bool,
    pub(crate) is_visible: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    Metric {
        metric: MetricId,
        stat: String,
        period: u32,
    },
    Expression(String),
}

impl Body {
    /// Reads a body, which is JSON of an object with widgets.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("the body is no JSON: {error}"))?;
        let widgets = value.get("widgets").and_then(Value::as_array);
        let mut widgets: Vec<Widget> = widgets.ok_or("the body has no widgets")?.iter().map(widget).collect();
        widgets.sort_by_key(|widget| (widget.y, widget.x));
        Ok(Self {
            minutes: text_of(&value, "start").as_deref().and_then(minutes_back),
            widgets,
        })
    }
}

fn widget(value: &Value) -> Widget {
    let nothing = Value::Null;
    let properties = value.get("properties").unwrap_or(&nothing);
    let place = |name: &str, default: u64| value.get(name).and_then(Value::as_u64).unwrap_or(default);
    let number = |name: &str, default, most: u32| u32::try_from(place(name, default)).unwrap_or(most).min(most);
    let kind = text_of(value, "type").unwrap_or_default();
    let content = match kind.as_str() {
        "text" => Content::Text(text_of(properties, "markdown").unwrap_or_default()),
        "metric" if properties.get("metrics").is_some() => {
            metric_widget(properties).map_or_else(Content::NotDrawn, |widget| Content::Metrics(Box::new(widget)))
        }
        "metric" => annotated_alarms(properties),
        "alarm" => Content::Alarms(texts_of(properties, "alarms")),
        "log" => Content::NotDrawn("Queries of Logs Insights are not available locally.".to_owned()),
        other => Content::NotDrawn(format!("A widget of the type {other:?} is not available locally.")),
    };
    Widget {
        x: number("x", 0, COLUMNS - 1),
        y: number("y", 0, u32::MAX),
        width: number("width", 6, COLUMNS).max(1),
        height: number("height", 6, 1000).max(1),
        title: text_of(properties, "title"),
        content,
    }
}

/// A metric widget without metrics shows the alarms of its annotations.
fn annotated_alarms(properties: &Value) -> Content {
    let alarms = properties.pointer("/annotations/alarms").and_then(Value::as_array);
    let names = |alarms: &Vec<Value>| alarms.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect();
    alarms.map_or_else(
        || Content::NotDrawn("The widget has neither metrics nor alarms.".to_owned()),
        |alarms| Content::Alarms(names(alarms)),
    )
}

fn metric_widget(properties: &Value) -> Result<MetricWidget, String> {
    let stacked = properties.get("stacked").and_then(Value::as_bool).unwrap_or(false);
    let shape = match text_of(properties, "view").as_deref() {
        None | Some("timeSeries") if stacked => Shape::Stacked,
        None | Some("timeSeries") => Shape::Lines,
        Some("bar") => Shape::Bars,
        Some("pie") => Shape::Pie,
        Some("singleValue") => Shape::Numbers,
        Some("gauge") => Shape::Gauge,
        Some("table") => Shape::Table,
        Some(other) => return Err(format!("The view {other:?} is not known.")),
    };
    let axis = |side: &str| {
        let axis = properties.pointer(&format!("/yAxis/{side}"));
        let number = |name: &str| axis.and_then(|axis| axis.get(name)?.as_f64());
        AxisSpec {
            min: number("min"),
            max: number("max"),
            label: axis.and_then(|axis| text_of(axis, "label")),
        }
    };
    let lines = properties.pointer("/annotations/horizontal").and_then(Value::as_array);
    let line = |one: &Value| Some((one.get("value")?.as_f64()?, text_of(one, "label").unwrap_or_default()));
    Ok(MetricWidget {
        shape,
        sparkline: properties.get("sparkline").and_then(Value::as_bool).unwrap_or(false),
        left: axis("left"),
        right: axis("right"),
        rows: rows(properties)?,
        lines: lines.map_or_else(Vec::new, |lines| lines.iter().filter_map(line).collect()),
    })
}

/// The rows of `metrics`, their shorthands written out: `.` is what stands at its place in the row before, `...` all that
/// stands there but what follows.
fn rows(properties: &Value) -> Result<Vec<MetricRow>, String> {
    let all = properties
        .get("metrics")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if all.len() > MOST_METRICS {
        return Err(format!("The widget has more than {MOST_METRICS} metrics."));
    }
    let (mut rows, mut before): (Vec<MetricRow>, Vec<String>) = (Vec::new(), Vec::new());
    let defaults = Defaults {
        stat: text_of(properties, "stat").unwrap_or_else(|| "Average".to_owned()),
        period: period_of(properties).unwrap_or(DEFAULT_PERIOD),
    };
    for (n, row) in (1..).zip(all) {
        let parts = row.as_array().ok_or_else(|| format!("Metric {n} is no array."))?;
        let options = parts.last().and_then(Value::as_object);
        let names = &parts[..parts.len() - usize::from(options.is_some())];
        let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
        let names = names.ok_or_else(|| format!("Metric {n} holds something that is no text."))?;
        rows.push(defaults.row(n, &names, options, &mut before)?);
    }
    Ok(rows)
}

struct Defaults {
    stat: String,
    period: u32,
}

impl Defaults {
    fn row(
        &self,
        n: usize,
        names: &[&str],
        options: Option<&Map<String, Value>>,
        before: &mut Vec<String>,
    ) -> Result<MetricRow, String> {
        let options = Value::Object(options.cloned().unwrap_or_default());
        let asked = match text_of(&options, "expression") {
            Some(expression) if names.is_empty() => Asked::Expression(expression),
            _ => {
                *before = written_out(names, before).ok_or_else(|| format!("Metric {n} repeats what is not there."))?;
                let (Some((namespace, name)), dimensions) = (before.first().zip(before.get(1)), before.get(2..)) else {
                    return Err(format!("Metric {n} has no namespace or no name."));
                };
                let dimensions = dimensions.unwrap_or_default();
                if dimensions.len() % 2 != 0 {
                    return Err(format!("Metric {n} has a dimension without a value."));
                }
                let pairs = dimensions
                    .chunks_exact(2)
                    .map(|pair| (pair[0].clone(), pair[1].clone()));
                Asked::Metric {
                    metric: MetricId::new(namespace, name, pairs),
                    stat: text_of(&options, "stat").unwrap_or_else(|| self.stat.clone()),
                    period: period_of(&options).unwrap_or(self.period),
                }
            }
        };
        let is_color = |text: &String| {
            text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        Ok(MetricRow {
            // ids of a body begin with a small letter, so these are none of them
            id: text_of(&options, "id").unwrap_or_else(|| format!("_{n}")),
            asked,
            label: text_of(&options, "label"),
            color: text_of(&options, "color").filter(is_color),
            is_right: text_of(&options, "yAxis").as_deref() == Some("right"),
            is_visible: options.get("visible").and_then(Value::as_bool).unwrap_or(true),
        })
    }
}

fn written_out(names: &[&str], before: &[String]) -> Option<Vec<String>> {
    if let Some(("...", last)) = names.split_first().map(|(first, last)| (*first, last)) {
        let kept = before.len().checked_sub(last.len()).filter(|_| !before.is_empty())?;
        let last = last.iter().enumerate().map(|(n, name)| match *name {
            "." => before.get(kept + n).cloned(),
            name => Some(name.to_owned()),
        });
        return before[..kept].iter().cloned().map(Some).chain(last).collect();
    }
    let name = |(n, name): (usize, &&str)| match *name {
        "." => before.get(n).cloned(),
        name => Some(name.to_owned()),
    };
    names.iter().enumerate().map(name).collect()
}

impl MetricWidget {
    /// The queries for a range, each with the rows' ids; none may be called twice.
    pub(crate) fn queries(&self, range: Range) -> Result<Vec<Query>, String> {
        self.rows.iter().map(|row| row.query(range)).collect()
    }
}

impl MetricRow {
    fn query(&self, range: Range) -> Result<Query, String> {
        let subject = match &self.asked {
            Asked::Metric { metric, stat, period } => Subject::Metric(MetricQuery {
                metric: metric.clone(),
                period: range.period(*period),
                statistic: Statistic::parse(stat).map_err(|error| error.to_string())?,
                statistic_name: stat.clone(),
                unit: None,
            }),
            Asked::Expression(text) => {
                let expression = Expression::parse(text);
                Subject::Expression(expression.map_err(|error| format!("Expression {}: {error}", self.id))?)
            }
        };
        Ok(Query {
            id: self.id.clone(),
            subject,
            label: self.label.clone(),
            returned: self.is_visible,
        })
    }
}

fn period_of(value: &Value) -> Option<u32> {
    let period = value.get("period")?.as_u64()?;
    u32::try_from(period).ok().filter(|period| *period > 0)
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    Some(value.get(name)?.as_str()?.to_owned())
}

fn texts_of(value: &Value, name: &str) -> Vec<String> {
    let all = value.get(name).and_then(Value::as_array);
    all.map_or_else(Vec::new, |all| {
        all.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metrics(properties: Value) -> MetricWidget {
        let body = json!({"widgets": [{"type": "metric", "properties": properties}]}).to_string();
        let mut body = Body::parse(&body).expect("a body");
        match body.widgets.remove(0).content {
            Content::Metrics(widget) => *widget,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn shorthands_repeat_the_row_before() {
        fn check(rows: Value, expected: &[&[&str]]) {
            let widget = metrics(json!({ "metrics": rows }));
            let written = widget.rows.iter().map(|row| match &row.asked {
                Asked::Metric { metric, .. } => {
                    let mut parts = vec![metric.namespace().to_owned(), metric.name().to_owned()];
                    let pairs = metric.dimensions().iter();
                    parts.extend(pairs.flat_map(|one| [one.name.to_string(), one.value.to_string()]));
                    parts
                }
                Asked::Expression(text) => vec![text.clone()],
            });
            assert_eq!(written.collect::<Vec<_>>(), expected);
        }
        check(
            json!([["N", "A", "F", "x"], [".", "B", ".", "."], ["...", {"stat": "p99"}], ["...", "y"], [{"expression": "m1 / 2", "id": "e"}], [".", "C", ".", "z"]]),
            &[
                &["N", "A", "F", "x"],
                &["N", "B", "F", "x"],
                &["N", "B", "F", "x"],
                &["N", "B", "F", "y"],
                &["m1 / 2"],
                &["N", "C", "F", "z"],
            ],
        );
        check(json!([["N", "A"]]), &[&["N", "A"]]);
    }

    #[test]
    fn what_cannot_be_drawn_is_said_in_its_place() {
        fn check(widget: Value, expected: &str) {
            let body = Body::parse(&json!({ "widgets": [widget] }).to_string()).expect("a body");
            match &body.widgets[0].content {
                Content::NotDrawn(words) => assert!(words.contains(expected), "{words}"),
                other => panic!("{other:?}"),
            }
        }
        let metric = |metrics: Value| json!({"type": "metric", "properties": {"metrics": metrics}});
        check(metric(json!([["N"]])), "no namespace or no name");
        check(metric(json!([["..."]])), "repeats what is not there");
        check(metric(json!([[".", "A"]])), "repeats what is not there");
        check(metric(json!([["N", "A", "F"]])), "without a value");
        check(metric(json!([["N", 7]])), "no text");
        check(metric(json!(["N"])), "no array");
        check(json!({"type": "log", "properties": {}}), "Insights");
        check(json!({"type": "<b>", "properties": {}}), "<b>");
        check(
            json!({"type": "metric", "properties": {"metrics": [], "view": "heat"}}),
            "heat",
        );
        assert!(Body::parse("[]").is_err() && Body::parse("{").is_err());
    }

    #[test]
    fn options_of_widgets_and_rows_are_read() {
        let widget = metrics(json!({
            "view": "timeSeries", "stacked": true, "stat": "Sum", "period": 60,
            "yAxis": {"left": {"min": 0, "label": "per minute"}, "right": {"max": 100}},
            "annotations": {"horizontal": [{"value": 5, "label": "limit"}]},
            "metrics": [["N", "A", {"color": "#2ca02c", "yAxis": "right", "visible": false, "stat": "p99", "period": 300}],
                ["N", "B", {"color": "red;}", "label": "B!"}]],
        }));
        assert_eq!(
            (widget.shape, widget.left.min, widget.right.max),
            (Shape::Stacked, Some(0.0), Some(100.0))
        );
        assert_eq!(widget.lines, [(5.0, "limit".to_owned())]);
        let [first, second] = &widget.rows[..] else {
            panic!("two rows")
        };
        assert_eq!(
            (first.color.as_deref(), first.is_right, first.is_visible),
            (Some("#2ca02c"), true, false)
        );
        assert_eq!((&second.color, second.label.as_deref()), (&None, Some("B!")));
        let queries = widget.queries(Range::back(0, 60)).expect("queries");
        assert!(
            matches!(&queries[0].subject, Subject::Metric(one) if one.period == 300 && one.statistic_name == "p99")
        );
        assert!(matches!(&queries[1].subject, Subject::Metric(one) if one.period == 60 && one.statistic_name == "Sum"));
    }
}
