//! What `sluice up` says when it is ready.

use std::io::Write;
use std::path::Path;

use sluice_cloud::Cloud;

/// Prints where everything is and a line that can be copied. A closed standard output is no reason to stop.
pub(crate) fn print(cloud: &Cloud, data: &Path) {
    let mut out = std::io::stdout().lock();
    let _ = out
        .write_all(text(&cloud.endpoint(), &cloud.outputs(), data).as_bytes())
        .and_then(|()| out.flush());
}

fn text(endpoint: &str, outputs: &[(String, String)], data: &Path) -> String {
    let output = |key: &str| outputs.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
    let mut text = format!(
        "\nSluice runs. Ctrl-C stops it; what it took in stays in {}.\n\n",
        data.display()
    );
    let mut line = |what: &str, value: &str| text.push_str(&format!("  {what:<10} {value}\n"));
    if let Some(url) = output("FunctionURLAPI") {
        line("submit", url);
    }
    line("console", &format!("{endpoint}/console"));
    line("inbox", &format!("{endpoint}/console/inbox"));
    line("AWS", &format!("export AWS_ENDPOINT_URL={endpoint}"));
    if let Some(url) = output("FunctionURLAPI") {
        text.push_str(&format!(
            "\nTry it:\n\n  curl -i '{url}?user_name=Rishabh&email=rishabh@gmail.com&pincode=3055'\n\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn welcome_has_a_curl_line_for_the_function_url() {
        let outputs = [("FunctionURLAPI".to_owned(), "http://127.0.0.1:4567/".to_owned())];
        let text = text("http://127.0.0.1:4566", &outputs, Path::new(".sluice"));
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
    fn a_stack_without_a_function_url_gets_no_curl_line() {
        assert!(!text("http://127.0.0.1:1", &[], Path::new("d")).contains("curl"));
    }
}
