//! The ways to name a function.

use sluice_wire::{Account, Arn, shortened};

use crate::LambdaError;

/// A function and perhaps its version or alias.
///
/// ```
/// let function = sluice_lambda::FunctionName::parse("store:$LATEST", None).unwrap();
/// assert_eq!((function.name.as_str(), function.qualifier.as_deref()), ("store", Some("$LATEST")));
/// ```
/// See [FunctionName](https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestParameters).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName {
    /// The name alone.
    pub name: String,
    /// The version or alias.
    pub qualifier: Option<String>,
}

impl FunctionName {
    /// Reads `name`, `name:qualifier`, `account:function:name`, a full ARN, each perhaps with a qualifier; and the
    /// qualifier that is given beside it.
    ///
    /// # Errors
    /// `InvalidParameterValueException` for other texts, and when the two qualifiers differ.
    pub fn parse(text: &str, qualifier: Option<&str>) -> Result<Self, LambdaError> {
        let rest = match Arn::parse(text) {
            Some(arn) if arn.service == "lambda" => arn.resource.strip_prefix("function:"),
            Some(_) => None,
            None => Some(text.split_once(":function:").map_or(text, |(_account, rest)| rest)),
        };
        let refused = || {
            LambdaError::InvalidParameter(format!(
                "{:?} is no function: give its name, its ARN or ACCOUNT:function:NAME",
                shortened(text)
            ))
        };
        let mut parts = rest.ok_or_else(refused)?.splitn(2, ':');
        let name = parts.next().filter(|name| is_name(name)).ok_or_else(refused)?;
        let own = parts.next();
        if own.is_some_and(|own| !is_qualifier(own)) {
            return Err(refused());
        }
        if let (Some(own), Some(given)) = (own, qualifier)
            && own != given
        {
            let message = "The derived qualifier from the function name does not match the specified qualifier.";
            return Err(LambdaError::InvalidParameter(message.into()));
        }
        Ok(Self {
            name: name.to_owned(),
            qualifier: own.or(qualifier).map(str::to_owned),
        })
    }

    /// The function's ARN, with the qualifier or `$LATEST`, as the error about a missing one names it.
    pub(crate) fn qualified_arn(&self, account: &Account) -> String {
        let qualifier = self.qualifier.as_deref().unwrap_or("$LATEST");
        account.arn("lambda", &format!("function:{}:{qualifier}", self.name))
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_qualifier(qualifier: &str) -> bool {
    qualifier == "$LATEST" || is_name(qualifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_every_documented_form() {
        let check = |text: &str, qualifier: Option<&str>, expected: Option<(&str, Option<&str>)>| {
            let parsed = FunctionName::parse(text, qualifier).ok();
            let parsed = parsed.as_ref().map(|f| (f.name.as_str(), f.qualifier.as_deref()));
            assert_eq!(parsed, expected, "{text} {qualifier:?}");
        };
        check("f", None, Some(("f", None)));
        check("f:$LATEST", None, Some(("f", Some("$LATEST"))));
        check("f", Some("1"), Some(("f", Some("1"))));
        check("f:1", Some("1"), Some(("f", Some("1"))));
        check("f:1", Some("2"), None);
        check("000000000000:function:f", None, Some(("f", None)));
        check("000000000000:function:f:live", None, Some(("f", Some("live"))));
        check(
            "arn:aws:lambda:us-east-1:000000000000:function:f",
            None,
            Some(("f", None)),
        );
        check(
            "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
            None,
            Some(("f", Some("$LATEST"))),
        );
        for rubbish in [
            "",
            "a b",
            "f:",
            "f:x y",
            "arn:aws:sns:us-east-1:0:f",
            "arn:aws:lambda:r:a:layer:f",
            "../f",
            "f/g",
        ] {
            check(rubbish, None, None);
        }
    }
}
