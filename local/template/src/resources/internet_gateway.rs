//! `AWS::EC2::InternetGateway`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-internetgateway.html>).

use indexmap::IndexMap;

use crate::fields::{Fields, Property};
use crate::naming::Identity;
use crate::resources::Kind;

/// A way out of a network, which does nothing here. `Ref` and `InternetGatewayId` give its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternetGateway {
    /// Its id, such as `igw-0…`.
    pub id: String,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

impl Kind for InternetGateway {
    const TYPE: &'static str = "AWS::EC2::InternetGateway";
    const ATTRIBUTES: &'static [&'static str] = &["InternetGatewayId"];
    const PROPERTIES: &'static [Property] = &[Property::honoured("Tags")];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        Some(InternetGateway {
            id: identity.network_id("igw"),
            tags: fields.tags(),
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.id.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "InternetGatewayId").then(|| self.id.clone())
    }
}
