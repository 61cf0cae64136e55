//! The function URLs of this machine.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use sluice_engine::Timestamp;

/// Who may call a function URL.
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
    /// Where it listens: `http://127.0.0.1:PORT/`.
    pub url: String,
    /// Who may call it.
    pub auth_type: UrlAuthType,
    /// The `Cors` member as GetFunctionUrlConfig shows it, if it is set up.
    pub cors: Option<serde_json::Value>,
    /// When it was made, on the engine's clock.
    pub created: Timestamp,
}

/// The function URLs, by function.
#[derive(Debug, Default)]
pub struct FunctionUrls(RwLock<BTreeMap<String, FunctionUrl>>);

impl FunctionUrls {
    /// Adds a URL, or replaces that of the same function.
    pub fn register(&self, url: FunctionUrl) {
        let mut urls = self.0.write().unwrap_or_else(PoisonError::into_inner);
        urls.insert(url.function_name.clone(), url);
    }

    /// The URL of a function.
    pub fn get(&self, function_name: &str) -> Option<FunctionUrl> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(function_name)
            .cloned()
    }

    /// All URLs, by the names of their functions.
    pub fn list(&self) -> Vec<FunctionUrl> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }
}
