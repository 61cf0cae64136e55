//! The text of a widget: Markdown, with its markup as text and only web addresses as links.

use maud::{Markup, PreEscaped};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// Markdown as HTML. What is HTML in it is shown as text; pictures are their descriptions; links lead to the web or to
/// this console.
pub(crate) fn render(text: &str, link: impl Fn(&str) -> String) -> Markup {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(text, options).filter_map(|event| match event {
        Event::Html(markup) | Event::InlineHtml(markup) => Some(Event::Text(markup)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            id,
            ..
        }) => {
            let address = link(&dest_url);
            let is_safe = ["http://", "https://", "/console"]
                .iter()
                .any(|start| address.starts_with(start));
            Some(Event::Start(Tag::Link {
                link_type,
                dest_url: if is_safe { address.into() } else { CowStr::from("#") },
                title: CowStr::from(""),
                id,
            }))
        }
        other => Some(other),
    });
    let mut written = String::new();
    html::push_html(&mut written, events);
    PreEscaped(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_shown_and_nothing_of_it_runs() {
        fn check(text: &str, expected: &str) {
            let shown = render(text, |address| address.replace("https://aws/", "/console/")).into_string();
            assert_eq!(shown.trim(), expected);
        }
        check("# A\n**b** `c`", "<h1>A</h1>\n<p><strong>b</strong> <code>c</code></p>");
        check("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;");
        check("a <b onclick=x>c", "<p>a &lt;b onclick=x&gt;c</p>");
        check("[x](javascript:alert)", "<p><a href=\"#\">x</a></p>");
        check("[x](data:text/html,y)", "<p><a href=\"#\">x</a></p>");
        check("[x](https://aws/y \"t\")", "<p><a href=\"/console/y\">x</a></p>");
        check(
            "[x](https://h/?a=%22&b=1)",
            "<p><a href=\"https://h/?a=%22&amp;b=1\">x</a></p>",
        );
        check("![x](http://h/p.png)", "<p>x</p>");
    }
}
