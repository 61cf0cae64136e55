//! `AWS::EC2::VPCGatewayAttachment`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcgatewayattachment.html>).

use crate::error::Problem;
use crate::fields::{Fields, Property};
use crate::naming::Identity;
use crate::resources::Kind;

/// A gateway of a network, which does nothing here. `Ref` gives the kind of gateway and the network: `IGW|vpc-0…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpcGatewayAttachment {
    /// `VpcId`.
    pub vpc_id: String,
    /// `InternetGatewayId`.
    pub internet_gateway_id: String,
}

/// The value of `AttachmentType` for an internet gateway.
const INTERNET_GATEWAY: &str = "IGW";

impl Kind for VpcGatewayAttachment {
    const TYPE: &'static str = "AWS::EC2::VPCGatewayAttachment";
    const ATTRIBUTES: &'static [&'static str] = &["AttachmentType"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("InternetGatewayId"),
        Property::honoured("VpcId"),
        Property::refused(
            "VpnGatewayId",
            "there are no private networks to reach; use an InternetGatewayId",
        ),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        let (vpc_id, gateway) = (fields.required_text("VpcId"), fields.text("InternetGatewayId"));
        if fields.node("InternetGatewayId").is_none() && fields.node("VpnGatewayId").is_none() {
            let message = "one of InternetGatewayId and VpnGatewayId is required".to_owned();
            fields.report(fields.at(), "InternetGatewayId", Problem::Conflict(message));
        }
        Some(VpcGatewayAttachment {
            vpc_id: vpc_id?,
            internet_gateway_id: gateway?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        format!("{INTERNET_GATEWAY}|{}", self.vpc_id)
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        (name == "AttachmentType").then(|| INTERNET_GATEWAY.to_owned())
    }
}
