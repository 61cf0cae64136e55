//! Query strings: read once, written again in links.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::problem::Problem;

/// Unreserved in RFC 3986, and the colon, which keeps ARNs legible and is allowed in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// The default number of rows on a page.
const DEFAULT_LIMIT: usize = 25;
/// The largest.
const MAX_LIMIT: usize = 200;

/// A query string's parameters; of a repeated one the first counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string. Bytes that are not UTF-8 become replacement characters.
    pub(crate) fn parse(query: Option<&str>) -> Self {
        Self(
            form_urlencoded::parse(query.unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// A parameter's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter's value, unless it is empty: what an unfilled form field sends.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A whole number between two bounds.
    pub(crate) fn number(&self, name: &str, from: u64, to: u64) -> Result<Option<u64>, Problem> {
        let Some(text) = self.filled(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if (from..=to).contains(&number) => Ok(Some(number)),
            _ => {
                let beginning: String = text.chars().take(40).collect();
                Err(Problem::bad_request(format!(
                    "{name} is {beginning:?}; it can be a whole number from {from} to {to}"
                )))
            }
        }
    }

    /// The number of rows of a page.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let limit = self.number("limit", 1, MAX_LIMIT as u64)?;
        Ok(limit.map_or(DEFAULT_LIMIT, |limit| limit as usize))
    }

    /// This query with one parameter set to another value, or taken away.
    #[must_use]
    pub(crate) fn with(&self, name: &str, value: Option<&str>) -> Self {
        let mut pairs: Vec<_> = self.0.iter().filter(|(key, _)| key != name).cloned().collect();
        if let Some(value) = value {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Self(pairs)
    }

    /// This query with only the parameters that a page understands, so that links do not drag along what came in.
    #[must_use]
    pub(crate) fn only(&self, names: &[&str]) -> Self {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (key, value) in &self.0 {
            if names.contains(&key.as_str()) && !value.is_empty() && !pairs.iter().any(|(known, _)| known == key) {
                pairs.push((key.clone(), value.clone()));
            }
        }
        Self(pairs)
    }

    /// This query without some parameters.
    #[must_use]
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let kept = self
            .0
            .iter()
            .filter(|(key, value)| !names.contains(&key.as_str()) && !value.is_empty());
        Self(kept.cloned().collect())
    }

    /// The address of `path` with this query.
    pub(crate) fn link(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish();
        format!("{path}?{query}")
    }
}

/// A path of the console: `/console/` and the segments, each percent-encoded.
pub(crate) fn path(segments: &[&str]) -> String {
    let mut path = "/console".to_owned();
    for segment in segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    path
}

/// An execution's page.
pub(crate) fn execution_path(arn: &str) -> String {
    path(&["executions", arn])
}

/// A state machine's page.
pub(crate) fn machine_path(arn: &str) -> String {
    path(&["state-machines", arn])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_what_the_page_understands() {
        fn check(query: &str, set: (&str, Option<&str>), expected: &str) {
            let query = Query::parse(Some(query)).only(&["status", "limit", "cursor"]);
            assert_eq!(query.with(set.0, set.1).link("/console"), expected);
        }
        check("", ("cursor", None), "/console");
        check(
            "status=RUNNING&limit=5",
            ("cursor", Some("a b/c")),
            "/console?status=RUNNING&limit=5&cursor=a+b%2Fc",
        );
        check(
            "status=RUNNING&cursor=x",
            ("status", Some("FAILED")),
            "/console?cursor=x&status=FAILED",
        );
        check("status=A&status=B&evil=<script>", ("cursor", None), "/console?status=A");
        check(
            "status=%22%3E%3Cscript%3E",
            ("cursor", None),
            "/console?status=%22%3E%3Cscript%3E",
        );
        check("limit=&status=", ("cursor", None), "/console");
    }

    #[test]
    fn a_segment_is_encoded() {
        fn check(segment: &str, expected: &str) {
            assert_eq!(path(&["x", segment]), expected);
        }
        check(
            "arn:aws:states:us-east-1:123456789012:execution:ingest:a-1_b.c",
            "/console/x/arn:aws:states:us-east-1:123456789012:execution:ingest:a-1_b.c",
        );
        check("a/b?c#d%e f", "/console/x/a%2Fb%3Fc%23d%25e%20f");
        check("é\"<", "/console/x/%C3%A9%22%3C");
    }

    #[test]
    fn a_limit_has_bounds() {
        fn check(query: &str, expected: Result<usize, u16>) {
            let limit = Query::parse(Some(query))
                .limit()
                .map_err(|problem| problem.status.as_u16());
            assert_eq!(limit, expected, "{query}");
        }
        check("", Ok(DEFAULT_LIMIT));
        check("limit=", Ok(DEFAULT_LIMIT));
        check("limit=1", Ok(1));
        check("limit=200", Ok(200));
        check("limit=0", Err(400));
        check("limit=201", Err(400));
        check("limit=-1", Err(400));
        check("limit=ten", Err(400));
        check("limit=99999999999999999999999", Err(400));
    }
}
