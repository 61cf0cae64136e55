//! The CORS settings of a function URL. Pure.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors>.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN, VARY,
};
use hyper::{HeaderMap, Method};

/// The `Cors` of a function URL. Empty lists allow nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// True if cookies and credentials are allowed.
    pub allow_credentials: bool,
    /// Header names that a request may have, or `*`.
    pub allow_headers: Vec<String>,
    /// Methods that a request may have, or `*`.
    pub allow_methods: Vec<String>,
    /// Origins that may call, or `*`.
    pub allow_origins: Vec<String>,
    /// Header names that a page may read, or `*`.
    pub expose_headers: Vec<String>,
    /// The seconds for which a browser may keep a preflight's answer.
    pub max_age: Option<u32>,
}

/// Returns true if the request is a preflight: a browser asks what it may do. Such a request never reaches the function.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl Cors {
    /// The headers of a preflight's answer; none if the origin, method or a header is not allowed.
    pub(super) fn preflight(&self, request: &HeaderMap) -> HeaderMap {
        let mut answer = self.origin_headers(request);
        let method = text(request, &ACCESS_CONTROL_REQUEST_METHOD);
        let headers = text(request, &ACCESS_CONTROL_REQUEST_HEADERS);
        let mut asked = headers.split(',').map(str::trim).filter(|name| !name.is_empty());
        let allowed = answer.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
            && allows(&self.allow_methods, method)
            && asked.all(|name| allows(&self.allow_headers, name));
        if !allowed {
            return HeaderMap::new();
        }
        put(
            &mut answer,
            ACCESS_CONTROL_ALLOW_METHODS,
            &self.listed(&self.allow_methods, method),
        );
        put(
            &mut answer,
            ACCESS_CONTROL_ALLOW_HEADERS,
            &self.listed(&self.allow_headers, headers),
        );
        if let Some(seconds) = self.max_age {
            answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
        }
        answer
    }

    /// Adds to an answer what a page of this origin needs to read it. What the function said itself about CORS stays beside it, as
    /// on AWS: a browser that reads two origins refuses the answer.
    pub(super) fn decorate(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        let mut own = self.origin_headers(request);
        if own.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            put(&mut own, ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose_headers.join(","));
        }
        for (name, value) in &own {
            answer.append(name.clone(), value.clone());
        }
    }

    /// Returns true if a page of the request's origin may call. Of a request without one nothing is known but that a page of
    /// another site has sent it: that is for everybody's pages only.
    pub(super) fn allows_origin(&self, request: &HeaderMap) -> bool {
        match request.get(ORIGIN) {
            Some(_) => self.origin_headers(request).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN),
            None => self.allow_origins.iter().any(|allowed| allowed == "*"),
        }
    }

    fn origin_headers(&self, request: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some(origin) = request.get(ORIGIN) else {
            return headers;
        };
        let any = self.allow_origins.iter().any(|allowed| allowed == "*");
        if any || origin.to_str().is_ok_and(|origin| allows(&self.allow_origins, origin)) {
            if any && !self.allow_credentials {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            } else {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(VARY, HeaderValue::from_static("Origin"));
            }
            if self.allow_credentials {
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
        }
        headers
    }

    /// With credentials `*` has no meaning to a browser, so what was asked is named instead.
    fn listed(&self, allowed: &[String], asked: &str) -> String {
        let any = allowed.iter().any(|name| name == "*");
        if any && self.allow_credentials {
            asked.to_owned()
        } else {
            allowed.join(",")
        }
    }
}

fn allows(allowed: &[String], asked: &str) -> bool {
    allowed
        .iter()
        .any(|name| name == "*" || name.eq_ignore_ascii_case(asked))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str], credentials: bool) -> Cors {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Cors {
            allow_credentials: credentials,
            allow_headers: owned(&["content-type"]),
            allow_methods: owned(&["PUT", "GET"]),
            allow_origins: owned(origins),
            expose_headers: owned(&["location"]),
            max_age: Some(60),
        }
    }

    fn request(origin: &str, method: &str, headers: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        put(&mut map, ORIGIN, origin);
        put(&mut map, ACCESS_CONTROL_REQUEST_METHOD, method);
        put(&mut map, ACCESS_CONTROL_REQUEST_HEADERS, headers);
        map
    }

    fn shown(headers: &HeaderMap) -> String {
        let mut lines: Vec<_> = headers
            .iter()
            .map(|(n, v)| format!("{n}={}", v.to_str().unwrap_or("?")))
            .collect();
        lines.sort();
        lines.join(" ").replace("access-control-", "")
    }

    #[test]
    fn a_preflight_is_answered_from_the_configuration() {
        let allowed = "allow-headers=content-type allow-methods=PUT,GET";
        for (origins, origin, method, headers, expected) in [
            (
                &["*"][..],
                "https://a",
                "PUT",
                "",
                format!("{allowed} allow-origin=* max-age=60"),
            ),
            (
                &["https://a"],
                "https://a",
                "GET",
                "Content-Type",
                format!("{allowed} allow-origin=https://a max-age=60 vary=Origin"),
            ),
            (&["https://a"], "https://b", "GET", "", String::new()),
            (&["*"], "https://a", "DELETE", "", String::new()),
            (&["*"], "https://a", "PUT", "content-type, x-secret", String::new()),
            (&[], "https://a", "PUT", "", String::new()),
        ] {
            let answer = cors(origins, false).preflight(&request(origin, method, headers));
            assert_eq!(shown(&answer), expected, "{origins:?} {origin} {method} {headers}");
        }
    }

    #[test]
    fn an_answer_carries_what_the_configuration_says_beside_what_the_function_says() {
        for (credentials, origin, expected) in [
            (
                false,
                "https://a",
                "allow-methods=POST allow-origin=* allow-origin=https://own expose-headers=location",
            ),
            (
                true,
                "https://a",
                "allow-credentials=true allow-methods=POST allow-origin=https://a allow-origin=https://own \
                 expose-headers=location vary=Origin",
            ),
            (false, "", "allow-methods=POST allow-origin=https://own"),
        ] {
            let mut answer = HeaderMap::new();
            put(&mut answer, ACCESS_CONTROL_ALLOW_ORIGIN, "https://own");
            put(&mut answer, ACCESS_CONTROL_ALLOW_METHODS, "POST");
            cors(&["*"], credentials).decorate(&request(origin, "", ""), &mut answer);
            assert_eq!(shown(&answer), expected, "{credentials} {origin}");
        }
    }

    #[test]
    fn only_a_real_preflight_is_one() {
        assert!(is_preflight(&Method::OPTIONS, &request("https://a", "PUT", "")));
        assert!(!is_preflight(&Method::GET, &request("https://a", "PUT", "")));
        assert!(!is_preflight(&Method::OPTIONS, &request("https://a", "", "")));
        assert!(!is_preflight(&Method::OPTIONS, &request("", "PUT", "")));
    }
}
