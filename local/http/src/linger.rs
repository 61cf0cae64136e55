//! The end of a connection, so that its last answer is read.
//!
//! A socket that is closed while bytes of the client lie unread in it resets the connection, and the client then loses
//! the answer that it has not read yet. So the writing side is shut, and what still comes is read and dropped for a while.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The time that a client has to read the last answer and to close.
const LINGER: Duration = Duration::from_secs(2);

/// The most bytes that are still read from it.
const MAX_DROPPED: usize = 64 * 1024 * 1024;

/// The answer to a connection for which there is no place, whose client is to come back in so many seconds.
fn no_place(seconds: u64) -> String {
    let body = "{\"Message\":\"Too many connections; try again in some seconds.\"}";
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: {seconds}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Ends the writing side and waits for the peer's end.
pub(crate) async fn linger(socket: &mut TcpStream) {
    let ended = async {
        socket.shutdown().await?;
        let mut dropped = 0;
        let mut chunk = [0; 4096];
        while dropped < MAX_DROPPED {
            match socket.read(&mut chunk).await? {
                0 => break,
                count => dropped += count,
            }
        }
        std::io::Result::Ok(())
    };
    // a peer that has gone, or that stays too long, has had its answer
    let _ = tokio::time::timeout(LINGER, ended).await;
}

/// Sends the answer that there is no place.
pub(crate) async fn turn_away(mut socket: TcpStream, seconds: u64) {
    if socket.write_all(no_place(seconds).as_bytes()).await.is_ok() {
        linger(&mut socket).await;
    }
}

/// The same without waiting for anything: a fresh socket has room for it. What has come already is read, since it would cost the
/// client the answer; what it has still to send may.
pub(crate) fn turn_away_at_once(socket: TcpStream, seconds: u64) {
    let written = socket.into_std().and_then(|mut socket| {
        socket.write_all(no_place(seconds).as_bytes())?;
        socket.shutdown(Shutdown::Write)?;
        // it does not block: an error is that there is no more
        let _ = socket.read(&mut [0; 16 * 1024]);
        Ok(())
    });
    if let Err(error) = written {
        tracing::debug!(%error, "a connection was closed without a word");
    }
}
