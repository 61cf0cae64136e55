//! Tables that a stack describes.

use std::collections::BTreeMap;

use dynoxide::DynoxideError;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::describe_time_to_live::DescribeTimeToLiveRequest;
use dynoxide::actions::update_table::UpdateTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use serde_json::{Value, json};

use crate::DynamoError;
use crate::tables::{OpenTables, Tables};

/// The state in which a table was found that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnsuredTable {
    /// It did not exist, and was created.
    Created,
    /// It existed, with its items.
    Existed,
}

impl Tables {
    /// Makes a table from the members of a CreateTable request. One that is there already keeps its items and gets the
    /// global indexes that are asked for: others go, new ones are filled, changed ones are made anew. Its time to live is
    /// switched on for the given attribute, or off. It is on disk then. Blocks for as long as that takes; meant for the
    /// start.
    ///
    /// # Errors
    /// When the definition is refused, or a table of this name has other keys.
    pub(crate) fn ensure_table(
        &self,
        create_table: &Value,
        time_to_live: Option<&str>,
    ) -> Result<EnsuredTable, DynamoError> {
        let open = self.open_tables().ok_or(DynamoError::Closed)?;
        open.ensure_table(create_table, time_to_live)
    }
}

impl OpenTables {
    fn ensure_table(&self, create_table: &Value, time_to_live: Option<&str>) -> Result<EnsuredTable, DynamoError> {
        let name = create_table["TableName"].as_str().unwrap_or_default().to_owned();
        let refused = |reason: String| DynamoError::Refused {
            table: name.clone(),
            reason,
        };
        let request: CreateTableRequest = serde_json::from_value(create_table.clone())
            .map_err(|error| refused(error.to_string().trim_start_matches("VALIDATION:").to_owned()))?;
        let ensured = match self.database.create_table(request) {
            Ok(_) => EnsuredTable::Created,
            Err(DynoxideError::ResourceInUseException(_)) => {
                let described = self.check_keys(&name, create_table)?;
                self.ensure_indexes(&name, &described, create_table)?;
                EnsuredTable::Existed
            }
            Err(error) => return Err(refused(error.to_string())),
        };
        self.ensure_time_to_live(&name, time_to_live)
            .map_err(|error| refused(error.to_string()))?;
        self.wal.sync().map_err(DynamoError::Sync)?;
        Ok(ensured)
    }

    /// The table as it is, if it has the keys that are wanted.
    fn check_keys(&self, name: &str, wanted: &Value) -> Result<Value, DynamoError> {
        let refused = |reason: String| DynamoError::Refused {
            table: name.to_owned(),
            reason,
        };
        let request = DescribeTableRequest {
            table_name: name.to_owned(),
        };
        let described = self
            .database
            .describe_table(request)
            .map_err(|error| refused(error.to_string()))?;
        let table = serde_json::to_value(described.table).map_err(|error| refused(error.to_string()))?;
        let (existing, wanted) = (keys(&table, &table), keys(wanted, wanted));
        if existing == wanted {
            return Ok(table);
        }
        Err(DynamoError::OtherKeys {
            table: name.to_owned(),
            existing,
            wanted,
        })
    }

    /// One change of an index a call, as DynamoDB takes them.
    fn ensure_indexes(&self, name: &str, table: &Value, wanted: &Value) -> Result<(), DynamoError> {
        let (existing, new) = (indexes(table), indexes(wanted));
        let gone = existing.iter().filter(|(index, one)| new.get(*index) != Some(*one));
        let come = new.iter().filter(|(index, one)| existing.get(*index) != Some(*one));
        let deletions = gone.map(|(index, _)| json!({ "Delete": { "IndexName": index } }));
        for change in deletions.chain(come.map(|(_, (one, _))| json!({ "Create": one }))) {
            let request = json!({
                "TableName": name,
                "AttributeDefinitions": wanted["AttributeDefinitions"],
                "GlobalSecondaryIndexUpdates": [change],
            });
            let refused = |reason: String| DynamoError::Refused {
                table: name.to_owned(),
                reason,
            };
            let request: UpdateTableRequest =
                serde_json::from_value(request).map_err(|error| refused(error.to_string()))?;
            self.database
                .update_table(request)
                .map_err(|error| refused(error.to_string()))?;
        }
        Ok(())
    }

    fn ensure_time_to_live(&self, name: &str, wanted: Option<&str>) -> Result<(), DynoxideError> {
        let request = DescribeTimeToLiveRequest {
            table_name: name.to_owned(),
        };
        let current = self
            .database
            .describe_time_to_live(request)?
            .time_to_live_description
            .attribute_name;
        if current.as_deref() == wanted {
            return Ok(());
        }
        // Another attribute can be named only after the one before is switched off.
        let steps = current
            .iter()
            .map(|attribute| (attribute.as_str(), false))
            .chain(wanted.map(|new| (new, true)));
        for (attribute, enabled) in steps {
            let specification = TimeToLiveSpecification {
                attribute_name: attribute.to_owned(),
                enabled,
            };
            let table_name = name.to_owned();
            let request = UpdateTimeToLiveRequest {
                table_name,
                time_to_live_specification: specification,
            };
            self.database.update_time_to_live(request)?;
        }
        Ok(())
    }
}

/// The global indexes by name, with what makes one another index: keys, and what it holds.
fn indexes(table: &Value) -> BTreeMap<String, (Value, String)> {
    let list = table["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
    let of = |index: &Value| {
        let name = index["IndexName"].as_str().unwrap_or_default().to_owned();
        let made = json!({ "IndexName": name, "KeySchema": index["KeySchema"], "Projection": index["Projection"] });
        (name, (made, keys(index, table)))
    };
    list.map(of).collect()
}

/// The keys with their types, such as `id HASH (S), at RANGE (N)`.
fn keys(of: &Value, table: &Value) -> String {
    let empty = Vec::new();
    let list = |whose: &Value, name: &str| whose[name].as_array().unwrap_or(&empty).clone();
    let types = list(table, "AttributeDefinitions");
    let type_of = |name: &Value| {
        let found = types.iter().find(|definition| definition["AttributeName"] == *name);
        found.map_or(json!("?"), |definition| definition["AttributeType"].clone())
    };
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let shown: Vec<String> = list(of, "KeySchema")
        .iter()
        .map(|key| {
            let name = &key["AttributeName"];
            format!("{} {} ({})", text(name), text(&key["KeyType"]), text(&type_of(name)))
        })
        .collect();
    shown.join(", ")
}
