//! `AWS::EC2::SecurityGroup`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html>).

use indexmap::IndexMap;

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;
use crate::resources::network::MACHINE;

/// A set of rules on network traffic; it does nothing here. `Ref`, `GroupId` and `Id` give its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its id, such as `sg-0…`.
    pub id: String,
    /// `GroupName`, or a generated name; at most 255 characters.
    pub name: String,
    /// `GroupDescription`; at most 255 characters.
    pub description: String,
    /// `VpcId`.
    pub vpc_id: Option<String>,
    /// `Tags`.
    pub tags: IndexMap<String, String>,
}

const EGRESS: &[&str] = &[
    "CidrIp",
    "CidrIpv6",
    "Description",
    "DestinationPrefixListId",
    "DestinationSecurityGroupId",
    "FromPort",
    "IpProtocol",
    "ToPort",
];
const INGRESS: &[&str] = &[
    "CidrIp",
    "CidrIpv6",
    "Description",
    "FromPort",
    "IpProtocol",
    "SourcePrefixListId",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "SourceSecurityGroupOwnerId",
    "ToPort",
];

impl Kind for SecurityGroup {
    const TYPE: &'static str = "AWS::EC2::SecurityGroup";
    const ATTRIBUTES: &'static [&'static str] = &["GroupId", "Id", "VpcId"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("GroupDescription"),
        Property::honoured("GroupName"),
        Property::ignored("SecurityGroupEgress", Shape::List, MACHINE),
        Property::ignored("SecurityGroupIngress", Shape::List, MACHINE),
        Property::honoured("Tags"),
        Property::honoured("VpcId"),
    ];

    fn read(fields: &Fields<'_>, identity: &Identity<'_>) -> Option<Self> {
        let description = fields.required("GroupDescription", read_description(fields));
        // for their errors only
        for (name, known) in [("SecurityGroupEgress", EGRESS), ("SecurityGroupIngress", INGRESS)] {
            for rule in fields.nested_list(name, known) {
                rule.required_text("IpProtocol");
                for port in ["FromPort", "ToPort"] {
                    let _: Option<i32> = rule.integer(port, -1, 65_535);
                }
            }
        }
        Some(SecurityGroup {
            id: identity.network_id("sg"),
            name: fields
                .name("GroupName", 255, " ._-:/()#,@[]+=&;{}!$*")
                .unwrap_or_else(|| identity.generated_name(255)),
            vpc_id: fields.text("VpcId"),
            tags: fields.tags(),
            description: description?,
        })
    }

    fn reference(&self, _: &Identity<'_>) -> String {
        self.id.clone()
    }

    fn attribute(&self, name: &str, _: &Identity<'_>) -> Option<String> {
        match name {
            "GroupId" | "Id" => Some(self.id.clone()),
            "VpcId" => self.vpc_id.clone(),
            _ => None,
        }
    }
}

fn read_description(fields: &Fields<'_>) -> Option<String> {
    let text = fields.text("GroupDescription")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || ",. _-:/()#@[]+=&;{}!$*".contains(c);
    if text.len() > 255 || !text.chars().all(allowed) {
        let rule = "at most 255 letters, digits, blanks and any of `,._-:/()#@[]+=&;{}!$*`";
        fields.not_allowed("GroupDescription", &text, rule);
        return None;
    }
    Some(text)
}
