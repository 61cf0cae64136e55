use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};

use sluice_clock::ManualClock;
use sluice_service_testing::{Fault, NOW, Reply, TestFunctions, account};
use tower::ServiceExt as _;

use crate::{FunctionUrl, Lambda, UrlAuthType};

/// Names and values of headers.
type Headers<'a> = &'a [(&'a str, &'a str)];

fn lambda() -> Lambda {
    let functions = TestFunctions::new([
        ("echo", |event| Ok(event.to_vec())),
        ("broken", |_| {
            Err(Fault::Function(r#"{"errorType":"E","errorMessage":"m"}"#))
        }),
        ("busy", |_| Err(Fault::Throttled)),
    ]);
    Lambda::new(account(Arc::new(ManualClock::new(NOW)), 1), Arc::new(functions), None)
}

async fn send(lambda: &Lambda, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = lambda
        .router::<()>()
        .oneshot(request.body(Body::from(body)).unwrap())
        .await;
    Reply::of(response.unwrap()).await
}

async fn invoke(lambda: &Lambda, name: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let path = format!("/2015-03-31/functions/{name}/invocations");
    send(lambda, Method::POST, &path, headers, body.to_owned()).await
}

async fn get(lambda: &Lambda, path: &str) -> Reply {
    send(lambda, Method::GET, path, &[], String::new()).await
}

#[tokio::test]
async fn a_function_is_invoked_by_name_and_by_arn() {
    let lambda = lambda();
    let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aecho";
    for name in ["echo", "echo:$LATEST", "000000000000%3Afunction%3Aecho", arn] {
        let reply = invoke(&lambda, name, &[], "{\"a\":1}").await;
        assert_eq!((reply.status, reply.text.as_str()), (200, "{\"a\":1}"), "{name}");
        assert_eq!(reply.header("x-amz-executed-version"), "$LATEST");
        assert_eq!(reply.header("x-amz-log-result"), "");
    }
    let reply = invoke(&lambda, "echo", &[("x-amz-log-type", "Tail")], "1").await;
    assert_eq!(reply.header("x-amz-log-result"), "TE9H");
    assert_eq!(invoke(&lambda, "echo", &[], "").await.text, "{}");
}

#[tokio::test]
async fn what_goes_wrong_is_told_as_lambda_tells_it() {
    let lambda = lambda();
    let reply = invoke(&lambda, "broken", &[], "{}").await;
    assert_eq!((reply.status, reply.header("x-amz-function-error")), (200, "Unhandled"));
    let busy = invoke(&lambda, "busy", &[], "{}").await.json();
    assert_eq!(
        busy,
        serde_json::json!({ "Type": "User", "Message": "Rate Exceeded.", "message": "Rate Exceeded.",
            "Reason": "ConcurrentInvocationLimitExceeded" })
    );
    let long = format!("\"{}\"", "x".repeat(6_291_456));
    let rows: [(&str, Headers<'_>, &str, u16, &str); 7] = [
        ("gone", &[], "{}", 404, "ResourceNotFoundException"),
        ("echo:9", &[], "{}", 404, "ResourceNotFoundException"),
        ("busy", &[], "{}", 429, "TooManyRequestsException"),
        ("echo", &[], "nonsense", 400, "InvalidRequestContentException"),
        ("echo", &[], &long, 413, "RequestTooLargeException"),
        (
            "echo",
            &[("x-amz-invocation-type", "Later")],
            "{}",
            400,
            "InvalidParameterValueException",
        ),
        (
            "echo",
            &[("x-amz-client-context", "%")],
            "{}",
            400,
            "InvalidRequestContentException",
        ),
    ];
    for (name, headers, body, status, code) in rows {
        let reply = invoke(&lambda, name, headers, body).await;
        assert_eq!(
            (reply.status, reply.header("x-amzn-errortype")),
            (status, code),
            "{name} {headers:?}"
        );
    }
    let reply = invoke(&lambda, "gone", &[], "{}").await;
    let message = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:gone:$LATEST";
    assert_eq!(reply.json()["Message"], message);
}

#[tokio::test]
async fn events_and_dry_runs_answer_at_once() {
    let lambda = lambda();
    let event = [("x-amz-invocation-type", "Event")];
    assert_eq!(invoke(&lambda, "echo", &event, "{}").await.status, 202);
    assert_eq!(invoke(&lambda, "gone", &event, "{}").await.status, 404);
    let dry = [("x-amz-invocation-type", "DryRun")];
    assert_eq!(invoke(&lambda, "echo", &dry, "{}").await.status, 204);
    assert_eq!(invoke(&lambda, "gone", &dry, "{}").await.status, 404);
}

#[tokio::test]
async fn functions_and_their_urls_are_shown() {
    let lambda = lambda();
    let listed = get(&lambda, "/2015-03-31/functions/?MaxItems=2").await.json();
    let names = |page: &serde_json::Value| {
        let names = page["Functions"].as_array().unwrap().iter();
        names
            .map(|f| f["FunctionName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&listed), ["broken", "busy"]);
    let marker = listed["NextMarker"].as_str().unwrap();
    let rest = get(&lambda, &format!("/2015-03-31/functions?Marker={marker}"))
        .await
        .json();
    assert_eq!((names(&rest), rest.get("NextMarker")), (vec!["echo".to_owned()], None));

    let function = get(&lambda, "/2015-03-31/functions/echo").await.json();
    assert_eq!(
        function["Configuration"]["FunctionArn"],
        "arn:aws:lambda:us-east-1:000000000000:function:echo"
    );
    let configuration = get(&lambda, "/2015-03-31/functions/echo/configuration").await.json();
    assert_eq!(configuration, function["Configuration"]);

    let path = "/2021-10-31/functions/echo/url";
    assert_eq!(
        get(&lambda, path).await.header("x-amzn-errortype"),
        "ResourceNotFoundException"
    );
    lambda.urls().register(FunctionUrl {
        function_name: "echo".into(),
        function_arn: "arn:aws:lambda:us-east-1:000000000000:function:echo".into(),
        url: "http://127.0.0.1:1/".into(),
        auth_type: UrlAuthType::None,
        cors: None,
        created: NOW,
    });
    let url = get(&lambda, path).await.json();
    assert_eq!(
        (url["FunctionUrl"].as_str(), url["AuthType"].as_str()),
        (Some("http://127.0.0.1:1/"), Some("NONE"))
    );
    let urls = get(&lambda, "/2021-10-31/functions/echo/urls").await.json();
    assert_eq!(urls["FunctionUrlConfigs"][0], url);
}
