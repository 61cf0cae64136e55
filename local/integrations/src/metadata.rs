//! `SdkHttpMetadata` and `SdkResponseMetadata`, which integrations add to a service's response.

use std::borrow::Cow;

use serde_json::{Map, Value};
use sluice_clock::Timestamp;
use sluice_wire::http_date;

use crate::sdk::Reply;

/// The HTTP answer that a response came with.
#[derive(Debug)]
pub(crate) struct Metadata<'a> {
    pub(crate) status: u16,
    pub(crate) request_id: Cow<'a, str>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Metadata<'static> {
    /// Of a response in awsJson.
    pub(crate) fn of_json(reply: &Reply, now: Timestamp, content_type: &str) -> Self {
        let headers = vec![
            ("x-amzn-RequestId", reply.request_id.clone()),
            ("connection", "keep-alive".to_owned()),
            ("Content-Length", reply.length.to_string()),
            ("Date", http_date(now)),
            ("Content-Type", content_type.to_owned()),
        ];
        Self {
            status: 200,
            request_id: reply.request_id.clone().into(),
            headers,
        }
    }
}

impl Metadata<'_> {
    /// The headers once as lists and once as texts, as AWS writes them. All of it is moved into its place: each task that ends
    /// comes by here, and `json!` would copy every map that it is given.
    pub(crate) fn add_to(self, response: &mut Map<String, Value>) {
        let mut lists = Map::with_capacity(self.headers.len());
        let mut texts = Map::with_capacity(self.headers.len());
        for (name, value) in self.headers {
            lists.insert(name.to_owned(), Value::Array(vec![Value::String(value.clone())]));
            texts.insert(name.to_owned(), Value::String(value));
        }
        let mut http = Map::with_capacity(3);
        http.insert("AllHttpHeaders".to_owned(), Value::Object(lists));
        http.insert("HttpHeaders".to_owned(), Value::Object(texts));
        http.insert("HttpStatusCode".to_owned(), self.status.into());
        response.insert("SdkHttpMetadata".to_owned(), Value::Object(http));
        let mut own = Map::with_capacity(1);
        own.insert("RequestId".to_owned(), self.request_id.into_owned().into());
        response.insert("SdkResponseMetadata".to_owned(), Value::Object(own));
    }
}
