//! The worker's own side: evaluates what it is asked for until nobody asks any more.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::mpsc;

use rustix::process::{Resource, Rlimit, nice, setrlimit};
use sluice_asl::eval::{EvaluationRequest, JsonataProgram};

use super::frame::{self, WorkerRequest, WorkerResult};

/// The memory that a worker may take, in bytes.
const MEMORY: u64 = 144 << 20;

/// The processor time of a whole worker, in seconds: a second limit beside that of its caller.
const PROCESSOR: u64 = 120;

/// The niceness of a worker: all other processes come first.
const NICE: i32 = 10;

/// The stack for evaluations: expressions and values nest.
const STACK: usize = 16 << 20;

/// The most compiled expressions that are kept.
const PROGRAMS: usize = 64;

/// Answers the questions that come on standard input, on standard output, until that ends. For a process that does nothing
/// else: it limits itself.
///
/// # Errors
/// When the limits cannot be set or the thread not be started.
pub fn serve() -> io::Result<()> {
    limit()?;
    let (questions, asked) = mpsc::channel();
    std::thread::Builder::new()
        .name("sluice-evaluate".into())
        .stack_size(STACK)
        .spawn(move || answer_all(&asked))?;
    let mut input = io::stdin().lock();
    // when the other side is gone, an evaluation under way is of no use: the caller ends the process
    while let Ok(Some(body)) = frame::read(&mut input) {
        if questions.send(body).is_err() {
            break;
        }
    }
    Ok(())
}

fn limit() -> io::Result<()> {
    let both = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(Resource::Data, both(MEMORY))?;
    setrlimit(Resource::Cpu, both(PROCESSOR))?;
    setrlimit(Resource::Core, both(0))?;
    // no reason not to evaluate
    let _ = nice(NICE);
    Ok(())
}

fn answer_all(asked: &mpsc::Receiver<Vec<u8>>) {
    let mut programs = HashMap::new();
    let mut output = io::stdout().lock();
    while let Ok(body) = asked.recv() {
        let Ok(question) = frame::decode::<WorkerRequest>(&body) else {
            break;
        };
        drop(body);
        let answer = answer(&question.into(), &mut programs);
        let sent = frame::encode(&answer).and_then(|frame| {
            output.write_all(&frame)?;
            output.flush()
        });
        if sent.is_err() {
            break;
        }
    }
    std::process::exit(0);
}

fn answer(request: &EvaluationRequest, programs: &mut HashMap<String, JsonataProgram>) -> WorkerResult {
    if !programs.contains_key(&request.source) {
        if programs.len() >= PROGRAMS {
            programs.clear();
        }
        let program = JsonataProgram::parse(&request.source).map_err(|error| error.to_string())?;
        programs.insert(request.source.clone(), program);
    }
    let Some(program) = programs.get(&request.source) else {
        return Err("The expression is gone.".to_owned());
    };
    program.evaluate_request(request).map_err(|error| error.cause)
}
