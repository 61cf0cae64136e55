//! Reading evaluated properties into types, with errors that name property and line.

use indexmap::IndexMap;
use serde_json::Value;

use crate::error::{Problem, Report, Reported, unknown};
use crate::node::{Data, Key, Node, Path, Position};
use crate::sections::wrong_type;

/// A property that a resource type has in CloudFormation.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
}

/// The treatment of a property by the local runtime.
pub(crate) enum Effect {
    /// It is a typed field of the resource.
    Honoured,
    /// It is checked and kept, and changes nothing here; `why` says so to the user.
    Ignored { shape: Shape, why: &'static str },
    /// It is not available here, and leaving it out would change what runs: an error with advice.
    Refused { advice: &'static str },
}

/// The outline of a value that is not read in detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Integer,
    Boolean,
    List,
    Mapping,
    /// A JSON document: a mapping, or a string.
    Document,
}

impl Property {
    pub(crate) const fn honoured(name: &'static str) -> Property {
        Property {
            name,
            effect: Effect::Honoured,
        }
    }

    pub(crate) const fn ignored(name: &'static str, shape: Shape, why: &'static str) -> Property {
        Property {
            name,
            effect: Effect::Ignored { shape, why },
        }
    }

    pub(crate) const fn refused(name: &'static str, advice: &'static str) -> Property {
        Property {
            name,
            effect: Effect::Refused { advice },
        }
    }
}

impl Shape {
    /// Reports a value of another outline.
    pub(crate) fn check(self, node: &Node, path: Path<'_>, report: &Report) {
        let (fits, expected) = match self {
            Shape::Text => (node.as_text().is_some(), "a string"),
            Shape::Integer => (integer(node).is_some(), "an integer"),
            Shape::Boolean => (boolean(node).is_some(), "true or false"),
            Shape::List => (matches!(node.data, Data::List(_)), "a list"),
            Shape::Mapping => (matches!(node.data, Data::Map(_)), "a mapping"),
            Shape::Document => (!matches!(node.data, Data::List(_)), "a mapping or a JSON string"),
        };
        if !fits {
            wrong_type(node, expected, path, report);
        }
    }
}

fn names(properties: &[Property]) -> Vec<&'static str> {
    properties.iter().map(|property| property.name).collect()
}

fn integer(node: &Node) -> Option<i64> {
    node.as_text().and_then(|text| text.parse().ok())
}

fn boolean(node: &Node) -> Option<bool> {
    match node.as_text()? {
        "true" | "True" => Some(true),
        "false" | "False" => Some(false),
        _ => None,
    }
}

/// A closed set of words that a property takes.
pub(crate) trait Choice: Sized + Copy + 'static {
    /// Every word with its meaning.
    const ALL: &'static [(&'static str, Self)];
}

/// The properties of a resource, or of a mapping in it.
///
/// Every reader answers `None` both for an absent property and for one that was reported: a resource with anything
/// reported is thrown away in the end.
pub(crate) struct Fields<'a> {
    entries: &'a [(Key, Node)],
    at: Position,
    path: String,
    report: &'a Report,
    /// The resource's `Metadata`; none of a mapping in it.
    metadata: Option<&'a Value>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(entries: &'a [(Key, Node)], at: Position, path: String, report: &'a Report) -> Fields<'a> {
        Fields {
            entries,
            at,
            path,
            report,
            metadata: None,
        }
    }

    /// The same properties, of a resource with this `Metadata`.
    pub(crate) fn with_metadata(mut self, metadata: &'a Value) -> Fields<'a> {
        self.metadata = Some(metadata);
        self
    }

    /// A text of the resource's `Metadata`.
    pub(crate) fn metadata_text(&self, name: &str) -> Option<&'a str> {
        self.metadata?.get(name)?.as_str()
    }

    pub(crate) fn node(&self, name: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, node)| node)
    }

    pub(crate) fn at(&self) -> Position {
        self.at
    }

    pub(crate) fn report(&self, at: Position, name: &str, problem: Problem) -> Reported {
        self.report.add(at, Path::Root(&self.path).name(name), problem)
    }

    fn wrong_type(&self, node: &Node, name: &str, expected: &'static str) {
        wrong_type(node, expected, Path::Root(&self.path).name(name), self.report);
    }

    /// Passes a reader's answer on; reports when the property is absent.
    pub(crate) fn required<T>(&self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && self.node(name).is_none() {
            self.report
                .add(self.at, &self.path, Problem::Missing { name: name.to_owned() });
        }
        value
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let node = self.node(name)?;
        let text = node.as_text().map(str::to_owned);
        if text.is_none() {
            self.wrong_type(node, name, "a string");
        }
        text
    }

    pub(crate) fn required_text(&self, name: &str) -> Option<String> {
        self.required(name, self.text(name))
    }

    /// A text and where it stands.
    pub(crate) fn sited_text(&self, name: &str) -> Option<(Position, String)> {
        let at = self.node(name)?.at;
        self.text(name).map(|text| (at, text))
    }

    /// A name of up to `max` ASCII letters, digits and `extra` characters.
    pub(crate) fn name(&self, name: &str, max: usize, extra: &str) -> Option<String> {
        let text = self.text(name)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
        if (1..=max).contains(&text.len()) && text.chars().all(allowed) {
            return Some(text);
        }
        let rule = format!("1 to {max} letters, digits and any of `{extra}`");
        let at = self.node(name).map_or(self.at, |node| node.at);
        self.report(
            at,
            name,
            Problem::NotAllowed {
                value: crate::node::Quoted(&text).to_string(),
                rule,
            },
        );
        None
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        let node = self.node(name)?;
        let value = boolean(node);
        if value.is_none() {
            self.wrong_type(node, name, "true or false");
        }
        value
    }

    /// An integer from `min` to `max`.
    pub(crate) fn integer<T: TryFrom<i64>>(&self, name: &str, min: i64, max: i64) -> Option<T> {
        let node = self.node(name)?;
        let Some(value) = integer(node) else {
            self.wrong_type(node, name, "an integer");
            return None;
        };
        let converted = T::try_from(value).ok().filter(|_| (min..=max).contains(&value));
        if converted.is_none() {
            let rule = format!("from {min} to {max}");
            self.report(
                node.at,
                name,
                Problem::NotAllowed {
                    value: value.to_string(),
                    rule,
                },
            );
        }
        converted
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        let node = self.node(name)?;
        let value = node
            .as_text()
            .and_then(|text| text.parse::<f64>().ok())
            .filter(|value| value.is_finite());
        if value.is_none() {
            self.wrong_type(node, name, "a number");
        }
        value
    }

    pub(crate) fn choice<C: Choice>(&self, name: &str) -> Option<C> {
        let node = self.node(name)?;
        let text = self.text(name)?;
        self.choose(node.at, name, &text)
    }

    fn choose<C: Choice>(&self, at: Position, name: &str, text: &str) -> Option<C> {
        let found = C::ALL.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let words: Vec<&str> = C::ALL.iter().map(|(word, _)| *word).collect();
            let value = crate::node::Quoted(text).to_string();
            let rule = format!("it must be {}", words.join(", "));
            self.report(at, name, Problem::NotAllowed { value, rule });
        }
        found
    }

    /// The items of a list; an absent list is empty.
    pub(crate) fn list(&self, name: &str) -> &'a [Node] {
        match self.node(name) {
            None => &[],
            Some(Node {
                data: Data::List(items),
                ..
            }) => items,
            Some(node) => {
                self.wrong_type(node, name, "a list");
                &[]
            }
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let path = Path::Root(&self.path);
        let one = |(index, item): (usize, &Node)| {
            let text = item.as_text().map(str::to_owned);
            if text.is_none() {
                wrong_type(item, "a string", path.name(name).index(index), self.report);
            }
            text
        };
        self.list(name).iter().enumerate().filter_map(one).collect()
    }

    pub(crate) fn choices<C: Choice>(&self, name: &str) -> Vec<C> {
        let items = self.list(name).iter();
        items
            .filter_map(|item| match item.as_text() {
                Some(text) => self.choose(item.at, name, text),
                None => {
                    self.wrong_type(item, name, "a string");
                    None
                }
            })
            .collect()
    }

    /// A mapping of texts such as environment variables.
    pub(crate) fn text_map(&self, name: &str) -> IndexMap<String, String> {
        let Some(node) = self.node(name) else {
            return IndexMap::new();
        };
        let Data::Map(entries) = &node.data else {
            self.wrong_type(node, name, "a mapping of strings");
            return IndexMap::new();
        };
        let inner = Fields::new(entries, node.at, self.inner_path(name), self.report);
        entries
            .iter()
            .filter_map(|(key, _)| Some((key.name.clone(), inner.text(&key.name)?)))
            .collect()
    }

    /// A mapping with known keys.
    pub(crate) fn nested(&self, name: &str, known: &[&'static str]) -> Option<Fields<'a>> {
        let node = self.node(name)?;
        self.open(node, self.inner_path(name), known)
    }

    /// A list of mappings with known keys; an absent list is empty.
    pub(crate) fn nested_list(&self, name: &str, known: &[&'static str]) -> Vec<Fields<'a>> {
        let items = self.list(name).iter().enumerate();
        items
            .filter_map(|(index, item)| self.open(item, format!("{}[{index}]", self.inner_path(name)), known))
            .collect()
    }

    /// A mapping whose keys have effects as a resource's properties have.
    pub(crate) fn nested_as(&self, name: &str, known: &[Property]) -> Option<Fields<'a>> {
        let fields = self.nested(name, &names(known))?;
        fields.check(known);
        Some(fields)
    }

    /// A list of mappings whose keys have effects as a resource's properties have; an absent list is empty.
    pub(crate) fn nested_list_as(&self, name: &str, known: &[Property]) -> Vec<Fields<'a>> {
        let all = self.nested_list(name, &names(known));
        all.iter().for_each(|fields| fields.check(known));
        all
    }

    /// Reports what is refused, and what is ignored and of another outline.
    fn check(&self, known: &[Property]) {
        for (key, node) in self.entries {
            let property = known.iter().find(|property| property.name == key.name);
            match property.map(|property| &property.effect) {
                // an unknown one is reported already
                Some(Effect::Honoured) | None => {}
                Some(Effect::Ignored { shape, .. }) => {
                    shape.check(node, Path::Root(&self.path).name(&key.name), self.report)
                }
                Some(Effect::Refused { advice }) => self.refuse(&key.name, &format!("`{}`", key.name), advice),
            }
        }
    }

    /// Reports that the value of `name` is valid on AWS and not available here.
    pub(crate) fn refuse(&self, name: &str, what: &str, advice: &str) {
        let at = self.node(name).map_or(self.at, |node| node.at);
        let (what, advice) = (what.to_owned(), advice.to_owned());
        self.report(at, name, Problem::NotLocal { what, advice });
    }

    /// Reports that the text under `name` is not allowed.
    pub(crate) fn not_allowed(&self, name: &str, value: &str, rule: &str) {
        let at = self.node(name).map_or(self.at, |node| node.at);
        let (value, rule) = (crate::node::Quoted(value).to_string(), rule.to_owned());
        self.report(at, name, Problem::NotAllowed { value, rule });
    }

    fn inner_path(&self, name: &str) -> String {
        Path::Root(&self.path).name(name).to_string()
    }

    fn open(&self, node: &'a Node, path: String, known: &[&'static str]) -> Option<Fields<'a>> {
        let Data::Map(entries) = &node.data else {
            wrong_type(node, "a mapping", Path::Root(&path), self.report);
            return None;
        };
        for (key, _) in entries {
            if !known.contains(&key.name.as_str()) {
                self.report
                    .add(key.at, &path, unknown("property", &key.name, known.iter().copied()));
            }
        }
        Some(Fields::new(entries, node.at, path, self.report))
    }

    /// Any value as JSON.
    pub(crate) fn json(&self, name: &str) -> Option<Value> {
        self.node(name).map(Node::to_json)
    }

    /// A JSON document: a mapping, or a string that holds JSON.
    pub(crate) fn document(&self, name: &str) -> Option<Value> {
        let node = self.node(name)?;
        match &node.data {
            Data::Map(_) => Some(node.to_json()),
            Data::Scalar(scalar) => self.parse_json(node.at, name, scalar.as_text()),
            Data::List(_) => {
                self.wrong_type(node, name, "a mapping or a JSON string");
                None
            }
        }
    }

    /// JSON that stands in a string.
    pub(crate) fn parse_json(&self, at: Position, name: &str, text: &str) -> Option<Value> {
        match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(
                    at,
                    name,
                    Problem::Syntax(format!("the string is not valid JSON: {error}")),
                );
                None
            }
        }
    }

    /// `Tags`: a list of `{Key, Value}`, keys unique.
    pub(crate) fn tags(&self) -> IndexMap<String, String> {
        let mut tags = IndexMap::new();
        for tag in self.nested_list("Tags", &["Key", "Value"]) {
            let (key, value) = (tag.required_text("Key"), tag.text("Value"));
            let Some(key) = key else { continue };
            if tags.contains_key(&key) {
                self.report(
                    tag.at(),
                    "Tags",
                    Problem::Conflict(format!("the tag `{key}` is given twice")),
                );
            }
            tags.insert(key, value.unwrap_or_default());
        }
        tags
    }
}
