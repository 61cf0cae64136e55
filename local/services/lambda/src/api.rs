//! The routes of the API: each operation is a method and a path.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use serde::Serialize;
use sluice_host::MAX_REQUEST_BYTES;
use sluice_wire::{ApiError, Form, RequestId, read_body, rest};

use crate::{
    Lambda, LambdaError, get_function, get_function_configuration, get_function_url_config, invoke,
    list_function_url_configs, list_functions,
};

/// The most bytes of a body that Invoke reads: Lambda's limit, and one more to tell that it was passed.
const MAX_INVOKE_BODY: usize = MAX_REQUEST_BYTES + 1;

impl Lambda {
    /// The routes of the API, `/2015-03-31/functions…` and `/2021-10-31/functions…`.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/2015-03-31/functions", get(functions))
            .route("/2015-03-31/functions/", get(functions))
            .route("/2015-03-31/functions/{name}", get(function))
            .route("/2015-03-31/functions/{name}/configuration", get(configuration))
            .route("/2015-03-31/functions/{name}/invocations", post(invocation))
            .route("/2021-10-31/functions/{name}/url", get(url))
            .route("/2021-10-31/functions/{name}/urls", get(urls))
            .with_state(self.clone())
    }
}

fn response(lambda: &Lambda, result: Result<impl Serialize, ApiError>) -> Response<Body> {
    rest::response(&RequestId::new(&lambda.account), result)
}

async fn functions(State(lambda): State<Lambda>, request: Request) -> Response<Body> {
    response(&lambda, list_functions::call(&lambda, &Form::of_query(request.uri())))
}

async fn function(State(lambda): State<Lambda>, Path(name): Path<String>, request: Request) -> Response<Body> {
    let result = get_function::call(&lambda, &name, &Form::of_query(request.uri()));
    response(&lambda, result)
}

async fn configuration(State(lambda): State<Lambda>, Path(name): Path<String>, request: Request) -> Response<Body> {
    let result = get_function_configuration::call(&lambda, &name, &Form::of_query(request.uri()));
    response(&lambda, result)
}

async fn url(State(lambda): State<Lambda>, Path(name): Path<String>, request: Request) -> Response<Body> {
    let result = get_function_url_config::call(&lambda, &name, &Form::of_query(request.uri()));
    response(&lambda, result)
}

async fn urls(State(lambda): State<Lambda>, Path(name): Path<String>) -> Response<Body> {
    response(&lambda, list_function_url_configs::call(&lambda, &name))
}

async fn invocation(State(lambda): State<Lambda>, Path(name): Path<String>, request: Request) -> Response<Body> {
    let request_id = RequestId::new(&lambda.account);
    let query = Form::of_query(request.uri());
    let (parts, body) = request.into_parts();
    // Lambda names its own limit in its own error, so one more byte than that is read.
    let result = match read_body(body, MAX_INVOKE_BODY).await {
        Ok(body) => invoke::call(&lambda, &name, &query, &parts.headers, body).await,
        Err(error) if error.status == StatusCode::PAYLOAD_TOO_LARGE => Err(LambdaError::RequestTooLarge {
            limit: MAX_REQUEST_BYTES,
        }
        .into()),
        Err(error) => Err(ApiError {
            code: "InvalidRequestContentException".into(),
            ..error
        }),
    };
    result.unwrap_or_else(|error| rest::failure(&request_id, &error))
}
