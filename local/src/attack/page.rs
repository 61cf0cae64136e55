//! Reading a page as a scanner does: its links, and its forms with their fields and buttons.
//!
//! The tokens are html5gum's, which follow the standard; of the tree only the forms matter here.

use html5gum::emitters::default::{DefaultEmitter, StartTag};
use html5gum::{Token, Tokenizer};
use url::Url;

use super::form::{Button, Field, Form, Method};

/// The parts of a page that a scanner uses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The addresses of its links, each once.
    pub(super) links: Vec<String>,
    pub(super) forms: Vec<Form>,
}

/// Reads the page at an address.
pub(super) fn read(html: &str, address: &str) -> Page {
    let mut reader = Reader {
        base: Url::parse(address).ok(),
        page: Page::default(),
        open: None,
        text: None,
        select: None,
    };
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Token::StartTag(tag) => reader.start(&tag),
            Token::EndTag(tag) => reader.end(&tag.name),
            Token::String(text) => {
                if let Some(field) = &mut reader.text {
                    field.value.push_str(&String::from_utf8_lossy(&text));
                }
            }
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    reader.page
}

struct Reader {
    base: Option<Url>,
    page: Page,
    /// The number of the form that is open.
    open: Option<usize>,
    /// The textarea that is open.
    text: Option<Field>,
    /// The name of the select that is open, and its value so far.
    select: Option<(String, Option<String>)>,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>) {
        match &tag.name[..] {
            b"a" | b"area" => self.link(tag),
            b"form" => self.form(tag),
            b"input" => self.input(tag),
            b"button" => self.button(tag),
            b"textarea" => {
                self.text = Some(Field {
                    name: attribute(tag, "name").unwrap_or_default(),
                    ..Field::default()
                });
            }
            b"select" => self.select = Some((attribute(tag, "name").unwrap_or_default(), None)),
            b"option" => self.option(tag),
            _ => {}
        }
    }

    fn end(&mut self, name: &[u8]) {
        match name {
            b"form" => self.open = None,
            b"textarea" => {
                if let Some(field) = self.text.take() {
                    self.add(field);
                }
            }
            b"select" => {
                if let Some((name, value)) = self.select.take() {
                    let value = value.unwrap_or_default();
                    self.add(Field {
                        name,
                        value,
                        ..Field::default()
                    });
                }
            }
            _ => {}
        }
    }

    fn link(&mut self, tag: &StartTag<()>) {
        if let Some(to) = attribute(tag, "href").and_then(|href| self.resolved(&href))
            && !self.page.links.contains(&to)
        {
            self.page.links.push(to);
        }
    }

    fn form(&mut self, tag: &StartTag<()>) {
        let action = attribute(tag, "action").unwrap_or_default();
        let Some(action) = self.resolved(&action) else { return };
        let posts = attribute(tag, "method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
        self.page.forms.push(Form {
            id: attribute(tag, "id"),
            action,
            method: if posts { Method::Post } else { Method::Get },
            fields: Vec::new(),
            buttons: Vec::new(),
        });
        self.open = Some(self.page.forms.len() - 1);
    }

    fn input(&mut self, tag: &StartTag<()>) {
        let kind = attribute(tag, "type").unwrap_or_default().to_ascii_lowercase();
        let name = attribute(tag, "name").unwrap_or_default();
        let value = attribute(tag, "value");
        match kind.as_str() {
            "submit" | "image" => self.add_button(tag, name, value.unwrap_or_default()),
            "button" | "reset" | "file" => {}
            "checkbox" | "radio" => {
                let checked = attribute(tag, "checked").is_some();
                self.add_of(
                    tag,
                    Field {
                        name,
                        value: value.unwrap_or_else(|| "on".to_owned()),
                        box_: Some(checked),
                        ..Field::default()
                    },
                );
            }
            _ => self.add_of(
                tag,
                Field {
                    name,
                    value: value.unwrap_or_default(),
                    hidden: kind == "hidden",
                    ..Field::default()
                },
            ),
        }
    }

    fn button(&mut self, tag: &StartTag<()>) {
        let kind = attribute(tag, "type").unwrap_or_default().to_ascii_lowercase();
        if kind != "button" && kind != "reset" {
            let name = attribute(tag, "name").unwrap_or_default();
            let value = attribute(tag, "value").unwrap_or_default();
            self.add_button(tag, name, value);
        }
    }

    fn option(&mut self, tag: &StartTag<()>) {
        if let Some((_, value)) = &mut self.select
            && (value.is_none() || attribute(tag, "selected").is_some())
        {
            *value = Some(attribute(tag, "value").unwrap_or_default());
        }
    }

    fn add_button(&mut self, tag: &StartTag<()>, name: String, value: String) {
        let button = Button {
            name,
            value,
            action: attribute(tag, "formaction").and_then(|action| self.resolved(&action)),
        };
        if let Some(form) = self.owner(tag) {
            form.buttons.push(button);
        }
    }

    fn add(&mut self, field: Field) {
        if let Some(form) = self.open {
            self.page.forms[form].fields.push(field);
        }
    }

    fn add_of(&mut self, tag: &StartTag<()>, field: Field) {
        if let Some(form) = self.owner(tag) {
            form.fields.push(field);
        }
    }

    /// The form that a control belongs to: the one that it names, or the one that it lies in.
    fn owner(&mut self, tag: &StartTag<()>) -> Option<&mut Form> {
        match attribute(tag, "form") {
            Some(id) => self.page.forms.iter_mut().find(|form| form.id.as_ref() == Some(&id)),
            None => self.open.map(|form| &mut self.page.forms[form]),
        }
    }

    fn resolved(&self, reference: &str) -> Option<String> {
        let mut url = self.base.as_ref()?.join(reference).ok()?;
        url.set_fragment(None);
        Some(url.to_string())
    }
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_have_the_fields_and_buttons_that_a_browser_would_send() {
        let html = r#"<!doctype html><title>t</title><a href="?view=audit#x">a</a><a href="?view=audit">b</a>
            <form method="POST" id="f"><input name="code"><input type=hidden name=h value="1&amp;2">
            <input type=checkbox name=pick><textarea name="comment">a &lt; b</textarea>
            <select name=s><option value=1><option value=2 selected></select>
            <button name=decision value=approve>Yes</button><button type=button>No</button></form>
            <button form=f name=decision value=reject formaction="/other">Reject</button>
            <form action="/search"><input type=search name=q></form>"#;
        let page = read(html, "http://127.0.0.1:1/secret");
        assert_eq!(page.links, ["http://127.0.0.1:1/secret?view=audit"]);
        let [form, search] = &page.forms[..] else {
            panic!("{page:?}")
        };
        assert_eq!(
            (form.method, form.action.as_str()),
            (Method::Post, "http://127.0.0.1:1/secret")
        );
        let fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|f| (f.name.as_str(), f.value.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("code", ""),
                ("h", "1&2"),
                ("pick", "on"),
                ("comment", "a < b"),
                ("s", "2")
            ]
        );
        let buttons: Vec<(&str, Option<&str>)> = form
            .buttons
            .iter()
            .map(|b| (b.value.as_str(), b.action.as_deref()))
            .collect();
        assert_eq!(
            buttons,
            [("approve", None), ("reject", Some("http://127.0.0.1:1/other"))]
        );
        assert_eq!(
            (search.method, search.action.as_str()),
            (Method::Get, "http://127.0.0.1:1/search")
        );
    }
}
