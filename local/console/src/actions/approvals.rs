//! The way to the page of all open approvals: the product's function gives a fresh link when it is called directly.

use maud::html;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sluice_host::Invocation;

use super::Done;
use crate::console::Console;
use crate::problem::Problem;
use crate::text;

/// Calls the function that the template names, and shows what it answers.
pub(super) async fn run(console: &Console) -> Result<Done, Problem> {
    let page = console
        .submissions
        .as_ref()
        .and_then(|one| one.spec().open_approvals.clone());
    let page = page.ok_or_else(|| Problem::not_found("no template here names a page of open approvals"))?;
    let payload = payload(&page.payload, &crate::time::rfc3339(console.clock.now()));
    let called = console.host.invoke(&page.function, Invocation::new(payload));
    let output = called
        .await
        .map_err(|error| Problem::unreadable("the page of open approvals", error))?;
    let answer = String::from_utf8_lossy(&output.payload).into_owned();
    let value: Option<Value> = serde_json::from_str(&answer).ok();
    let (None, Some(members)) = (&output.function_error, value.as_ref().and_then(Value::as_object)) else {
        let detail = format!("the function {} did not answer a link: {answer}", page.function);
        return Err(Problem::unreadable("the page of open approvals", detail));
    };
    let address = address(&page.address, members);
    Ok(Done::Shown {
        title: "Open approvals",
        content: html! {
            h1 { "Open approvals" }
            p { "A fresh link for you. Whoever has it and the code decides: it is not shown again." }
            p { a class="button primary" href=(address) rel="noreferrer noopener" target="_blank" { "Open the page" } }
            dl.facts {
                @for (name, value) in members {
                    dt { (text::line(&name.replace('_', " "), 60)) }
                    dd {
                        @match (name.as_str(), value) {
                            (name, Value::String(value)) if name.ends_with("_at") => (sluice_pages::time(value)),
                            ("code", Value::String(value)) => {
                                code id="code" { (text::line(value, 400)) } " " (sluice_pages::copy(value, "code"))
                            },
                            (_, Value::String(value)) => code { (text::line(value, 400)) },
                            (_, other) => code { (text::line(&other.to_string(), 400)) },
                        }
                    }
                }
            }
        },
        json: value.map_or(Value::Null, |mut value| {
            value["address"] = address.into();
            value
        }),
    })
}

/// The payload with the time of this runtime's clock in the place of `{now}`.
fn payload(template: &Value, now: &str) -> String {
    template.to_string().replace("{now}", now)
}

/// The address with members of the answer in the place of `{name}`.
fn address(template: &str, members: &serde_json::Map<String, Value>) -> String {
    members.iter().fold(template.to_owned(), |address, (name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let value = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
        address.replace(&format!("{{{name}}}"), &value.replace("%2D", "-").replace("%5F", "_"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_payload_tells_the_time_of_this_clock() {
        let template = json!({"operation": "open-list", "at": "{now}"});
        let filled = payload(&template, "2026-12-08T10:00:00Z");
        assert_eq!(filled, r#"{"operation":"open-list","at":"2026-12-08T10:00:00Z"}"#);
    }

    #[test]
    fn members_of_the_answer_make_the_address() {
        fn check(template: &str, answer: Value, expected: &str) {
            assert_eq!(address(template, answer.as_object().expect("an object")), expected);
        }
        check(
            "http://h/{path}",
            json!({"path": "a-B_1", "code": "X"}),
            "http://h/a-B_1",
        );
        check("http://h/{path}", json!({"path": "a/?#"}), "http://h/a%2F%3F%23");
        check(
            "http://h/{path}?n={open}",
            json!({"path": "a", "open": 3}),
            "http://h/a?n=3",
        );
    }
}
