//! The units that calls consume, found out without their callers' seeing it: the tables count units when they are asked to, so they
//! are always asked, and what the caller did not ask for is taken out of the answer again.

use bytes::Bytes;
use dynoxide::DynoxideError;
use dynoxide::types::ConsumedCapacity;
use serde_json::{Map, Value};

use crate::Usage;

/// The kind of a call's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Units {
    Read,
    Write,
}

impl Units {
    fn usage(self, table: &str, units: f64) -> Usage {
        Usage {
            table: table.to_owned(),
            read: if self == Self::Read { units } else { 0.0 },
            write: if self == Self::Write { units } else { 0.0 },
            condition_failed: false,
        }
    }
}

/// The meter of a call that is run in process.
pub(crate) struct Meter {
    table: String,
    units: Units,
    /// The figures that the caller asked for.
    asked: Option<String>,
}

impl Meter {
    /// Sets `ReturnConsumedCapacity` to all there is: the table's own units are apart from its indexes' there only.
    pub(crate) fn on(table: &str, units: Units, mode: &mut Option<String>) -> Self {
        let asked = match mode.as_deref() {
            // what is no mode is refused in the tables' words
            Some(other) if !matches!(other, "NONE" | "TOTAL" | "INDEXES") => Some(other.to_owned()),
            _ => mode.replace(BY_INDEX.to_owned()),
        };
        // a table may be named by its ARN
        let table = table.rsplit('/').next().unwrap_or(table).to_owned();
        Self { table, units, asked }
    }

    /// Reads the figure, and takes away of it what was not asked for.
    pub(crate) fn read(&self, capacity: &mut Option<ConsumedCapacity>) -> Vec<Usage> {
        let usage = capacity.as_ref().map(|consumed| {
            // the metric of a table is without its indexes', which have dimensions of their own on AWS
            let own = consumed
                .table
                .as_ref()
                .map_or(consumed.capacity_units, |table| table.capacity_units);
            self.units.usage(&self.table, own)
        });
        match self.asked.as_deref() {
            None | Some("NONE") => *capacity = None,
            Some("TOTAL") => {
                if let Some(consumed) = capacity {
                    consumed.table = None;
                    consumed.global_secondary_indexes = None;
                    consumed.local_secondary_indexes = None;
                    consumed.vector_indexes = None;
                }
            }
            Some(_) => {}
        }
        usage.into_iter().collect()
    }

    /// The usage of a refused call.
    pub(crate) fn refused(&self, error: &DynoxideError) -> Vec<Usage> {
        let failed = matches!(error, DynoxideError::ConditionalCheckFailedException(..));
        let usage = Usage {
            condition_failed: true,
            ..self.units.usage(&self.table, 0.0)
        };
        failed.then_some(usage).into_iter().collect()
    }
}

/// The meter of a call about several items, which goes by HTTP.
pub(crate) enum BatchMeter {
    /// Of an operation that is not metered, or a body that will be refused.
    Off,
    /// The caller has asked for the figures, or for none.
    Asked(Units),
    /// The body asks for them now.
    Hidden(Units),
}

impl BatchMeter {
    /// The meter, and the body to send.
    pub(crate) fn on(operation: &str, body: Bytes) -> (Self, Bytes) {
        let units = match operation {
            "BatchGetItem" | "TransactGetItems" => Units::Read,
            "BatchWriteItem" | "TransactWriteItems" => Units::Write,
            _ => return (Self::Off, body),
        };
        let Ok(members) = serde_json::from_slice::<Map<String, Value>>(&body) else {
            return (Self::Off, body);
        };
        if members.contains_key(MODE) {
            return (Self::Asked(units), body);
        }
        // put before what is there, which stays as it is: a member that comes twice is refused by the tables, not here
        match body.iter().position(|byte| *byte == b'{') {
            Some(brace) if !members.is_empty() => {
                let mut asking = format!("{{\"{MODE}\":\"{BY_INDEX}\",").into_bytes();
                asking.extend_from_slice(&body[brace + 1..]);
                (Self::Hidden(units), asking.into())
            }
            _ => (Self::Off, body),
        }
    }

    /// The usages that the response tells of, and the response for the caller.
    pub(crate) fn read(&self, answer: Bytes) -> (Vec<Usage>, Bytes) {
        let (units, hidden) = match self {
            Self::Off => return (Vec::new(), answer),
            Self::Asked(units) => (*units, false),
            Self::Hidden(units) => (*units, true),
        };
        let Ok(mut members) = serde_json::from_slice::<Map<String, Value>>(&answer) else {
            return (Vec::new(), answer);
        };
        let figures = members.shift_remove(CAPACITY);
        let figures = figures
            .as_ref()
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let usages = figures.iter().filter_map(|figure| {
            let table = figure.get("TableName")?.as_str()?;
            let own = figure.get("Table").unwrap_or(figure);
            Some(units.usage(table, own.get("CapacityUnits")?.as_f64()?))
        });
        let usages = usages.collect();
        let answer = if hidden {
            Value::Object(members).to_string().into()
        } else {
            answer
        };
        (usages, answer)
    }
}

const MODE: &str = "ReturnConsumedCapacity";
/// The mode in which the tables tell of the table and of each index apart.
const BY_INDEX: &str = "INDEXES";
const CAPACITY: &str = "ConsumedCapacity";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_asked_for_and_hidden_again() {
        let (meter, body) = BatchMeter::on("BatchWriteItem", Bytes::from_static(b" {\"RequestItems\":{}}"));
        assert_eq!(&body[..], br#"{"ReturnConsumedCapacity":"INDEXES","RequestItems":{}}"#);
        let answer = br#"{"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"t","CapacityUnits":5.0,"Table":{"CapacityUnits":3.0}}]}"#;
        let (usages, answer) = meter.read(Bytes::from_static(answer));
        assert_eq!(usages, [Units::Write.usage("t", 3.0)]);
        assert_eq!(&answer[..], br#"{"UnprocessedItems":{}}"#);
    }

    #[test]
    fn a_caller_who_asks_sees_them_and_rubbish_stays_as_it_is() {
        let asking = Bytes::from_static(br#"{"ReturnConsumedCapacity":"INDEXES","RequestItems":{}}"#);
        let (meter, body) = BatchMeter::on("BatchGetItem", asking.clone());
        assert_eq!(body, asking);
        let answer = Bytes::from_static(br#"{"ConsumedCapacity":[{"TableName":"t","CapacityUnits":0.5}]}"#);
        assert_eq!(meter.read(answer.clone()), (vec![Units::Read.usage("t", 0.5)], answer));
        for (operation, body) in [
            ("PutItem", "{\"a\":1}"),
            ("BatchGetItem", "{}"),
            ("BatchGetItem", "nonsense"),
            ("BatchGetItem", "[1]"),
        ] {
            let (meter, unchanged) = BatchMeter::on(operation, Bytes::from(body));
            assert!(matches!(meter, BatchMeter::Off), "{operation} {body}");
            assert_eq!(unchanged, body);
        }
    }
}
