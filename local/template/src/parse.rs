//! The way from a text to a checked template.

use crate::error::{Report, TemplateErrors};
use crate::template::{self, Template};
use crate::{check, yaml};

/// Reads a template.
///
/// `source` is YAML or JSON of at most 1 MB; `file` is the name to show in errors. Checked here: syntax, section and
/// property names, resource types, and that every reference, condition and mapping named exists.
///
/// # Errors
/// All faults that were found, each with its line.
///
/// ```
/// let template = sluice_template::parse("Resources:\n  News: { Type: AWS::SNS::Topic }\n", "t.yaml")?;
/// assert_eq!(template.resources().count(), 1);
///
/// let refused = sluice_template::parse("Resources:\n  News: { Type: AWS::SNS::Tropic }\n", "t.yaml");
/// let faults = refused.map(|_| ()).unwrap_err().to_string();
/// assert!(faults.contains("t.yaml:2"), "{faults}");
/// # Ok::<(), sluice_template::TemplateErrors>(())
/// ```
pub fn parse(source: &str, file: &str) -> Result<Template, TemplateErrors> {
    let report = Report::new(file);
    let template = yaml::read(source, &report).and_then(|root| template::read(&root, file, &report));
    if let Some(template) = &template {
        check::references(template, &report);
    }
    report.finish(template)
}
