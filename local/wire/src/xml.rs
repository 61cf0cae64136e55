//! A writer for the query protocol's responses.

use std::fmt::Write as _;

/// XML text in the making. Elements are written by name and content; text is escaped, and characters that XML 1.0
/// cannot carry are replaced.
#[derive(Debug, Default)]
pub struct Xml(String);

impl Xml {
    /// Writes `<name>` with what `content` writes.
    pub fn element(&mut self, name: &str, content: impl FnOnce(&mut Xml)) -> &mut Self {
        let _ = write!(self.0, "<{name}>");
        content(self);
        let _ = write!(self.0, "</{name}>");
        self
    }

    /// Writes `<name xmlns="…">`.
    pub fn root(&mut self, name: &str, namespace: &str, content: impl FnOnce(&mut Xml)) -> &mut Self {
        let _ = write!(self.0, "<{name} xmlns=\"{namespace}\">");
        content(self);
        let _ = write!(self.0, "</{name}>");
        self
    }

    /// Writes `<name>text</name>`.
    pub fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.element(name, |xml| xml.escape(text))
    }

    /// Writes `<name>text</name>`, when there is a text.
    pub fn optional(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    /// Writes `<name><member>…</member>…</name>`.
    pub fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut member: impl FnMut(&mut Xml, T),
    ) -> &mut Self {
        self.element(name, |xml| {
            for item in items {
                xml.element("member", |xml| member(xml, item));
            }
        })
    }

    /// Writes `<name><entry><key>…</key><value>…</value></entry>…</name>`.
    pub fn map<'a>(&mut self, name: &str, entries: impl IntoIterator<Item = (&'a str, String)>) -> &mut Self {
        self.element(name, |xml| {
            for (key, value) in entries {
                xml.element("entry", |xml| {
                    xml.text("key", key).text("value", &value);
                });
            }
        })
    }

    /// Writes text in place.
    pub fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\r' => self.0.push_str("&#xD;"),
                '\t' | '\n' => self.0.push(c),
                '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.0.push('\u{fffd}'),
                _ => self.0.push(c),
            }
        }
    }

    /// Writes markup as it is.
    pub fn append(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_stays_well_formed() {
        let mut xml = Xml::default();
        xml.root("R", "urn:x", |xml| {
            xml.text("a", "<script>&\"\u{0}\r\n")
                .list("L", ["x", "y"], |xml, item| xml.escape(item));
        });
        assert_eq!(
            xml.into_string(),
            "<R xmlns=\"urn:x\"><a>&lt;script&gt;&amp;&quot;\u{fffd}&#xD;\n</a><L><member>x</member><member>y</member></L></R>"
        );
    }
}
