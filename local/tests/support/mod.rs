//! A `sluice` of one's own: started on a fresh directory and free ports, asked over HTTP as anyone would.
#![allow(dead_code, clippy::print_stdout, unreachable_pub, missing_docs)] // each test program uses its part

pub mod approvals;
pub mod raw;
pub mod tap;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

/// `release` or `debug`: how this program was built, which is how the functions are built too.
pub fn profile() -> &'static str {
    if cfg!(debug_assertions) { "debug" } else { "release" }
}

pub fn good_submission(name: &str) -> Value {
    json!({ "user_name": name, "email": format!("{name}@example.com"), "pincode": "3055" })
}

/// The directory of `sluice` and of the functions: one directory above the tests' own, or beside the benchmark.
///
/// `cargo test` and `cargo build --bins` at the top of the workspace build them all. A single test program that is run
/// after a change of the functions would run old ones: it fails with a message instead.
pub fn binaries() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let program = std::env::current_exe().expect("a path");
        let mut directory = program.parent().expect("a directory");
        if directory.ends_with("deps") {
            directory = directory.parent().expect("a directory");
        }
        let names = [
            "sluice",
            "ingest",
            "approval",
            "approval-metrics",
            "record-failure",
            "store",
            "request-approval",
            "remind",
            "close-approval",
            "send-mails",
            "decide-batch",
            "validate-email",
            "validate-pincode",
            "validate-user-name",
            "pinger",
        ];
        let changed = ["workflows", "tasks", "gateway"]
            .iter()
            .map(|source| newest(&root().join(source)))
            .max();
        for name in names {
            let built = std::fs::metadata(directory.join(name)).and_then(|file| file.modified());
            assert!(
                built.is_ok_and(|built| Some(built) >= changed || ["sluice", "pinger"].contains(&name)),
                "{name} in {} is missing or older than its sources; run `cargo build --bins` first",
                directory.display()
            );
        }
        directory.to_owned()
    })
}

/// The top of the workspace.
pub fn root() -> &'static Path {
    let local = Path::new(env!("CARGO_MANIFEST_DIR"));
    local
        .ancestors()
        .find(|d| d.join("cfn/workflow.yaml").is_file())
        .expect("a checkout")
}

/// Returns the time at which a source file below `directory` was last changed.
fn newest(directory: &Path) -> SystemTime {
    let entries = std::fs::read_dir(directory)
        .expect("readable")
        .map(|entry| entry.expect("readable"));
    let times = entries.map(|entry| {
        let kind = entry.file_type().expect("a type");
        let source = entry.path().extension().is_some_and(|e| e == "rs" || e == "json");
        match (kind.is_dir(), source) {
            // no part of a binary
            _ if ["tests", "tests.rs"].iter().any(|name| entry.file_name() == *name) => SystemTime::UNIX_EPOCH,
            (true, _) => newest(&entry.path()),
            (false, true) => entry.metadata().and_then(|m| m.modified()).expect("a time"),
            (false, false) => SystemTime::UNIX_EPOCH,
        }
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// `sluice`, run at the top of the workspace.
pub fn program() -> Command {
    let mut command = Command::new(binaries().join("sluice"));
    command.current_dir(root());
    command
}

/// One data directory and the process that serves it, if it runs.
pub struct Sluice {
    directory: tempfile::TempDir,
    arguments: Vec<String>,
    /// The directory of the functions.
    functions: PathBuf,
    process: Option<Child>,
    endpoint: String,
    welcome: String,
}

impl Sluice {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// With more arguments for `sluice up`.
    pub fn with(arguments: &[&str]) -> Self {
        Self::on(tempfile::tempdir().expect("a temporary directory"), arguments)
    }

    /// On a directory that something ran on before.
    pub fn on(directory: tempfile::TempDir, arguments: &[&str]) -> Self {
        Self {
            directory,
            arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
            functions: binaries().to_owned(),
            process: None,
            endpoint: String::new(),
            welcome: String::new(),
        }
    }

    /// Other arguments from the next start on.
    pub fn set_arguments(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|&a| a.to_owned()).collect();
    }

    /// Other functions from the next start on.
    pub fn set_functions(&mut self, directory: &Path) {
        directory.clone_into(&mut self.functions);
    }

    pub fn started() -> Self {
        let mut sluice = Self::new();
        sluice.start();
        sluice
    }

    pub fn data(&self) -> &Path {
        self.directory.path()
    }

    pub fn command(&self) -> Command {
        let mut command = program();
        command
            .args(["up", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.data());
        command.arg("--functions").arg(&self.functions).args(&self.arguments);
        command
    }

    /// Starts it and waits for its welcome.
    pub fn start(&mut self) {
        let mut child = self
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("sluice starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        self.welcome.clear();
        let endpoint = loop {
            let line = match lines.next() {
                Some(line) => line.expect("text"),
                None => panic!("sluice ended before its welcome: {:?}", child.wait()),
            };
            self.welcome.extend([&line, "\n"]);
            if let Some((_, url)) = line.split_once("AWS_ENDPOINT_URL=") {
                break url.trim().to_owned();
            }
        };
        // the rest of its output must be read, or it would block on a full pipe
        std::thread::spawn(move || lines.for_each(drop));
        self.endpoint = endpoint;
        self.process = Some(child);
    }

    /// Ctrl-C; returns its exit status.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.process.take().expect("it runs");
        let sent = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        child.wait().expect("it ends")
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// A signal, by its name.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// Waits until it ends by itself, or as it was asked to; returns its exit status.
    pub fn ended(&mut self) -> ExitStatus {
        self.process.take().expect("it runs").wait().expect("it ends")
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let mut child = self.process.take().expect("it runs");
        child.kill().expect("killed");
        child.wait().expect("reaped");
    }

    /// Returns the text of its start, up to the address of its endpoint.
    pub fn welcome(&self) -> &str {
        &self.welcome
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub fn aws(&self) -> Aws {
        Aws::new(&self.endpoint)
    }

    /// An output of the stack, as `describe-stacks` gives it.
    pub fn output(&self, key: &str) -> String {
        let text = self.aws().query(
            "cloudformation",
            "Action=DescribeStacks&Version=2010-05-15&StackName=sluice",
        );
        let after = text
            .split(&format!("<OutputKey>{key}</OutputKey>"))
            .nth(1)
            .unwrap_or_else(|| panic!("no {key} in {text}"));
        let value = after
            .split("<OutputValue>")
            .nth(1)
            .and_then(|v| v.split("</OutputValue>").next());
        value.expect("a value").to_owned()
    }

    /// The ARN of the workflow's execution of this name: the submission's id.
    pub fn execution_arn(&self, name: &str) -> String {
        let machine = self.output("StateMachineArn");
        format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"))
    }

    /// The ARN of the function whose name contains `part`.
    pub fn function_arn(&self, part: &str) -> String {
        let (_, functions) = self.aws().get(&format!("{}/2015-03-31/functions/", self.endpoint), &[]);
        let functions: Value = serde_json::from_str(&functions).expect("JSON");
        let found = functions["Functions"].as_array().expect("a list").iter().find_map(|f| {
            f["FunctionName"]
                .as_str()?
                .contains(part)
                .then(|| f["FunctionArn"].as_str().map(str::to_owned))?
        });
        found.unwrap_or_else(|| panic!("no function like {part} in {functions}"))
    }

    /// `sluice clock advance`.
    pub fn advance_clock(&self, by: &str) {
        let mut command = program();
        let done = command
            // what runs beside it may never come to rest
            .args(["clock", "advance", by, "--wait", "0s", "--endpoint", &self.endpoint])
            .output()
            .expect("runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Resident memory of the `sluice` process alone, without its functions.
    pub fn resident_megabytes(&self) -> f64 {
        let id = self.process.as_ref().expect("it runs").id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).expect("VmRSS");
        line.split_whitespace()
            .nth(1)
            .and_then(|kb| kb.parse::<f64>().ok())
            .expect("a number")
            / 1024.0
    }

    /// The processor time that the `sluice` process alone has taken, to 20 ms.
    pub fn processor_time(&self) -> Duration {
        let id = self.process.as_ref().expect("it runs").id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("Linux");
        // after the name, which may hold anything: the 12th and 13th are user and system time in hundredths
        let (_, numbers) = stat.rsplit_once(')').expect("a name");
        let numbers = numbers.split_whitespace().skip(11).take(2);
        let hundredths: u64 = numbers.map(|n| n.parse::<u64>().expect("a number")).sum();
        Duration::from_millis(hundredths * 10)
    }
}

impl Drop for Sluice {
    fn drop(&mut self) {
        if let Some(mut child) = self.process.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A client with a connection of its own.
pub struct Aws {
    agent: ureq::Agent,
    endpoint: String,
}

impl Aws {
    pub fn new(endpoint: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self {
            agent: config.into(),
            endpoint: endpoint.to_owned(),
        }
    }

    /// A call in awsJson1.0: the answer, or AWS's error code and message.
    pub fn call(&self, target: &str, body: &Value) -> Result<Value, (String, String)> {
        let mut answer = self
            .agent
            .post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", target)
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                credential(if target.starts_with("DynamoDB") {
                    "dynamodb"
                } else {
                    "states"
                }),
            )
            .send(body.to_string())
            .map_err(|e| ("Connection".to_owned(), e.to_string()))?;
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|e| ("Connection".to_owned(), e.to_string()))?;
        let value: Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{target} answered no JSON ({e}): {text}"));
        if answer.status().is_success() {
            return Ok(value);
        }
        let code = value["__type"]
            .as_str()
            .unwrap_or_default()
            .rsplit('#')
            .next()
            .unwrap_or_default()
            .to_owned();
        Err((
            code,
            value["message"]
                .as_str()
                .or(value["Message"].as_str())
                .unwrap_or_default()
                .to_owned(),
        ))
    }

    /// A call in awsQuery: the answer's XML.
    pub fn query(&self, service: &str, form: &str) -> String {
        let mut answer = self
            .agent
            .post(&self.endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", credential(service))
            .send(form)
            .expect("answers");
        answer.body_mut().read_to_string().expect("text")
    }

    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = self.agent.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.call().unwrap_or_else(|e| panic!("GET {url}: {e}"));
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().expect("text"),
        )
    }

    /// A page's JSON twin.
    pub fn json(&self, url: &str) -> Value {
        let (status, text) = self.get(url, &[("accept", "application/json")]);
        assert_eq!(status, 200, "{url}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    pub fn put_json(&self, url: &str, body: &Value) -> (u16, String) {
        let mut answer = self
            .agent
            .put(url)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .send(body.to_string())
            .unwrap_or_else(|e| panic!("PUT {url}: {e}"));
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().expect("text"),
        )
    }

    pub fn agent(&self) -> &ureq::Agent {
        &self.agent
    }
}

/// A signature's scope: the endpoint reads the service from it and verifies nothing.
pub fn credential(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// Asks until `probe` has an answer: for what another process does in its own time. The bound only ends a broken run.
pub fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
