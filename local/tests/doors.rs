//! Tests of access: every listener of a running `sluice`, its data directory, and its end.
#![cfg(unix)]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::{Sluice, good_submission, program, raw};

/// Returns the status of the request that a page with `headers` could make of `target` in a browser.
fn status(url: &str, method: &str, target: &str, headers: &str) -> u16 {
    let request = format!("{method} {target} HTTP/1.1\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n");
    raw::exchange(url, request.as_bytes()).status
}

#[test]
fn pages_of_others_and_names_of_others_are_kept_out_everywhere() {
    let mut sluice = Sluice::with(&["--allow-host", "a.tunnel.example", "--allow-host", ".ngrok.example"]);
    sluice.start();
    let (ingest, approval) = (sluice.output("FunctionURLAPI"), sluice.output("ApprovalURL"));
    let endpoint = sluice.endpoint().to_owned();
    for url in [&ingest, &approval, &endpoint] {
        let own = raw::authority(url);
        let check = |method: &str, headers: &str, admitted: bool| {
            let found = status(url, method, "/?limit=1", headers);
            assert_eq!(
                ![400, 403].contains(&found),
                admitted,
                "{method} {headers:?} at {url}: {found}"
            );
        };
        let reads = *url == endpoint;
        check("GET", &format!("host: {own}\r\n"), true);
        check("GET", "host: localhost\r\n", true);
        check("GET", "host: evil.example\r\n", false);
        check("GET", "", false);
        check("GET", "host: a.tunnel.example\r\n", true);
        check(
            "GET",
            "host: 1234.ngrok.example\r\norigin: https://1234.ngrok.example\r\n",
            true,
        );
        check("GET", "host: tunnel.example\r\n", false);
        check(
            "GET",
            &format!("host: {own}\r\norigin: https://evil.example\r\n"),
            reads,
        );
        check(
            "POST",
            &format!("host: {own}\r\norigin: https://evil.example\r\n"),
            false,
        );
        check(
            "GET",
            &format!("host: {own}\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors\r\n"),
            reads,
        );
        check(
            "GET",
            &format!("host: {own}\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\n"),
            true,
        );
    }
    // nothing of all that was a submission
    let list = raw::send(&ingest, "GET", "/?limit=5", &[("accept", "application/json")], b"");
    assert_eq!(list.json().as_array().map(Vec::len), Some(0), "{list:?}");
}

#[test]
fn clients_that_speak_oddly_get_their_answers() {
    let sluice = Sluice::started();
    let ingest = sluice.output("FunctionURLAPI");
    let own = raw::authority(&ingest);
    let submit = "/?user_name=Half&email=half@example.com&pincode=3055";
    for url in [&ingest, sluice.endpoint()] {
        let target = if url == sluice.endpoint() {
            "/_sluice/clock"
        } else {
            submit
        };
        let request = format!("GET {target} HTTP/1.1\r\nhost: {}\r\n\r\n", raw::authority(url));
        let answer = raw::exchange_half_closed(url, request.as_bytes());
        assert!([200, 201, 202].contains(&answer.status), "{answer:?}");
    }
    for (request, expected) in [
        ("GET /?limit=1 HTTP/1.0\r\n\r\n".to_owned(), 200),
        (
            format!("GET http://{own}/?limit=1 HTTP/1.1\r\nhost: {own}\r\nconnection: close\r\n\r\n"),
            200,
        ),
        (
            format!("GET http://evil.example/ HTTP/1.1\r\nhost: {own}\r\nconnection: close\r\n\r\n"),
            403,
        ),
    ] {
        assert_eq!(
            raw::exchange(&ingest, request.as_bytes()).status,
            expected,
            "{request:?}"
        );
    }
    // a refusal is read although the client is still sending
    let endpoint = sluice.endpoint();
    let mut request = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\norigin: https://evil.example\r\nconnection: close\r\ncontent-length: 3000000\r\n\r\n",
        raw::authority(endpoint)
    )
    .into_bytes();
    request.resize(request.len() + 3_000_000, b'x');
    assert_eq!(raw::exchange(endpoint, &request).status, 403);
}

fn report(sluice: &Sluice) -> (u16, Value) {
    let (status, text) = sluice.aws().get(&format!("{}/health", sluice.endpoint()), &[]);
    (status, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn health_is_told_to_scripts() {
    let mut sluice = Sluice::started();
    let (status, report) = report(&sluice);
    assert_eq!(
        (status, &report["status"], &report["accepting"]),
        (200, &"ready".into(), &true.into()),
        "{report}"
    );
    for name in [
        "engine",
        "functions",
        "journal",
        "mail",
        "metrics",
        "process",
        "stacks",
        "streams",
        "tables",
    ] {
        assert_eq!(report["components"][name]["status"], "ready", "{name}: {report}");
    }
    let endpoint = sluice.endpoint().to_owned();
    let ask = |arguments: &[&str]| {
        let mut command = program();
        command.args(["status", "--endpoint", &endpoint]).args(arguments);
        command.output().expect("runs")
    };
    let said = ask(&[]);
    assert_eq!(said.status.code(), Some(0), "{said:?}");
    assert!(
        String::from_utf8_lossy(&said.stdout).contains("is ready; submissions are taken in"),
        "{said:?}"
    );
    let json: Value = serde_json::from_slice(&ask(&["--json"]).stdout).expect("JSON");
    assert_eq!(json, report);
    sluice.kill();
    assert_eq!(ask(&[]).status.code(), Some(2));
}

#[test]
fn the_end_of_the_terminal_stops_it_as_ctrl_c_does() {
    let mut sluice = Sluice::started();
    sluice.signal("HUP");
    assert_eq!(sluice.ended().code(), Some(0));
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn a_data_directory_is_for_one_user() {
    let mut sluice = Sluice::started();
    let submitted = sluice
        .aws()
        .put_json(&sluice.output("FunctionURLAPI"), &good_submission("one"));
    assert!([201, 202].contains(&submitted.0), "{}", submitted.1);
    sluice.stop();
    let directory = sluice.data().to_owned();
    let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("sets");
    let journal = directory.join("journal.sqlite");
    set(&directory, 0o755);
    set(&journal, 0o644);
    sluice.start();
    assert_eq!((mode(&directory), mode(&journal)), (0o700, 0o600));
    for file in std::fs::read_dir(&directory).expect("lists") {
        let path = file.expect("a file").path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn outputs_that_nobody_reads_any_more_do_not_end_it() {
    let sluice = Sluice::new();
    // its log is as loud as it can be, so that it writes to the closed pipe
    let mut command = sluice.command();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    command.env("SLUICE_LOG", "info").stdout(Stdio::piped());
    let mut child = command.stderr(writer).spawn().expect("starts");
    drop(command);
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("piped")));
    let endpoint = lines
        .find_map(|line| Some(line.ok()?.split_once("AWS_ENDPOINT_URL=")?.1.trim().to_owned()))
        .expect("a welcome");
    drop((lines, reader));
    let aws = support::Aws::new(&endpoint);
    for _ in 0..3 {
        assert_eq!(aws.get(&format!("{endpoint}/health"), &[]).0, 200);
    }
    let sent = std::process::Command::new("kill")
        .args(["-s", "TERM", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}
