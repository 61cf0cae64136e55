use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sluice_cloud::{Binaries, BinaryPlaces, Mocks, Plans, StackSource};

use crate::{HarnessError, Sluice};

/// The region where none is given.
const REGION: &str = "us-east-1";

/// The stack that a test's runtime is started with.
///
/// ```no_run
/// use sluice_harness::Sluice;
///
/// let sluice = Sluice::builder()
///     .template("stack.yaml")
///     .parameter("AdminEmail", "admin@example.com")
///     // the binary of the function whose Code ends in `greet`
///     .binary("greet", std::env::var("CARGO_BIN_EXE_greet").unwrap_or_default())
///     .start()?;
/// # Ok::<(), sluice_harness::HarnessError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Builder {
    template: Option<PathBuf>,
    stack_name: String,
    region: String,
    parameters: BTreeMap<String, String>,
    functions: Option<PathBuf>,
    binaries: BTreeMap<String, PathBuf>,
    lambda_endpoint: Option<String>,
    mocks: Option<PathBuf>,
}

impl Sluice {
    /// Starts a runtime without a stack: state machines, tables and topics come through the API.
    ///
    /// # Errors
    /// When the machine gives no directory, port or thread.
    pub fn start() -> Result<Self, HarnessError> {
        Self::builder().start()
    }

    /// The stack to start with.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    fn new() -> Self {
        Self {
            template: None,
            stack_name: "test".to_owned(),
            region: REGION.to_owned(),
            parameters: BTreeMap::new(),
            functions: None,
            binaries: BTreeMap::new(),
            lambda_endpoint: None,
            mocks: None,
        }
    }

    /// Makes the stack of this template: YAML, JSON, or what the CDK writes. Paths in it are relative to it.
    #[must_use]
    pub fn template(mut self, file: impl AsRef<Path>) -> Self {
        self.template = Some(file.as_ref().to_owned());
        self
    }

    /// Names the stack; `test` otherwise.
    #[must_use]
    pub fn stack_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.stack_name);
        self
    }

    /// The region that ARNs and functions see; `us-east-1` otherwise.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// Gives a parameter of the template.
    #[must_use]
    pub fn parameter(mut self, key: &str, value: &str) -> Self {
        self.parameters.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Takes functions' binaries from a directory, as `NAME` or `NAME/bootstrap`. They come before those that `Code` leads to.
    #[must_use]
    pub fn functions(mut self, directory: impl AsRef<Path>) -> Self {
        self.functions = Some(directory.as_ref().to_owned());
        self
    }

    /// Gives the binary of the functions whose `Code` ends in this name. It comes before all others.
    #[must_use]
    pub fn binary(mut self, name: &str, file: impl AsRef<Path>) -> Self {
        self.binaries.insert(name.to_owned(), file.as_ref().to_owned());
        self
    }

    /// Sends invocations of functions that no template declares to this Lambda endpoint.
    #[must_use]
    pub fn lambda_endpoint(mut self, url: &str) -> Self {
        self.lambda_endpoint = Some(url.to_owned());
        self
    }

    /// Takes results of tasks from a file of mocks; `start_execution("MACHINE#CASE", …)` chooses the test case.
    #[must_use]
    pub fn mocks(mut self, file: impl AsRef<Path>) -> Self {
        self.mocks = Some(file.as_ref().to_owned());
        self
    }

    /// Starts it: on return the stack is made, and everything answers.
    ///
    /// # Errors
    /// What is wrong with the template, a parameter or a binary, in one line that says what to do.
    pub fn start(self) -> Result<Sluice, HarnessError> {
        let sources = self.template.iter().map(|template| StackSource {
            name: self.stack_name.clone(),
            template: template.clone(),
            defaults: BTreeMap::new(),
        });
        let plans = Plans::read(self.region.clone(), &self.parameters, sources.collect())?;
        let binaries = self.find(&plans)?;
        let mocks = self.mocks.as_deref().map(Mocks::read).transpose()?;
        Sluice::of(plans, binaries, self.lambda_endpoint, mocks)
    }

    fn find(&self, plans: &Plans) -> Result<Binaries, HarnessError> {
        let all = plans.find_binaries(&BinaryPlaces {
            directory: self.functions.clone(),
            code: true,
        })?;
        let mut found = all.found;
        for function in plans.function_code()? {
            if self.binaries.contains_key(&function.binary) {
                found.by_code.remove(&function.path);
            }
        }
        found.by_name.extend(self.binaries.clone());
        let missing: Vec<String> = all
            .missing
            .into_iter()
            .filter(|name| !self.binaries.contains_key(name))
            .collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let mut reasons = all.reasons.join("; ");
        if !reasons.is_empty() {
            reasons += "; ";
        }
        Err(HarnessError::NoBinary {
            names: missing.join(", "),
            reasons,
        })
    }
}
