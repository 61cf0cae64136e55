//! Requests for approval as an admin meets them: a mail with a link and a code, a page, and what became of it.

use serde_json::{Value, json};

use super::{Aws, Sluice, until};

/// A request that was asked for, and the mail about it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The submission's id, which is the execution's name.
    pub id: String,
    pub link: String,
    pub code: String,
    /// The address that the mail went to.
    pub to: String,
}

/// The page of everything open.
#[derive(Debug, Clone)]
pub struct OpenList {
    pub link: String,
    pub code: String,
}

/// Sends a submission whose pincode is wrong, and waits for the mail about it: the submission's id, and the mail.
pub fn submit(sluice: &Sluice, name: &str) -> (String, Value) {
    let fields = json!({ "user_name": name, "email": format!("{}@example.com", name.to_lowercase()), "pincode": "12" });
    let url = sluice.output("FunctionURLAPI");
    let aws = sluice.aws();
    let mut answer = aws
        .agent()
        .post(&url)
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .send(fields.to_string())
        .expect("answers");
    let text = answer.body_mut().read_to_string().expect("text");
    let said: Value = serde_json::from_str(&text).expect("JSON");
    let id = said["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id in {said}"))
        .to_owned();
    let mail = until("the mail comes", || mail_about(sluice, &id));
    until_parked(sluice, &id);
    (id, mail)
}

/// Waits until the call that asks the admin is over and the execution waits for its token: the mail comes before that, and a
/// call that is in flight when the clock jumps has its whole time again.
pub fn until_parked(sluice: &Sluice, id: &str) {
    let execution = sluice.execution_arn(id);
    until("the execution waits for its token", || {
        let request = json!({ "executionArn": execution, "reverseOrder": true, "maxResults": 1_000 });
        let history = sluice.aws().call("AWSStepFunctions.GetExecutionHistory", &request);
        let history = history.expect("a history");
        let events = history["events"].as_array()?;
        events
            .iter()
            .any(|event| event["type"] == "TaskSubmitted")
            .then_some(())
    });
}

/// The same, with the link and the code of the mail.
pub fn ask_for_approval(sluice: &Sluice, name: &str) -> Asked {
    let (id, mail) = submit(sluice, name);
    let text = mail["text"].as_str().expect("a text");
    Asked {
        link: line(text, |line| line.starts_with("http://")),
        code: line(text, is_code),
        to: mail["to"].as_str().expect("an address").to_owned(),
        id,
    }
}

/// The newest mail that names a submission. Its lines may be broken within the id.
pub fn mail_about(sluice: &Sluice, id: &str) -> Option<Value> {
    let mut next = Some(format!("{}/console/inbox", sluice.endpoint()));
    while let Some(url) = next {
        let page = sluice.aws().json(&url);
        let about = |mail: &&Value| {
            mail["text"]
                .as_str()
                .is_some_and(|text| text.replace('\n', "").contains(id))
        };
        let found = page["items"].as_array().expect("a list").iter().find(about).cloned();
        if found.is_some() {
            return found;
        }
        next = page["next"].as_str().map(|path| format!("{}{path}", sluice.endpoint()));
    }
    None
}

fn line(text: &str, wanted: impl Fn(&str) -> bool) -> String {
    let found = text.lines().map(str::trim).find(|line| wanted(line));
    found.unwrap_or_else(|| panic!("no such line in {text}")).to_owned()
}

fn is_code(line: &str) -> bool {
    line.len() == 6 && line.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

impl Asked {
    /// Fetches the page, as JSON.
    pub fn look(&self) -> (u16, Value) {
        let (status, text) = Aws::new("").get(&self.link, &[("accept", "application/json")]);
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    /// Decides with the mail's code: the status of the answer, if there is one.
    pub fn decide(&self, decision: &str) -> Result<u16, ureq::Error> {
        let body = json!({ "code": self.code, "decision": decision });
        post(&self.link, &body).map(|(status, _)| status)
    }
}

fn post(link: &str, body: &Value) -> Result<(u16, Value), ureq::Error> {
    let aws = Aws::new("");
    let request = aws.agent().post(link).header("content-type", "application/json");
    let mut answer = request.header("accept", "application/json").send(body.to_string())?;
    let text = answer.body_mut().read_to_string()?;
    Ok((
        answer.status().as_u16(),
        serde_json::from_str(&text).unwrap_or(Value::Null),
    ))
}

/// Asks the approval function, as its operator.
pub fn operate(sluice: &Sluice, request: &Value) -> Value {
    let arn = sluice.function_arn("-ApprovalFunction-");
    let aws = sluice.aws();
    let url = format!("{}/2015-03-31/functions/{arn}/invocations", sluice.endpoint());
    let mut answer = aws.agent().post(&url).send(request.to_string()).expect("answers");
    let text = answer.body_mut().read_to_string().expect("text");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{request}: {error}: {text}"))
}

/// The audit of the first round of a submission's approval.
pub fn audit(sluice: &Sluice, id: &str) -> Value {
    operate(sluice, &json!({ "operation": "audit", "id": format!("{id}.1") }))
}

/// A fresh link to the page of everything open.
pub fn open_list(sluice: &Sluice) -> OpenList {
    let said = operate(sluice, &json!({ "operation": "open-list" }));
    let text = |member: &str| {
        said[member]
            .as_str()
            .unwrap_or_else(|| panic!("no {member} in {said}"))
            .to_owned()
    };
    OpenList {
        link: format!("{}{}", sluice.output("ApprovalURL"), text("path")),
        code: text("code"),
    }
}

impl OpenList {
    /// Approves everything that is open, as a batch with this id.
    pub fn approve_all(&self, batch: &str) -> String {
        let looked_at = Aws::new("").json(&self.link);
        let body = json!({ "code": self.code, "decision": "approve", "batch": batch, "selection": "all_but_picked",
            "until": looked_at["as_of"] });
        // the answer may never come; the same id is the same batch
        let accepted = until("the batch is taken", || {
            post(&self.link, &body).ok().filter(|(status, _)| *status < 500)
        });
        assert_eq!(accepted.0, 202, "{}", accepted.1);
        batch.to_owned()
    }

    /// Returns true if the batch is done.
    pub fn is_done(&self, batch: &str) -> bool {
        let url = format!("{}?batch={batch}", self.link);
        let answer = Aws::new("")
            .agent()
            .get(&url)
            .header("accept", "application/json")
            .call();
        let text = answer
            .ok()
            .and_then(|mut answer| answer.body_mut().read_to_string().ok());
        let said: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
        said.is_some_and(|said| said["done"] == true)
    }
}

/// There is exactly one decision about the request: in the audit, whose chain is whole, and in the workflow, which heard it.
pub fn decided_once(sluice: &Sluice, asked: &Asked, decision: &str) {
    let execution = sluice.execution_arn(&asked.id);
    let described = until("the workflow hears it", || {
        let arn = json!({ "executionArn": execution });
        let now = sluice
            .aws()
            .call("AWSStepFunctions.DescribeExecution", &arn)
            .expect("there");
        (now["status"] != "RUNNING").then_some(now)
    });
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
    let output: Value = serde_json::from_str(described["output"].as_str().expect("an output")).expect("JSON");
    let expected = if decision == "approve" { "approved" } else { "rejected" };
    assert_eq!(output["outcome"], expected, "{output}");
    let trail = audit(sluice, &asked.id);
    let records = trail["records"]
        .as_array()
        .unwrap_or_else(|| panic!("no audit in {trail}"));
    let of = |kind: &str| records.iter().filter(|record| record["kind"] == kind).count();
    assert_eq!(of("decided"), 1, "{trail}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), trail.to_string()).expect("is written");
    let verified = super::program()
        .args(["audit", "verify"])
        .arg(file.path())
        .output()
        .expect("runs");
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}
