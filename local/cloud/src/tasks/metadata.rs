//! `SdkHttpMetadata` and `SdkResponseMetadata`, which integrations add to a service's response.

use serde_json::{Map, Value, json};

/// The HTTP answer that a response came with.
#[derive(Debug)]
pub(super) struct Metadata<'a> {
    pub(super) status: u16,
    pub(super) request_id: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Metadata<'_> {
    /// The headers once as lists and once as texts, as AWS writes them.
    pub(super) fn add_to(self, response: &mut Map<String, Value>) {
        let mut lists = Map::with_capacity(self.headers.len());
        let mut texts = Map::with_capacity(self.headers.len());
        for (name, value) in self.headers {
            lists.insert(name.to_owned(), json!([value]));
            texts.insert(name.to_owned(), Value::String(value));
        }
        response.insert(
            "SdkHttpMetadata".into(),
            json!({ "AllHttpHeaders": lists, "HttpHeaders": texts, "HttpStatusCode": self.status }),
        );
        response.insert("SdkResponseMetadata".into(), json!({ "RequestId": self.request_id }));
    }
}
