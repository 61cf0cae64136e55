//! `sluice evaluate`, the process that makes costly evaluations: what it is asked for and what ends it.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

fn worker() -> Child {
    Command::new(env!("CARGO_BIN_EXE_sluice"))
        .arg("evaluate")
        .env_clear()
        .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

fn ask(worker: &mut Child, source: &str) -> std::io::Result<Value> {
    let question = json!({
        "source": source, "field": "Output", "bindings": [["v", [1, 2, 3]]], "now": 0, "seed": [1, 2],
    });
    let body = question.to_string();
    let (input, output) = (
        worker.stdin.as_mut().expect("a pipe"),
        worker.stdout.as_mut().expect("a pipe"),
    );
    input.write_all(&u32::try_from(body.len()).expect("short").to_le_bytes())?;
    input.write_all(body.as_bytes())?;
    let mut header = [0; 4];
    output.read_exact(&mut header)?;
    let mut answer = vec![0; u32::from_le_bytes(header) as usize];
    output.read_exact(&mut answer)?;
    Ok(serde_json::from_slice(&answer)?)
}

#[test]
fn it_answers_until_nobody_asks_and_dies_of_what_takes_all_memory() {
    let mut first = worker();
    let sum = ask(&mut first, "$sum($map($v, function($x) {$x * 2}))").expect("an answer");
    assert_eq!(sum, json!({"Ok": 12}));
    let failed = ask(&mut first, "$v ~> $nothing()").expect("an answer");
    assert!(failed["Err"].is_string(), "{failed}");
    drop(first.stdin.take());
    assert!(first.wait().expect("ends").success());

    // texts that share nothing: more than the limit
    let mut second = worker();
    let bomb = "$count($map([1..400], function($i) {$pad('x', 1000000)}))";
    let ended = ask(&mut second, bomb);
    if cfg!(target_os = "linux") {
        assert!(ended.is_err(), "{ended:?}");
        assert_eq!(second.wait().expect("ends").signal(), Some(6));
    }
    // a panic here must not leave it behind
    let _ = second.kill();
    let _ = second.wait();
}
