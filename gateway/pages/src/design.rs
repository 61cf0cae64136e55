//! The page that shows the parts, for those who build pages.

use maud::{Markup, html};

use crate::{
    Chip, Column, ErrorSummary, Mistake, Shape, Step, TextField, Tone, ago, badge, chips, copy, empty, facts, notice,
    pager, steps, table, time,
};

const TONES: [(Tone, &str, &str); 6] = [
    (Tone::Ok, "Stored", "it went well"),
    (Tone::Wait, "Waiting", "somebody has to do something"),
    (Tone::Run, "Running", "it is under way"),
    (Tone::Bad, "Failed", "it failed, or was refused"),
    (Tone::Caught, "Caught", "it failed and was caught"),
    (Tone::Idle, "Stopped", "nothing happened, or it was stopped"),
];

/// The content of the page: each part once, with the words that say when to use it. `now` is in ISO 8601.
pub fn design(now: &str, now_ms: i64) -> Markup {
    html! {
        h1 { "Parts" }
        p.lead { "The look of all pages of Sluice. One primary button a page; a colour never speaks alone; nothing needs a script." }
        h2 { "Colours and type" }
        (colours())
        h2 { "Status" }
        (facts(TONES.map(|(tone, word, meaning)| (word, html! { (badge(tone, word)) " " (meaning) }))))
        (steps(&way()))
        h2 { "Buttons" }
        div.actions {
            button.button.primary type="button" { "The one thing to do" }
            button.button type="button" { "Another" }
            button.button.danger type="button" { "What cannot be undone" }
            button.button.slim type="button" { "In a row" }
            button.button type="button" disabled { "Not now" }
        }
        h2 { "A form" }
        (form())
        h2 { "Notices" }
        @for (tone, word, meaning) in TONES { (notice(tone, word, &html! { p { "For when " (meaning) "." } })) }
        h2 { "Lists" }
        (lists(now, now_ms))
        h2 { "Nothing yet" }
        (empty("No entries yet", &html! { p { "What was submitted and stored is shown here." } }))
    }
}

fn colours() -> Markup {
    html! {
        div.card {
            p { "Ink on a card, " span.soft { "soft ink" } ", " a href="#content" { "a link" } ", " code { "code" } ", " kbd { "/" } "." }
            h3 { "A heading of the third order" }
            p.small.soft { "Small and soft: what one need not read." }
            pre tabindex="0" { "{\"outcome\": \"ingested\"}" }
        }
    }
}

fn way() -> [Step; 4] {
    let step = |words: &str, tone, is_current| Step {
        words: html! { (words) },
        tone,
        is_current,
    };
    [
        step("Taken in", Some(Tone::Ok), false),
        step("Checked", Some(Tone::Ok), false),
        step("An admin decides", Some(Tone::Wait), true),
        step("Stored", None, false),
    ]
}

fn form() -> Markup {
    let name = TextField {
        name: "design_name",
        label: "User name",
        hint: "The name as you write it.",
        value: "Ada",
        autocomplete: Some("name"),
        is_required: true,
        ..TextField::default()
    };
    let wrong = TextField {
        name: "design_pincode",
        label: "Pincode",
        hint: "4 to 6 digits",
        errors: &["The pincode must be 4 to 6 digits (0 to 9) and nothing else."],
        value: "12",
        keyboard: Some("numeric"),
        autocomplete: Some("postal-code"),
        is_required: true,
        shape: Shape::Short,
        ..TextField::default()
    };
    let comment = TextField {
        name: "design_comment",
        label: "Comment",
        shape: Shape::Lines(3),
        ..TextField::default()
    };
    let mistakes = [Mistake {
        id: Some("design_pincode"),
        message: "The pincode must be 4 to 6 digits (0 to 9) and nothing else.",
    }];
    html! {
        (ErrorSummary { heading: "Please mend 1 thing", mistakes: &mistakes }.render())
        form.form action="#content" { (name.render()) (wrong.render()) (comment.render()) }
    }
}

fn lists(now: &str, now_ms: i64) -> Markup {
    let started = "2026-11-30T12:00:00.000Z";
    let chip = |word, count: &str, tone, is_current| Chip {
        word,
        count: Some(count.to_owned()),
        tone,
        href: "#content".to_owned(),
        is_current,
    };
    let row = |name: &str, tone, word: &str, count: &str| {
        vec![
            html! { a href="#content" { (name) } },
            badge(tone, word),
            ago(started, now_ms),
            html! { (count) },
        ]
    };
    html! {
        (chips("Status", &[chip("All", "12", Tone::Idle, true), chip("Failed", "2", Tone::Bad, false)]))
        (table(
            "Newest first",
            &[Column::text("Name"), Column::text("Status"), Column::text("Started"), Column::number("Events")],
            [row("night-1", Tone::Ok, "Succeeded", "12"), row("night-2", Tone::Bad, "Failed", "6,600")],
        ))
        ul.cards {
            li.card {
                div.head { h3 { "Ada Lovelace" } (badge(Tone::Ok, "Stored")) }
                (facts([
                    ("E-mail", html! { span id="design-email" { "ada@example.com" } " " (copy("ada@example.com", "design-email")) }),
                    ("Submitted", time(now)),
                ]))
            }
        }
        ul.tiles {
            li { b class="ok" { "1,204" } "stored in the last hour" }
            li { b class="bad" { "3" } "failed in the last hour" }
        }
        (pager(Some(("#content", "Newer")), Some(("#content", "Older"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    #[test]
    fn the_page_shows_each_part_and_repeats_no_id() {
        let page = Document::default()
            .render(&design("2026-12-01T12:00:00.000Z", 1_796_126_400_000))
            .into_string();
        for class in [
            "badge",
            "button primary",
            "button danger",
            "card",
            "cards",
            "chips",
            "copy",
            "empty",
            "facts",
            "field wrong",
            "hint",
            "notice bad",
            "pager",
            "steps",
            "stack",
            "tiles",
        ] {
            assert!(page.contains(&format!("class=\"{class}")), "{class}");
        }
        let ids: Vec<_> = page
            .split(" id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), distinct.len(), "{ids:?}");
    }
}
