//! `AWS::EC2::Subnet`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnet.html>).

use indexmap::IndexMap;

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::network::{MACHINE, NO_IPAM, cidr};

/// A part of a network, which does nothing here. `Ref` and `SubnetId` give its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Its id, such as `subnet-0…`.
    pub id: String,
    /// `VpcId`.
    pub vpc_id: String,
    /// `CidrBlock`: 16 to 28 bits of prefix.
    pub cidr_block: String,
    /// `AvailabilityZone`; the region's first when absent.
    pub availability_zone: String,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

const NO_IPV6: &str = "networks have IPv4 blocks only; write one into CidrBlock";

impl Kind for Subnet {
    const TYPE: &'static str = "AWS::EC2::Subnet";
    const ATTRIBUTES: &'static [&'static str] = &[
        "AvailabilityZone",
        "CidrBlock",
        "NetworkAclAssociationId",
        "SubnetId",
        "VpcId",
    ];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("AssignIpv6AddressOnCreation", Shape::Boolean, MACHINE),
        Property::honoured("AvailabilityZone"),
        Property::ignored("AvailabilityZoneId", Shape::Text, MACHINE),
        Property::honoured("CidrBlock"),
        Property::ignored("EnableDns64", Shape::Boolean, MACHINE),
        Property::ignored("EnableLniAtDeviceIndex", Shape::Integer, MACHINE),
        Property::refused("Ipv4IpamPoolId", NO_IPAM),
        Property::refused("Ipv4NetmaskLength", NO_IPAM),
        Property::ignored("Ipv6CidrBlock", Shape::Text, MACHINE),
        Property::refused("Ipv6IpamPoolId", NO_IPAM),
        Property::refused("Ipv6Native", NO_IPV6),
        Property::refused("Ipv6NetmaskLength", NO_IPAM),
        Property::ignored("MapPublicIpOnLaunch", Shape::Boolean, MACHINE),
        Property::ignored("OutpostArn", Shape::Text, MACHINE),
        Property::ignored("PrivateDnsNameOptionsOnLaunch", Shape::Mapping, MACHINE),
        Property::honoured("Tags"),
        Property::honoured("VpcId"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let vpc_id = fields.required_text("VpcId");
        let cidr_block = fields.required("CidrBlock", cidr(fields, "CidrBlock", 16, 28));
        Some(Subnet {
            id: identity.network_id("subnet"),
            availability_zone: fields
                .text("AvailabilityZone")
                .unwrap_or_else(|| format!("{}a", identity.inputs.region)),
            tags: fields.tags(),
            vpc_id: vpc_id?,
            cidr_block: cidr_block?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.id.clone()
    }

    fn attribute(&self, name: &str, identity: &Identity<'_>) -> Option<String> {
        match name {
            "AvailabilityZone" => Some(self.availability_zone.clone()),
            "CidrBlock" => Some(self.cidr_block.clone()),
            "NetworkAclAssociationId" => Some(identity.network_id("aclassoc")),
            "SubnetId" => Some(self.id.clone()),
            "VpcId" => Some(self.vpc_id.clone()),
            _ => None,
        }
    }
}
