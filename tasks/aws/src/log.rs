//! The functions' log: one line of JSON an event, on standard output, where Lambda picks it up.
//!
//! A line has `timestamp`, `level`, `message`, the `requestId` (named as Lambda's own runtimes name it), the `submission_id` where one is known,
//! and the event's own fields. CloudWatch Logs Insights finds all of them by name.

use std::io::Write;
use std::sync::Mutex;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Sends log lines to standard output; the level is `LOG_LEVEL`, else `info`.
pub(crate) fn to_stdout() {
    let level = std::env::var("LOG_LEVEL").ok();
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    tracing_subscriber::registry()
        .with(JsonLines::new(std::io::stdout(), SystemTime::now).with_filter(level))
        .init();
}

/// The span of an invocation: what is logged within it carries the id of its request. Of the level of errors, so that they have
/// the id whatever else is logged.
pub(crate) fn invocation(request_id: &str) -> Span {
    tracing::error_span!(
        "invocation",
        requestId = request_id,
        submission_id = tracing::field::Empty
    )
}

/// Notes the submission that an invocation is about: what it logs from here on carries the id.
pub fn log_submission(id: &str) {
    Span::current().record("submission_id", id);
}

/// Writes each event as one line of JSON.
struct JsonLines<W> {
    output: Mutex<W>,
    now: fn() -> SystemTime,
}

impl<W> JsonLines<W> {
    fn new(output: W, now: fn() -> SystemTime) -> Self {
        JsonLines {
            output: Mutex::new(output),
            now,
        }
    }
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let at: DateTime<Utc> = (self.now)().into();
        let mut line = Fields::default();
        line.0.insert(
            "timestamp".to_owned(),
            at.to_rfc3339_opts(SecondsFormat::Millis, true).into(),
        );
        line.0
            .insert("level".to_owned(), event.metadata().level().as_str().into());
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(Fields(fields)) = span.extensions().get() {
                line.0.extend(fields.clone());
            }
        }
        event.record(&mut line);
        // whole and at once: nothing comes between. Without a log there is nobody to tell that there is none.
        let text = format!("{}\n", Value::Object(line.0));
        if let Ok(mut output) = self.output.lock() {
            let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn check(level: LevelFilter, log: impl FnOnce(), expected: &[Value]) {
        let output = Output::default();
        let now = || SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_341_600_250);
        let lines = JsonLines::new(output.clone(), now).with_filter(level);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        let text = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
        let got: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(got, expected);
    }

    fn line(level: &str, message: &str, more: Value) -> Value {
        let mut line = json!({ "timestamp": "2026-11-22T10:00:00.250Z", "level": level, "message": message });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    }

    #[test]
    fn a_line_has_the_ids_of_request_and_submission_and_the_events_fields() {
        check(
            LevelFilter::INFO,
            || {
                tracing::info!(count = 3, "outside");
                let _entered = invocation("r-1").entered();
                tracing::warn!(right = true, error = %"no \"table\"", "before");
                log_submission("s-1");
                tracing::info!("a\nb");
                tracing::error!(submission_id = "s-2", count = ?None::<u8>, "its own");
            },
            &[
                line("INFO", "outside", json!({ "count": 3 })),
                line(
                    "WARN",
                    "before",
                    json!({ "requestId": "r-1", "right": true, "error": "no \"table\"" }),
                ),
                line("INFO", "a\nb", json!({ "requestId": "r-1", "submission_id": "s-1" })),
                line(
                    "ERROR",
                    "its own",
                    json!({ "requestId": "r-1", "submission_id": "s-2", "count": "None" }),
                ),
            ],
        );
    }

    #[test]
    fn errors_have_their_ids_when_nothing_else_is_logged() {
        check(
            LevelFilter::ERROR,
            || {
                let _entered = invocation("r-1").entered();
                log_submission("s-1");
                tracing::warn!("not");
                tracing::error!("this");
            },
            &[line(
                "ERROR",
                "this",
                json!({ "requestId": "r-1", "submission_id": "s-1" }),
            )],
        );
        check(LevelFilter::OFF, || tracing::error!("not"), &[]);
    }
}
