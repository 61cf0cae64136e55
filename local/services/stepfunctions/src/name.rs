//! Names of state machines and executions.

use crate::StatesError;

/// The characters that a name cannot have, besides white space and control characters.
const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// Checks a name: 1 to 80 characters, none of the forbidden ones.
/// See [the rules](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
pub(crate) fn check(name: &str) -> Result<(), StatesError> {
    let allowed = |c: char| {
        let control = matches!(c, '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
        !control && !c.is_whitespace() && !FORBIDDEN.contains(c)
    };
    let length = name.chars().count();
    if (1..=80).contains(&length) && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(StatesError::InvalidName(sluice_wire::shortened(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_documented_rules() {
        for good in [
            "a",
            "activity1",
            "Activity_Name-1.v2",
            "bücher",
            "a'b(c)!@=+",
            &"x".repeat(80),
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        let long = "x".repeat(81);
        for bad in [
            "", "a b", "a<b", "a:b", "a/b", "\u{0}a", "a\u{1f}", "a\u{85}", "a`b", "a\"b", &long,
        ] {
            assert_eq!(check(bad), Err(StatesError::InvalidName(bad.to_owned())), "{bad:?}");
        }
    }
}
