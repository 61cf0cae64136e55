//! The routes of the API: each operation is a method and a path.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::Response;
use axum::routing::get;
use serde::Serialize;
use sluice_wire::{ApiError, Form, RequestId, rest};

use crate::{Mappings, get_event_source_mapping, list_event_source_mappings};

impl Mappings {
    /// The routes of the API, `/2015-03-31/event-source-mappings…`. Mappings come and go with their stacks only.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/2015-03-31/event-source-mappings", get(mappings))
            .route("/2015-03-31/event-source-mappings/", get(mappings))
            .route("/2015-03-31/event-source-mappings/{uuid}", get(mapping))
            .with_state(self.clone())
    }
}

fn response(mappings: &Mappings, result: Result<impl Serialize, ApiError>) -> Response<Body> {
    rest::response(&RequestId::new(mappings.account()), result)
}

async fn mappings(State(mappings): State<Mappings>, request: Request) -> Response<Body> {
    let result = list_event_source_mappings::call(&mappings, &Form::of_query(request.uri()));
    response(&mappings, result)
}

async fn mapping(State(mappings): State<Mappings>, Path(uuid): Path<String>) -> Response<Body> {
    response(&mappings, get_event_source_mapping::call(&mappings, &uuid))
}
