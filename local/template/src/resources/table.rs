//! `AWS::DynamoDB::Table`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html>).

use serde_json::{Map, Value, json};

use crate::error::Problem;
use crate::fields::{Choice, Fields, Property, Shape};
use crate::naming::Identity;
use crate::node::{Data, Node};
use crate::resources::Kind;

/// A DynamoDB table. `Ref` gives its name, `Arn` its ARN; `StreamArn` comes from the runtime.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// `TableName`, or a generated name; 3 to 255 characters.
    pub name: String,
    /// The table's ARN.
    pub arn: String,
    /// The body of a CreateTable request.
    pub create_request: Value,
    /// `TimeToLiveSpecification`, when enabled: a request of its own in DynamoDB's API.
    pub time_to_live: Option<TimeToLive>,
}

/// The rule by which items expire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeToLive {
    /// The attribute that holds the time in seconds since 1970.
    pub attribute_name: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(&'static str);

macro_rules! words {
    ($name:ident: $($word:literal),+) => {
        #[derive(Clone, Copy)]
        struct $name(Word);
        impl Choice for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, $name(Word($word)))),+];
        }
    };
}

words!(AttributeType: "S", "N", "B");
words!(BillingMode: "PAY_PER_REQUEST", "PROVISIONED");
words!(KeyType: "HASH", "RANGE");
words!(ProjectionType: "ALL", "KEYS_ONLY", "INCLUDE");
words!(SseType: "AES256", "KMS");
words!(StreamViewType: "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES");
words!(TableClass: "STANDARD", "STANDARD_INFREQUENT_ACCESS");

const MAX_UNITS: i64 = i64::MAX;

impl Kind for Table {
    const TYPE: &'static str = "AWS::DynamoDB::Table";
    const ATTRIBUTES: &'static [&'static str] = &["Arn", "StreamArn"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("AttributeDefinitions"),
        Property::honoured("BillingMode"),
        Property::ignored(
            "ContributorInsightsSpecification",
            Shape::Mapping,
            "there are no contributor insights",
        ),
        Property::honoured("DeletionProtectionEnabled"),
        Property::honoured("GlobalSecondaryIndexes"),
        Property::refused(
            "ImportSourceSpecification",
            "there is no S3 to import from; write the items",
        ),
        Property::honoured("KeySchema"),
        Property::refused(
            "KinesisStreamSpecification",
            "there is no Kinesis; use StreamSpecification",
        ),
        Property::honoured("LocalSecondaryIndexes"),
        Property::ignored("OnDemandThroughput", Shape::Mapping, "requests are not limited locally"),
        Property::ignored(
            "PointInTimeRecoverySpecification",
            Shape::Mapping,
            "back up the data directory instead",
        ),
        Property::honoured("ProvisionedThroughput"),
        Property::ignored("ResourcePolicy", Shape::Mapping, "access is not checked locally"),
        Property::honoured("SSESpecification"),
        Property::honoured("StreamSpecification"),
        Property::honoured("TableClass"),
        Property::honoured("TableName"),
        Property::honoured("Tags"),
        Property::honoured("TimeToLiveSpecification"),
        Property::refused("VectorIndexes", "there is no vector search; leave it out"),
        Property::ignored("WarmThroughput", Shape::Mapping, "requests are not limited locally"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("TableName", 255, "-_.")
            .unwrap_or_else(|| identity.generated_name(255));
        let mut request = Map::new();
        request.insert("TableName".to_owned(), json!(name));
        request.insert("AttributeDefinitions".to_owned(), attribute_definitions(fields));
        fields.required("KeySchema", fields.node("KeySchema"));
        request.insert("KeySchema".to_owned(), key_schema(fields));
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                request.insert(key.to_owned(), value);
            }
        };
        put(
            "BillingMode",
            fields.choice("BillingMode").map(|BillingMode(Word(word))| json!(word)),
        );
        put("ProvisionedThroughput", provisioned_throughput(fields));
        put("GlobalSecondaryIndexes", indexes(fields, "GlobalSecondaryIndexes"));
        put("LocalSecondaryIndexes", indexes(fields, "LocalSecondaryIndexes"));
        put("StreamSpecification", stream_specification(fields));
        put("SSESpecification", sse_specification(fields));
        put(
            "TableClass",
            fields.choice("TableClass").map(|TableClass(Word(word))| json!(word)),
        );
        put(
            "DeletionProtectionEnabled",
            fields.boolean("DeletionProtectionEnabled").map(Value::from),
        );
        let tags = fields.tags();
        let tags: Vec<Value> = tags
            .into_iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        put("Tags", (!tags.is_empty()).then_some(Value::Array(tags)));
        check_keys(fields, &request);
        Some(Table {
            arn: identity.arn("dynamodb", &format!("table/{name}")),
            name,
            create_request: Value::Object(request),
            time_to_live: time_to_live(fields),
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.name.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Arn").then(|| self.arn.clone())
    }
}

fn attribute_definitions(fields: &Fields<'_>) -> Value {
    let definitions = fields.nested_list("AttributeDefinitions", &["AttributeName", "AttributeType"]);
    let one = |definition: &Fields<'_>| {
        let name = definition.required_text("AttributeName");
        let kind = definition.required("AttributeType", definition.choice("AttributeType"));
        let (name, AttributeType(Word(kind))) = (name?, kind?);
        Some(json!({"AttributeName": name, "AttributeType": kind}))
    };
    definitions.iter().filter_map(one).collect()
}

fn key_schema(fields: &Fields<'_>) -> Value {
    let one = |element: &Fields<'_>| {
        let name = element.required_text("AttributeName");
        let kind = element.required("KeyType", element.choice("KeyType"));
        let (name, KeyType(Word(kind))) = (name?, kind?);
        Some(json!({"AttributeName": name, "KeyType": kind}))
    };
    fields
        .nested_list("KeySchema", &["AttributeName", "KeyType"])
        .iter()
        .filter_map(one)
        .collect()
}

fn provisioned_throughput(fields: &Fields<'_>) -> Option<Value> {
    let throughput = fields.nested("ProvisionedThroughput", &["ReadCapacityUnits", "WriteCapacityUnits"])?;
    let units = |name| throughput.required(name, throughput.integer::<i64>(name, 1, MAX_UNITS));
    let (read, write) = (units("ReadCapacityUnits"), units("WriteCapacityUnits"));
    Some(json!({"ReadCapacityUnits": read?, "WriteCapacityUnits": write?}))
}

fn indexes(fields: &Fields<'_>, property: &str) -> Option<Value> {
    fields.node(property)?;
    let known: &[&'static str] = match property {
        "GlobalSecondaryIndexes" => &[
            "ContributorInsightsSpecification",
            "IndexName",
            "KeySchema",
            "OnDemandThroughput",
            "Projection",
            "ProvisionedThroughput",
            "WarmThroughput",
        ],
        _ => &["IndexName", "KeySchema", "Projection"],
    };
    let one = |index: &Fields<'_>| {
        let name = index.required("IndexName", index.name("IndexName", 255, "-_."));
        index.required("KeySchema", index.node("KeySchema"));
        let projection = index.required("Projection", projection(index));
        let mut json = json!({"IndexName": name?, "KeySchema": key_schema(index), "Projection": projection?});
        if let Some(throughput) = provisioned_throughput(index) {
            json["ProvisionedThroughput"] = throughput;
        }
        Some(json)
    };
    Some(fields.nested_list(property, known).iter().filter_map(one).collect())
}

fn projection(index: &Fields<'_>) -> Option<Value> {
    let projection = index.nested("Projection", &["NonKeyAttributes", "ProjectionType"])?;
    let mut json = Map::new();
    if let Some(ProjectionType(Word(kind))) = projection.choice("ProjectionType") {
        json.insert("ProjectionType".to_owned(), json!(kind));
    }
    if projection.node("NonKeyAttributes").is_some() {
        json.insert(
            "NonKeyAttributes".to_owned(),
            json!(projection.texts("NonKeyAttributes")),
        );
    }
    Some(Value::Object(json))
}

fn stream_specification(fields: &Fields<'_>) -> Option<Value> {
    let stream = fields.nested("StreamSpecification", &["ResourcePolicy", "StreamViewType", "Tags"])?;
    let StreamViewType(Word(view)) = stream.required("StreamViewType", stream.choice("StreamViewType"))?;
    Some(json!({"StreamEnabled": true, "StreamViewType": view}))
}

fn sse_specification(fields: &Fields<'_>) -> Option<Value> {
    let sse = fields.nested("SSESpecification", &["KMSMasterKeyId", "SSEEnabled", "SSEType"])?;
    let mut json = Map::new();
    json.insert(
        "Enabled".to_owned(),
        json!(sse.required("SSEEnabled", sse.boolean("SSEEnabled"))?),
    );
    if let Some(SseType(Word(kind))) = sse.choice("SSEType") {
        json.insert("SSEType".to_owned(), json!(kind));
    }
    if let Some(key) = sse.text("KMSMasterKeyId") {
        json.insert("KMSMasterKeyId".to_owned(), json!(key));
    }
    Some(Value::Object(json))
}

fn time_to_live(fields: &Fields<'_>) -> Option<TimeToLive> {
    let ttl = fields.nested("TimeToLiveSpecification", &["AttributeName", "Enabled"])?;
    let (enabled, attribute_name) = (
        ttl.required("Enabled", ttl.boolean("Enabled")),
        ttl.text("AttributeName"),
    );
    if !enabled? {
        return None;
    }
    Some(TimeToLive {
        attribute_name: ttl.required("AttributeName", attribute_name)?,
    })
}

/// DynamoDB wants every key attribute defined, and no other.
fn check_keys(fields: &Fields<'_>, request: &Map<String, Value>) {
    let names = |list: Option<&Value>| -> Vec<String> {
        let items = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| item["AttributeName"].as_str().map(str::to_owned))
            .collect()
    };
    let mut keys = names(request.get("KeySchema"));
    for indexes in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        let indexes = request
            .get(indexes)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        keys.extend(indexes.iter().flat_map(|index| names(index.get("KeySchema"))));
    }
    let defined = names(request.get("AttributeDefinitions"));
    let at = |property: &str| match fields.node(property) {
        Some(Node {
            data: Data::List(_),
            at,
        }) => Some(*at),
        Some(_) => None,
        None => Some(fields.at()),
    };
    // A list of the wrong type is reported already.
    let (Some(definitions_at), Some(_)) = (at("AttributeDefinitions"), at("KeySchema")) else {
        return;
    };
    for key in keys.iter().filter(|key| !defined.contains(key)) {
        let message = format!("the key attribute `{key}` has no definition");
        fields.report(definitions_at, "AttributeDefinitions", Problem::Conflict(message));
    }
    for name in defined.iter().filter(|name| !keys.contains(name)) {
        let message = format!("`{name}` is defined but no key uses it; DynamoDB refuses that");
        fields.report(definitions_at, "AttributeDefinitions", Problem::Conflict(message));
    }
    let provisioned = request.get("BillingMode").is_none_or(|mode| mode == "PROVISIONED");
    if provisioned && request.get("ProvisionedThroughput").is_none() && fields.node("ProvisionedThroughput").is_none() {
        let message = "ProvisionedThroughput is required unless BillingMode is PAY_PER_REQUEST".to_owned();
        fields.report(fields.at(), "BillingMode", Problem::Conflict(message));
    }
}
