//! `AWS::EC2::SubnetRouteTableAssociation`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnetroutetableassociation.html>).

use crate::fields::{Fields, Property};
use crate::naming::Identity;
use crate::resources::Kind;

/// The route table of a subnet; it does nothing here. `Ref` and `Id` give its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubnetRouteTableAssociation {
    /// Its id, such as `rtbassoc-0…`.
    pub id: String,
    /// `SubnetId`.
    pub subnet_id: String,
    /// `RouteTableId`.
    pub route_table_id: String,
}

impl Kind for SubnetRouteTableAssociation {
    const TYPE: &'static str = "AWS::EC2::SubnetRouteTableAssociation";
    const ATTRIBUTES: &'static [&'static str] = &["Id"];
    const PROPERTIES: &'static [Property] = &[Property::honoured("RouteTableId"), Property::honoured("SubnetId")];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let (subnet_id, route_table_id) = (fields.required_text("SubnetId"), fields.required_text("RouteTableId"));
        Some(SubnetRouteTableAssociation {
            id: identity.network_id("rtbassoc"),
            subnet_id: subnet_id?,
            route_table_id: route_table_id?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.id.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "Id").then(|| self.id.clone())
    }
}
