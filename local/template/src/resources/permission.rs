//! `AWS::Lambda::Permission`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html>).

use crate::fields::{Fields, Property};
use crate::naming::Identity;
use crate::resources::url::AuthType;
use crate::resources::{Kind, MissingPeer, Peers, ResourceType};

/// A statement of a function's resource policy. `Ref` and `Id` give its statement id.
#[derive(Debug, Clone, PartialEq)]
pub struct Permission {
    /// The logical id of the function.
    pub function: String,
    /// `Action`, such as `lambda:InvokeFunctionUrl`.
    pub action: String,
    /// `Principal`: `*`, an account, an ARN or a service.
    pub principal: String,
    /// `FunctionUrlAuthType`: the permission holds only for URLs of this kind.
    pub function_url_auth_type: Option<AuthType>,
    /// `InvokedViaFunctionUrl`: the permission holds only for calls that come through the function's URL.
    pub invoked_via_function_url: bool,
    /// `SourceArn`: the resource that calls.
    pub source_arn: Option<String>,
    /// `SourceAccount`: the account of the resource that calls.
    pub source_account: Option<String>,
    /// `PrincipalOrgID`.
    pub principal_org_id: Option<String>,
    /// `FunctionName` as given: a name or an ARN.
    target: String,
}

impl Kind for Permission {
    const TYPE: &'static str = "AWS::Lambda::Permission";
    const ATTRIBUTES: &'static [&'static str] = &["Id"];
    const PROPERTIES: &'static [Property] = &[
        Property::honoured("Action"),
        Property::refused("EventSourceToken", "it is for Alexa skills"),
        Property::honoured("FunctionName"),
        Property::honoured("FunctionUrlAuthType"),
        Property::honoured("InvokedViaFunctionUrl"),
        Property::honoured("Principal"),
        Property::honoured("PrincipalOrgID"),
        Property::honoured("SourceAccount"),
        Property::honoured("SourceArn"),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        let (target, action) = (fields.required_text("FunctionName"), fields.required_text("Action"));
        let principal = fields.required_text("Principal");
        Some(Permission {
            function: String::new(),
            function_url_auth_type: fields.choice("FunctionUrlAuthType"),
            invoked_via_function_url: fields.boolean("InvokedViaFunctionUrl").unwrap_or(false),
            source_arn: fields.text("SourceArn"),
            source_account: fields.text("SourceAccount"),
            principal_org_id: fields.text("PrincipalOrgID"),
            action: action?,
            principal: principal?,
            target: target?,
        })
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(100)
    }

    fn attribute(&self, name: &str, identity: &Identity<'_>) -> Option<String> {
        (name == "Id").then(|| self.reference(identity))
    }

    fn link(&mut self, peers: &Peers) -> Result<(), MissingPeer> {
        self.function = peers.find("FunctionName", ResourceType::Function, &self.target)?;
        Ok(())
    }
}
