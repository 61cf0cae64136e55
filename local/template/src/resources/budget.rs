//! `AWS::Budgets::Budget`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-budgets-budget.html>).

use crate::fields::{Fields, Property, Shape};
use crate::naming::Identity;
use crate::resources::Kind;

const NO_CHARGES: &str = "nothing is charged locally";

/// A budget of the account. `Ref` gives a generated name. It does nothing here: there are no charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {}

impl Kind for Budget {
    const TYPE: &'static str = "AWS::Budgets::Budget";
    const ATTRIBUTES: &'static [&'static str] = &[];
    const PROPERTIES: &'static [Property] = &[
        Property::ignored("Budget", Shape::Mapping, NO_CHARGES),
        Property::ignored("NotificationsWithSubscribers", Shape::List, NO_CHARGES),
        Property::ignored("ResourceTags", Shape::List, NO_CHARGES),
    ];

    fn read(fields: &Fields<'_>, _: &Identity<'_>) -> Option<Self> {
        fields.required("Budget", fields.node("Budget")).map(|_| Budget {})
    }

    fn reference(&self, identity: &Identity<'_>) -> String {
        identity.generated_name(100)
    }

    fn attribute(&self, _: &str, _: &Identity<'_>) -> Option<String> {
        None
    }
}
