//! `sluice logs`: the lines that functions wrote, by request, and those that come.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::DateTime;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::machines::{is_meant, short};
use crate::client::{Asked, Client, ClientError};
use crate::terminal::{self, Tone, plain};

const EXAMPLES: &str = "\
Examples:
  sluice logs                          # the last requests of all functions
  sluice logs -f store                 # those of one, and what comes, until Ctrl-C
  sluice logs --search 0198f2a0 --since 1h";

/// The time between two looks at what came.
const PAUSE: Duration = Duration::from_secs(1);

/// Options of `sluice logs`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Logs {
    /// Only those of this function: its name, or its name in the template
    #[arg(value_name = "FUNCTION")]
    function: Option<String>,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Only requests in whose lines this text stands
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only requests that began within this time, by the engine's clock: 15m, 2h, 7d
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// The last requests of each function, at most so many
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Print JSON, an object a line with --follow
    #[command(flatten)]
    asked: Asked,
}

/// A request of a function, and its lines.
#[derive(Debug, Clone, Deserialize)]
struct Request {
    sequence: u64,
    request_id: Option<String>,
    started_at: String,
    duration_ms: f64,
    status: String,
    lines: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Functions {
    items: Vec<Function>,
}

#[derive(Debug, Deserialize)]
struct Function {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Requests {
    items: Vec<Request>,
}

/// Prints them.
pub(crate) fn run(options: &Logs) -> anyhow::Result<()> {
    let client = Client::new(&options.asked.endpoint);
    let since_ms = options
        .since
        .map(|since| super::executions::since_of(&client, since))
        .transpose()?;
    let mut seen = BTreeMap::new();
    let first = requests(&client, options, &mut seen, since_ms)?;
    if options.asked.json && !options.follow {
        let items: Vec<Value> = first
            .iter()
            .map(|(function, request)| as_json(function, request))
            .collect();
        terminal::say(&format!("{:#}\n", json!({ "items": items })));
        return Ok(());
    }
    if first.is_empty() && !options.follow {
        terminal::say("No lines.\n");
    }
    print(options, &first);
    if !options.follow {
        return Ok(());
    }
    loop {
        std::thread::sleep(PAUSE);
        let next = requests(&client, options, &mut seen, since_ms)?;
        print(options, &next);
    }
}

/// The requests that were not seen yet, in the order of their beginnings, each with its function.
fn requests(
    client: &Client,
    options: &Logs,
    seen: &mut BTreeMap<String, u64>,
    since_ms: Option<i64>,
) -> anyhow::Result<Vec<(String, Request)>> {
    let listed: Functions = read(client, "/console/logs?format=json")?;
    let all: Vec<String> = listed.items.into_iter().map(|function| function.name).collect();
    let wanted = |name: &&String| options.function.as_deref().is_none_or(|wanted| is_meant(wanted, name));
    let functions: Vec<String> = all.iter().filter(wanted).cloned().collect();
    if let (Some(wanted), []) = (&options.function, functions.as_slice()) {
        let names: Vec<&str> = all.iter().map(|name| short(name)).collect();
        anyhow::bail!(
            "there is no function {:?} here; there are: {}",
            plain(wanted),
            names.join(", ")
        );
    }
    let mut found = Vec::new();
    for function in functions {
        // what comes while somebody follows may be more than the last few
        let limit = if seen.contains_key(&function) {
            200
        } else {
            options.limit
        };
        let path = format!("/console/logs/{}?format=json&limit={limit}", encoded(&function));
        let requests: Requests = read(client, &path)?;
        let before = seen.get(&function).copied();
        let newest = requests.items.first().map(|request| request.sequence);
        seen.insert(function.clone(), newest.or(before).unwrap_or_default());
        let new = requests
            .items
            .into_iter()
            .filter(|request| before.is_none_or(|before| request.sequence > before));
        found.extend(new.map(|request| (function.clone(), request)));
    }
    found.retain(|(_, request)| {
        let fits = |search: &String| request.lines.iter().any(|line| line.contains(search.as_str()));
        let is_late = since_ms.is_none_or(|since| started(request) >= Some(since));
        is_late && options.search.as_ref().is_none_or(fits)
    });
    found.sort_by_key(|(_, request)| started(request));
    Ok(found)
}

fn read<T: serde::de::DeserializeOwned>(client: &Client, path: &str) -> Result<T, ClientError> {
    serde_json::from_value(client.get(path)?).map_err(|error| ClientError::Foreign {
        endpoint: client.endpoint().to_owned(),
        reason: error.to_string(),
    })
}

fn encoded(segment: &str) -> String {
    form_urlencoded::byte_serialize(segment.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

fn started(request: &Request) -> Option<i64> {
    let at = DateTime::parse_from_rfc3339(&request.started_at).ok()?;
    Some(at.timestamp_millis())
}

fn as_json(function: &str, request: &Request) -> Value {
    json!({ "function": function, "request_id": request.request_id, "started_at": request.started_at, "duration_ms": request.duration_ms,
        "status": request.status, "lines": request.lines })
}

fn print(options: &Logs, requests: &[(String, Request)]) {
    for (function, request) in requests {
        let text = if options.asked.json {
            format!("{}\n", as_json(function, request))
        } else {
            lines(function, request)
        };
        terminal::say(&text);
    }
}

/// A request in a line, and its own lines below; those of the platform say the same as the first.
fn lines(function: &str, request: &Request) -> String {
    let at = started(request).map_or_else(String::new, terminal::time_of_day);
    let tone = if request.status == "success" {
        Tone::Faint
    } else {
        Tone::Bad
    };
    let id = request.request_id.as_deref().unwrap_or("before any request");
    let head = format!(
        "{at} {}  {} {} ms  {id}",
        plain(short(function)),
        plain(&request.status),
        request.duration_ms
    );
    let own = request
        .lines
        .iter()
        .flat_map(|line| line.lines())
        .filter(|line| !is_of_platform(line));
    let own: String = own.map(|line| format!("  {}\n", plain(line))).collect();
    format!("{}\n{own}", tone.paint(&head))
}

/// Returns true if Lambda writes such a line about each request.
fn is_of_platform(line: &str) -> bool {
    ["START RequestId: ", "END RequestId: ", "REPORT RequestId: "]
        .iter()
        .any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_its_lines_below() {
        let request = Request {
            sequence: 1,
            request_id: Some("r-1".to_owned()),
            started_at: "2026-12-01T12:00:03.250Z".to_owned(),
            duration_ms: 1.5,
            status: "success".to_owned(),
            lines: vec!["START RequestId: r-1\n".to_owned(), "two\nlines \u{1b}[2J".to_owned()],
        };
        let text = anstream::adapter::strip_str(&lines("s-Store-0A1B2C3D4E5F", &request)).to_string();
        assert_eq!(text, "12:00:03 Store  success 1.5 ms  r-1\n  two\n  lines \\u{1b}[2J\n");
        assert_eq!(encoded("a b/c"), "a%20b%2Fc");
    }
}
