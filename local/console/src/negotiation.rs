//! The choice between a page and its JSON form.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use super::problem::Problem;
use super::query::Query;

/// The two forms of every page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Html,
    /// For programs.
    Json,
}

impl Format {
    /// The form that a request asks for: `format=` in the query decides, else `Accept`, else a page.
    ///
    /// # Errors
    /// When `format` is neither `html` nor `json`.
    pub(crate) fn of(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        match Query::parse(query).get("format") {
            Some("json") => return Ok(Self::Json),
            Some("html") => return Ok(Self::Html),
            Some(other) => {
                let beginning: String = other.chars().take(40).collect();
                return Err(Problem::bad_request(format!(
                    "format is {beginning:?}; it can be html or json"
                )));
            }
            None => {}
        }
        let accepted: Vec<&str> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        Ok(Self::from_accept(&accepted.join(",")))
    }

    /// The better liked of the two (RFC 9110, 12.5.1). Of two that are liked alike the one that is named more exactly:
    /// programs send `application/json, */*`. Else a page.
    fn from_accept(accept: &str) -> Self {
        let mut html = Preference::default();
        let mut json = Preference::default();
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts
                .find_map(|parameter| parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")))
                .and_then(|quality| quality.parse::<f32>().ok())
                .map_or(1.0, |quality| quality.clamp(0.0, 1.0));
            match media_type.as_str() {
                "text/html" | "application/xhtml+xml" => html.raise(2, quality),
                "application/json" | "application/problem+json" => json.raise(2, quality),
                "text/*" => html.raise(1, quality),
                "application/*" => json.raise(1, quality),
                "*/*" => {
                    html.raise(0, quality);
                    json.raise(0, quality);
                }
                _ => {}
            }
        }
        let alike_but_exact = json.quality == html.quality && json.quality > 0.0 && json.exactness > html.exactness;
        if json.quality > html.quality || alike_but_exact {
            Self::Json
        } else {
            Self::Html
        }
    }
}

/// The preference for a form; a more exact range overrules a vaguer one.
#[derive(Default)]
struct Preference {
    exactness: u8,
    quality: f32,
}

impl Preference {
    fn raise(&mut self, exactness: u8, quality: f32) {
        if exactness > self.exactness {
            *self = Self { exactness, quality };
        } else if exactness == self.exactness {
            self.quality = self.quality.max(quality);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_the_query_then_the_accept_header() {
        fn check(query: Option<&str>, accept: &[&str], expected: Format) {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(ACCEPT, value.parse().expect("a header value"));
            }
            assert_eq!(Format::of(query, &headers), Ok(expected), "{query:?} {accept:?}");
        }
        use Format::{Html, Json};
        check(None, &[], Html);
        check(None, &["*/*"], Html);
        check(None, &["application/json"], Json);
        check(None, &["Application/JSON; charset=utf-8"], Json);
        check(None, &["application/problem+json"], Json);
        check(
            None,
            &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
            Html,
        );
        check(None, &["application/json, text/plain, */*"], Json);
        check(None, &["application/json;q=0.5, text/html"], Html);
        check(None, &["application/json, text/html;q=0.5"], Json);
        check(None, &["application/json, text/html"], Html);
        check(None, &["text/html;q=0.2", "application/json;q=0.3"], Json);
        check(None, &["application/json;q=0, */*"], Html);
        check(None, &["text/html;q=0, */*"], Json);
        check(None, &["application/*"], Json);
        check(None, &["text/*"], Html);
        check(None, &["image/png"], Html);
        check(None, &["application/json;q=0"], Html);
        check(None, &[";;q=,,q=x"], Html);
        check(Some("format=json"), &["text/html"], Json);
        check(Some("a=b&format=html"), &["application/json"], Html);
    }

    #[test]
    fn an_unknown_form_is_refused() {
        fn check(query: &str) {
            let refused = Format::of(Some(query), &HeaderMap::new()).expect_err(query);
            assert_eq!(refused.status, 400);
            assert!(refused.detail.len() < 200, "{}", refused.detail);
        }
        check("format=xml");
        check("format=");
        check(&format!("format={}", "x".repeat(100_000)));
    }
}
