//! The right to call a function URL. Pure.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>.

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

/// The `AuthType` of a function URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthType {
    /// Anyone.
    None,
    /// Requests signed with SigV4. Here the signature must be there; it is not verified.
    AwsIam,
}

/// The access key of a request that carries a SigV4 `Authorization` header for Lambda.
pub(super) fn signing_key(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let fields = header.strip_prefix("AWS4-HMAC-SHA256")?;
    let field = |name: &str| {
        fields
            .split(',')
            .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
            .filter(|v| !v.is_empty())
    };
    field("SignedHeaders")?;
    field("Signature")?;
    let mut scope = field("Credential")?.split('/');
    let key = scope.next().filter(|key| !key.is_empty())?;
    let (_date, _region) = (scope.next()?, scope.next()?);
    (scope.next()? == "lambda" && scope.next()? == "aws4_request" && scope.next().is_none()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn check(header: Option<&str>, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(header).expect("header"));
        }
        assert_eq!(signing_key(&headers), expected, "{header:?}");
    }

    #[test]
    fn a_signed_request_names_its_access_key() {
        let signed = |scope: &str| {
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=abc123")
        };
        check(
            Some(&signed("AKIAEXAMPLE/20261122/us-east-1/lambda/aws4_request")),
            Some("AKIAEXAMPLE"),
        );
        check(Some(&signed("AKIAEXAMPLE/20261122/us-east-1/s3/aws4_request")), None);
        check(Some(&signed("/20261122/us-east-1/lambda/aws4_request")), None);
        check(Some(&signed("AKIAEXAMPLE")), None);
        check(
            Some("AWS4-HMAC-SHA256 Credential=A/20261122/us-east-1/lambda/aws4_request"),
            None,
        );
        check(Some("Bearer abc"), None);
        check(Some(""), None);
        check(None, None);
    }
}
