//! awsQuery: a form in, XML out. See the [protocol](https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, Uri, header};

use crate::{ApiError, RequestId, Xml};

/// A service of the query protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryApi {
    /// The name in error messages.
    pub name: &'static str,
    /// The `Version` that each request carries.
    pub version: &'static str,
    /// The service in a signature's scope.
    pub signing_name: &'static str,
    /// The namespace of its XML.
    pub namespace: &'static str,
}

/// A form's fields, lists and maps still flat: `Tags.member.1.Key`.
///
/// ```
/// let form = sluice_wire::Form::parse(b"Action=Publish&Names.member.1=a&Names.member.2=b").unwrap();
/// assert_eq!(form.filled("Action"), Some("Publish"));
/// assert_eq!(form.members("Names").collect::<Vec<_>>(), ["a", "b"]);
/// ```
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Form(BTreeMap<String, String>);

/// More fields than any call of these services has.
const MAX_FIELDS: usize = 4_096;

impl Form {
    /// Reads a form.
    ///
    /// # Errors
    /// `MalformedInput` for a form with too many fields, or text that is not UTF-8. A name that comes twice is refused.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let malformed = |message: String| ApiError::client("MalformedInput", message);
        if std::str::from_utf8(body).is_err() {
            return Err(malformed("The form is not UTF-8.".into()));
        }
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if fields.len() == MAX_FIELDS {
                return Err(malformed(format!("The form has more than {MAX_FIELDS} fields.")));
            }
            if let Some(_twice) = fields.insert(name.clone().into_owned(), value.into_owned()) {
                return Err(malformed(format!(
                    "The form has the field {:?} twice.",
                    crate::shortened(&name)
                )));
            }
        }
        Ok(Self(fields))
    }

    /// Reads the query string of an address; one that cannot be read counts as empty.
    pub fn of_query(uri: &Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default().as_bytes()).unwrap_or_default()
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All fields by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a field that is there and not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The values `NAME.member.1`, `NAME.member.2`, …
    pub fn members<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        (1..).map_while(move |index| self.get(&format!("{name}.member.{index}")))
    }

    /// The pairs of a list of objects or of a map: `NAME.member.1.Key` and `NAME.member.1.Value`, or
    /// `NAME.entry.1.key` and `NAME.entry.1.value`.
    pub fn pairs<'a>(&'a self, name: &str, step: &str, key: &str, value: &str) -> Vec<(&'a str, &'a str)> {
        let field = |index: usize, part: &str| format!("{name}.{step}.{index}.{part}");
        (1..)
            .map_while(|index| {
                Some((
                    self.get(&field(index, key))?,
                    self.get(&field(index, value)).unwrap_or(""),
                ))
            })
            .collect()
    }

    /// True when the name of a field begins with a text.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.0
            .range(prefix.to_owned()..)
            .next()
            .is_some_and(|(name, _)| name.starts_with(prefix))
    }
}

/// Makes the HTTP response to a call: the result's element, or an error.
pub fn response(api: &QueryApi, action: &str, request_id: &RequestId, result: Result<Xml, ApiError>) -> Response<Body> {
    match result {
        Ok(result) => success(api, action, request_id, result),
        Err(error) => failure(api, request_id, &error),
    }
}

fn success(api: &QueryApi, action: &str, request_id: &RequestId, result: Xml) -> Response<Body> {
    let result = result.into_string();
    let mut xml = Xml::default();
    xml.root(&format!("{action}Response"), api.namespace, |xml| {
        // A call without output has no result element, as on AWS.
        if !result.is_empty() {
            xml.element(&format!("{action}Result"), |xml| xml.append(&result));
        }
        xml.element("ResponseMetadata", |xml| {
            xml.text("RequestId", request_id.as_str());
        });
    });
    http_response(request_id, StatusCode::OK, xml)
}

/// Makes the HTTP response that tells of an error.
pub fn failure(api: &QueryApi, request_id: &RequestId, error: &ApiError) -> Response<Body> {
    let mut xml = Xml::default();
    xml.root("ErrorResponse", api.namespace, |xml| {
        xml.element("Error", |xml| {
            let fault = if error.is_client() { "Sender" } else { "Receiver" };
            xml.text("Type", fault)
                .text("Code", &error.code)
                .text("Message", &error.message);
        })
        .text("RequestId", request_id.as_str());
    });
    http_response(request_id, error.status, xml)
}

fn http_response(request_id: &RequestId, status: StatusCode, xml: Xml) -> Response<Body> {
    let mut response = Response::new(Body::from(xml.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    headers.insert("x-amzn-requestid", request_id.header());
    response
}

/// The error about an action that a service does not have, naming those that it has.
pub fn invalid_action(api: &QueryApi, action: &str, known: &[&str]) -> ApiError {
    ApiError::client(
        "InvalidAction",
        format!(
            "The action {} is not available for the local {} endpoint, which knows: {}.",
            crate::shortened(action),
            api.name,
            known.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_maps_are_read_in_order_and_end_at_the_first_gap() {
        let form =
            Form::parse(b"T.member.1=a&T.member.2=b%20c&T.member.4=z&A.entry.1.key=k&A.entry.1.value=v").unwrap();
        assert_eq!(form.members("T").collect::<Vec<_>>(), ["a", "b c"]);
        assert_eq!(form.pairs("A", "entry", "key", "value"), [("k", "v")]);
        assert!(form.has_prefix("A."));
        assert!(!form.has_prefix("B."));
    }

    #[test]
    fn rubbish_forms_are_refused_or_read_as_nothing() {
        assert!(Form::parse(b"a=1&a=2").is_err());
        assert!(Form::parse(b"a=\xff").is_err());
        let many = (0..5_000).map(|n| format!("f{n}=1")).collect::<Vec<_>>().join("&");
        assert!(Form::parse(many.as_bytes()).is_err());
        for body in ["", "%", "%zz=%", "&&&", "=", "\u{0}"] {
            assert!(Form::parse(body.as_bytes()).is_ok(), "{body:?}");
        }
    }
}
