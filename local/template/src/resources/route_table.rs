//! `AWS::EC2::RouteTable`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-routetable.html>).

use indexmap::IndexMap;

use crate::fields::{Fields, Property};
use crate::naming::Identity;
use crate::resources::Kind;

/// A table of routes, which does nothing here. `Ref` and `RouteTableId` give its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    /// Its id, such as `rtb-0…`.
    pub id: String,
    /// `VpcId`.
    pub vpc_id: String,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

impl Kind for RouteTable {
    const TYPE: &'static str = "AWS::EC2::RouteTable";
    const ATTRIBUTES: &'static [&'static str] = &["RouteTableId"];
    const PROPERTIES: &'static [Property] = &[Property::honoured("Tags"), Property::honoured("VpcId")];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let vpc_id = fields.required_text("VpcId");
        Some(RouteTable {
            id: identity.network_id("rtb"),
            tags: fields.tags(),
            vpc_id: vpc_id?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.id.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "RouteTableId").then(|| self.id.clone())
    }
}
