//! The functions' output, kept per invocation.

mod capture;
mod file;
mod line;
mod record;
mod store;

pub(crate) use capture::Capture;
pub(crate) use file::{Files, LogWriter};
pub(crate) use line::LineSplitter;
pub(crate) use record::timestamp;
pub use record::{InvocationStatus, LogRecord};
pub(crate) use store::FunctionLog;
pub use store::LogQuery;
