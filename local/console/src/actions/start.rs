//! Starting an execution: with an input, or again with that of another.

use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;
use sluice_driver::{DriverError, StartError, StartExecution};

use super::Done;
use crate::console::Console;
use crate::forms::FormToken;
use crate::problem::Problem;
use crate::query::{Query, execution_path};
use crate::redaction;
use crate::text;

/// The longest input of an execution, in bytes.
const LONGEST_INPUT: usize = 256 * 1024;
/// The longest name.
const LONGEST_NAME: usize = 80;
/// State machines that can be chosen from.
const MOST_MACHINES: usize = 200;
/// The characters that a name may not hold, besides blanks and control characters.
const NOT_IN_NAMES: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// The form.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct StartForm {
    /// The state machines that can be chosen.
    machines: Vec<String>,
    machine: Option<String>,
    name: String,
    input: String,
    /// The mistakes in what was typed, by field.
    mistakes: Vec<Mistake>,
}

/// A mistake in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Mistake {
    field: &'static str,
    problem: String,
}

impl StartForm {
    /// With the state machine of the query, or the input of the execution that is to be started again.
    pub(crate) async fn load(console: &Console, query: &Query) -> Result<Self, Problem> {
        let mut form = Self {
            machine: query.filled("machine").map(str::to_owned),
            input: "{}".to_owned(),
            ..Self::default()
        };
        if let Some(arn) = query.filled("again") {
            let record = console.driver.executions().get(arn).await;
            let record = record.map_err(|error| Problem::unreadable("the execution", error))?;
            let record = record.ok_or_else(|| Problem::not_found(format!("there is no execution {arn:?}")))?;
            form.machine = Some(record.identity.machine_arn.to_string());
            form.input = serde_json::to_string_pretty(&*record.input).unwrap_or_default();
        }
        form.with_machines(console).await
    }

    async fn with_machines(mut self, console: &Console) -> Result<Self, Problem> {
        let machines = console.driver.machines().list(None, MOST_MACHINES).await;
        let machines = machines.map_err(|error| Problem::unreadable("the state machines", error))?;
        self.machines = machines.into_iter().map(|machine| machine.arn).collect();
        Ok(self)
    }

    /// All that is wrong, for programs.
    fn problem(&self) -> Problem {
        let all: Vec<String> = self
            .mistakes
            .iter()
            .map(|one| format!("{}: {}", one.field, one.problem))
            .collect();
        Problem::bad_request(all.join(" "))
    }

    /// The mistake in a field, if there is one.
    fn mistake(&self, field: &str) -> Option<&str> {
        let found = self.mistakes.iter().find(|mistake| mistake.field == field);
        found.map(|mistake| mistake.problem.as_str())
    }

    /// The form, with what was typed.
    pub(crate) fn render(&self, token: &FormToken) -> Markup {
        let has_token = self.input.contains(redaction::MARKER) || redaction::without_tokens(&self.input) != self.input;
        html! {
            h1 { "Start an execution" }
            @if !self.mistakes.is_empty() {
                div class="notice bad" role="alert" {
                    h2 { "Nothing was started" }
                    ul {
                        @for mistake in &self.mistakes {
                            li { a href={ "#" (mistake.field) } { (text::line(&mistake.problem, 400)) } }
                        }
                    }
                }
            }
            form.form method="post" action="/console/start" {
                (token.field())
                (self.field("machine", "State machine", "The execution runs its newest definition.", html! {
                    select id="machine" name="machine" required
                        aria-invalid=[self.mistake("machine").map(|_| "true")] aria-describedby="machine-hint" {
                        @for arn in &self.machines {
                            option value=(arn) selected[self.machine.as_deref() == Some(arn)] {
                                (text::visible(arn.rsplit(':').next().unwrap_or(arn)))
                            }
                        }
                    }
                }))
                (self.field("name", "Name (optional)", "At most 80 characters, no blanks; without one it gets a random one.", html! {
                    input id="name" name="name" value=(self.name) maxlength=(LONGEST_NAME) autocomplete="off" spellcheck="false"
                        aria-invalid=[self.mistake("name").map(|_| "true")] aria-describedby="name-hint";
                }))
                (self.field("input", "Input", "JSON, at most 256 KiB.", html! {
                    textarea id="input" name="input" rows="12" spellcheck="false"
                        aria-invalid=[self.mistake("input").map(|_| "true")] aria-describedby="input-hint" { (self.input) }
                }))
                @if has_token { p.soft { "Task tokens are not shown: put one in where it says so, if it is wanted." } }
                div.actions { button class="button primary" type="submit" { "Start" } }
            }
        }
    }

    fn field(&self, name: &str, label: &str, hint: &str, control: Markup) -> Markup {
        let mistake = self.mistake(name);
        html! {
            div class={ "field" (if mistake.is_some() { " wrong" } else { "" }) } {
                label for=(name) { (label) }
                p.hint id={ (name) "-hint" } { (hint) }
                @if let Some(problem) = mistake { p.error { (text::line(problem, 400)) } }
                (control)
            }
        }
    }
}

/// Checks what was typed.
fn mistakes(name: &str, input: &str) -> (Vec<Mistake>, Option<Value>) {
    let mut mistakes = Vec::new();
    let is_wrong = |c: char| c.is_whitespace() || c.is_control() || NOT_IN_NAMES.contains(c);
    if name.chars().count() > LONGEST_NAME {
        mistakes.push(Mistake {
            field: "name",
            problem: format!("The name has more than {LONGEST_NAME} characters."),
        });
    }
    if let Some(wrong) = name.chars().find(|c| is_wrong(*c)) {
        mistakes.push(Mistake {
            field: "name",
            problem: format!("A name cannot hold {wrong:?}."),
        });
    }
    if input.len() > LONGEST_INPUT {
        mistakes.push(Mistake {
            field: "input",
            problem: format!(
                "The input has {} bytes; an execution takes {LONGEST_INPUT}.",
                input.len()
            ),
        });
    }
    match serde_json::from_str(if input.trim().is_empty() { "{}" } else { input }) {
        Ok(value) => (mistakes, Some(value)),
        Err(error) => {
            mistakes.push(Mistake {
                field: "input",
                problem: format!("The input is no JSON: {error}."),
            });
            (mistakes, None)
        }
    }
}

/// Starts an execution.
pub(super) async fn run(console: &Console, form: &Query) -> Result<Done, Problem> {
    let machine = form.filled("machine").unwrap_or_default().to_owned();
    let name = form.filled("name").unwrap_or_default().to_owned();
    // browsers end lines of a text area by CR LF
    let input = form.get("input").unwrap_or_default().replace("\r\n", "\n");
    let (mut wrong, value) = mistakes(&name, &input);
    if let (true, Some(value)) = (wrong.is_empty(), value) {
        let mut request = StartExecution::new(&machine, value);
        request.name = (!name.is_empty()).then(|| name.clone());
        match console.driver.executions().start(request).await {
            Ok(started) => {
                let done = if started.existing { "existing" } else { "started" };
                return Ok(Done::at(&execution_path(&started.arn), done));
            }
            Err(StartError::Driver(error)) if !matches!(error, DriverError::TooDeep { .. }) => {
                return Err(Problem::unreadable("the execution", error));
            }
            Err(error) => wrong.push(Mistake {
                field: field_of(&error),
                problem: error.to_string(),
            }),
        }
    }
    let form = StartForm {
        machine: Some(machine),
        name,
        input,
        mistakes: wrong,
        machines: Vec::new(),
    };
    let form = form.with_machines(console).await?;
    Ok(Done::Refused {
        problem: form.problem(),
        form: form.render(&console.form_token),
    })
}

/// The field that an error is about.
fn field_of(error: &StartError) -> &'static str {
    match error {
        StartError::Driver(_) => "input",
        StartError::AlreadyExists { .. } => "name",
        _ => "machine",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_checked_by_field() {
        fn check(name: &str, input: &str, expected: &[&str]) {
            let (found, value) = mistakes(name, input);
            let fields: Vec<_> = found.iter().map(|mistake| mistake.field).collect();
            assert_eq!(fields, expected, "{name:.40} {input:.40}");
            assert_eq!(value.is_none(), found.iter().any(|one| one.problem.contains("no JSON")));
        }
        check("", "", &[]);
        check("", " \n", &[]);
        check("a-1_b.c", "{\"a\": 1}", &[]);
        check("", "7", &[]);
        check("a b", "{}", &["name"]);
        check("a/b", "{}", &["name"]);
        check(&"x".repeat(81), "{}", &["name"]);
        check("", "{", &["input"]);
        check("a:", "{'a'}", &["name", "input"]);
        check("", &format!("\"{}\"", "x".repeat(LONGEST_INPUT)), &["input"]);
    }

    #[test]
    fn a_refused_form_keeps_what_was_typed_and_says_where_it_is_wrong() {
        let form = StartForm {
            machines: vec!["arn:m:<b>".to_owned(), "arn:m:b".to_owned()],
            machine: Some("arn:m:b".to_owned()),
            name: "\"><script>".to_owned(),
            input: "</textarea><script>".to_owned(),
            mistakes: mistakes("\"><script>", "</textarea>").0,
        };
        let page = form.render(&FormToken::new([1, 2])).into_string();
        for part in [
            "option value=\"arn:m:b\" selected>b<",
            "value=\"&quot;&gt;&lt;script&gt;\"",
            "&lt;/textarea&gt;&lt;script&gt;</textarea>",
            "aria-invalid=\"true\"",
            "href=\"#input\"",
            "role=\"alert\"",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    }
}
