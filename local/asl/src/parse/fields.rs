//! One JSON object of the definition, read field by field.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::report::Report;

/// The largest number of seconds that AWS takes.
pub(super) const MAX_SECONDS: u64 = 99_999_999;

/// An object and its place.
pub(super) struct Fields<'v> {
    map: &'v Map<String, Value>,
    /// `/States/A`; empty at the top.
    location: String,
}

impl<'v> Fields<'v> {
    pub(super) fn new(map: &'v Map<String, Value>, location: String) -> Self {
        Self { map, location }
    }

    /// The object's own place.
    pub(super) fn here(&self) -> &str {
        if self.location.is_empty() { "/" } else { &self.location }
    }

    /// The place of a field.
    pub(super) fn at(&self, field: &str) -> String {
        format!("{}/{field}", self.location)
    }

    pub(super) fn get(&self, field: &str) -> Option<&'v Value> {
        self.map.get(field)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.map.contains_key(field)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'v str> {
        self.map.keys().map(String::as_str)
    }

    /// Complains about every field that `known` does not name.
    pub(super) fn allow(&self, known: &[&str], report: &mut Report) {
        for key in self.map.keys().filter(|key| !known.contains(&key.as_str())) {
            report.schema(self.here(), format!("Field '{key}' is not supported"));
        }
    }

    /// Complains about the fields that are missing, all in one finding. Whether none is.
    pub(super) fn require(&self, needed: &[&str], report: &mut Report) -> bool {
        let missing: Vec<&str> = needed.iter().copied().filter(|field| !self.has(field)).collect();
        if !missing.is_empty() {
            report.schema(
                self.here(),
                format!("These fields are required: [{}]", missing.join(", ")),
            );
        }
        missing.is_empty()
    }

    /// Complains when more than one of `fields` is there.
    pub(super) fn at_most_one(&self, fields: &[&str], report: &mut Report) {
        if fields.iter().filter(|field| self.has(field)).count() > 1 {
            let fields = fields.join(", ");
            report.schema(
                self.here(),
                format!("There should only be one of the following fields: [{fields}]"),
            );
        }
    }

    /// Complains unless one of `fields` is there, and no other of them.
    pub(super) fn exactly_one(&self, fields: &[&str], report: &mut Report) {
        if fields.iter().any(|field| self.has(field)) {
            self.at_most_one(fields, report);
        } else {
            let fields = fields.join(", ");
            report.schema(
                self.here(),
                format!("This object should have only one of the following fields: [{fields}]"),
            );
        }
    }

    /// The texts that `field` may be; complains about another.
    pub(super) fn one_of(&self, field: &str, values: &[&str], report: &mut Report) -> Option<&'v str> {
        let value = self.string(field, report)?;
        if values.contains(&value) {
            return Some(value);
        }
        let values = values.join(", ");
        report.schema(
            &self.at(field),
            format!("Value should be one of the following: [{values}]"),
        );
        None
    }

    fn expect<T>(
        &self,
        field: &str,
        kind: &str,
        report: &mut Report,
        f: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.map.get(field)?;
        let found = f(value);
        if found.is_none() {
            report.schema(&self.at(field), format!("Expected value of type {kind}"));
        }
        found
    }

    pub(super) fn string(&self, field: &str, report: &mut Report) -> Option<&'v str> {
        self.expect(field, "String", report, Value::as_str)
    }

    pub(super) fn boolean(&self, field: &str, report: &mut Report) -> Option<bool> {
        self.expect(field, "Boolean", report, Value::as_bool)
    }

    pub(super) fn object(&self, field: &str, report: &mut Report) -> Option<Fields<'v>> {
        let map = self.expect(field, "Object", report, Value::as_object)?;
        Some(Fields::new(map, self.at(field)))
    }

    /// The objects of an array, each with its place.
    pub(super) fn objects(&self, field: &str, report: &mut Report) -> Option<Vec<Fields<'v>>> {
        let items = self.expect(field, "Array", report, Value::as_array)?;
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let location = format!("{}[{i}]", self.at(field));
            match item.as_object() {
                Some(map) => out.push(Fields::new(map, location)),
                None => report.schema(&location, "Expected value of type Object"),
            }
        }
        Some(out)
    }

    pub(super) fn integer(&self, field: &str, range: RangeInclusive<u64>, report: &mut Report) -> Option<u64> {
        let number = self.expect(field, "Integer", report, integral)?;
        let (least, most) = (*range.start(), *range.end());
        match u64::try_from(number) {
            Ok(number) if range.contains(&number) => return Some(number),
            Ok(number) if number > most => report.schema(&self.at(field), format!("Maximum value is {most}")),
            _ => report.schema(&self.at(field), format!("Minimum value is {least}")),
        }
        None
    }

    pub(super) fn number(&self, field: &str, range: RangeInclusive<f64>, report: &mut Report) -> Option<f64> {
        let number = self.expect(field, "Number", report, Value::as_f64)?;
        if range.contains(&number) {
            return Some(number);
        }
        let message = if number > *range.end() {
            format!("Maximum value is {:.1}", range.end())
        } else {
            format!("Minimum value is {:.1}", range.start())
        };
        report.schema(&self.at(field), message);
        None
    }
}

/// A whole number, `2.0` included.
fn integral(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        value
            .as_f64()
            .filter(|n| n.fract() == 0.0 && n.abs() < 9e15)
            .map(|n| n as i64)
    })
}
