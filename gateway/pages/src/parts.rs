use maud::{Markup, html};

use crate::Tone;

/// Something to be told apart from the rest: a heading and what there is to say or do.
pub fn notice(tone: Tone, heading: &str, content: &Markup) -> Markup {
    html! {
        div class={ "notice " (tone.class()) } {
            @if !heading.is_empty() { h2 { (heading) } }
            (content)
        }
    }
}

/// Instead of a list without rows: a heading, and the way to a first row.
pub fn empty(heading: &str, content: &Markup) -> Markup {
    html! { div.empty { h2 { (heading) } (content) } }
}

/// Names and values, one below the other.
pub fn facts<'a>(rows: impl IntoIterator<Item = (&'a str, Markup)>) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in rows { dt { (name) } dd { (value) } }
        }
    }
}

/// A button that copies `text`; only the script shows it.
pub fn copy(text: &str, of: &str) -> Markup {
    html! { button.copy type="button" data-copy=(text) aria-describedby=[(!of.is_empty()).then_some(of)] hidden { "Copy" } }
}

/// The way to the rows before and after.
pub fn pager(before: Option<(&str, &str)>, after: Option<(&str, &str)>) -> Markup {
    html! {
        @if before.is_some() || after.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some((href, words)) = before { a.button href=(href) rel="prev" { (words) } } @else { span {} }
                @if let Some((href, words)) = after { a.button href=(href) rel="next" { (words) } }
            }
        }
    }
}

/// A step on a way.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its words.
    pub words: Markup,
    /// Its tone; none for one that has not been reached.
    pub tone: Option<Tone>,
    /// True for where it stands now.
    pub is_current: bool,
}

/// A way with its steps, of which one may be current.
pub fn steps(steps: &[Step]) -> Markup {
    html! {
        ol.steps {
            @for step in steps {
                li class=[step.tone.map(Tone::class)] aria-current=[step.is_current.then_some("step")] { (step.words) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_leads_where_there_is_something() {
        let check = |before: Option<(&str, &str)>, after: Option<(&str, &str)>, expected: &str| {
            assert_eq!(pager(before, after).into_string(), expected);
        };
        check(None, None, "");
        check(
            None,
            Some(("/?a=1&b", "Older")),
            "<nav class=\"pager\" aria-label=\"Pages\"><span></span>\
             <a class=\"button\" href=\"/?a=1&amp;b\" rel=\"next\">Older</a></nav>",
        );
        check(
            Some(("/", "Newer")),
            None,
            "<nav class=\"pager\" aria-label=\"Pages\"><a class=\"button\" href=\"/\" rel=\"prev\">Newer</a></nav>",
        );
    }
}
