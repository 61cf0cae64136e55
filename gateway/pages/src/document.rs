use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{STYLE, icon, mark, script, shown};

/// A link of the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its words.
    pub words: &'a str,
    /// Its target.
    pub href: &'a str,
    /// True for the part that the page belongs to.
    pub is_current: bool,
}

/// The looks of a page at itself until it has ended.
///
/// The script replaces the elements with `data-live` (each has an id) and keeps what is opened in them. Without script
/// the page is loaded again, so it must have nothing that can be opened or typed into, or a way to stop that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh<'a> {
    /// Seconds to the next look.
    pub seconds: u32,
    /// The most seconds between two looks, if nothing changes; as many as `seconds` for a steady pace.
    pub slowest: u32,
    /// The seconds without script; 0 for a page that is not loaded again by itself then.
    pub without_script: u32,
    /// The address of the page that stays as it is, without script.
    pub stopped: &'a str,
}

/// The frame of a page.
#[derive(Debug, Clone, Default)]
pub struct Document<'a> {
    /// The title, in front of the site's name.
    pub title: &'a str,
    /// A word beside the name: the part of Sluice that this is.
    pub part: &'a str,
    /// The target of the name; none where there is no way out, as behind a secret link.
    pub home: Option<&'a str>,
    /// The links of the head.
    pub links: &'a [Link<'a>],
    /// True for a page of one column, as a form.
    pub is_narrow: bool,
    /// The page's looks at itself.
    pub refresh: Option<Refresh<'a>>,
    /// The address of the same as JSON.
    pub json: Option<&'a str>,
    /// The time on the clock of whoever made the page (ISO 8601); distances in time are reckoned from it.
    pub now: Option<&'a str>,
    /// More for the foot.
    pub foot: Option<Markup>,
    /// Rules behind the style sheet, for pages with parts of their own. The policy must know of them
    /// ([`content_security_policy_with`](crate::content_security_policy_with)).
    pub more_style: &'a str,
}

impl Document<'_> {
    /// The whole page around its content.
    pub fn render(&self, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                (self.head())
                body.narrow[self.is_narrow] data-now=[self.now]
                    data-refresh=[self.refresh.map(|refresh| refresh.seconds)]
                    data-slowest=[self.refresh.map(|refresh| refresh.slowest)] {
                    a.skip href="#content" { "Skip to the content" }
                    (self.top())
                    main id="content" tabindex="-1" { (content) }
                    (self.foot())
                    script { (PreEscaped(script())) }
                }
            }
        }
    }

    fn head(&self) -> Markup {
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (shown(self.title)) " · Sluice" @if !self.part.is_empty() { " " (self.part) } }
                link rel="icon" type="image/svg+xml" href=(icon());
                @if let Some(json) = self.json { link rel="alternate" type="application/json" href=(json); }
                @if let Some(refresh) = self.refresh.filter(|refresh| refresh.without_script > 0) {
                    noscript { meta http-equiv="refresh" content=(refresh.without_script); }
                }
                style { (PreEscaped(STYLE)) (PreEscaped(self.more_style)) }
            }
        }
    }

    fn top(&self) -> Markup {
        let name = html! {
            (mark()) span { "Sluice" @if !self.part.is_empty() { " " small { (self.part) } } }
        };
        html! {
            header.top {
                div.bar {
                    @match self.home {
                        Some(home) => a.brand href=(home) { (name) },
                        None => span.brand { (name) },
                    }
                    @if !self.links.is_empty() {
                        nav.nav aria-label="Main" {
                            ul {
                                @for link in self.links {
                                    li { a href=(link.href) aria-current=[link.is_current.then_some("page")] { (link.words) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn foot(&self) -> Markup {
        html! {
            footer.foot {
                @if let Some(refresh) = self.refresh {
                    @if refresh.without_script > 0 { noscript {
                        "This page is loaded again every " (refresh.without_script) " s. " a href=(refresh.stopped) { "Stop that" }
                    } }
                    button.copy type="button" data-pause hidden {}
                    span role="status" data-said {}
                }
                @if let Some(json) = self.json { a href=(json) { "This page as JSON" } }
                @if let Some(foot) = &self.foot { (foot) }
                button.copy type="button" data-zone hidden {}
                button.copy type="button" data-keys hidden title="/ searches, j and k go down and up in a list" {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFRESH: Refresh<'_> = Refresh {
        seconds: 2,
        slowest: 30,
        without_script: 5,
        stopped: "?refresh=0",
    };

    fn check(document: &Document<'_>, contains: &[&str], lacks: &[&str]) {
        let page = document.render(&html! { h1 { "Heading" } }).into_string();
        for part in [
            "<html lang=\"en\">",
            "<h1>Heading</h1>",
            "name=\"viewport\"",
            "href=\"data:image/svg+xml;base64,",
        ]
        .iter()
        .chain(contains)
        {
            assert!(page.contains(part), "{part:?} is not in {page}");
        }
        for part in ["src=", " style=", "onclick=\"", "@import", "url("].iter().chain(lacks) {
            assert!(!page.contains(part), "{part:?} is in {page}");
        }
    }

    #[test]
    fn a_page_names_itself_and_loads_nothing() {
        let plain = Document {
            title: "<i>&\0",
            ..Document::default()
        };
        check(
            &plain,
            &[
                "<title>&lt;i&gt;&amp;\u{2400} · Sluice</title>",
                "<span class=\"brand\">",
            ],
            &["<i>", "<nav", "http-equiv", "data-refresh=\"", "alternate", "narrow\""],
        );
        let full = Document {
            part: "console",
            home: Some("/console"),
            links: &[
                Link {
                    words: "Logs",
                    href: "/console/logs",
                    is_current: true,
                },
                Link {
                    words: "Inbox",
                    href: "/console/inbox",
                    is_current: false,
                },
            ],
            is_narrow: true,
            refresh: Some(REFRESH),
            json: Some("/console?a=1&format=json"),
            now: Some("2026-12-01T12:00:00.000Z"),
            foot: Some(html! { "Foot" }),
            ..plain
        };
        check(
            &full,
            &[
                "· Sluice console</title>",
                "<a class=\"brand\" href=\"/console\">",
                "<a href=\"/console/logs\" aria-current=\"page\">Logs</a>",
                "<a href=\"/console/inbox\">Inbox</a>",
                "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>",
                "data-refresh=\"2\" data-slowest=\"30\"",
                "data-now=\"2026-12-01T12:00:00.000Z\"",
                "href=\"/console?a=1&amp;format=json\"",
                "<a href=\"?refresh=0\">Stop that</a>",
                "Foot",
            ],
            &[],
        );
    }
}
