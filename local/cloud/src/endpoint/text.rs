//! Text for error messages.

/// The value for an error message: as it is, or its beginning and how long it is.
pub(crate) fn shortened(value: &str) -> String {
    const SHOWN: usize = 256;
    match value.char_indices().nth(SHOWN) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}... ({} bytes)", &value[..end], value.len()),
    }
}
