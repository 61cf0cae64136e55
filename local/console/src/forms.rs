//! Forms: their token, and the fields that come back.
//!
//! A page of another site can let a browser send a form here. The listener's guard refuses what a browser says comes from
//! elsewhere; beside it every form carries a token that each start makes anew and that only pages of this console show.

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use maud::{Markup, html};

use crate::problem::Problem;
use crate::query::Query;

/// The most bytes of a form: an input of 256 KiB, each byte of it encoded.
const LONGEST_BODY: usize = 1 << 20;

/// The name of the field.
pub(crate) const FIELD: &str = "form_token";

/// The token that every form of this start carries.
#[derive(Clone)]
pub(crate) struct FormToken(String);

impl FormToken {
    /// The token for this secret.
    pub(crate) fn new(secret: [u64; 2]) -> Self {
        Self(format!("{:016x}{:016x}", secret[0], secret[1]))
    }

    /// The token as text, for the JSON of a form.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The hidden field of a form.
    pub(crate) fn field(&self) -> Markup {
        html! { input type="hidden" name=(FIELD) value=(self.0); }
    }

    /// Reads a form that carries this token.
    ///
    /// # Errors
    /// 415 for what is no form, 413 for one that is too long, 403 for one without this token.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Query, Problem> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form = content_type.is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        if !is_form {
            let detail = "send a form: Content-Type: application/x-www-form-urlencoded";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail.to_owned()));
        }
        let body = to_bytes(body, LONGEST_BODY).await.map_err(|_| {
            let detail = format!("the form is longer than {LONGEST_BODY} bytes, or was cut off");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        })?;
        let form = Query::parse(Some(&String::from_utf8_lossy(&body)));
        if self.is(form.get(FIELD).unwrap_or_default()) {
            Ok(form)
        } else {
            let detail = "the form is of an earlier start of this runtime, or of no page of this console: load the page \
                          again and press the button there (programs send form_token as its JSON form names it)";
            Err(Problem::new(StatusCode::FORBIDDEN, detail.to_owned()))
        }
    }

    /// Compares in a time that does not tell how far they agree.
    fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        own.len() == given.len() && own.iter().zip(given).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_forms_with_this_starts_token_are_read() {
        async fn check(kind: &str, body: &str, expected: Result<&str, u16>) {
            let token = FormToken::new([1, 2]);
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().expect("a header value"));
            let read = token.read(&headers, Body::from(body.to_owned())).await;
            let read = read
                .map(|form| form.get("a").unwrap_or_default().to_owned())
                .map_err(|problem| problem.status.as_u16());
            assert_eq!(read, expected.map(str::to_owned), "{kind} {body:.80}");
        }
        const FORM: &str = "application/x-www-form-urlencoded";
        let token = "form_token=00000000000000010000000000000002";
        check(FORM, &format!("a=1+2&{token}"), Ok("1 2")).await;
        check(&format!("{FORM}; charset=UTF-8"), &format!("{token}&a=%3C"), Ok("<")).await;
        check(FORM, "a=1", Err(403)).await;
        check(FORM, "a=1&form_token=", Err(403)).await;
        check(FORM, &format!("a=1&{token}0"), Err(403)).await;
        check(FORM, "form_token=00000000000000010000000000000003", Err(403)).await;
        check("text/plain", &format!("a=1&{token}"), Err(415)).await;
        check("application/json", "{}", Err(415)).await;
        check(FORM, &"x".repeat(LONGEST_BODY + 1), Err(413)).await;
    }
}
