//! The stacks of the runtime, with their outputs and what their templates say of them.

use anyhow::bail;
use serde::Deserialize;

use crate::client::{Client, ClientError};

/// A running stack.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stack {
    /// Its name.
    pub(crate) name: String,
    /// Its outputs.
    pub(crate) outputs: Vec<Output>,
    /// The address that takes things in.
    pub(crate) entrance: Option<Entrance>,
    /// The addresses of its function URLs.
    pub(crate) function_urls: Vec<String>,
}

/// An output of a stack.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Output {
    /// Its key.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: String,
    /// Its description.
    pub(crate) description: Option<String>,
    /// The name under which other stacks import it.
    pub(crate) export: Option<String>,
}

/// The address that takes things in.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entrance {
    /// The address.
    pub(crate) address: String,
}

#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Stack>,
}

/// Lists the stacks that exist.
pub(crate) fn all(client: &Client) -> Result<Vec<Stack>, ClientError> {
    let answer = client.get("/_sluice/stacks")?;
    let list: List = serde_json::from_value(answer).map_err(|error| ClientError::Foreign {
        endpoint: client.endpoint().to_owned(),
        reason: error.to_string(),
    })?;
    Ok(list.items)
}

/// Returns the entrance of the first stack that has one.
pub(crate) fn entrance(client: &Client) -> anyhow::Result<Entrance> {
    match all(client)?.into_iter().find_map(|stack| stack.entrance) {
        Some(entrance) => Ok(entrance),
        None => bail!(
            "no stack says where it takes submissions (Metadata.LocalRuntime.Entrance of its template); \
             give the address with --url"
        ),
    }
}
