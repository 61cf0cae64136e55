//! `AWS::Lambda::Url`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-url.html>).

use crate::fields::{Choice, Fields, Property};
use crate::naming::Identity;
use crate::resources::{Kind, MissingPeer, Peers, ResourceType};

/// A function URL. `Ref` and `FunctionArn` give the function's ARN; `FunctionUrl` comes from the runtime.
#[derive(Debug, Clone, PartialEq)]
pub struct Url {
    /// The logical id of the function that answers.
    pub function: String,
    /// `TargetFunctionArn` as an ARN, with the qualifier if there is one.
    pub function_arn: String,
    /// `Qualifier`: an alias.
    pub qualifier: Option<String>,
    /// `AuthType`.
    pub auth_type: AuthType,
    /// `InvokeMode`; buffered when absent.
    pub invoke_mode: InvokeMode,
    /// `Cors`.
    pub cors: Option<Cors>,
    /// `TargetFunctionArn` as given: a name or an ARN.
    target: String,
}

/// The kind of authorization that callers of a function URL need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthType {
    /// Anyone.
    None,
    /// Requests signed by a principal with the right to call it.
    AwsIam,
}

impl Choice for AuthType {
    const ALL: &'static [(&'static str, Self)] = &[("NONE", AuthType::None), ("AWS_IAM", AuthType::AwsIam)];
}

/// The way in which a function's answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvokeMode {
    /// Whole.
    Buffered,
    /// As it is made.
    ResponseStream,
}

impl Choice for InvokeMode {
    const ALL: &'static [(&'static str, Self)] = &[
        ("BUFFERED", InvokeMode::Buffered),
        ("RESPONSE_STREAM", InvokeMode::ResponseStream),
    ];
}

/// The cross-origin settings of a function URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cors {
    /// `AllowCredentials`; false when absent.
    pub allow_credentials: bool,
    /// `AllowHeaders`.
    pub allow_headers: Vec<String>,
    /// `AllowMethods`.
    pub allow_methods: Vec<String>,
    /// `AllowOrigins`.
    pub allow_origins: Vec<String>,
    /// `ExposeHeaders`.
    pub expose_headers: Vec<String>,
    /// `MaxAge` in seconds, at most 86,400.
    pub max_age_seconds: Option<u32>,
}

impl Kind for Url {
    const TYPE: &'static str = "AWS::Lambda::Url";
    const ATTRIBUTES: &'static [&'static str] = &["FunctionArn", "FunctionUrl"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("AuthType"),
        Property::honoured("Cors"),
        Property::honoured("InvokeMode"),
        Property::honoured("Qualifier"),
        Property::honoured("TargetFunctionArn"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let target = fields.required_text("TargetFunctionArn");
        let auth_type = fields.required("AuthType", fields.choice("AuthType"));
        let invoke_mode = fields.choice("InvokeMode").unwrap_or(InvokeMode::Buffered);
        let (qualifier, cors) = (fields.text("Qualifier"), read_cors(fields));
        let target = target?;
        let mut function_arn = match target.rsplit_once(":function:") {
            Some((_, name)) => identity.arn("lambda", &format!("function:{name}")),
            None => identity.arn("lambda", &format!("function:{target}")),
        };
        if let Some(qualifier) = &qualifier {
            function_arn = format!("{function_arn}:{qualifier}");
        }
        Some(Url {
            function: String::new(),
            function_arn,
            qualifier,
            auth_type: auth_type?,
            invoke_mode,
            cors,
            target,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.function_arn.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "FunctionArn").then(|| self.function_arn.clone())
    }

    fn link(&mut self, peers: &Peers) -> Result<(), MissingPeer> {
        self.function = peers.find("TargetFunctionArn", ResourceType::Function, &self.target)?;
        Ok(())
    }
}

fn read_cors(fields: &Fields<'_>) -> Option<Cors> {
    let known = &[
        "AllowCredentials",
        "AllowHeaders",
        "AllowMethods",
        "AllowOrigins",
        "ExposeHeaders",
        "MaxAge",
    ];
    let cors = fields.nested("Cors", known)?;
    Some(Cors {
        allow_credentials: cors.boolean("AllowCredentials").unwrap_or(false),
        allow_headers: cors.texts("AllowHeaders"),
        allow_methods: cors.texts("AllowMethods"),
        allow_origins: cors.texts("AllowOrigins"),
        expose_headers: cors.texts("ExposeHeaders"),
        max_age_seconds: cors.integer("MaxAge", 0, 86_400),
    })
}
