//! `ItemReader` of a distributed Map. Nothing of it is run here; what AWS refuses is refused.

use super::fields::Fields;
use super::report::Report;
use super::template;
use crate::definition::QueryLanguage;

/// The most items that `MaxItems` may ask for.
const MAX_ITEMS: u64 = 100_000_000;

/// Complains about a reader.
pub(super) fn check(reader: &Fields<'_>, language: QueryLanguage, report: &mut Report) {
    if !report.is_new() {
        return;
    }
    reader.require(&["Resource"], report);
    if reader
        .string("Resource", report)
        .is_some_and(|resource| !reads_items(resource))
    {
        report.schema(
            &reader.at("Resource"),
            "The field 'Resource' does not match any of the allowed values",
        );
    }
    if let Some(config) = reader.object("ReaderConfig", report) {
        check_config(&config, language, report);
    }
    let field = match language {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    };
    template::template(reader, field, "ItemReader/", language, report);
}

fn reads_items(resource: &str) -> bool {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    matches!(
        parts[..],
        ["arn", _, "states", _, _, "s3:getObject" | "s3:listObjectsV2"]
    )
}

fn check_config(config: &Fields<'_>, language: QueryLanguage, report: &mut Report) {
    const PREFIX: &str = "ItemReader/ReaderConfig/";
    match config.string("InputType", report) {
        Some("CSV") if !config.has("CSVHeaderLocation") => {
            report.schema(config.here(), "The field 'CSVHeaderLocation' is required");
        }
        Some("JSON") if config.has("CSVHeaderLocation") => {
            report.schema(config.here(), "Field 'CSVHeaderLocation' is not supported");
        }
        _ => {}
    }
    if config.string("CSVHeaderLocation", report) == Some("GIVEN") {
        config.require(&["CSVHeaders"], report);
    }
    if language == QueryLanguage::Jsonata && config.has("MaxItemsPath") {
        report.schema(
            config.here(),
            "The QueryLanguage is set to 'JSONata', but field 'MaxItemsPath' is only supported for the 'JSONPath' QueryLanguage",
        );
    }
    template::not_from_context(config, &["MaxItemsPath"], report);
    template::dynamic_integer(config, "MaxItems", PREFIX, 0..=MAX_ITEMS, language, report);
}
