//! Compiles the schemas of the fields into tables: the keywords in the schema's order, patterns as finite automata.
//!
//! A schema is the only source of its field's rules. A keyword that this does not know ends the build: a rule is never
//! passed over.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

use regex_automata::dfa::{StartKind, dense};
use serde_json::{Map, Value};

/// The fields, as the files of their schemas are called.
const FIELDS: [&str; 3] = ["user_name", "email", "pincode"];

/// Members that say nothing about a value.
const NOTES: [&str; 9] = [
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "examples",
    "hint",
    "messages",
    "summaries",
];

fn main() -> Result<(), String> {
    let folder = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../schemas");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let mut source = String::new();
    for field in FIELDS {
        let name = field.to_uppercase();
        let path = folder.join(format!("{field}.json"));
        writeln!(io::stdout(), "cargo::rerun-if-changed={}", path.display()).map_err(|error| error.to_string())?;
        let rules = rules(&path, field, &out).map_err(|reason| format!("{}: {reason}", path.display()))?;
        writeln!(source, "static {name}: &[Rule] = &[{rules}];").map_err(|error| error.to_string())?;
    }
    write(&out.join("rules.rs"), source.as_bytes())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// The rules of one schema, as the elements of a Rust array.
fn rules(path: &Path, field: &str, out: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let schema: Map<String, Value> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if schema.get("type") != Some(&Value::from("string")) {
        return Err("a field is text: the schema must say \"type\": \"string\"".to_owned());
    }
    let words = schema.get("messages").and_then(Value::as_object);
    let words = words.ok_or("the member messages, with words for each keyword, is missing")?;
    let mut rules = rule(words, "missing", "Test::Present")?;
    for (keyword, value) in &schema {
        if NOTES.contains(&keyword.as_str()) {
            continue;
        }
        let test = match keyword.as_str() {
            "type" => "Test::IsText".to_owned(),
            "minLength" => format!("Test::AtLeast({})", length(keyword, value)?),
            "maxLength" => format!("Test::AtMost({})", length(keyword, value)?),
            "pattern" => {
                let file = out.join(format!("{field}.dfa"));
                write(&file, &automaton(value)?)?;
                format!(
                    "Test::Matches({{ static FOUND: LazyLock<Option<Automaton>> = LazyLock::new(|| read(include_bytes!({:?}))); &FOUND }})",
                    file.display().to_string()
                )
            }
            other => {
                return Err(format!(
                    "the keyword {other:?} is not compiled. Known are type, pattern, minLength and maxLength; \
                     workflows/rules/build.rs is the place for another"
                ));
            }
        };
        rules.push_str(&rule(words, keyword, &test)?);
    }
    Ok(rules)
}

fn rule(words: &Map<String, Value>, keyword: &str, test: &str) -> Result<String, String> {
    let message = words.get(keyword).and_then(Value::as_str);
    let message = message.ok_or_else(|| format!("the member messages has no words for {keyword:?}"))?;
    Ok(format!(
        "Rule {{ keyword: {keyword:?}, message: {message:?}, test: {test} }},"
    ))
}

fn length(keyword: &str, value: &Value) -> Result<u64, String> {
    value
        .as_u64()
        .ok_or_else(|| format!("{keyword} must be a whole number, not {value}"))
}

/// A pattern in ECMAScript's syntax, as JSON Schema has it, as an automaton in the target's byte order.
fn automaton(pattern: &Value) -> Result<Vec<u8>, String> {
    let pattern = pattern.as_str().ok_or("pattern must be text")?;
    let translated =
        jsonschema_regex::to_rust_regex(pattern).map_err(|()| format!("the pattern {pattern:?} is none"))?;
    let uncompilable = |error: String| format!("the pattern {pattern:?} cannot be compiled: {error}");
    let dense = dense::Builder::new()
        .configure(dense::Config::new().minimize(true).start_kind(StartKind::Unanchored))
        .build(&translated)
        .map_err(|error| uncompilable(error.to_string()))?;
    let automaton = dense.to_sparse().map_err(|error| uncompilable(error.to_string()))?;
    Ok(match variable("CARGO_CFG_TARGET_ENDIAN")?.as_str() {
        "big" => automaton.to_bytes_big_endian(),
        _ => automaton.to_bytes_little_endian(),
    })
}
