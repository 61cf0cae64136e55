//! The transports by which submissions reach their target.

mod failure;
mod http;
mod kinesis;
mod tls;

pub use http::{Encoding, Http, Preference, Url};
pub use kinesis::{Kinesis, Stream};

use std::future::Future;

use crate::send_result::SendResult;
use crate::submission::Submission;

/// A way to a target. Never sends anything twice: what fails is counted, not tried again.
pub trait Transport: Send + Sync + 'static {
    /// The target, for people.
    fn target(&self) -> String;

    /// Sends `batch` as one request. Gives an outcome for each submission, in their order.
    fn send(&self, batch: &[Submission]) -> impl Future<Output = Vec<SendResult>> + Send;
}
