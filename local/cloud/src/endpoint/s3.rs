//! The answer to clients of S3, which is not here: an error in S3's own form, so that they show it. Without it a list of
//! buckets would be led to the console, and an object be an operation that nobody knows.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::{self, Next};
use sluice_wire::Form;

use super::routes::signature_scope;
use super::{Services, Xml};

/// The services whose clients speak S3's protocol.
const SIGNING_NAMES: [&str; 3] = ["s3", "s3express", "s3-object-lambda"];

const MESSAGE: &str = "There is no S3 on the local endpoint. Give data in the execution's input, or let this client go elsewhere: \
                       AWS_ENDPOINT_URL_S3 names an endpoint for S3 alone.";

/// The router in front of which what is signed for S3 is refused.
pub(crate) fn without_s3(router: Router, services: &Arc<Services>) -> Router {
    router.layer(middleware::from_fn_with_state(Arc::clone(services), refuse))
}

async fn refuse(State(services): State<Arc<Services>>, request: Request, next: Next) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if is_for_s3(&parts) {
        refusal(&services)
    } else {
        next.run(Request::from_parts(parts, body)).await
    }
}

/// Returns true if the signature, in a header or in the query of a presigned URL, is one for S3.
fn is_for_s3(parts: &Parts) -> bool {
    if let Some(scope) = signature_scope(&parts.headers) {
        return SIGNING_NAMES.contains(&scope);
    }
    let query = parts.uri.query().unwrap_or_default();
    let form = Form::parse(query.as_bytes()).ok();
    let credential = form.as_ref().and_then(|form| form.get("X-Amz-Credential"));
    let scope = credential.and_then(|credential| credential.split('/').nth(3));
    scope.is_some_and(|scope| SIGNING_NAMES.contains(&scope))
}

fn refusal(services: &Services) -> Response<Body> {
    let request_id = services.request_id();
    let mut xml = Xml::default();
    xml.element("Error", |xml| {
        xml.text("Code", "NotImplemented")
            .text("Message", MESSAGE)
            .text("RequestId", request_id.as_str());
    });
    let mut response = Response::new(Body::from(xml.into_string()));
    // 501: what S3 answers to a functionality that it does not have, and what no SDK tries again
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert("x-amz-request-id", request_id.header());
    response
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::super::router;
    use super::super::testing::World;
    use super::*;

    async fn check(method: &str, uri: &str, authorization: Option<&str>, expected: u16) {
        let world = World::new();
        let all = router(Arc::clone(&world.services)).route("/", get(|| async { "the console" }));
        let mut request = axum::http::Request::builder().method(method).uri(uri);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = without_s3(all, &world.services)
            .oneshot(request)
            .await
            .expect("answers");
        assert_eq!(response.status().as_u16(), expected, "{method} {uri}");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .expect("read");
        let is_s3 = String::from_utf8_lossy(&body).contains("<Code>NotImplemented</Code><Message>There is no S3");
        assert_eq!(is_s3, expected == 501, "{method} {uri}");
    }

    #[tokio::test]
    async fn clients_of_s3_read_that_there_is_none() {
        let signed = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=x/20261201/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
            )
        };
        let presigned =
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x%2F20261201%2Fus-east-1%2Fs3%2Faws4_request";
        check("GET", "/", Some(&signed("s3")), 501).await;
        check("PUT", "/bucket/key", Some(&signed("s3")), 501).await;
        check("POST", "/bucket?delete", Some(&signed("s3express")), 501).await;
        check("GET", &format!("/bucket/key?{presigned}"), None, 501).await;
        check("GET", "/", None, 200).await;
        check("GET", "/", Some(&signed("lambda")), 200).await;
        check("GET", "/bucket/key", None, 404).await;
        check("GET", "/?X-Amz-Credential=%ff", None, 200).await;
    }
}
