//! The common part of every listener of one machine: who may send requests, how long, and how many at a time.
//!
//! - [`HostGuard`]: which names a request may address, and which web pages may send one. Pure.
//! - [`serve`]: HTTP/1 on a listener within [`Limits`]. Heads, bodies and idle times are bounded; when all slots are
//!   taken, the connection that was idle longest makes room, and if none is idle the new one reads a `503`.
//! - A refusal is read by its client: what is left of the request is read and dropped, or the answer says
//!   `Connection: close` and the connection lingers until the client has had time to read it.
//! - A client that shuts its writing side after its request gets its answer.

mod body;
mod connection;
mod connection_slots;
mod guard;
mod limits;
mod linger;
mod server;
mod stream;

pub use body::{ReadError, RequestBody};
pub use connection::Connection;
pub use connection_slots::ConnectionSlots;
pub use guard::{HostGuard, Refusal};
pub use limits::Limits;
pub use server::serve;
