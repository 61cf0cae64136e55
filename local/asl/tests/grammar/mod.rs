//! A generator of definitions: everything that it makes is valid, and [`Grammar::spoil`] changes one thing so that it is not.

use serde_json::{Map, Value, json};

/// The number of different changes that [`Grammar::spoil`] makes.
#[allow(dead_code, reason = "not every test that makes definitions spoils them")]
pub(crate) const CHANGES: usize = 20;

/// The generator, and its random numbers: the same seed gives the same definition.
pub(crate) struct Grammar {
    random: u64,
    names: usize,
    jsonata: bool,
}

impl Grammar {
    pub(crate) fn new(seed: u64) -> Self {
        let mut grammar = Self {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            names: 0,
            jsonata: false,
        };
        grammar.below(2);
        grammar.jsonata = grammar.below(2) == 0;
        grammar
    }

    /// xorshift64*
    fn below(&mut self, limit: usize) -> usize {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let high = self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % limit
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one<'c, T: ?Sized>(&mut self, choices: &[&'c T]) -> &'c T {
        choices[self.below(choices.len())]
    }

    fn name(&mut self) -> String {
        self.names += 1;
        let words = ["Call", "wait a bit", "Ünïque", "Choose: x?", "s_p-l/i"];
        format!("{} {}", self.one(&words), self.names)
    }

    /// A whole definition.
    pub(crate) fn definition(&mut self) -> Value {
        let mut definition = self.flow(2);
        if self.jsonata {
            definition["QueryLanguage"] = json!("JSONata");
        } else if self.coin() {
            definition["QueryLanguage"] = json!("JSONPath");
        }
        if self.coin() {
            definition["Comment"] = json!("made by a grammar");
        }
        if self.coin() {
            definition["TimeoutSeconds"] = json!(60);
        }
        definition
    }

    /// States in a row, of which each leads to the next; `depth` more levels may lie within them.
    fn flow(&mut self, depth: usize) -> Value {
        let count = 1 + self.below(4);
        let names: Vec<String> = (0..count).map(|_| self.name()).collect();
        let mut states = Map::new();
        for (i, name) in names.iter().enumerate() {
            let state = self.state(names.get(i + 1), &names[0], depth);
            states.insert(name.clone(), state);
        }
        json!({"StartAt": names[0], "States": states})
    }

    fn state(&mut self, next: Option<&String>, first: &str, depth: usize) -> Value {
        let (mut state, follows) = match (self.below(if depth > 0 { 9 } else { 7 }), next) {
            (0, Some(next)) => return self.choice(next, first),
            (1, None) => return self.succeed(),
            (2, None) => return self.fail(),
            (3, _) => (self.wait(), false),
            (4 | 5, _) => (self.task(), true),
            (7, _) => (self.parallel(depth), true),
            (8, _) => (self.map(depth), true),
            _ => (self.pass(), false),
        };
        match next {
            Some(next) => state["Next"] = json!(next),
            None => state["End"] = json!(true),
        }
        if self.coin() {
            state["Comment"] = json!("c");
        }
        if follows {
            self.results(&mut state, next);
        } else if self.coin() {
            state["Assign"] = self.template("input");
        }
        if self.jsonata && self.coin() {
            state["Output"] = self.template(if follows { "result" } else { "input" });
        }
        state
    }

    /// Paths, or expressions over a member of `$states`, in a template.
    fn template(&mut self, member: &str) -> Value {
        if self.jsonata {
            let expressions = [
                format!("{{% $states.{member} %}}"),
                format!("{{% $string($states.{member}) & 'x' %}}"),
                "{% $states.context.Execution.Id %}".to_owned(),
                "{% $count([1..3]) %}".to_owned(),
            ];
            let expression = expressions[self.below(expressions.len())].clone();
            return json!({"v": expression, "list": [1, {"w": "text"}]});
        }
        let path = self.path();
        json!({"v.$": path, "list": [1, {"w.$": "States.Format('{}', $.a)"}], "t": "text"})
    }

    fn path(&mut self) -> String {
        self.one(&[
            "$",
            "$.a.b",
            "$['a']['b c']",
            "$.l[0].x",
            "$.l[-1]",
            "$.l[1:3]",
            "$.l[*].x",
            "$..x",
            "$.l[?(@.n > 3)].x",
            "$.l[?(@.name==Receipt)]",
            "$.l.[0].['a','b']",
            "$$.Execution.Id",
            "$v.a",
            "$.l.length()",
        ])
        .to_owned()
    }

    fn reference(&mut self) -> String {
        self.one(&["$.a", "$.a.b[0]", "$['a']['b c']"]).to_owned()
    }

    fn pass(&mut self) -> Value {
        let mut state = json!({"Type": "Pass"});
        if !self.jsonata {
            match self.below(3) {
                0 => state["Result"] = json!({"a": [1, null]}),
                1 => state["Parameters"] = self.template("input"),
                _ => state["InputPath"] = json!(self.path()),
            }
            if self.coin() {
                state["ResultPath"] = json!(self.reference());
            }
        }
        state
    }

    fn wait(&mut self) -> Value {
        match (self.below(4), self.jsonata) {
            (0, _) => json!({"Type": "Wait", "Seconds": self.below(100)}),
            (1, _) => json!({"Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z"}),
            (_, true) => json!({"Type": "Wait", "Seconds": "{% $states.input.n %}"}),
            (2, false) => json!({"Type": "Wait", "SecondsPath": self.reference()}),
            (_, false) => json!({"Type": "Wait", "TimestampPath": self.reference()}),
        }
    }

    fn succeed(&mut self) -> Value {
        let mut state = json!({"Type": "Succeed"});
        if self.jsonata {
            state["Output"] = self.template("input");
        } else if self.coin() {
            state["OutputPath"] = json!(self.path());
        }
        state
    }

    fn fail(&mut self) -> Value {
        match (self.coin(), self.jsonata) {
            (true, _) => json!({"Type": "Fail", "Error": "E", "Cause": "c"}),
            (false, true) => json!({"Type": "Fail", "Error": "{% 'E' %}", "Cause": "c"}),
            (false, false) => json!({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.c)"}),
        }
    }

    fn choice(&mut self, next: &str, first: &str) -> Value {
        let rules: Vec<Value> = (0..=self.below(3))
            .map(|_| {
                let mut rule = self.rule(2);
                rule["Next"] = json!(if self.coin() { next } else { first });
                rule
            })
            .collect();
        json!({"Type": "Choice", "Choices": rules, "Default": next})
    }

    fn rule(&mut self, depth: usize) -> Value {
        if self.jsonata {
            let condition = self.one(&["{% $states.input.n > 1 %}", "{% $exists($states.input.a) and $v = 1 %}"]);
            return json!({ "Condition": condition });
        }
        match self.below(if depth > 0 { 8 } else { 5 }) {
            0 => json!({"Variable": self.path(), "NumericGreaterThan": 1.5}),
            1 => json!({"Variable": self.path(), "StringEqualsPath": "$.b"}),
            2 => json!({"Variable": self.path(), "IsPresent": true}),
            3 => json!({"Variable": self.path(), "TimestampLessThan": "2030-01-01T00:00:00Z"}),
            4 => json!({"Variable": self.path(), "StringMatches": "a*"}),
            5 => json!({"And": [self.rule(depth - 1), self.rule(depth - 1)]}),
            6 => json!({"Or": [self.rule(depth - 1)]}),
            _ => json!({"Not": self.rule(depth - 1)}),
        }
    }

    fn task(&mut self) -> Value {
        let (resource, arguments) = match self.below(8) {
            0 => ("lambda:invoke", json!({"FunctionName": "f", "Payload": {"a": 1}})),
            1 => ("sqs:sendMessage", json!({"QueueUrl": "q", "MessageBody": "b"})),
            2 => ("sns:publish", json!({"TopicArn": "t", "Message": {"a": 1}})),
            3 => ("dynamodb:putItem", json!({"TableName": "T", "Item": {"id": "a"}})),
            4 => ("states:startExecution.sync:2", json!({"StateMachineArn": "m"})),
            5 => ("aws-sdk:s3:getObject", json!({"Bucket": "b", "Key": "k"})),
            6 => ("events:putEvents", json!({"Entries": []})),
            _ => return json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f"}),
        };
        let field = if self.jsonata { "Arguments" } else { "Parameters" };
        let account = self.one(&["::", "eu-west-1:123456789012:"]);
        let mut state =
            json!({"Type": "Task", "Resource": format!("arn:aws:states:{account}{resource}"), field: arguments});
        if self.coin() {
            state["TimeoutSeconds"] = json!(10);
            state["HeartbeatSeconds"] = json!(5);
        }
        state
    }

    fn parallel(&mut self, depth: usize) -> Value {
        let branches: Vec<Value> = (0..=self.below(2)).map(|_| self.flow(depth - 1)).collect();
        json!({"Type": "Parallel", "Branches": branches})
    }

    fn map(&mut self, depth: usize) -> Value {
        let mut processor = self.flow(depth - 1);
        let distributed = self.coin();
        if distributed {
            processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
        }
        let mut state = json!({"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 2});
        if self.jsonata {
            state["Items"] = json!("{% $states.input.l %}");
            state["ItemSelector"] = self.template("input");
        } else {
            state["ItemsPath"] = json!(self.reference());
            state["ItemSelector"] = json!({"v.$": "$$.Map.Item.Value"});
        }
        if distributed && self.coin() {
            state["ItemBatcher"] = json!({"MaxItemsPerBatch": 10});
            state["ToleratedFailurePercentage"] = json!(5.5);
        }
        state
    }

    /// The fields of states that call or run something.
    fn results(&mut self, state: &mut Value, next: Option<&String>) {
        if self.coin() {
            state["Retry"] = json!([{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 2, "BackoffRate": 1.5}, {"ErrorEquals": ["States.ALL"]}]);
        }
        if let Some(next) = next
            && self.coin()
        {
            let mut catcher = json!({"ErrorEquals": ["States.ALL"], "Next": next});
            if self.jsonata {
                catcher["Output"] = self.template("errorOutput");
            } else {
                catcher["ResultPath"] = json!("$.error");
            }
            state["Catch"] = json!([catcher]);
        }
        if self.coin() {
            state["Assign"] = self.template("result");
        }
        if !self.jsonata && self.coin() {
            state["ResultSelector"] = self.template("result");
            state["ResultPath"] = json!(self.reference());
        }
    }

    /// Changes one thing, so that AWS's documentation calls the definition wrong. None: the change that was drawn does not fit it.
    #[allow(dead_code, reason = "not every test that makes definitions spoils them")]
    pub(crate) fn spoil(&mut self, definition: &mut Value) -> Option<&'static str> {
        let start = definition["StartAt"].as_str()?.to_owned();
        let drawn = self.below(CHANGES);
        if drawn < ON_TOP {
            return spoil_top(drawn, definition.as_object_mut()?);
        }
        let state = definition["States"].get_mut(&start)?.as_object_mut()?;
        let kind = state.get("Type")?.as_str()?.to_owned();
        match drawn {
            5..=10 => spoil_frame(drawn, state),
            _ => spoil_work(drawn, &kind, self.jsonata, state),
        }
    }
}

/// The number of changes to the top level.
#[allow(dead_code, reason = "as above")]
const ON_TOP: usize = 5;

#[allow(dead_code, reason = "as above")]
fn spoil_top(drawn: usize, root: &mut Map<String, Value>) -> Option<&'static str> {
    let (field, value, change) = match drawn {
        0 => ("StartAt", json!("nowhere"), "a start that is not there"),
        1 => ("Unknown", json!(1), "an unknown field on top"),
        2 => ("QueryLanguage", json!("JMESPath"), "an unknown language"),
        3 => ("Version", json!("3.0"), "an unknown version"),
        _ => {
            let states = root.get_mut("States")?.as_object_mut()?;
            states.insert("Lost".to_owned(), json!({"Type": "Succeed"}));
            return Some("a state that nobody reaches");
        }
    };
    root.insert(field.to_owned(), value);
    Some(change)
}

/// Changes of the fields that all states have.
#[allow(dead_code, reason = "as above")]
fn spoil_frame(drawn: usize, state: &mut Map<String, Value>) -> Option<&'static str> {
    let (next, end) = (state.contains_key("Next"), state.contains_key("End"));
    let (field, value, change) = match drawn {
        5 => {
            state.remove("Type");
            return Some("no type");
        }
        6 => ("type", json!("Pass"), "a field in small letters"),
        7 => ("Type", json!("Loop"), "an unknown type"),
        8 if next => ("End", json!(true), "a next and an end"),
        9 if next || end => {
            state.remove("Next");
            state.remove("End");
            return Some("neither next nor end");
        }
        10 if next => ("Next", json!("nowhere"), "a next that is not there"),
        _ => return None,
    };
    state.insert(field.to_owned(), value);
    Some(change)
}

/// Changes of the fields that some types have.
#[allow(dead_code, reason = "as above")]
fn spoil_work(drawn: usize, kind: &str, jsonata: bool, state: &mut Map<String, Value>) -> Option<&'static str> {
    let is = |kinds: &[&str]| kinds.contains(&kind);
    let (field, value, change) = match drawn {
        11 if !is(&["Task"]) => ("TimeoutSeconds", json!(1), "a timeout of something that has none"),
        12 if !is(&["Task", "Parallel", "Map"]) => ("Catch", json!([]), "a catcher of something that has none"),
        13 if is(&["Task"]) => {
            state.remove("Resource");
            return Some("no resource");
        }
        14 if is(&["Task"]) => (
            "Resource",
            json!("arn:aws:states:::lambda:fly"),
            "an integration that there is not",
        ),
        15 if is(&["Task", "Parallel", "Map"]) => (
            "Retry",
            json!([{"ErrorEquals": ["States.ALL", "E"]}]),
            "all errors and one more",
        ),
        16 if jsonata && is(&["Pass", "Wait", "Task", "Parallel", "Map"]) => {
            ("Output", json!("{% 1 +"), "an expression that is not closed")
        }
        17 if jsonata && is(&["Pass", "Wait"]) => {
            ("Output", json!("{% $states.result %}"), "a result where there is none")
        }
        18 if !jsonata && is(&["Pass", "Task", "Parallel", "Map"]) => {
            ("ResultPath", json!("$.a[*]"), "a result in many places")
        }
        19 if !is(&["Fail"]) => {
            let path = if jsonata { "$" } else { "a.b" };
            ("InputPath", json!(path), "a path of the other language, or none")
        }
        _ => return None,
    };
    state.insert(field.to_owned(), value);
    Some(change)
}
