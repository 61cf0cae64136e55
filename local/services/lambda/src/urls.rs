//! The function URLs of this machine.

use std::collections::BTreeMap;

use parking_lot::RwLock;
use serde::Serialize;
use sluice_clock::Timestamp;
use sluice_wire::rfc_3339;

/// The access to a function URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlAuthType {
    /// Everyone.
    None,
    /// Only signed requests.
    AwsIam,
}

impl UrlAuthType {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::AwsIam => "AWS_IAM",
        }
    }
}

/// One function URL.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionUrl {
    /// The function's name.
    pub function_name: String,
    /// The function's ARN.
    pub function_arn: String,
    /// Its address: `http://127.0.0.1:PORT/`.
    pub url: String,
    /// Its access.
    pub auth_type: UrlAuthType,
    /// The `Cors` member as GetFunctionUrlConfig shows it, if it is set up.
    pub cors: Option<serde_json::Value>,
    /// The time of its creation, on the engine's clock.
    pub created: Timestamp,
}

/// `FunctionUrlConfig`, as the API shows a function URL.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FunctionUrlConfig {
    function_url: String,
    function_arn: String,
    auth_type: &'static str,
    creation_time: String,
    last_modified_time: String,
    invoke_mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cors: Option<serde_json::Value>,
}

impl From<FunctionUrl> for FunctionUrlConfig {
    fn from(url: FunctionUrl) -> Self {
        let created = rfc_3339(url.created);
        Self {
            function_url: url.url,
            function_arn: url.function_arn,
            auth_type: url.auth_type.as_str(),
            creation_time: created.clone(),
            last_modified_time: created,
            invoke_mode: "BUFFERED",
            cors: url.cors,
        }
    }
}

/// The function URLs, by function.
#[derive(Debug, Default)]
pub struct FunctionUrls(RwLock<BTreeMap<String, FunctionUrl>>);

impl FunctionUrls {
    /// Adds a URL, or replaces that of the same function.
    pub fn register(&self, url: FunctionUrl) {
        let mut urls = self.0.write();
        urls.insert(url.function_name.clone(), url);
    }

    /// The URL of a function.
    pub fn get(&self, function_name: &str) -> Option<FunctionUrl> {
        self.0.read().get(function_name).cloned()
    }

    /// All URLs, by the names of their functions.
    pub fn list(&self) -> Vec<FunctionUrl> {
        self.0.read().values().cloned().collect()
    }
}
