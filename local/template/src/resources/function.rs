//! `AWS::Lambda::Function`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html>).

use indexmap::IndexMap;

use crate::error::Problem;
use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::node::Data;
use crate::resources::Kind;

/// A Lambda function. `Ref` gives its name, `Arn` its ARN.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// `FunctionName`, or a generated name; at most 64 characters.
    pub name: String,
    /// The function's ARN.
    pub arn: String,
    /// `Code`: a path relative to the template, to the built binary or the folder that holds it. `aws cloudformation package`
    /// makes an S3 location of it for AWS.
    pub code_path: String,
    /// `Handler`: any text; `provided` runtimes get it as `_HANDLER`.
    pub handler: String,
    /// `Runtime`.
    pub runtime: Runtime,
    /// `Architectures`; Lambda's default is x86_64.
    pub architecture: Architecture,
    /// `MemorySize` in MB; 128 when absent.
    pub memory_mb: u32,
    /// `Timeout` in seconds; 3 when absent, at most 900.
    pub timeout_seconds: u32,
    /// `Environment.Variables`.
    pub environment: IndexMap<String, String>,
    /// `Role`: an ARN.
    pub role: String,
    /// `ReservedConcurrentExecutions`: how many may run at once; no own limit when absent.
    pub reserved_concurrency: Option<u32>,
    /// `Description`.
    pub description: Option<String>,
    /// `LoggingConfig.LogGroup`; `/aws/lambda/<name>` when absent.
    pub log_group: String,
    /// `LoggingConfig.LogFormat`; text when absent.
    pub log_format: LogFormat,
    /// `LoggingConfig.ApplicationLogLevel`, for `AWS_LAMBDA_LOG_LEVEL`.
    pub application_log_level: Option<String>,
    /// `TracingConfig.Mode` is `Active`.
    pub active_tracing: bool,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

/// A custom runtime: the binary itself speaks the Runtime API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// `provided.al2023`.
    ProvidedAl2023,
    /// `provided.al2`.
    ProvidedAl2,
}

impl Runtime {
    /// The name in templates.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Runtime::ProvidedAl2023 => "provided.al2023",
            Runtime::ProvidedAl2 => "provided.al2",
        }
    }
}

/// The processor that the function is built for on AWS. Locally it runs on the machine's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `arm64`.
    Arm64,
    /// `x86_64`.
    X86_64,
}

impl Choice for Architecture {
    const ALL: &'static [(&'static str, Self)] = &[("arm64", Architecture::Arm64), ("x86_64", Architecture::X86_64)];
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `Text`.
    Text,
    /// `JSON`.
    Json,
}

impl Choice for LogFormat {
    const ALL: &'static [(&'static str, Self)] = &[("Text", LogFormat::Text), ("JSON", LogFormat::Json)];
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PackageType {
    Zip,
    Image,
}

impl Choice for PackageType {
    const ALL: &'static [(&'static str, Self)] = &[("Zip", PackageType::Zip), ("Image", PackageType::Image)];
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TracingMode {
    Active,
    PassThrough,
}

impl Choice for TracingMode {
    const ALL: &'static [(&'static str, Self)] = &[
        ("Active", TracingMode::Active),
        ("PassThrough", TracingMode::PassThrough),
    ];
}

#[derive(Clone, Copy)]
struct LogLevelName(&'static str);

impl Choice for LogLevelName {
    const ALL: &'static [(&'static str, Self)] = &[
        ("TRACE", LogLevelName("TRACE")),
        ("DEBUG", LogLevelName("DEBUG")),
        ("INFO", LogLevelName("INFO")),
        ("WARN", LogLevelName("WARN")),
        ("ERROR", LogLevelName("ERROR")),
        ("FATAL", LogLevelName("FATAL")),
    ];
}

const BUILD_ADVICE: &str = "Code is a path to a built binary, relative to the template, such as \
                            `../target/lambda/ingest`; `aws cloudformation package` uploads it for AWS";

impl Kind for Function {
    const TYPE: &'static str = "AWS::Lambda::Function";
    const ATTRIBUTES: &'static [&'static str] = &["Arn"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("Architectures"),
        Property::refused(
            "CapacityProviderConfig",
            "functions run as processes of this machine; leave it out",
        ),
        Property::honoured("Code"),
        Property::ignored("CodeSigningConfigArn", Shape::Text, "local binaries are not signed"),
        Property::ignored(
            "DeadLetterConfig",
            Shape::Mapping,
            "failed asynchronous invocations are shown in the log",
        ),
        Property::honoured("Description"),
        Property::refused(
            "DurableConfig",
            "durable functions need Lambda's own checkpoints; use a state machine",
        ),
        Property::honoured("Environment"),
        Property::ignored("EphemeralStorage", Shape::Mapping, "/tmp is the machine's own"),
        Property::refused("FileSystemConfigs", "there is no network file system; leave it out"),
        Property::honoured("FunctionName"),
        Property::ignored(
            "FunctionScalingConfig",
            Shape::Mapping,
            "instances start and stop by load",
        ),
        Property::honoured("Handler"),
        Property::refused(
            "ImageConfig",
            "container images do not run locally; use a provided runtime",
        ),
        Property::ignored(
            "KmsKeyArn",
            Shape::Text,
            "environment variables are not encrypted locally",
        ),
        Property::refused("Layers", "there are no layers; build what is needed into the binary"),
        Property::honoured("LoggingConfig"),
        Property::honoured("MemorySize"),
        Property::honoured("PackageType"),
        Property::ignored(
            "PublishToLatestPublished",
            Shape::Boolean,
            "there is one version, $LATEST",
        ),
        Property::ignored("RecursiveLoop", Shape::Text, "loops are not detected locally"),
        Property::honoured("ReservedConcurrentExecutions"),
        Property::honoured("Role"),
        Property::honoured("Runtime"),
        Property::ignored(
            "RuntimeManagementConfig",
            Shape::Mapping,
            "a provided runtime is the binary itself",
        ),
        Property::ignored("SnapStart", Shape::Mapping, "provided runtimes have no snapshots"),
        Property::honoured("Tags"),
        Property::refused("TenancyConfig", "instances are not kept apart by tenant; leave it out"),
        Property::honoured("Timeout"),
        Property::honoured("TracingConfig"),
        Property::ignored("VpcConfig", Shape::Mapping, "processes use the machine's network"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields.name("FunctionName", 64, "-_");
        let (code_path, handler) = (read_code(fields), fields.required_text("Handler"));
        let (runtime, role) = (read_runtime(fields), fields.required_text("Role"));
        if fields.choice("PackageType") == Some(PackageType::Image) {
            refuse(fields, "PackageType", "a container image", BUILD_ADVICE);
        }
        let environment = fields.nested("Environment", &["Variables"]);
        let environment = environment.map_or_else(IndexMap::new, |inner| inner.text_map("Variables"));
        check_environment(fields, &environment);
        let name = name.unwrap_or_else(|| identity.generated_name(64));
        let logging = fields.nested(
            "LoggingConfig",
            &["ApplicationLogLevel", "LogFormat", "LogGroup", "SystemLogLevel"],
        );
        let log_level = logging
            .as_ref()
            .and_then(|logging| logging.choice::<LogLevelName>("ApplicationLogLevel"));
        // Checked, not kept: the local host writes the platform's lines at one level.
        let _ = logging
            .as_ref()
            .and_then(|logging| logging.choice::<LogLevelName>("SystemLogLevel"));
        let tracing = fields
            .nested("TracingConfig", &["Mode"])
            .and_then(|tracing| tracing.choice("Mode"));
        Some(Function {
            architecture: read_architecture(fields),
            memory_mb: fields.integer("MemorySize", 128, 32768).unwrap_or(128),
            timeout_seconds: fields.integer("Timeout", 1, 900).unwrap_or(3),
            environment,
            reserved_concurrency: fields.integer("ReservedConcurrentExecutions", 0, i64::from(u32::MAX)),
            description: fields.text("Description"),
            log_group: logging
                .as_ref()
                .and_then(|logging| logging.text("LogGroup"))
                .unwrap_or_else(|| format!("/aws/lambda/{name}")),
            log_format: logging
                .as_ref()
                .and_then(|logging| logging.choice("LogFormat"))
                .unwrap_or(LogFormat::Text),
            application_log_level: log_level.map(|level| level.0.to_owned()),
            active_tracing: tracing == Some(TracingMode::Active),
            tags: fields.tags(),
            arn: identity.arn("lambda", &format!("function:{name}")),
            name,
            code_path: code_path?,
            handler: handler?,
            runtime: runtime?,
            role: role?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Arn").then(|| self.arn.clone())
    }

    /// Lambda takes a name, an ARN or `<account>:function:<name>`.
    fn aliases(&self, identity: &Identity<'_>) -> Vec<String> {
        let partial = format!("{}:function:{}", identity.inputs.account_id, self.name);
        vec![self.name.clone(), self.arn.clone(), partial]
    }
}

fn refuse(fields: &Fields<'_>, property: &str, what: &str, advice: &str) {
    let at = fields.node(property).map_or(fields.at(), |node| node.at);
    let problem = Problem::NotLocal {
        what: what.to_owned(),
        advice: advice.to_owned(),
    };
    fields.report(at, property, problem);
}

fn read_code(fields: &Fields<'_>) -> Option<String> {
    let node = fields.required("Code", fields.node("Code"))?;
    if let Some(asset) = cdk_asset(fields) {
        return Some(asset);
    }
    if let Data::Map(entries) = &node.data {
        let keys: Vec<&str> = entries.iter().map(|(key, _)| key.name.as_str()).collect();
        refuse(fields, "Code", &format!("code from {}", keys.join(", ")), BUILD_ADVICE);
        return None;
    }
    let path = fields.text("Code")?;
    if path.is_empty() || path.starts_with("s3://") {
        refuse(
            fields,
            "Code",
            &format!("the code {}", crate::node::Quoted(&path)),
            BUILD_ADVICE,
        );
        return None;
    }
    Some(path)
}

/// The path of an asset of the CDK, relative to the template: templates name the object that `cdk deploy` makes of it. The
/// metadata has the path unless the app leaves it out; then it is the one that the CDK gives its assets.
fn cdk_asset(fields: &Fields<'_>) -> Option<String> {
    let code = match &fields.node("Code")?.data {
        Data::Map(entries) => entries,
        Data::Scalar(_) | Data::List(_) => return None,
    };
    let (_, key) = code.iter().find(|(key, _)| key.name == "S3Key")?;
    let named = fields
        .metadata_text("aws:asset:path")
        .filter(|_| fields.metadata_text("aws:asset:property") == Some("Code"));
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    let object = key.as_text()?.rsplit('/').next()?;
    let hash = object.strip_suffix(".zip")?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| format!("asset.{hash}"))
}

fn read_runtime(fields: &Fields<'_>) -> Option<Runtime> {
    let name = fields.required_text("Runtime")?;
    let known = [Runtime::ProvidedAl2023, Runtime::ProvidedAl2];
    let found = known.into_iter().find(|runtime| runtime.name() == name);
    if found.is_none() {
        let advice = "functions run as native processes; build a binary for `provided.al2023`";
        refuse(
            fields,
            "Runtime",
            &format!("the runtime {}", crate::node::Quoted(&name)),
            advice,
        );
    }
    found
}

fn read_architecture(fields: &Fields<'_>) -> Architecture {
    let architectures = fields.choices("Architectures");
    if architectures.len() > 1 {
        let at = fields.node("Architectures").map_or(fields.at(), |node| node.at);
        let rule = "a function has one architecture".to_owned();
        let value = format!("a list of {}", architectures.len());
        fields.report(at, "Architectures", Problem::NotAllowed { value, rule });
    }
    architectures.first().copied().unwrap_or(Architecture::X86_64)
}

/// Lambda refuses the names that it sets itself, and names that are no identifiers.
fn check_environment(fields: &Fields<'_>, environment: &IndexMap<String, String>) {
    const RESERVED: &[&str] = &[
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    ];
    let at = fields.node("Environment").map_or(fields.at(), |node| node.at);
    for (name, value) in environment {
        let identifier = name.len() >= 2
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let rule = if RESERVED.contains(&name.as_str()) {
            "Lambda sets this variable itself"
        } else if !identifier {
            "a variable's name is a letter, then one or more letters, digits or `_`"
        } else if value.contains('\0') {
            "a variable's value has no NUL"
        } else {
            continue;
        };
        let value = crate::node::Quoted(name).to_string();
        fields.report(
            at,
            "Environment.Variables",
            Problem::NotAllowed {
                value,
                rule: rule.to_owned(),
            },
        );
    }
}
