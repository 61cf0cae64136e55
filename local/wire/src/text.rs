//! Text for error messages.

/// The value for an error message: as it is, or its beginning and how long it is.
pub fn shortened(value: &str) -> String {
    const SHOWN: usize = 256;
    match value.char_indices().nth(SHOWN) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}... ({} bytes)", &value[..end], value.len()),
    }
}

/// Names as a sentence lists them.
///
/// ```
/// assert_eq!(sluice_wire::conjunction(&["A", "B", "C"]), "A, B and C");
/// ```
pub fn conjunction(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
