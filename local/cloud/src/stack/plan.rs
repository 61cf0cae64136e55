//! A template that has been read: what it needs is known, nothing runs yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sluice_template::{Definition, Function, ResourceType, Stack, StackInputs, StateMachine, Template, substitute};

use super::StartError;

/// The account of everything that runs locally.
pub(crate) const ACCOUNT: &str = "000000000000";

/// Where a stack comes from.
#[derive(Debug, Clone)]
pub struct StackSource {
    /// The stack's name.
    pub name: String,
    /// The template's file.
    pub template: PathBuf,
    /// The region it runs in.
    pub region: String,
    /// Parameters as given: one that the template does not have is an error.
    pub parameters: BTreeMap<String, String>,
    /// Parameters for what is not given, where the template has them.
    pub defaults: BTreeMap<String, String>,
}

/// A stack that can be started.
#[derive(Debug)]
pub struct Plan {
    pub(crate) source: StackSource,
    pub(crate) text: String,
    template: Template,
}

impl Plan {
    /// Reads the template, checks its parameters, and finds its definitions.
    ///
    /// # Errors
    /// Unreadable files; everything that is wrong with the template or the parameters, with lines; a definition that is
    /// not a state machine.
    pub fn read(source: StackSource) -> Result<Self, StartError> {
        let text = read(&source.template)?;
        let template = sluice_template::parse(&text, &source.template.display().to_string())?;
        let plan = Self { source, text, template };
        // with any URL: the real ones are known once the ports are
        let urls = plan
            .url_ids()
            .map(|id| (id.to_owned(), "http://127.0.0.1/".to_owned()))
            .collect();
        let stack = plan.resolve(&urls)?;
        for (resource, machine) in stack.all::<StateMachine>() {
            plan.definition(&resource.logical_id, machine)?;
        }
        Ok(plan)
    }

    /// The region it runs in.
    pub(crate) fn region(&self) -> &str {
        &self.source.region
    }

    /// The logical ids of the function URLs, in the order of the template: their ports follow it.
    pub(crate) fn url_ids(&self) -> impl Iterator<Item = &str> {
        self.template
            .resources()
            .filter(|(_, kind)| *kind == ResourceType::Url)
            .map(|(id, _)| id)
    }

    /// The stack, with the URLs (by logical id) that its function URLs have.
    pub(crate) fn resolve(&self, urls: &BTreeMap<String, String>) -> Result<Stack, StartError> {
        let mut inputs = StackInputs::new(&self.source.name, &self.source.region, ACCOUNT);
        inputs.parameters = self.source.parameters.clone();
        for (name, _) in self.template.parameters() {
            if let (Some(value), false) = (self.source.defaults.get(name), inputs.parameters.contains_key(name)) {
                inputs.parameters.insert(name.to_owned(), value.clone());
            }
        }
        inputs.attributes = urls
            .iter()
            .map(|(id, url)| (format!("{id}.FunctionUrl"), url.clone()))
            .collect();
        Ok(self.template.resolve(&inputs)?)
    }

    /// The names of the binaries that its functions run.
    ///
    /// # Errors
    /// As [`Plan::read`].
    pub fn binaries(&self) -> Result<BTreeSet<String>, StartError> {
        let urls = self
            .url_ids()
            .map(|id| (id.to_owned(), "http://127.0.0.1/".to_owned()))
            .collect();
        let stack = self.resolve(&urls)?;
        stack
            .all::<Function>()
            .map(|(resource, function)| binary_name(&resource.logical_id, function))
            .collect()
    }

    /// A state machine's definition with its substitutions made and its language checked.
    pub(crate) fn definition(&self, logical_id: &str, machine: &StateMachine) -> Result<String, StartError> {
        let directory = self.source.template.parent().unwrap_or(Path::new("."));
        let (text, source_name) = match &machine.definition {
            Definition::Text(text) => (text.clone(), self.source.template.display().to_string()),
            Definition::Path(path) => {
                let path = directory.join(path);
                (read(&path)?, path.display().to_string())
            }
        };
        let substituted = substitute(&text, &machine.substitutions);
        let problem = |problem: String| StartError::Definition {
            logical_id: logical_id.to_owned(),
            source_name: source_name.clone(),
            problem,
        };
        if !substituted.left_over.is_empty() {
            return Err(problem(format!(
                "DefinitionSubstitutions has no {}",
                substituted.left_over.join(", ")
            )));
        }
        sluice_asl::StateMachine::parse(&substituted.text).map_err(|diagnostics| problem(diagnostics.to_string()))?;
        Ok(substituted.text)
    }
}

/// The binary of a function: the last part of its `Code` path, as `cargo lambda build` names its output directories.
pub(crate) fn binary_name(logical_id: &str, function: &Function) -> Result<String, StartError> {
    Path::new(&function.code_path)
        .file_name()
        .and_then(|name| name.to_str())
        .filter(|name| *name != "bootstrap")
        .or_else(|| Path::new(&function.code_path).parent()?.file_name()?.to_str())
        .map(str::to_owned)
        .ok_or_else(|| StartError::NoBinary {
            logical_id: logical_id.to_owned(),
            code_path: function.code_path.clone(),
        })
}

fn read(path: &Path) -> Result<String, StartError> {
    std::fs::read_to_string(path).map_err(|source| StartError::File {
        path: path.to_owned(),
        source,
    })
}
