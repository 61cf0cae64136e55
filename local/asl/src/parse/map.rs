//! `Map`.

use std::sync::Arc;

use serde_json::Value;

use super::common::{FlowParser, transition};
use super::fields::{Fields, MAX_SECONDS};
use super::options::MachineType;
use super::report::Report;
use super::{reader, retry, template};
use crate::DiagnosticCode;
use crate::definition::{
    Dynamic, Expression, ExpressionKind, ItemBatcher, Map, MapProcessor, Path, ProcessorMode, QueryLanguage, Template,
    Tolerance,
};
use crate::eval::JsonPathQuery;

/// The longest `Label`, in characters.
const MAX_LABEL: usize = 40;
/// The most bytes of one batch.
const MAX_BATCH_BYTES: u64 = 262_144;

const PATHS_OF_NUMBERS: [&str; 3] = [
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
];

pub(super) fn parse(
    fields: &Fields<'_>,
    language: QueryLanguage,
    report: &mut Report,
    flow: FlowParser,
) -> Option<Map> {
    fields.exactly_one(&["ItemProcessor", "Iterator"], report);
    fields.at_most_one(&["ItemSelector", "Parameters"], report);
    let processor = if fields.has("Iterator") {
        processor(fields, "Iterator", report, flow)
    } else {
        processor(fields, "ItemProcessor", report, flow)
    };
    let items = items(fields, language, report);
    let selector = if fields.has("ItemSelector") {
        "ItemSelector"
    } else {
        "Parameters"
    };
    let item_selector = template::template(fields, selector, "", language, report);
    let item_batcher = fields
        .object("ItemBatcher", report)
        .map(|batcher| item_batcher(&batcher, language, report));
    let count = 0..=MAX_SECONDS;
    let max_concurrency = template::dynamic_integer(fields, "MaxConcurrency", "", count.clone(), language, report);
    let tolerance = Tolerance {
        count: template::dynamic_integer(fields, "ToleratedFailureCount", "", count, language, report),
        percentage: template::dynamic_percentage(fields, "ToleratedFailurePercentage", language, report),
    };
    template::not_from_context(fields, &PATHS_OF_NUMBERS, report);
    if let Some(reader) = fields.object("ItemReader", report) {
        reader::check(&reader, language, report);
    }
    let label = fields.string("Label", report).map(str::to_owned);
    if let Some(label) = &label {
        check_label(label, &fields.at("Label"), report);
    }
    let result_selector = template::template(fields, "ResultSelector", "", language, report);
    let result_path = template::result_path(fields, report);
    let retry = retry::retriers(fields, report);
    let catch = retry::catchers(fields, language, report);
    let transition = transition(fields, report);
    Some(Map {
        items,
        item_selector,
        item_reader: fields.get("ItemReader").cloned(),
        result_writer: fields.get("ResultWriter").cloned(),
        item_batcher,
        max_concurrency,
        tolerance,
        label,
        processor: processor?,
        result_selector,
        result_path,
        retry,
        catch,
        transition: transition?,
    })
}

fn items(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report) -> Option<Dynamic<Value>> {
    match language {
        QueryLanguage::JsonPath if fields.has("ItemsPath") => {
            template::items_path(fields, report).map(|query| Dynamic::Expression(items_path(query)))
        }
        QueryLanguage::JsonPath if fields.has("ItemReader") => None,
        QueryLanguage::JsonPath => JsonPathQuery::parse("$")
            .ok()
            .map(|query| Dynamic::Expression(items_path(query))),
        QueryLanguage::Jsonata => match template::template(fields, "Items", "", language, report)? {
            Template::Constant(value @ Value::Array(_)) => Some(Dynamic::Constant(value)),
            Template::Constant(_) | Template::Object(_) => {
                report.schema(&fields.at("Items"), "Value must be an array or a JSONata expression");
                None
            }
            Template::Expression(expression) => Some(Dynamic::Expression(*expression)),
            array @ Template::Array(_) => Some(Dynamic::Template(array)),
        },
    }
}

fn items_path(query: JsonPathQuery) -> Expression {
    Expression {
        field: "ItemsPath".to_owned(),
        source: query.text().to_owned(),
        kind: ExpressionKind::Path(Path::Query(query)),
    }
}

fn item_batcher(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report) -> ItemBatcher {
    const PREFIX: &str = "ItemBatcher/";
    const SIZES: [&str; 4] = [
        "MaxItemsPerBatch",
        "MaxItemsPerBatchPath",
        "MaxInputBytesPerBatch",
        "MaxInputBytesPerBatchPath",
    ];
    let known: Vec<&str> = SIZES.iter().copied().chain(["BatchInput"]).collect();
    fields.allow(&known, report);
    if !SIZES.iter().any(|size| fields.has(size)) {
        report.schema(
            fields.here(),
            "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
        );
    }
    template::not_from_context(fields, &SIZES, report);
    ItemBatcher {
        batch_input: template::template(fields, "BatchInput", PREFIX, language, report),
        max_items: template::dynamic_integer(fields, "MaxItemsPerBatch", PREFIX, 1..=MAX_SECONDS, language, report),
        max_bytes: template::dynamic_integer(
            fields,
            "MaxInputBytesPerBatch",
            PREFIX,
            1..=MAX_BATCH_BYTES,
            language,
            report,
        ),
    }
}

fn processor(fields: &Fields<'_>, field: &str, report: &mut Report, flow: FlowParser) -> Option<MapProcessor> {
    let processor = fields.object(field, report)?;
    processor.allow(&["StartAt", "States", "Comment", "ProcessorConfig"], report);
    processor.require(&["StartAt", "States"], report);
    let mode = match processor.object("ProcessorConfig", report) {
        Some(config) => mode(&config, report),
        None => ProcessorMode::Inline,
    };
    let flow = flow(&processor, report)?;
    Some(MapProcessor {
        mode,
        flow: Arc::new(flow),
    })
}

fn mode(config: &Fields<'_>, report: &mut Report) -> ProcessorMode {
    config.allow(&["Mode", "ExecutionType"], report);
    let express = config.one_of("ExecutionType", &["STANDARD", "EXPRESS"], report) == Some("EXPRESS");
    match config.one_of("Mode", &["INLINE", "DISTRIBUTED"], report) {
        Some("DISTRIBUTED") => {
            config.require(&["ExecutionType"], report);
            if report.machine_type == MachineType::Express {
                report.refuse(
                    &config.at("Mode"),
                    "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
                );
            }
            ProcessorMode::Distributed { express }
        }
        mode => {
            if mode.is_some() && config.has("ExecutionType") {
                report.refuse(config.here(), "Field 'ExecutionType' is not supported");
            }
            ProcessorMode::Inline
        }
    }
}

/// A label becomes a part of ARNs: neither too long, nor with wildcards, brackets, control characters and the like.
fn check_label(label: &str, location: &str, report: &mut Report) {
    let message = if label.is_empty() {
        "Label cannot be empty".to_owned()
    } else if label.chars().count() > MAX_LABEL {
        format!("Label cannot exceed {MAX_LABEL} characters")
    } else {
        match label
            .chars()
            .find(|c| c.is_whitespace() || c.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"/".contains(*c))
        {
            Some(c) => format!("Label contains invalid character: '{c}'"),
            None => return report.label(label, location),
        }
    };
    report.push(DiagnosticCode::InvalidLabel, Some(location), message);
}
