use thiserror::Error;

/// A setting that the function needs and does not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingError {
    /// The variable is not set, or empty.
    #[error("environment variable {0} is not set: the template must give it to the function")]
    Missing(&'static str),
    /// The variable is set to something unusable.
    #[error("environment variable {name} is {value:?}: {expected}")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// The value that it should have.
        expected: &'static str,
    },
}

/// Reads a variable of the process; an empty one counts as not set.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads a variable that must be there.
///
/// # Errors
/// [`SettingError::Missing`] if it is not.
pub fn required(read: &dyn Fn(&str) -> Option<String>, name: &'static str) -> Result<String, SettingError> {
    read(name).ok_or(SettingError::Missing(name))
}
