//! The protocols by which CloudWatch is called: smithy-rpc-v2-cbor, AWS JSON 1.0 and query. Each becomes the same JSON value,
//! from which an action's request is read, and writes the same [`crate::node::Node`].

mod cbor;
mod form;
mod json;
