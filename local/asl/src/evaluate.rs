//! The evaluation of what a definition's fields hold: values, paths, templates, rules.

mod dynamic;
mod path;
mod rule;
mod template;
