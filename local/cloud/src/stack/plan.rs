//! A template that has been read: what it needs is known, nothing runs yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sluice_asl::{Occasion, ParseOptions};
use sluice_engine::Timestamp;
use sluice_template::{
    Definition, Function, ResourceType, Stack, StackInputs, StateMachine, TaskDefinition, Template, substitute,
};

use super::runtime_notes::NoteTexts;
use super::{DELETE_AT, RuntimeNotes, StartError};
use crate::endpoint::rfc_3339;

/// The account of everything that runs locally.
pub(crate) const ACCOUNT: &str = "000000000000";

/// The region of a template that is only checked.
const CHECKED_REGION: &str = "us-east-1";

/// The source of a stack: its template's file, under a name and with defaults for parameters.
#[derive(Debug, Clone)]
pub struct StackSource {
    /// The stack's name.
    pub name: String,
    /// The template's file.
    pub template: PathBuf,
    /// Parameters for what is not given, where the template has them.
    pub defaults: BTreeMap<String, String>,
}

/// Stacks that can be started together, in an order in which one may import what an earlier one exports.
#[derive(Debug)]
pub struct Plans {
    region: String,
    plans: Vec<Plan>,
}

impl Plans {
    /// Reads the templates, checks their parameters, and finds their definitions. A parameter in `given` goes to each stack
    /// that has it.
    ///
    /// # Errors
    /// Unreadable files; everything that is wrong with a template or the parameters, with lines; a parameter that no stack
    /// has; a definition that is not a state machine.
    pub fn read(
        region: String,
        given: &BTreeMap<String, String>,
        sources: Vec<StackSource>,
    ) -> Result<Self, StartError> {
        let mut read = Vec::with_capacity(sources.len());
        for source in sources {
            let text = read_file(&source.template)?;
            let template = sluice_template::parse(&text, &source.template.display().to_string())?;
            read.push((source, text, template));
        }
        if let [_, _, ..] = read.as_slice() {
            check_given(given, &read)?;
        }
        let alone = read.len() == 1;
        let mut plans: Vec<Plan> = Vec::with_capacity(read.len());
        for (source, text, template) in read {
            let has = |key: &String| alone || template.parameters().any(|(name, _)| name == key);
            let parameters = given.iter().filter(|(key, _)| has(key));
            let parameters = parameters.map(|(key, value)| (key.clone(), value.clone())).collect();
            let imports = exports(plans.iter().map(Plan::preview));
            plans.push(Plan::new(source, &region, parameters, text, template, &imports)?);
        }
        Ok(Self { region, plans })
    }

    /// The region that they run in.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Each of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter()
    }

    /// The code of each of their functions.
    ///
    /// # Errors
    /// A function whose `Code` names no binary.
    pub fn function_code(&self) -> Result<Vec<FunctionCode>, StartError> {
        let mut all = Vec::new();
        for plan in &self.plans {
            for (resource, function) in plan.preview.all::<Function>() {
                all.push(FunctionCode {
                    logical_id: resource.logical_id.clone(),
                    binary: binary_name(&resource.logical_id, function)?,
                    path: plan.code_path(function),
                });
            }
        }
        Ok(all)
    }

    /// The names of the binaries that their containers run.
    pub fn containers(&self) -> BTreeSet<String> {
        let tasks = self.plans.iter().flat_map(|plan| plan.preview.all::<TaskDefinition>());
        let containers = tasks.flat_map(|(_, task)| &task.containers);
        containers.map(|container| container.name.clone()).collect()
    }
}

/// The code of a function, as its template names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCode {
    /// The function in its template.
    pub logical_id: String,
    /// The name that its binary has among built ones: the last part of the path.
    pub binary: String,
    /// The path, from the current directory.
    pub path: PathBuf,
}

/// Returns the values that stacks export, by name.
pub(crate) fn exports<'s>(stacks: impl Iterator<Item = &'s Stack>) -> BTreeMap<String, String> {
    let outputs = stacks.flat_map(|stack| &stack.outputs);
    outputs
        .filter_map(|output| Some((output.export.clone()?, output.value.clone())))
        .collect()
}

/// Checks that some stack has each parameter. With one stack, its template says so itself, with the line.
fn check_given(given: &BTreeMap<String, String>, read: &[(StackSource, String, Template)]) -> Result<(), StartError> {
    for name in given.keys() {
        let known = |template: &Template| template.parameters().any(|(known, _)| known == name);
        if !read.iter().any(|(_, _, template)| known(template)) {
            let stacks: Vec<&str> = read.iter().map(|(source, _, _)| source.name.as_str()).collect();
            return Err(StartError::UnknownParameter {
                name: name.clone(),
                stacks: stacks.join(", "),
            });
        }
    }
    Ok(())
}

/// The parameter that says how many minutes a stack lives. No template can compute a time, so as `cfn/deploy` does, we
/// compute [`DELETE_AT`] from it when that is not given.
const LIFETIME: &str = "LifetimeMinutes";

/// The values that a template is resolved with and that are known only when the stack runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuntimeValues {
    /// The URLs of its function URLs, by logical id.
    pub(crate) urls: BTreeMap<String, String>,
    /// The AWS endpoint's URL.
    pub(crate) endpoint: String,
    /// The values that earlier stacks export.
    pub(crate) imports: BTreeMap<String, String>,
    /// The time in `DeleteAt`, if the stack has a lifetime.
    pub(crate) delete_at: Option<Timestamp>,
    /// The number of earlier stacks of this name.
    pub(crate) generation: u32,
}

/// A stack that can be started.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) source: StackSource,
    pub(crate) text: String,
    /// The stack as far as it is known before it runs.
    preview: Stack,
    notes: NoteTexts,
    region: String,
    parameters: BTreeMap<String, String>,
    template: Template,
}

impl Plan {
    fn new(
        source: StackSource,
        region: &str,
        mut parameters: BTreeMap<String, String>,
        text: String,
        template: Template,
        imports: &BTreeMap<String, String>,
    ) -> Result<Self, StartError> {
        for (name, _) in template.parameters() {
            if let (Some(value), false) = (source.defaults.get(name), parameters.contains_key(name)) {
                parameters.insert(name.to_owned(), value.clone());
            }
        }
        // with any URL and any time: the real ones are known once the ports are, and when it starts
        let urls = url_ids(&template).map(|id| (id.to_owned(), "http://127.0.0.1/".to_owned()));
        let known = RuntimeValues {
            urls: urls.collect(),
            endpoint: "http://127.0.0.1".to_owned(),
            imports: imports.clone(),
            delete_at: Some(1_767_225_600_000),
            generation: 0,
        };
        let preview = resolve(&template, &source.name, region, &parameters, &known)?;
        let notes = NoteTexts::read(template.metadata(), &source.template)?;
        let plan = Self {
            notes,
            source,
            text,
            preview,
            region: region.to_owned(),
            parameters,
            template,
        };
        for (resource, machine) in plan.preview.all::<StateMachine>() {
            plan.definition(&resource.logical_id, machine)?;
        }
        Ok(plan)
    }

    /// Checks a template's text without anything that runs: its stack as far as it is known. Of the parameters that are given
    /// and the defaults it takes those that it has.
    pub(crate) fn check(
        name: &str,
        file: &Path,
        text: &str,
        given: &BTreeMap<String, String>,
        defaults: &BTreeMap<String, String>,
        imports: &BTreeMap<String, String>,
    ) -> Result<Self, StartError> {
        let template = sluice_template::parse(text, &file.display().to_string())?;
        let has = |key: &str| template.parameters().any(|(name, _)| name == key);
        let parameters = given.iter().filter(|(key, _)| has(key));
        let parameters = parameters.map(|(key, value)| (key.clone(), value.clone())).collect();
        let source = StackSource {
            name: name.to_owned(),
            template: file.to_owned(),
            defaults: defaults.clone(),
        };
        Self::new(source, CHECKED_REGION, parameters, text.to_owned(), template, imports)
    }

    /// The stack as far as it is known before it runs.
    pub(crate) fn preview(&self) -> &Stack {
        &self.preview
    }

    /// The definitions of its state machines, each with the file that it stands in.
    pub(crate) fn definitions(&self) -> Vec<(String, String)> {
        let machines = self.preview.all::<StateMachine>();
        machines
            .filter_map(|(resource, machine)| {
                let file = match &machine.definition {
                    Definition::Text(_) => self.source.template.clone(),
                    Definition::Path(path) => self.source.template.parent().unwrap_or(Path::new("")).join(path),
                };
                let text = self.definition(&resource.logical_id, machine).ok()?;
                Some((file.display().to_string(), text))
            })
            .collect()
    }

    /// The logical ids of the function URLs, in the order of the template: their ports follow it.
    pub(crate) fn url_ids(&self) -> impl Iterator<Item = &str> {
        url_ids(&self.template)
    }

    /// Returns the time that the stack lives from its deployment, in milliseconds: if its template takes a `DeleteAt`, which
    /// was not given, and a `LifetimeMinutes`.
    pub(crate) fn lifetime_ms(&self) -> Option<i64> {
        if !computes_delete_at(&self.template, &self.parameters) {
            return None;
        }
        let lifetime = self
            .preview
            .parameters
            .iter()
            .find(|parameter| parameter.key == LIFETIME)?;
        let minutes: f64 = lifetime.value.parse().ok()?;
        // the template bounds it; what is beyond the range of the target type becomes its end
        Some((minutes * 60_000.0) as i64)
    }

    /// The parameters as the stack has them, by name, without the time that is computed.
    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        let computed = computes_delete_at(&self.template, &self.parameters);
        let all = self.preview.parameters.iter();
        all.filter(|parameter| !(computed && parameter.key == DELETE_AT))
            .map(|parameter| (parameter.key.clone(), parameter.value.clone()))
            .collect()
    }

    /// The stack with what is known now.
    pub(crate) fn resolve(&self, known: &RuntimeValues) -> Result<Stack, StartError> {
        resolve(&self.template, &self.source.name, &self.region, &self.parameters, known)
    }

    /// The path of a function's code, from the current directory.
    pub(crate) fn code_path(&self, function: &Function) -> PathBuf {
        let directory = self.source.template.parent().unwrap_or(Path::new(""));
        directory.join(&function.code_path)
    }

    /// The sentences of the template about the stack.
    pub(crate) fn notes(&self, stack: &Stack) -> RuntimeNotes {
        self.notes.fill(stack)
    }

    /// A state machine's definition with its substitutions made and its language checked.
    pub(crate) fn definition(&self, logical_id: &str, machine: &StateMachine) -> Result<String, StartError> {
        let directory = self.source.template.parent().unwrap_or(Path::new("."));
        let (text, source_name) = match &machine.definition {
            Definition::Text(text) => (text.clone(), self.source.template.display().to_string()),
            Definition::Path(path) => {
                let path = directory.join(path);
                (read_file(&path)?, path.display().to_string())
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
        let options = ParseOptions {
            occasion: Occasion::New,
            ..ParseOptions::default()
        };
        sluice_asl::StateMachine::parse_with(&substituted.text, options)
            .map_err(|diagnostics| problem(diagnostics.to_string()))?;
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

fn url_ids(template: &Template) -> impl Iterator<Item = &str> {
    let urls = template.resources().filter(|(_, kind)| *kind == ResourceType::Url);
    urls.map(|(id, _)| id)
}

/// Returns true if `DeleteAt` is to be computed from `LifetimeMinutes`: the template has both, and `DeleteAt` is not given.
fn computes_delete_at(template: &Template, parameters: &BTreeMap<String, String>) -> bool {
    let has = |key: &str| template.parameters().any(|(name, _)| name == key);
    has(DELETE_AT) && has(LIFETIME) && !parameters.contains_key(DELETE_AT)
}

fn resolve(
    template: &Template,
    name: &str,
    region: &str,
    parameters: &BTreeMap<String, String>,
    known: &RuntimeValues,
) -> Result<Stack, StartError> {
    let mut inputs = StackInputs::new(name, region, ACCOUNT);
    inputs.parameters = parameters.clone();
    if let (true, Some(at)) = (computes_delete_at(template, parameters), known.delete_at) {
        inputs.parameters.insert(DELETE_AT.to_owned(), in_seconds(at));
    }
    inputs.endpoint = Some(known.endpoint.clone());
    inputs.generation = known.generation;
    inputs.imports = known.imports.clone();
    let urls = known.urls.iter();
    inputs.attributes = urls
        .map(|(id, url)| (format!("{id}.FunctionUrl"), url.clone()))
        .collect();
    Ok(template.resolve(&inputs)?)
}

/// `2026-11-22T18:00:00Z`: as the templates take a time.
fn in_seconds(at: Timestamp) -> String {
    let text = rfc_3339(at.div_euclid(1000).saturating_mul(1000));
    text.split_once('.')
        .map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

fn read_file(path: &Path) -> Result<String, StartError> {
    std::fs::read_to_string(path).map_err(|source| StartError::File {
        path: path.to_owned(),
        source,
    })
}
