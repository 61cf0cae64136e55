//! `AWS::EC2::Route`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-route.html>).

use crate::error::Problem;
use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::network::{MACHINE, cidr};

/// A route, which does nothing here. `Ref` gives table and destination: `rtb-0…|0.0.0.0/0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `RouteTableId`.
    pub route_table_id: String,
    /// `DestinationCidrBlock`, `DestinationIpv6CidrBlock` or `DestinationPrefixListId`.
    pub destination: String,
}

const DESTINATIONS: [&str; 3] = [
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
];

impl Kind for Route {
    const TYPE: &'static str = "AWS::EC2::Route";
    const ATTRIBUTES: &'static [&'static str] = &["CidrBlock"];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("CarrierGatewayId", Shape::Text, MACHINE),
        Property::ignored("CoreNetworkArn", Shape::Text, MACHINE),
        Property::honoured("DestinationCidrBlock"),
        Property::honoured("DestinationIpv6CidrBlock"),
        Property::honoured("DestinationPrefixListId"),
        Property::ignored("EgressOnlyInternetGatewayId", Shape::Text, MACHINE),
        Property::ignored("GatewayId", Shape::Text, MACHINE),
        Property::ignored("InstanceId", Shape::Text, MACHINE),
        Property::ignored("LocalGatewayId", Shape::Text, MACHINE),
        Property::ignored("NatGatewayId", Shape::Text, MACHINE),
        Property::ignored("NetworkInterfaceId", Shape::Text, MACHINE),
        Property::ignored("OdbNetworkArn", Shape::Text, MACHINE),
        Property::honoured("RouteTableId"),
        Property::ignored("TransitGatewayId", Shape::Text, MACHINE),
        Property::ignored("VpcEndpointId", Shape::Text, MACHINE),
        Property::ignored("VpcPeeringConnectionId", Shape::Text, MACHINE),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        let route_table_id = fields.required_text("RouteTableId");
        let block = cidr(fields, "DestinationCidrBlock", 0, 32);
        let other = fields
            .text("DestinationIpv6CidrBlock")
            .or_else(|| fields.text("DestinationPrefixListId"));
        if DESTINATIONS.iter().filter(|name| fields.node(name).is_some()).count() != 1 {
            let message = format!("exactly one of {} is required", DESTINATIONS.join(", "));
            fields.report(fields.at(), "DestinationCidrBlock", Problem::Conflict(message));
        }
        Some(Route {
            route_table_id: route_table_id?,
            destination: block.or(other)?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        format!("{}|{}", self.route_table_id, self.destination)
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "CidrBlock").then(|| self.destination.clone())
    }
}
