//! The attacks on a link, on a page's links, and on its forms. Pure.

use serde_json::json;

use super::disguise::Disguised;
use super::form::{Filling, Form, Method, encoded};
use super::page::Page;

/// A request that something in a mail's way makes, and what that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attack {
    /// The kind of attack, which reports count by.
    pub(super) kind: String,
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
}

/// Those who fetch links without being asked, by their user agents.
const FETCHERS: [(&str, &str); 14] = [
    ("Slack", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
    (
        "Teams, Skype",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    ),
    (
        "Discord",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    ),
    ("WhatsApp", "WhatsApp/2.23.20.0"),
    ("Telegram", "TelegramBot (like TwitterBot)"),
    (
        "Facebook",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    ),
    ("Twitter", "Twitterbot/1.0"),
    (
        "LinkedIn",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    ),
    (
        "Google's image proxy",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    ),
    (
        "Apple Mail",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    ),
    (
        "Outlook",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17231; Pro)",
    ),
    ("Barracuda", "BarracudaCentral/1.0"),
    ("curl", "curl/8.5.0"),
    ("no user agent", ""),
];

/// A scanner that hides: the user agent of a browser.
const BROWSER: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

const FORM: &str = "application/x-www-form-urlencoded";

impl Attack {
    fn new(kind: impl Into<String>, method: &'static str, url: &str) -> Self {
        Self {
            kind: kind.into(),
            method,
            url: url.to_owned(),
            headers: vec![
                ("user-agent", BROWSER.to_owned()),
                ("accept", "text/html,*/*;q=0.8".to_owned()),
            ],
            body: None,
        }
    }

    /// A plain GET.
    pub(super) fn fetch(kind: impl Into<String>, url: &str) -> Self {
        Self::new(kind, "GET", url)
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    fn sending(mut self, content_type: &str, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self.with("content-type", content_type)
    }

    /// As a browser sends the form of a page that it has loaded.
    fn sent_by_page(self) -> Self {
        let origin = origin_of(&self.url);
        self.with("origin", origin)
            .with("sec-fetch-site", "same-origin")
            .with("sec-fetch-mode", "navigate")
            .with("sec-fetch-dest", "document")
            .with("sec-fetch-user", "?1")
    }
}

/// The attacks on a link itself.
pub(super) fn on_link(link: &str) -> Vec<Attack> {
    let mut all = vec![
        Attack::new("HEAD", "HEAD", link),
        Attack::fetch("GET", link),
        Attack::fetch("GET with cookies of somebody", link).with("cookie", "session=0123456789abcdef; consent=yes"),
        Attack::fetch("GET, prefetched", link)
            .with("sec-purpose", "prefetch;prerender")
            .with("purpose", "prefetch"),
        Attack::fetch("GET of a part", link).with("range", "bytes=0-1023"),
        Attack::fetch("GET by a click in a webmail", link)
            .with("referer", "https://mail.example.com/")
            .with("sec-fetch-site", "cross-site")
            .with("sec-fetch-mode", "navigate")
            .with("sec-fetch-dest", "document")
            .with("sec-fetch-user", "?1"),
        Attack::fetch("GET by a script of another site", link)
            .with("origin", "https://mail.example.com")
            .with("sec-fetch-site", "cross-site")
            .with("sec-fetch-mode", "cors"),
        Attack::new("OPTIONS", "OPTIONS", link).with("access-control-request-method", "POST"),
        Attack::new("PUT", "PUT", link).sending(FORM, "decision=approve"),
        Attack::new("DELETE", "DELETE", link),
    ];
    let fetched =
        |(name, agent): &(&str, &str)| Attack::fetch(format!("preview: {name}"), link).with("user-agent", *agent);
    all.extend(FETCHERS.iter().map(fetched));
    let decisions = ["approve", "repair", "reject"];
    for decision in decisions {
        let query = format!(
            "{link}{}decision={decision}",
            if link.contains('?') { "&" } else { "?" }
        );
        all.push(Attack::fetch("GET that names a decision", &query));
        all.push(Attack::new("HEAD that names a decision", "HEAD", &query));
        all.push(
            Attack::new("POST with the decision in its address", "POST", &query)
                .sending(FORM, "")
                .sent_by_page(),
        );
        let pairs = format!("decision={decision}&decided_by=me&reason=spam");
        all.push(
            Attack::new("POST without a code", "POST", link)
                .sending(FORM, pairs.clone())
                .sent_by_page(),
        );
        let cross = Attack::new("POST from a page of another site", "POST", link).sending(FORM, pairs);
        all.push(
            cross
                .clone()
                .with("origin", "https://evil.example")
                .with("sec-fetch-site", "cross-site"),
        );
        all.push(cross.with("origin", "null"));
        let body = json!({ "decision": decision, "decided_by": "me" }).to_string();
        all.push(Attack::new("POST of JSON without a code", "POST", link).sending("application/json", body));
    }
    let one_click = "List-Unsubscribe=One-Click";
    all.push(Attack::new("one-click unsubscribe", "POST", link).sending(FORM, one_click));
    all
}

/// The attacks on a link that something has changed on its way.
pub(super) fn on_disguise(disguised: &Disguised) -> Vec<Attack> {
    let kind = format!("link: {}", disguised.by);
    vec![
        Attack::new(kind.clone(), "HEAD", &disguised.address),
        Attack::fetch(kind.clone(), &disguised.address),
        Attack::new(kind, "POST", &disguised.address)
            .sending(FORM, "decision=approve")
            .sent_by_page(),
    ]
}

/// The links of a page are followed.
pub(super) fn on_links_of(page: &Page) -> Vec<Attack> {
    page.links
        .iter()
        .map(|link| Attack::fetch("the page's links", link))
        .collect()
}

/// Each form, filled in each way, sent with each button and with none.
pub(super) fn on_forms_of(page: &Page) -> Vec<Attack> {
    let mut all = Vec::new();
    for form in &page.forms {
        for filling in Filling::ALL {
            if filling == Filling::Ticked && !form.has_boxes() {
                continue;
            }
            all.push(submission(form, filling, None));
            let buttons = form.buttons.iter();
            all.extend(buttons.map(|button| submission(form, filling, Some(button))));
        }
    }
    all
}

/// Each button, to be pressed twice at once.
pub(super) fn double_clicks(page: &Page) -> Vec<Attack> {
    let posting = page.forms.iter().filter(|form| form.method == Method::Post);
    let pressed = posting.flat_map(|form| {
        let buttons = form.buttons.iter();
        buttons.map(|button| submission(form, Filling::AsItIs, Some(button)))
    });
    let named = |mut attack: Attack| {
        attack.kind = "double click".to_owned();
        attack
    };
    pressed.map(named).collect()
}

fn submission(form: &Form, filling: Filling, button: Option<&super::form::Button>) -> Attack {
    let pairs = encoded(&form.pairs(filling, button));
    let action = button
        .and_then(|button| button.action.as_deref())
        .unwrap_or(&form.action);
    let pressed = match button {
        Some(button) => format!("{}={}", button.name, button.value),
        None => "Enter".to_owned(),
    };
    let kind = format!("form: {pressed} {}", filling.words());
    match form.method {
        Method::Post => Attack::new(kind, "POST", action).sending(FORM, pairs).sent_by_page(),
        Method::Get => {
            let address = action.split('?').next().unwrap_or(action);
            Attack::fetch(kind, &format!("{address}?{pairs}"))
        }
    }
}

/// The scheme, host and port of an address.
pub(super) fn origin_of(address: &str) -> String {
    url::Url::parse(address).map_or_else(|_| "null".to_owned(), |url| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::page;

    #[test]
    fn each_form_is_sent_with_each_button_in_each_way() {
        let html = "<form method=post><input name=code><button name=d value=a><button name=d value=r></form>";
        let page = page::read(html, "http://127.0.0.1:1/x");
        let all = on_forms_of(&page);
        let ways = Filling::ALL.len() - 1;
        assert_eq!(all.len(), ways * 3, "two buttons and Enter");
        assert!(
            all.iter()
                .all(|attack| attack.method == "POST" && attack.url == "http://127.0.0.1:1/x")
        );
        let bodies: Vec<&str> = all.iter().filter_map(|attack| attack.body.as_deref()).collect();
        for body in ["code=", "code=&d=a", "code=&d=r", "code=test&d=a", "code=12345&d=r"] {
            assert!(bodies.contains(&body), "{body}: {bodies:?}");
        }
        let origin = all[0].headers.iter().find(|(name, _)| *name == "origin");
        assert_eq!(origin.map(|(_, value)| value.as_str()), Some("http://127.0.0.1:1"));
        assert_eq!(double_clicks(&page).len(), 2);
    }
}
