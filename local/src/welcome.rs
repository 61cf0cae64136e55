//! What `sluice up` says when it is ready.

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
    let running = stacks.iter().filter(|stack| stack.record.status.exists());
    let outputs = running.flat_map(|stack| &stack.record.outputs);
    let submit = outputs.clone().find(|output| output.key == "FunctionURLAPI");
    let mut text = format!(
        "\nSluice runs. Ctrl-C stops it; what it took in stays in {}.\n\n",
        data.display()
    );
    let mut line = |what: &str, value: &str| text.push_str(&format!("  {what:<10} {value}\n"));
    if let Some(url) = submit {
        line("submit", &url.value);
    }
    line("console", &format!("{endpoint}/console"));
    line("inbox", &format!("{endpoint}/console/inbox"));
    for stack in stacks {
        if let Some(end) = end(&stack.record) {
            line("ended", &end);
        }
        for service in stack.services.iter().filter(|_| stack.record.status.exists()) {
            line("load", &load(&stack.record, service, data));
        }
    }
    line("AWS", &format!("export AWS_ENDPOINT_URL={endpoint}"));
    if let Some(url) = submit {
        text.push_str(&format!(
            "\nTry it:\n\n  curl -i '{}?user_name=Rishabh&email=rishabh@gmail.com&pincode=3055'\n\n",
            url.value
        ));
    }
    text
}

/// What is to be said of a stack that this start did not bring up because its time was over.
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

/// How many tasks of which kind run at what rate until when, and where they write.
fn load(record: &StackRecord, service: &ServiceReport, data: &Path) -> String {
    let parameter = |key: &str| {
        record
            .parameters
            .iter()
            .find(|one| one.key == key)
            .map(|one| one.value.as_str())
    };
    let mut text = format!("{} x {}", service.running, service.containers.join(" + "));
    if let Some(rate) = parameter("PingerRate") {
        text.push_str(&format!(", {rate} submissions a second each"));
    }
    if let Some(end) = parameter("DeleteAt") {
        text.push_str(&format!(", until {end}"));
    }
    for group in &service.log_groups {
        text.push_str(&format!("; logs in {}", data.join("logs").join(group).display()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    use sluice_cloud::cloudformation::{StackOutput, StackParameter};

    fn record(name: &str, status: StackStatus) -> StackRecord {
        StackRecord {
            name: name.to_owned(),
            id: name.to_owned(),
            description: None,
            status,
            status_reason: None,
            parameters: Vec::new(),
            outputs: Vec::new(),
            resources: Vec::new(),
            created: 0,
            updated: None,
            deletion_began: None,
            deleted: None,
            ends: None,
            generation: 0,
            imports: Vec::new(),
            protected: false,
            template_body: String::new(),
        }
    }

    fn report(record: StackRecord, services: Vec<ServiceReport>) -> StackReport {
        StackReport { record, services }
    }

    fn workflow() -> StackReport {
        let mut record = record("sluice", StackStatus::CreateComplete);
        record.outputs.push(StackOutput {
            key: "FunctionURLAPI".to_owned(),
            value: "http://127.0.0.1:4567/".to_owned(),
            description: None,
            export_name: None,
        });
        report(record, Vec::new())
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
        let mut load = record("sluice-load", StackStatus::CreateComplete);
        for (key, value) in [("PingerRate", "20"), ("DeleteAt", "2026-11-22T18:00:00Z")] {
            load.parameters.push(StackParameter {
                key: key.to_owned(),
                value: value.to_owned(),
            });
        }
        let text = text("http://h", &[workflow(), report(load, vec![pingers()])], Path::new("d"));
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
