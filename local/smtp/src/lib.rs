//! Sends the mails of the local inbox through an SMTP server, for real.
//!
//! The inbox is the queue: a mail is there before anybody is told of it, and what became of sending it is noted beside it
//! ([`sluice_sns::inbox::Delivery`]). So a mail is sent at least once, also over a crash; one that was sent and not noted is
//! sent again. A server that is not there, or says "later", is tried again; one that says no is not.

mod message;
mod relay;
mod server;

pub use relay::{Relay, start};
pub use server::{Server, ServerError};
