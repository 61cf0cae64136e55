//! `AWS::EC2::VPC`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html>).

use indexmap::IndexMap;

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::network::{MACHINE, NO_IPAM, cidr};

/// A virtual network, which does nothing here. `Ref` and `VpcId` give its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// Its id, such as `vpc-0…`.
    pub id: String,
    /// `CidrBlock`: 16 to 28 bits of prefix.
    pub cidr_block: String,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

impl Kind for Vpc {
    const TYPE: &'static str = "AWS::EC2::VPC";
    const ATTRIBUTES: &'static [&'static str] = &["CidrBlock", "DefaultNetworkAcl", "DefaultSecurityGroup", "VpcId"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("CidrBlock"),
        Property::ignored("EnableDnsHostnames", Shape::Boolean, MACHINE),
        Property::ignored("EnableDnsSupport", Shape::Boolean, MACHINE),
        Property::ignored("InstanceTenancy", Shape::Text, "everything runs on one machine"),
        Property::refused("Ipv4IpamPoolId", NO_IPAM),
        Property::refused("Ipv4NetmaskLength", NO_IPAM),
        Property::honoured("Tags"),
        Property::ignored("VpcEncryptionControl", Shape::Mapping, MACHINE),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let cidr_block = fields.required("CidrBlock", cidr(fields, "CidrBlock", 16, 28));
        Some(Vpc {
            id: identity.network_id("vpc"),
            tags: fields.tags(),
            cidr_block: cidr_block?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.id.clone()
    }

    fn attribute(&self, name: &str, identity: &Identity<'_>) -> Option<String> {
        match name {
            "CidrBlock" => Some(self.cidr_block.clone()),
            "DefaultNetworkAcl" => Some(identity.network_id("acl")),
            "DefaultSecurityGroup" => Some(identity.network_id("sg")),
            "VpcId" => Some(self.id.clone()),
            _ => None,
        }
    }
}
