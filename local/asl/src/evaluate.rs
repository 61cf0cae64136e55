//! The evaluation of what a definition's fields hold: values, paths, templates, rules.

mod dynamic;
pub use dynamic::MapItems;
mod path;
mod rule;
mod template;
