/// The preferences that mean something here (`Prefer`, RFC 7240).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `wait=N`, in seconds.
    pub wait: Option<u32>,
    /// `respond-async`.
    pub respond_async: bool,
}

impl Preferences {
    /// Reads the header. What is unknown or malformed is ignored, as the RFC asks; of a repeated one the first counts.
    pub fn parse(header: Option<&str>) -> Self {
        let mut preferences = Preferences::default();
        for preference in header.unwrap_or_default().split(',') {
            let token = preference.split(';').next().unwrap_or_default().trim();
            let (name, value) = token.split_once('=').unwrap_or((token, ""));
            let value = value.trim().trim_matches('"');
            if name.trim().eq_ignore_ascii_case("respond-async") {
                preferences.respond_async = true;
            } else if name.trim().eq_ignore_ascii_case("wait") && preferences.wait.is_none() {
                preferences.wait = seconds(value);
            }
        }
        preferences
    }
}

/// A number of seconds; one that is too large for any clock is a long time, like other large ones.
fn seconds(digits: &str) -> Option<u32> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, wait: Option<u32>, respond_async: bool) {
        assert_eq!(
            Preferences::parse(Some(header)),
            Preferences { wait, respond_async },
            "{header}"
        );
    }

    #[test]
    fn known_preferences_are_read_and_others_ignored() {
        assert_eq!(Preferences::parse(None), Preferences::default());
        check("wait=5", Some(5), false);
        check("respond-async, wait=10", Some(10), true);
        check("Wait = \"7\"; foo=bar, return=minimal", Some(7), false);
        check("wait=1, wait=2", Some(1), false);
        check("wait=-1", None, false);
        check("wait=99999999999999999999", Some(u32::MAX), false);
        check("wait=+5", None, false);
        check("wait=1.5", None, false);
        check("wait", None, false);
        check("respond-async=x;y", None, true);
        check(",,=", None, false);
    }
}
