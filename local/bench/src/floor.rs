//! The most that the machine can do: figures of Sluice are read beside these, taken in the same run.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::cli::{Cli, Peer};
use crate::error::BenchError;
use crate::load::{FLOOR, Floor, Load, line, many, one_at_a_time, row};
use crate::support::good_submission;
use crate::wire::{Wire, length_of_request};

/// An answer's body, about as long as that about a stored submission.
const BODY: &str = r#"{"id":"00000000-0000-7000-8000-000000000000","status":"stored","entry":"floor@example.com"}"#;

/// The longest that each figure of a peer takes.
const PEER_LIMIT: Duration = Duration::from_secs(30);

/// Exchanges over the loopback, and syncs of the disk.
pub(crate) fn floor(cli: &Cli) -> Result<(), BenchError> {
    let url = serve_nothing()?;
    one_at_a_time(
        "floor: exchange over the loopback",
        &url,
        Load::of(cli.scaled(3_000)),
        submit,
    )?;
    let exchanges = many(
        "floor: exchange over the loopback",
        &url,
        Load::of(cli.scaled(100_000)),
        submit,
    )?;
    let syncs = syncs(&cli.directory(), cli.scaled(2_000))?;
    // the first measurement stands
    let _ = FLOOR.set(Floor { exchanges, syncs });
    Ok(())
}

/// The load of the function URL on another server.
pub(crate) fn peer(cli: &Cli, peer: &Peer) -> Result<(), BenchError> {
    let load = |count| Load {
        count: cli.scaled(count),
        limit: PEER_LIMIT,
    };
    one_at_a_time(&peer.name, &peer.url, load(1_000), submit)?;
    many(&peer.name, &peer.url, load(15_000), submit)?;
    Ok(())
}

fn submit(wire: &mut Wire, n: usize, _: &mut crate::load::Patience) -> crate::load::Taken {
    let began = Instant::now();
    let (status, body) = wire.put_json(&good_submission(&format!("peer{n}")))?;
    if !(200..300).contains(&status) {
        let what = format!("a PUT of a submission to {} was not accepted", wire.url());
        return Err(BenchError::Answer { what, status, body });
    }
    Ok(began.elapsed())
}

/// A server that answers everything at once, on threads that end with the program. Answers its URL.
fn serve_nothing() -> Result<String, BenchError> {
    let unreachable = |source| BenchError::Unreachable {
        url: "http://127.0.0.1:0/".to_owned(),
        source,
    };
    let listener = TcpListener::bind("127.0.0.1:0").map_err(unreachable)?;
    let url = format!("http://{}/", listener.local_addr().map_err(unreachable)?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // a connection that ends, ends its thread
            std::thread::spawn(move || answer_all(stream));
        }
    });
    Ok(url)
}

fn answer_all(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let head = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length:";
    let answer = format!("{head} {}\r\n\r\n{BODY}", BODY.len());
    let (mut received, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        while length_of_request(&received).is_none_or(|length| received.len() < length) {
            match stream.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(read) => received.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        received.clear();
        stream.write_all(answer.as_bytes())?;
    }
}

/// Appends of 4 KB, each of them synced. Answers how many a second.
fn syncs(directory: &Path, count: usize) -> Result<f64, BenchError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| BenchError::Disk { path, source }
    };
    let directory = tempfile::tempdir_in(directory).map_err(at(directory))?;
    let path = directory.path().join("floor");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(at(&path))?;
    let mut times = Vec::with_capacity(count);
    let began = Instant::now();
    for _ in 0..count {
        let one = Instant::now();
        file.write_all(&[7; 4_096])
            .and_then(|()| file.sync_data())
            .map_err(at(&path))?;
        times.push(one.elapsed());
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    line("floor: appends of 4 KB, each synced", rate, "/s");
    row("floor: append and sync", &mut times);
    Ok(rate)
}
