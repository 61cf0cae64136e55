//! The lines that `sluice up` prints when it is ready.

use std::io::Write;
use std::path::Path;

use sluice_cloud::cloudformation::{StackRecord, StackStatus};
use sluice_cloud::{ServiceReport, StackReport};

/// Prints where everything is and a line that can be copied. A closed standard output is no reason to stop.
pub(crate) fn print(endpoint: &str, stacks: &[StackReport], data: &Path) {
    let mut out = std::io::stdout().lock();
    let _ = out
        .write_all(text(endpoint, stacks, data).as_bytes())
        .and_then(|()| out.flush());
}

fn text(endpoint: &str, stacks: &[StackReport], data: &Path) -> String {
    let running = || stacks.iter().filter(|stack| stack.record.status.exists());
    let mut text = format!(
        "\nSluice runs. Ctrl-C stops it; what it took in stays in {}.\n\n",
        data.display()
    );
    let mut line = |what: &str, value: &str| text.push_str(&format!("  {what:<10} {value}\n"));
    for (name, address) in running().filter_map(|stack| stack.notes.entrance.as_ref()) {
        line(name, address);
    }
    line("console", &format!("{endpoint}/console"));
    line("inbox", &format!("{endpoint}/console/inbox"));
    for stack in stacks {
        if let Some(end) = end(&stack.record) {
            line("ended", &end);
        }
        for service in stack.services.iter().filter(|_| stack.record.status.exists()) {
            line("load", &tasks(stack.notes.tasks.as_deref(), service, data));
        }
    }
    line("AWS", &format!("export AWS_ENDPOINT_URL={endpoint}"));
    for command in running().filter_map(|stack| stack.notes.try_it.as_ref()) {
        text.push_str(&format!("\nTry it:\n\n  {command}\n\n"));
    }
    text
}

/// Returns the line about a stack that this start did not bring up because its time was over.
fn end(record: &StackRecord) -> Option<String> {
    match record.status {
        StackStatus::CreateComplete | StackStatus::UpdateComplete | StackStatus::DeleteInProgress => None,
        StackStatus::DeleteComplete => Some(format!(
            "stack {} is deleted: its time, or its deletion, had come while sluice did not run; start again for a new one",
            record.name
        )),
        StackStatus::DeleteFailed => Some(format!(
            "stack {} cannot be deleted: {}",
            record.name,
            record.status_reason.as_deref().unwrap_or("see the log")
        )),
    }
}

/// The tasks of a service: their number and kind, what the template says of them, and where they write.
fn tasks(note: Option<&str>, service: &ServiceReport, data: &Path) -> String {
    let mut text = format!("{} x {}", service.running, service.containers.join(" + "));
    if let Some(note) = note {
        text.push_str(&format!(", {note}"));
    }
    for group in &service.log_groups {
        text.push_str(&format!("; logs in {}", data.join("logs").join(group).display()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    use sluice_cloud::RuntimeNotes;

    fn record(name: &str, status: StackStatus) -> StackRecord {
        StackRecord {
            status,
            ..StackRecord::empty(name, name)
        }
    }

    fn report(record: StackRecord, services: Vec<ServiceReport>) -> StackReport {
        StackReport {
            record,
            services,
            notes: RuntimeNotes::default(),
        }
    }

    fn workflow() -> StackReport {
        let url = "http://127.0.0.1:4567/";
        StackReport {
            notes: RuntimeNotes {
                entrance: Some(("submit".to_owned(), url.to_owned())),
                try_it: Some(format!(
                    "curl -i '{url}?user_name=Rishabh&email=rishabh@gmail.com&pincode=3055'"
                )),
                ..RuntimeNotes::default()
            },
            ..report(record("sluice", StackStatus::CreateComplete), Vec::new())
        }
    }

    fn pingers() -> ServiceReport {
        ServiceReport {
            name: "s".to_owned(),
            containers: vec!["pinger".to_owned()],
            desired: 2,
            running: 2,
            log_groups: vec!["sluice-load-Logs-1".to_owned()],
        }
    }

    #[test]
    fn welcome_has_a_curl_line_for_the_function_url() {
        let text = text("http://127.0.0.1:4566", &[workflow()], Path::new(".sluice"));
        for part in [
            "curl -i 'http://127.0.0.1:4567/?user_name=Rishabh&email=rishabh@gmail.com&pincode=3055'",
            "http://127.0.0.1:4566/console/inbox",
            "AWS_ENDPOINT_URL=http://127.0.0.1:4566\n",
            "stays in .sluice.",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn welcome_tells_of_the_load() {
        let mut load = report(record("sluice-load", StackStatus::CreateComplete), vec![pingers()]);
        load.notes.tasks = Some("20 submissions a second each, until 2026-11-22T18:00:00Z".to_owned());
        let text = text("http://h", &[workflow(), load], Path::new("d"));
        let line = "  load       2 x pinger, 20 submissions a second each, until 2026-11-22T18:00:00Z; logs in \
                    d/logs/sluice-load-Logs-1\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn welcome_tells_of_a_stack_whose_time_was_over() {
        let gone = record("sluice-load", StackStatus::DeleteComplete);
        let said = text("http://h", &[workflow(), report(gone, Vec::new())], Path::new("d"));
        assert!(said.contains("  ended      stack sluice-load is deleted"), "{said}");
        let mut failed = record("sluice-load", StackStatus::DeleteFailed);
        failed.status_reason = Some("no".to_owned());
        let said = text("http://h", &[workflow(), report(failed, Vec::new())], Path::new("d"));
        assert!(said.contains("stack sluice-load cannot be deleted: no\n"), "{said}");
    }

    #[test]
    fn a_stack_without_a_function_url_gets_no_curl_line() {
        assert!(!text("http://127.0.0.1:1", &[], Path::new("d")).contains("curl"));
    }
}
