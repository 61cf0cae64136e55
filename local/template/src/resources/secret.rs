//! `AWS::SecretsManager::Secret`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html>).

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

/// A secret. `Ref` and `Id` give its ARN, by which `{{resolve:secretsmanager:…}}` names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Secret {
    /// `Name`, or a generated name.
    pub name: String,
    /// The secret's ARN.
    pub arn: String,
    /// `Description`.
    pub description: Option<String>,
    /// Its value.
    pub value: SecretValue,
}

/// The value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretValue {
    /// `SecretString`.
    Given(String),
    /// `GenerateSecretString`: random characters.
    Generated {
        /// `PasswordLength`: 1 to 4,096; 32 when absent.
        length: u32,
        /// True without `ExcludePunctuation`.
        punctuation: bool,
    },
}

const GENERATE: &[Property] = &[
    Property::refused("ExcludeCharacters", "use ExcludePunctuation"),
    Property::refused("ExcludeLowercase", "use ExcludePunctuation"),
    Property::refused("ExcludeNumbers", "use ExcludePunctuation"),
    Property::honoured("ExcludePunctuation"),
    Property::refused("ExcludeUppercase", "use ExcludePunctuation"),
    Property::refused("GenerateStringKey", "leave it out: the whole secret is generated"),
    Property::refused("IncludeSpace", "spaces are not generated"),
    Property::honoured("PasswordLength"),
    Property::refused("RequireEachIncludedType", "leave it out: a long secret has all of them"),
    Property::refused("SecretStringTemplate", "leave it out: the whole secret is generated"),
];

impl Kind for Secret {
    const TYPE: &'static str = "AWS::SecretsManager::Secret";
    const ATTRIBUTES: &'static [&'static str] = &["Id"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("Description"),
        Property::honoured("GenerateSecretString"),
        Property::ignored("KmsKeyId", Shape::Text, "nothing is encrypted locally"),
        Property::honoured("Name"),
        Property::refused("ReplicaRegions", "there is one region"),
        Property::honoured("SecretString"),
        Property::ignored("Tags", Shape::List, "nobody asks for them"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let name = fields
            .name("Name", 512, "/_+=.@-")
            .unwrap_or_else(|| identity.generated_name(64));
        let generate = fields.nested_as("GenerateSecretString", GENERATE);
        let value = match (fields.text("SecretString"), generate) {
            (Some(text), None) => SecretValue::Given(text),
            (None, Some(generate)) => SecretValue::Generated {
                length: generate.integer("PasswordLength", 1, 4096).unwrap_or(32),
                punctuation: !generate.boolean("ExcludePunctuation").unwrap_or(false),
            },
            (Some(_), Some(_)) => {
                fields.not_allowed("SecretString", "…", "GenerateSecretString is given too: one of both");
                return None;
            }
            (None, None) => {
                fields.required::<()>("GenerateSecretString", None);
                return None;
            }
        };
        // As Secrets Manager does, though not by chance: a restart finds what it made.
        let unique = identity.unique_id("secret");
        let suffix = unique.get(unique.len().saturating_sub(6)..).unwrap_or_default();
        Some(Secret {
            arn: identity.arn("secretsmanager", &format!("secret:{name}-{suffix}")),
            name,
            description: fields.text("Description"),
            value,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.arn.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Id").then(|| self.arn.clone())
    }
}
