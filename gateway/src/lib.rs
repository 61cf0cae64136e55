//! The Lambda functions at the workflow's edge. A URL reaches [`ingest`] (for everyone) and [`approval`] (the admin's
//! link); a Kinesis stream feeds [`dispatch`].
//!
//! They are separate functions so that each holds only the rights that it needs: a public one can complete no task. The
//! first two speak Lambda's payload format 2.0 (<https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>) and
//! answer whatever is sent to them; no input, by URL or by stream, is an error of a function.

pub mod approval;
pub mod dispatch;
pub mod http;
pub mod ingest;
mod randomness;
mod retry;
mod start;
mod submission_id;
mod upstream;

pub use start::Workflow;
pub use submission_id::SubmissionIds;
