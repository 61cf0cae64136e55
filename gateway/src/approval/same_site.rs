//! Posts from other sites: a page elsewhere must not use a link through the browser of whoever visits it.

use crate::http::{Kind, Problem, Request};

/// The address of the CDN before the function, if there is one: a browser names it as the origin of the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SiteOrigin(Option<String>);

impl SiteOrigin {
    /// The origin of this URL.
    pub(super) fn of_url(url: Option<&str>) -> Self {
        SiteOrigin(url.map(|url| url.trim_end_matches('/').to_ascii_lowercase()))
    }

    /// Refuses a request that a browser sends on behalf of another site. Programs say neither `Sec-Fetch-Site` nor
    /// `Origin`, and are no way to use somebody's browser.
    ///
    /// # Errors
    /// 403.
    pub(super) fn check(&self, request: &Request) -> Result<(), Problem> {
        let allowed = match (request.header("sec-fetch-site"), request.header("origin")) {
            // A page cannot set it, so it counts more than the origin, which is "null" where the referrer is withheld.
            (Some(site), _) => ["same-origin", "none"].iter().any(|own| site.eq_ignore_ascii_case(own)),
            (None, Some(origin)) => self.is_own(request, &origin.to_ascii_lowercase()),
            (None, None) => true,
        };
        if allowed {
            return Ok(());
        }
        Err(Problem::new(
            Kind::CrossSite,
            "This was sent by a page of another site, and is not taken from there. Open the link in the mail and decide on its page.",
        ))
    }

    fn is_own(&self, request: &Request, origin: &str) -> bool {
        let host = origin.split_once("://").map(|(_, host)| host);
        let asked = request.header("host").map(str::to_ascii_lowercase);
        (host.is_some() && host == asked.as_deref()) || self.0.as_deref() == Some(origin)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(headers: &[(&str, &str)], allowed: bool) {
        let own = SiteOrigin::of_url(Some("https://Approve.example.com/"));
        let headers: serde_json::Map<_, _> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let mut request: Request = serde_json::from_value(json!({"headers": headers})).unwrap();
        request
            .headers
            .insert("host".to_owned(), "abc.lambda-url.eu-central-1.on.aws".to_owned());
        let checked = own.check(&request);
        assert_eq!(checked.is_ok(), allowed, "{headers:?}");
        assert!(allowed || checked.is_err_and(|problem| problem.kind.status() == 403));
    }

    #[test]
    fn posts_of_other_sites_are_refused() {
        check(&[], true);
        check(&[("origin", "https://abc.lambda-url.eu-central-1.on.aws")], true);
        check(&[("origin", "https://approve.example.com")], true);
        check(&[("origin", "https://evil.example")], false);
        check(&[("origin", "https://approve.example.com.evil.example")], false);
        check(&[("origin", "null")], false);
        check(&[("origin", "")], false);
        for (site, allowed) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
            ("", false),
        ] {
            check(&[("sec-fetch-site", site)], allowed);
            // Where the referrer is withheld the origin is "null" for a page's own posts, too.
            check(&[("sec-fetch-site", site), ("origin", "null")], allowed);
        }
    }
}
