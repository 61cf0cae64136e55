//! Tests of the commands that ask a running `sluice up`, and of those that need none.

mod support;

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use support::{Sluice, until};

/// The output of a command, and its exit code.
struct Done {
    code: i32,
    out: String,
    err: String,
}

fn run(command: &mut Command) -> Done {
    let done = command.output().expect("runs");
    Done {
        code: done.status.code().expect("a code"),
        out: String::from_utf8_lossy(&done.stdout).into_owned(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

fn at(endpoint: &str, arguments: &[&str]) -> Done {
    run(support::program().args(arguments).env("AWS_ENDPOINT_URL", endpoint))
}

fn json_of(done: &Done) -> Value {
    serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error} in {:?} {:?}", done.out, done.err))
}

#[test]
fn where_nothing_runs_each_command_says_what_to_do() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    for arguments in [
        ["submit", "a=b"].as_slice(),
        &["submissions"],
        &["executions"],
        &["executions", "--since", "1h", "--json"],
        &["show", "e"],
        &["history", "e"],
        &["approve", "e"],
        &["reject", "e"],
        &["repair", "e", "a=b"],
        &["inbox"],
        &["inbox", "show"],
        &["logs"],
        &["outputs", "--env"],
        &["open", "--print"],
        &["clock", "show"],
    ] {
        let done = at(&endpoint, arguments);
        assert_eq!(done.code, 1, "{arguments:?}: {}", done.out);
        assert!(
            done.err.contains(&endpoint) && done.err.contains("start it") && done.err.contains("--endpoint"),
            "{arguments:?}: {}",
            done.err
        );
        assert_eq!(done.err.trim().lines().count(), 1, "{arguments:?}: {}", done.err);
    }
}

#[test]
fn a_submission_is_followed_from_the_terminal() {
    let sluice = Sluice::started();
    let command = |arguments: &[&str]| at(sluice.endpoint(), arguments);
    let fields = |pincode| ["submit", "user_name=Ananya", "email=ananya@gmail.com", pincode];

    let stored = command(&fields("pincode=3055"));
    assert!(
        stored.code == 0 && stored.out.starts_with("201 ingested"),
        "{}",
        stored.out
    );
    let refused = command(&["submit", "user_name=Ananya", "email=nobody", "pincode=1"]);
    assert!(refused.code == 1 && refused.out.contains("email: "), "{}", refused.out);
    let waiting = json_of(&command(&[
        "submit",
        "--json",
        "--wait",
        "5",
        "user_name=A",
        "email=a@gmail.com",
        "pincode=12",
    ]));
    assert_eq!(waiting["status"], 202, "{waiting}");
    let id = waiting["body"]["id"].as_str().expect("an id").to_owned();

    // the answer says that it waits, and does not wait for the mail
    let mail = until("the mail is there", || {
        let shown = command(&["inbox", "show"]);
        (shown.code == 0).then_some(shown)
    });
    assert!(mail.out.contains("admin@example.com"), "{}", mail.out);
    // the beginning of an id is enough; an id that nothing has is said
    let shown = command(&["show", id.get(..30).expect("long")]);
    assert!(
        shown.out.contains("RequestApproval") && shown.out.contains("running"),
        "{}",
        shown.out
    );
    let absent = command(&["show", "nothing-like-it"]);
    assert!(
        absent.code == 1 && absent.err.contains("sluice executions"),
        "{}",
        absent.err
    );

    let unchanged = command(&["repair", &id, "pincode=12"]);
    assert_eq!(unchanged.code, 1, "{}", unchanged.out);
    let repaired = command(&["repair", &id, "pincode=1234"]);
    assert!(
        repaired.code == 0 && repaired.out.starts_with("repaired"),
        "{} {}",
        repaired.out,
        repaired.err
    );
    let ended = until("it is stored", || {
        let shown = json_of(&command(&["show", "--json", &id]));
        (shown["execution"]["status"] == "SUCCEEDED").then_some(shown)
    });
    let states = ended["states"].as_array().expect("a list");
    assert_eq!(states.last().expect("a state")["name"], "Store", "{ended}");
    // in the language only an error ends a Parallel before all its branches have ended: the decision leaves as one
    let standing = |state: &&Value| state["name"] != "AskAdmin";
    assert!(
        states
            .iter()
            .filter(standing)
            .all(|state| state["standing"] == "succeeded"),
        "{ended}"
    );
    its_executions_are_listed(&sluice, &id);
}

/// Three submissions have come in, of which the last one has this id.
fn its_executions_are_listed(sluice: &Sluice, id: &str) {
    let command = |arguments: &[&str]| at(sluice.endpoint(), arguments);
    let history = json_of(&command(&["history", "--json", "--last", "1", id]));
    assert_eq!(history["events"][0]["type"], "ExecutionSucceeded");
    let listed = json_of(&command(&[
        "executions",
        "--json",
        "--since",
        "1h",
        "--machine",
        "IngestStateMachine",
    ]));
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(3), "{listed}");
    assert_eq!(
        json_of(&command(&["executions", "--json", "--failed"]))["items"],
        json!([])
    );
    let logs = command(&["logs", "--search", id]);
    assert!(logs.code == 0 && logs.out.contains(id), "{} {}", logs.out, logs.err);
    let other = command(&["logs", "NoSuchFunction"]);
    assert!(other.code == 1 && other.err.contains("IngestFunction"), "{}", other.err);
    let url = sluice.output("FunctionURLAPI");
    assert!(
        command(&["outputs", "--env"])
            .out
            .contains(&format!("export FunctionURLAPI='{url}'\n"))
    );
    assert_eq!(command(&["open", "submit", "--print"]).out.trim(), url);
}

/// A process of `sluice up` whose lines are read.
struct Told {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    endpoint: String,
    _data: tempfile::TempDir,
}

impl Told {
    fn started(arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let mut command = support::program();
        command
            .args(["up", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path());
        command.arg("--functions").arg(support::binaries()).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let welcome = lines.find_map(|line| Some(line.ok()?.split_once("AWS_ENDPOINT_URL=")?.1.trim().to_owned()));
        Self {
            child,
            lines,
            endpoint: welcome.expect("a welcome"),
            _data: data,
        }
    }

    /// The next line in which a text stands.
    fn line(&mut self, part: &str) -> String {
        let mut lines = self.lines.by_ref().map(|line| line.expect("text"));
        lines
            .find(|line| line.contains(part))
            .unwrap_or_else(|| panic!("no {part}"))
    }

    /// Stops it; gives the lines that were not read yet.
    fn rest(mut self) -> Vec<String> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .expect("runs")
                .success()
        );
        let rest = self.lines.by_ref().map(|line| line.expect("text")).collect();
        assert!(self.child.wait().expect("ends").success());
        rest
    }
}

#[test]
fn each_submission_is_a_line_with_the_link_of_its_mail() {
    let mut told = Told::started(&[]);
    let submit = |pincode: &str, endpoint: &str| {
        let fields = [
            "submit",
            "--json",
            "--wait",
            "5",
            "user_name=A",
            "email=a@gmail.com",
            pincode,
        ];
        json_of(&at(endpoint, &fields))["body"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let waits = submit("pincode=12", &told.endpoint);
    assert!(told.line(&waits).contains("waiting"));
    let mail = told.line("mail ");
    assert!(mail.contains("admin@example.com"), "{mail}");
    let outputs = json_of(&at(&told.endpoint, &["outputs", "--json"]));
    let outputs = outputs["items"].as_array().expect("a list");
    let approval = outputs
        .iter()
        .find(|output| output["key"] == "ApprovalURL")
        .expect("there");
    let link = told.line("http://");
    assert!(
        link.trim().starts_with(approval["value"].as_str().expect("text")),
        "{link}"
    );
    let stored = submit("pincode=3055", &told.endpoint);
    let line = told.line(&stored);
    assert!(line.ends_with("ms") || line.ends_with(" s"), "{line}");

    let quiet = Told::started(&["--quiet"]);
    let stored = submit("pincode=3055", &quiet.endpoint);
    assert!(quiet.rest().iter().all(|line| !line.contains(&stored)));
    told.rest();
}

#[test]
fn files_are_validated_without_anything_running() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("text").to_owned()
    };
    let machine = |state: &str| format!("{{\"StartAt\": \"A\", \"States\": {{\n  \"A\": {state}}}}}");
    let fine = write("fine.asl.json", &machine("{\"Type\": \"Succeed\"}"));
    let warned = write(
        "warned.asl.json",
        &machine("{\"Type\": \"Pass\", \"Parameters\": {\"a\": \"$.b\"}, \"End\": true}"),
    );
    let wrong = write("wrong.asl.json", &machine("{\"Type\": \"Pass\", \"Next\": \"B\"}"));
    let template = write(
        "wrong.yaml",
        "Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties: { DisplayNam: x }\n",
    );
    let check = |arguments: &[&str], code: i32, parts: &[&str]| {
        let done = run(support::program().arg("validate").args(arguments));
        assert_eq!(done.code, code, "{arguments:?}: {} {}", done.out, done.err);
        for part in parts {
            assert!(
                done.out.contains(part) || done.err.contains(part),
                "{part} in {} {}",
                done.out,
                done.err
            );
        }
    };
    check(&[&fine], 0, &["1 file: 0 errors, 0 warnings"]);
    check(&[&warned], 0, &["warned.asl.json:2:", "warning NO_DOLLAR"]);
    check(&["--strict", &warned], 1, &[]);
    check(
        &[&wrong],
        1,
        &["wrong.asl.json:2:33: error MISSING_TRANSITION_TARGET: /States/A/Next"],
    );
    check(
        &[&fine, &template],
        1,
        &["wrong.yaml:4:19: error: T.DisplayNam: unknown property `DisplayNam`"],
    );
    check(&["--json", &wrong], 1, &["\"code\": \"MISSING_TRANSITION_TARGET\""]);
    check(&["/nonexistent"], 2, &["cannot read /nonexistent"]);
    check(&["workflows/ingest.asl.json"], 0, &["1 file: 0 errors"]);
    check(
        &["cfn/load.yaml", "cfn/workflow.yaml", "cfn/dashboard.yaml"],
        0,
        &["3 files: 0 errors"],
    );
}

#[test]
fn a_definition_is_drawn() {
    let done = run(support::program().args(["draw", "workflows/ingest.asl.json", "--title", "The workflow"]));
    assert!(
        done.code == 0 && done.out.starts_with("<svg"),
        "{} {}",
        done.out,
        done.err
    );
    for part in ["The workflow", "ValidateUserName", "Store"] {
        assert!(done.out.contains(part), "{part}");
    }
    let template = run(support::program().args(["draw", "cfn/workflow.yaml"]));
    assert!(
        template.code == 1 && template.err.contains("DefinitionUri"),
        "{}",
        template.err
    );
}

/// The output of the CDK, with a function of ours for its asset.
#[test]
fn a_stack_of_the_cdk_runs_as_it_is() {
    const TEMPLATE: &str = include_str!("../template/tests/cdk/Greeting.template.json");
    const ASSET: &str = "asset.ec6a7104c6211eeb6999dd6acb5d5d8e0e36bf463d05e5bfb06f8b9fbd67001b";
    let directory = tempfile::tempdir().expect("a directory");
    let template = directory.path().join("Greeting.template.json");
    std::fs::write(&template, TEMPLATE).expect("written");
    let asset = directory.path().join(ASSET);
    std::fs::create_dir(&asset).expect("made");
    let bootstrap = asset.join("bootstrap");
    std::fs::copy(support::binaries().join("validate-pincode"), &bootstrap).expect("copied");

    let mut sluice = Sluice::with(&["--template", template.to_str().expect("text")]);
    sluice.start();
    let outputs = json_of(&at(sluice.endpoint(), &["outputs", "--json"]));
    let keys: Vec<&Value> = outputs["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["key"])
        .collect();
    assert_eq!(keys, ["Url", "MachineArn", "QueueUrl"]);
    let start = json!({ "stateMachineArn": outputs["items"][1]["value"], "input": r#"{"pincode": "12345"}"# });
    sluice
        .aws()
        .call("AWSStepFunctions.StartExecution", &start)
        .expect("started");
    // the function ran: only the state behind it, which wants a text of it, fails
    until("it has ended", || {
        let failed = json_of(&at(sluice.endpoint(), &["executions", "--json", "--failed"]));
        let arn = failed["items"][0]["executionArn"].as_str()?.to_owned();
        let shown = json_of(&at(sluice.endpoint(), &["show", "--json", &arn]));
        assert_eq!(shown["states"][0]["standing"], "succeeded", "{shown}");
        assert_eq!(shown["states"][1]["name"], "Tell", "{shown}");
        Some(())
    });
    assert!(sluice.stop().success());
    for (content, part) in [("PK\u{3}\u{4}", "is a zip; unpack it"), ("", "chmod +x")] {
        refused_for(&bootstrap, content, &template, part);
    }
}

/// Starts the template without --functions outside any checkout, with another file in the place of its function.
fn refused_for(bootstrap: &Path, content: &str, template: &Path, part: &str) {
    std::fs::remove_file(bootstrap).expect("removed");
    std::fs::write(bootstrap, content).expect("written");
    let data = tempfile::tempdir().expect("a directory");
    let mut command = support::program();
    command
        .current_dir(data.path())
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path());
    let done = run(command.arg("--template").arg(template));
    assert!(
        done.code == 1 && done.err.contains(part) && done.err.contains("--functions"),
        "{}",
        done.err
    );
}
