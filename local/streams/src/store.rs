//! The file, its writing thread and its readers, opened when first needed.

mod changes;
mod handle;
mod observation;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

pub use changes::ChangeListener;
pub(crate) use changes::Topic;
pub use handle::{OpenCheck, Streams};
pub(crate) use observation::{ObservationKind, OwnedObservation};
pub(crate) use writer::WriterState;
