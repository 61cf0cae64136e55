//! YAML text to [`Node`]s: positions kept, short tags folded to `Fn::` mappings.
//!
//! CloudFormation reads YAML 1.1 without aliases, hash merges and most tags
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>). JSON is YAML too.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::error::{Problem, Report, Reported, unknown};
use crate::node::{Data, Key, Node, Position, Scalar};

/// CloudFormation takes templates of at most 1 MB.
const MAX_BYTES: usize = 1_000_000;
/// Deeper nesting than any real template has; it keeps every recursive walk of a template short.
const MAX_DEPTH: usize = 100;
const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// The functions that have a short tag, without `Fn::`.
const SHORT_TAGS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
];

/// Reads one YAML document. `None` when the text has no readable structure; smaller faults are reported and read on.
pub(crate) fn read(source: &str, report: &Report) -> Option<Node> {
    if source.len() > MAX_BYTES {
        let message = format!(
            "the template has {} bytes; CloudFormation takes at most {MAX_BYTES}",
            source.len()
        );
        report.add(Position::START, "", Problem::Syntax(message));
        return None;
    }
    let mut reader = Reader {
        report,
        open: Vec::new(),
        root: None,
    };
    reader.run(source.strip_prefix('\u{feff}').unwrap_or(source)).ok()?;
    if reader.root.is_none() {
        report.add(Position::START, "", Problem::Syntax("the template is empty".to_owned()));
    }
    reader.root
}

struct Reader<'r> {
    report: &'r Report,
    open: Vec<Open>,
    root: Option<Node>,
}

/// A list or mapping whose end has not been seen yet.
struct Open {
    at: Position,
    tag: Option<Tag>,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<(Key, Node)>,
        seen: HashMap<String, u32>,
        key: Option<Key>,
    },
}

impl Reader<'_> {
    fn run(&mut self, source: &str) -> Result<(), Reported> {
        let mut parser = Parser::new_from_str(source);
        while let Some(event) = parser.next_event() {
            match event {
                Ok((event, span)) => self.event(event, span)?,
                Err(error) => {
                    let mark = error.marker();
                    let at = position(mark.line(), mark.col());
                    return Err(self.syntax(at, format!("not valid YAML: {}", error.info())));
                }
            }
        }
        Ok(())
    }

    fn syntax(&self, at: Position, message: impl Into<String>) -> Reported {
        self.report.add(at, "", Problem::Syntax(message.into()))
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Reported> {
        let at = position(span.start.line(), span.start.col());
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(self.syntax(at, "a template is one YAML document, here a second one starts"))
            }
            Event::DocumentStart(_) => Ok(()),
            Event::Alias(_) => Err(self.syntax(at, "YAML aliases (`*name`) are not read, as in CloudFormation")),
            Event::Scalar(text, style, _, tag) => self.scalar(at, text, style, tag),
            Event::SequenceStart(_, tag) => self.start(at, tag, Content::List(Vec::new())),
            Event::MappingStart(_, tag) => {
                let content = Content::Map {
                    entries: Vec::new(),
                    seen: HashMap::new(),
                    key: None,
                };
                self.start(at, tag, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at),
        }
    }

    fn start(&mut self, at: Position, tag: Option<Cow<'_, Tag>>, content: Content) -> Result<(), Reported> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.syntax(at, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        if let Some(Open {
            content: Content::Map { key: None, .. },
            ..
        }) = self.open.last()
        {
            return Err(self.syntax(at, "a key must be a plain name"));
        }
        self.open.push(Open {
            at,
            tag: tag.map(Cow::into_owned),
            content,
        });
        Ok(())
    }

    fn end(&mut self, at: Position) -> Result<(), Reported> {
        let Some(open) = self.open.pop() else {
            return Err(self.syntax(at, "not valid YAML: an end without its start"));
        };
        let data = match open.content {
            Content::List(items) => Data::List(items),
            Content::Map { entries, .. } => Data::Map(entries),
        };
        let node = self.fold(Node { at: open.at, data }, open.tag.as_ref());
        self.place(node)
    }

    fn scalar(
        &mut self,
        at: Position,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<Cow<'_, Tag>>,
    ) -> Result<(), Reported> {
        if let Some(Open {
            content: Content::Map {
                key: key @ None, seen, ..
            },
            ..
        }) = self.open.last_mut()
        {
            if text == "<<" && style == ScalarStyle::Plain {
                return Err(self.syntax(at, "YAML merge keys (`<<`) are not read, as in CloudFormation"));
            }
            if tag.is_some() {
                return Err(self.syntax(at, "a key must be a plain name, without a tag"));
            }
            let name = text.into_owned();
            if let Some(first) = seen.get(&name) {
                let problem = Problem::Duplicate {
                    name: name.clone(),
                    first: *first,
                };
                self.report.add(at, "", problem);
            } else {
                seen.insert(name.clone(), at.line);
            }
            *key = Some(Key { at, name });
            return Ok(());
        }
        // A tagged scalar (`!Ref 1a`, `!!str 1`) is text whatever it looks like.
        let scalar = if style == ScalarStyle::Plain && tag.is_none() {
            self.plain(at, &text)
        } else {
            Scalar::Text(text.into_owned())
        };
        let node = self.fold(
            Node {
                at,
                data: Data::Scalar(scalar),
            },
            tag.as_deref(),
        );
        self.place(node)
    }

    /// The type of an unquoted scalar. Where YAML 1.1 and 1.2 disagree, the template must say what it means.
    fn plain(&self, at: Position, text: &str) -> Scalar {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => {
                self.syntax(at, "empty value (null); leave the key out, or use `!Ref AWS::NoValue`");
            }
            "true" | "True" | "TRUE" => return Scalar::Bool(true),
            "false" | "False" | "FALSE" => return Scalar::Bool(false),
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
                self.syntax(at, format!("`{text}` means true in YAML 1.1: write true, or quote it"));
            }
            "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
                self.syntax(
                    at,
                    format!("`{text}` means false in YAML 1.1: write false, or quote it"),
                );
            }
            _ if is_ambiguous_integer(text) => {
                self.syntax(
                    at,
                    format!("`{text}` is octal or hexadecimal in YAML 1.1: quote it, or write it in decimal"),
                );
            }
            _ if is_number(text) => return Scalar::Number(text.to_owned()),
            _ => {}
        }
        Scalar::Text(text.to_owned())
    }

    /// Turns `!Sub x` into `{Fn::Sub: x}`.
    fn fold(&self, node: Node, tag: Option<&Tag>) -> Node {
        let Some(tag) = tag else { return node };
        let at = node.at;
        if tag.handle == YAML_TAGS {
            if !matches!(tag.suffix.as_str(), "str" | "map" | "seq") {
                self.syntax(at, format!("the YAML tag `!!{}` is not read", tag.suffix));
            }
            return node;
        }
        if tag.handle != "!" || !SHORT_TAGS.contains(&tag.suffix.as_str()) {
            let known: Vec<String> = SHORT_TAGS.iter().map(|name| format!("!{name}")).collect();
            let problem = unknown("tag", &tag.to_string(), known.iter().map(String::as_str));
            self.report.add(at, "", problem);
            return node;
        }
        let name = match tag.suffix.as_str() {
            "Ref" | "Condition" => tag.suffix.clone(),
            other => format!("Fn::{other}"),
        };
        Node {
            at,
            data: Data::Map(vec![(Key { at, name }, node)]),
        }
    }

    fn place(&mut self, node: Node) -> Result<(), Reported> {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => return Err(self.syntax(node.at, "a key must be a plain name")),
            },
        }
        Ok(())
    }
}

fn position(line: usize, column: usize) -> Position {
    let clamp = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position {
        line: clamp(line),
        column: clamp(column).saturating_add(1),
    }
}

fn is_ambiguous_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some(rest) = digits.strip_prefix('0') else {
        return false;
    };
    match rest.strip_prefix(['x', 'o', 'b']) {
        Some(rest) => !rest.is_empty() && rest.chars().all(|c| c.is_ascii_hexdigit()),
        None => !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()),
    }
}

/// Decimal integers and floats; `.inf`, `.nan` and the like stay text.
fn is_number(text: &str) -> bool {
    let first_digit = text.strip_prefix(['-', '+']).unwrap_or(text);
    first_digit.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c))
        && text.parse::<f64>().is_ok()
}
