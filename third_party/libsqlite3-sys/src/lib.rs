//! The bindings of a newer `libsqlite3-sys` under the version that rusqlite 0.36 asks for.
#![no_std]

pub use current::*;
