//! The running `sluice up` that commands ask.

use clap::Args;

/// The address of the running `sluice up` that a command asks.
#[derive(Debug, Args)]
pub(crate) struct Endpoint {
    /// Address of the running endpoint
    #[arg(
        long,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        default_value = "http://127.0.0.1:4566"
    )]
    pub(crate) endpoint: String,
}
