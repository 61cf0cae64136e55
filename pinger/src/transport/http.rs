//! A function URL, or any other server that takes submissions by HTTP/1.1.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::failure::failure;
use super::{Transport, tls};
use crate::RunError;
use crate::send_result::{Answer, Failure, FailureKind, SendResult};
use crate::submission::{Fields, Submission};

/// The longest attempt to connect.
const CONNECT: Duration = Duration::from_secs(5);

/// Shorter than servers and load balancers keep an idle connection, which would otherwise close as we use it.
const IDLE: Duration = Duration::from_secs(15);

/// The target of the submissions: an http or https URL with a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url(Uri);

impl Url {
    /// The URL `text`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("not a URL: {error}"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err("a URL must begin with http:// or https://".to_owned());
        }
        match uri.authority() {
            Some(authority) if authority.as_str().contains('@') => {
                Err("a URL with a user name or password is not taken".to_owned())
            }
            Some(authority) if !authority.host().is_empty() => Ok(Url(uri)),
            Some(_) | None => Err("the URL has no host".to_owned()),
        }
    }

    /// The same with `query` behind what it already has.
    fn with_query(&self, query: &str) -> Result<Uri, hyper::http::Error> {
        let path = self.0.path();
        let path_and_query = match self.0.query() {
            Some(known) if !known.is_empty() => format!("{path}?{known}&{query}"),
            Some(_) | None => format!("{path}?{query}"),
        };
        let mut parts = self.0.clone().into_parts();
        parts.path_and_query = Some(path_and_query.parse()?);
        Ok(Uri::from_parts(parts)?)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The place of the fields in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Encoding {
    /// PUT with a JSON body.
    #[default]
    Json,
    /// POST with a form, as a browser sends it.
    Form,
    /// PUT with a query string.
    Query,
}

/// The time that the target should wait for the end of a submission before it answers `202` (`Prefer`, RFC 7240).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// As long as it does without being asked.
    None,
    /// So many seconds.
    Wait(u32),
    /// Not at all.
    RespondAsync,
}

/// An HTTP client that keeps its connections.
#[derive(Debug)]
pub struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: Url,
    encoding: Encoding,
    headers: HeaderMap,
    timeout: Duration,
}

impl Http {
    /// A client for `url`, which gives a request up after `timeout`. Does not connect yet.
    ///
    /// # Errors
    /// [`RunError::Tls`] if no certificate can be checked.
    pub fn new(url: Url, encoding: Encoding, preference: Preference, timeout: Duration) -> Result<Self, RunError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::client()?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Http {
            client,
            url,
            encoding,
            headers: headers(encoding, preference),
            timeout,
        })
    }

    fn request(&self, submission: &Submission) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let fields = &submission.fields;
        let (method, uri, body) = match self.encoding {
            Encoding::Json => (Method::PUT, self.url.0.clone(), json(fields)),
            Encoding::Form => (Method::POST, self.url.0.clone(), form(fields)),
            Encoding::Query => (Method::PUT, self.url.with_query(&form(fields))?, String::new()),
        };
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().clone_from(&self.headers);
        if let Some(key) = &submission.key {
            request
                .headers_mut()
                .insert(HeaderName::from_static("idempotency-key"), key.parse()?);
        }
        Ok(request)
    }

    async fn exchange(&self, submission: &Submission) -> SendResult {
        let request = self.request(submission).map_err(|error| Failure {
            kind: FailureKind::Protocol,
            message: error.to_string(),
        })?;
        let response = self.client.request(request).await.map_err(|error| failure(&error))?;
        let answer = Answer::from_status(response.status().as_u16());
        // Only a connection whose answer was read to its end is used again.
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            frame.map_err(|error| failure(&error))?;
        }
        Ok(answer)
    }
}

impl Transport for Http {
    fn target(&self) -> String {
        self.url.to_string()
    }

    async fn send(&self, batch: &[Submission]) -> Vec<SendResult> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for submission in batch {
            let outcome = tokio::time::timeout(self.timeout, self.exchange(submission)).await;
            outcomes.push(outcome.unwrap_or_else(|_| {
                Err(Failure {
                    kind: FailureKind::Timeout,
                    message: format!("no answer within {}", humantime::format_duration(self.timeout)),
                })
            }));
        }
        outcomes
    }
}

fn headers(encoding: Encoding, preference: Preference) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let agent = concat!("sluice-pinger/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    match encoding {
        Encoding::Json => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Encoding::Form => {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
        }
        Encoding::Query => {}
    }
    let prefer = HeaderName::from_static("prefer");
    match preference {
        Preference::None => {}
        Preference::RespondAsync => {
            headers.insert(prefer, HeaderValue::from_static("respond-async"));
        }
        Preference::Wait(seconds) => {
            if let Ok(wait) = HeaderValue::from_str(&format!("wait={seconds}")) {
                headers.insert(prefer, wait);
            }
        }
    }
    headers
}

fn form(fields: &Fields) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields.pairs())
        .finish()
}

/// A struct of texts is always JSON.
fn json(fields: &Fields) -> String {
    serde_json::to_string(fields).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::submission::Kind;

    fn submission(key: Option<&str>) -> Submission {
        Submission {
            number: 0,
            kind: Kind::Partial,
            fields: Fields {
                user_name: Some("Zoë & Co".to_owned()),
                email: None,
                pincode: Some("1 2".to_owned()),
            },
            key: key.map(ToOwned::to_owned),
        }
    }

    /// The request as one text: method, target, headers, body.
    fn written(url: &str, encoding: Encoding, preference: Preference, key: Option<&str>) -> String {
        let url = Url::new(url).unwrap();
        let http = Http::new(url, encoding, preference, Duration::from_secs(1)).unwrap();
        let request = http.request(&submission(key)).unwrap();
        let mut text = format!("{} {}", request.method(), request.uri());
        for (name, value) in request.headers() {
            if name != USER_AGENT {
                text += &format!("\n{name}: {}", value.to_str().unwrap());
            }
        }
        let body = futures_body(request.into_body());
        if body.is_empty() {
            text
        } else {
            format!("{text}\n\n{body}")
        }
    }

    fn futures_body(body: Full<Bytes>) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = runtime.block_on(body.collect()).unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_request_holds_the_fields_the_key_and_the_preference() {
        assert_eq!(
            written("http://h:1/", Encoding::Json, Preference::Wait(7), Some("k-1")),
            "PUT http://h:1/\ncontent-type: application/json\nprefer: wait=7\nidempotency-key: k-1\n\n\
             {\"user_name\":\"Zoë & Co\",\"pincode\":\"1 2\"}"
        );
        assert_eq!(
            written("https://h", Encoding::Form, Preference::RespondAsync, None),
            "POST https://h/\ncontent-type: application/x-www-form-urlencoded\nprefer: respond-async\n\n\
             user_name=Zo%C3%AB+%26+Co&pincode=1+2"
        );
        assert_eq!(
            written("http://h/a?b=c", Encoding::Query, Preference::None, None),
            "PUT http://h/a?b=c&user_name=Zo%C3%AB+%26+Co&pincode=1+2"
        );
        assert_eq!(
            written("http://h", Encoding::Query, Preference::None, None),
            "PUT http://h/?user_name=Zo%C3%AB+%26+Co&pincode=1+2"
        );
    }

    #[test]
    fn rubbish_is_no_url() {
        for (text, part) in [
            ("", "not a URL"),
            ("h:80", "http://"),
            ("/path", "http://"),
            ("ftp://h", "http://"),
            ("http://", "not a URL"),
            ("http://u:p@h", "user name"),
            ("http://a b", "not a URL"),
        ] {
            let error = Url::new(text).unwrap_err();
            assert!(error.contains(part), "{text:?}: {error:?} lacks {part:?}");
        }
    }
}
