use maud::{Markup, html};

/// The meaning of a colour. A word always stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// It went well.
    Ok,
    /// It failed, or was refused.
    Bad,
    /// Somebody has to do something.
    Wait,
    /// It is under way.
    Run,
    /// Nothing happened, or it was stopped.
    #[default]
    Idle,
    /// It failed and was caught.
    Caught,
}

impl Tone {
    /// The class of the style sheet, which sets `--tone` and `--tint`.
    pub const fn class(self) -> &'static str {
        match self {
            Tone::Ok => "ok",
            Tone::Bad => "bad",
            Tone::Wait => "wait",
            Tone::Run => "run",
            Tone::Idle => "idle",
            Tone::Caught => "caught",
        }
    }
}

/// A status in a word; what is under way breathes.
pub fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) (if tone == Tone::Run { " pulse" } else { "" }) } { (word) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_says_its_status_in_a_word() {
        let check = |tone, expected: &str| assert_eq!(badge(tone, "<a>").into_string(), expected);
        check(Tone::Ok, "<span class=\"badge ok\">&lt;a&gt;</span>");
        check(Tone::Run, "<span class=\"badge run pulse\">&lt;a&gt;</span>");
    }
}
