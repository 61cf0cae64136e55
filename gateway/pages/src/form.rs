use std::fmt::Write as _;

use maud::{Markup, html};

use crate::shown;

/// The look of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// As wide as the form.
    #[default]
    Wide,
    /// As wide as what is short.
    Short,
    /// So many lines.
    Lines(u8),
}

/// A labelled field of a form, with its hint before a mistake and its errors after it.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextField<'a> {
    /// Its name in the form.
    pub name: &'a str,
    /// Its id; the name if empty. Error summaries link to it.
    pub id: &'a str,
    /// Its label.
    pub label: &'a str,
    /// The rule, in a sentence, before it is broken.
    pub hint: &'a str,
    /// The broken rules, in sentences.
    pub errors: &'a [&'a str],
    /// The value, as it was typed.
    pub value: &'a str,
    /// `type`; `text` if empty.
    pub kind: &'a str,
    /// `inputmode`: the keyboard of a phone.
    pub keyboard: Option<&'a str>,
    /// `autocomplete`; `off` if there is none.
    pub autocomplete: Option<&'a str>,
    /// The most characters that can be typed.
    pub longest: Option<u32>,
    /// `required`; a field without it is marked as optional.
    pub is_required: bool,
    /// True where nothing is to be said about being optional, as in a search.
    pub is_plain: bool,
    /// Its look.
    pub shape: Shape,
    /// The value that counts as unchanged, where buttons differ by that: a form with the class `as-sent` shows those with the
    /// class `if-changed` or `if-unchanged`. Without support for that in the browser it shows both.
    pub was: Option<&'a str>,
    /// True for the field that has the cursor when the page opens.
    pub is_focused: bool,
}

impl TextField<'_> {
    /// The id of the input.
    fn id(&self) -> &str {
        if self.id.is_empty() { self.name } else { self.id }
    }

    /// The ids of the hint and of the errors, for `aria-describedby`.
    fn described_by(&self) -> Option<String> {
        let parts = [(!self.hint.is_empty(), "hint"), (!self.errors.is_empty(), "error")];
        let ids: Vec<_> = parts
            .into_iter()
            .filter(|(is_there, _)| *is_there)
            .map(|(_, part)| format!("{}-{part}", self.id()))
            .collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// The field.
    pub fn render(&self) -> Markup {
        let id = self.id();
        let is_wrong = !self.errors.is_empty();
        html! {
            div.field.wrong[is_wrong] {
                label for=(id) {
                    (self.label)
                    @if !self.is_required && !self.is_plain { " " span.soft { "(optional)" } }
                }
                @if !self.hint.is_empty() { p.hint id={ (id) "-hint" } { (self.hint) } }
                @if is_wrong {
                    div id={ (id) "-error" } {
                        @for error in self.errors { p.error { span.off-screen { "Error: " } (shown(error)) } }
                    }
                }
                (self.input())
            }
        }
    }

    fn input(&self) -> Markup {
        let invalid = (!self.errors.is_empty()).then_some("true");
        let described_by = self.described_by();
        let autocomplete = self.autocomplete.unwrap_or("off");
        html! {
            @if let Shape::Lines(lines) = self.shape {
                textarea id=(self.id()) name=(self.name) rows=(lines) maxlength=[self.longest] required[self.is_required]
                    autocomplete=(autocomplete) aria-invalid=[invalid] aria-describedby=[described_by] { "\n" (self.value) }
            } @else {
                input.short[self.shape == Shape::Short] id=(self.id()) name=(self.name)
                    type=(if self.kind.is_empty() { "text" } else { self.kind }) value=(self.value)
                    inputmode=[self.keyboard] autocomplete=(autocomplete) autocapitalize=[self.capitals()]
                    spellcheck="false" maxlength=[self.longest] required[self.is_required || self.was.is_some_and(|was| !was.is_empty())]
                    aria-invalid=[invalid.or(self.was.map(|_| "false"))] aria-describedby=[described_by]
                    pattern=[self.was.map(literally)] data-was[self.was.is_some()] autofocus[self.is_focused];
            }
        }
    }

    /// Names have capitals; addresses and numbers have none.
    fn capitals(&self) -> Option<&'static str> {
        match self.autocomplete {
            Some("name") => Some("words"),
            _ => Some("none"),
        }
    }
}

/// A pattern that this text alone matches, as a browser's form field takes it.
fn literally(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() || c.is_ascii_whitespace() || c.is_control() {
            let _ = write!(pattern, "\\x{:02x}", u32::from(c) & 0xff);
        } else {
            pattern.push(c);
        }
    }
    pattern
}

/// One mistake of a form, and the field that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mistake<'a> {
    /// The id of the field; none for a mistake of the whole.
    pub id: Option<&'a str>,
    /// The sentence.
    pub message: &'a str,
}

/// The mistakes of a form above it. It takes the focus, so that a reader of the screen begins there, and each line
/// leads to its field.
#[derive(Debug, Clone, Copy)]
pub struct ErrorSummary<'a> {
    /// The heading.
    pub heading: &'a str,
    /// The mistakes.
    pub mistakes: &'a [Mistake<'a>],
}

impl ErrorSummary<'_> {
    /// The summary; nothing if there is no mistake.
    pub fn render(&self) -> Markup {
        html! {
            @if !self.mistakes.is_empty() {
                div.notice.bad role="alert" tabindex="-1" autofocus id="mistakes" {
                    h2 { (self.heading) }
                    ul {
                        @for mistake in self.mistakes {
                            li {
                                @match mistake.id {
                                    Some(id) => a href={ "#" (id) } { (shown(mistake.message)) },
                                    None => (shown(mistake.message)),
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: &TextField<'_>, contains: &[&str], lacks: &[&str]) {
        let written = field.render().into_string();
        for part in contains {
            assert!(written.contains(part), "{part:?} is not in {written}");
        }
        for part in lacks {
            assert!(!written.contains(part), "{part:?} is in {written}");
        }
    }

    #[test]
    fn a_field_is_tied_to_its_label_hint_and_errors() {
        let field = TextField {
            name: "pincode",
            label: "Pincode",
            hint: "4 to 6 digits",
            errors: &["It is <short>.", "It is no number."],
            value: "<1\">",
            keyboard: Some("numeric"),
            longest: Some(6),
            is_required: true,
            shape: Shape::Short,
            ..TextField::default()
        };
        check(
            &field,
            &[
                "<label for=\"pincode\">Pincode</label>",
                "<p class=\"hint\" id=\"pincode-hint\">4 to 6 digits</p>",
                "It is &lt;short&gt;.</p>",
                "It is no number.</p>",
                "value=\"&lt;1&quot;&gt;\"",
                "inputmode=\"numeric\"",
                " required ",
                "aria-invalid=\"true\" aria-describedby=\"pincode-hint pincode-error\"",
            ],
            &["optional"],
        );
        check(
            &TextField {
                errors: &[],
                hint: "",
                is_required: false,
                ..field
            },
            &["(optional)"],
            &["aria-invalid", "aria-describedby", "required", "wrong"],
        );
    }

    #[test]
    fn a_text_of_lines_keeps_its_first_empty_one() {
        let field = TextField {
            name: "comment",
            value: "\nsecond",
            shape: Shape::Lines(3),
            ..TextField::default()
        };
        check(&field, &["rows=\"3\"", ">\n\nsecond</textarea>"], &["<input"]);
    }

    #[test]
    fn a_summary_takes_the_focus_and_leads_to_the_fields() {
        let mistakes = [
            Mistake {
                id: Some("email"),
                message: "<wrong>",
            },
            Mistake {
                id: None,
                message: "All of it.",
            },
        ];
        let summary = |mistakes| {
            ErrorSummary {
                heading: "Please mend 2 things",
                mistakes,
            }
            .render()
            .into_string()
        };
        let written = summary(&mistakes[..]);
        for part in [
            "tabindex=\"-1\" autofocus",
            "role=\"alert\"",
            "<a href=\"#email\">&lt;wrong&gt;</a>",
            "<li>All of it.</li>",
        ] {
            assert!(written.contains(part), "{part:?} is not in {written}");
        }
        assert_eq!(summary(&[]), "");
    }

    #[test]
    fn a_field_knows_its_unchanged_value() {
        let field = TextField {
            name: "pincode",
            was: Some("1.2"),
            is_focused: true,
            ..TextField::default()
        };
        check(
            &field,
            &[
                "pattern=\"1\\x2e2\"",
                " data-was",
                " autofocus",
                " required",
                "aria-invalid=\"false\"",
            ],
            &[],
        );
        check(&TextField { was: Some(""), ..field }, &["pattern=\"\""], &["required"]);
        assert_eq!(literally("a@b.com|"), "a\\x40b\\x2ecom\\x7c");
    }
}
