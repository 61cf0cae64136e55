//! HTTP/1 on a listener, within limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::body::drain;
use crate::connection::Phase;
use crate::connection_slots::ConnectionSlots;
use crate::linger::{linger, turn_away, turn_away_at_once};
use crate::stream::Watched;
use crate::{Connection, Limits, RequestBody};

/// The number of connections that are told at a time that there is no place, and given time to read it; more are told and closed.
const TURNED_AWAY: usize = 64;

/// The time that accepting pauses when the machine gives no more descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Whoever answers what a body's sender may fail with.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Serves a listener until `stop` is done, and then lets open requests end for [`Limits::grace`].
///
/// `accepted` makes the handler of one connection: of all its requests, one after the other.
pub async fn serve<A, H, F, B>(
    listener: TcpListener,
    limits: Limits,
    slots: Arc<ConnectionSlots>,
    accepted: A,
    stop: impl Future<Output = ()>,
) where
    A: Fn(SocketAddr, &Arc<Connection>) -> H,
    H: Fn(Request<RequestBody>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut server = Server::new(limits, slots);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = server.tasks.join_next() => {}
            _ = server.ticks.tick(), if !server.tasks.is_empty() => server.slots.close_overdue(&server.limits),
            accepting = listener.accept() => match accepting {
                Ok((socket, peer)) => server.admit(socket, |connection| accepted(peer, connection)),
                Err(error) => server.failed(&error).await,
            },
        }
    }
    drop(listener);
    server.end().await;
}

/// One listener's connections.
struct Server {
    limits: Arc<Limits>,
    builder: http1::Builder,
    slots: Arc<ConnectionSlots>,
    turned_away: Arc<Semaphore>,
    tasks: JoinSet<()>,
    ticks: tokio::time::Interval,
    stopping: watch::Sender<bool>,
    pauses: Arc<Pauses>,
    /// Accepting has failed and was told.
    failing: bool,
}

/// The seconds after which those who are sent away may come back: 2 to 10, so that those who are sent away together do not come
/// back together.
#[derive(Default)]
struct Pauses(AtomicU64);

impl Pauses {
    fn next(&self) -> u64 {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        2 + (count % 9 + 1) * 4 % 9
    }
}

impl Server {
    fn new(limits: Limits, slots: Arc<ConnectionSlots>) -> Self {
        let mut builder = http1::Builder::new();
        // heads are timed with all else; what the peer shuts is kept back where it must be (`Connection::peer_shut`)
        builder
            .max_header_size(limits.head_bytes)
            .max_buf_size(limits.head_bytes)
            .header_read_timeout(None);
        let mut ticks = tokio::time::interval((limits.head / 5).max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            limits: Arc::new(limits),
            builder,
            slots,
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
            tasks: JoinSet::new(),
            ticks,
            stopping: watch::Sender::new(false),
            pauses: Arc::default(),
            failing: false,
        }
    }

    fn admit<H, F, B>(&mut self, socket: TcpStream, handler: impl FnOnce(&Arc<Connection>) -> H)
    where
        H: Fn(Request<RequestBody>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.failing = false;
        // answers are small and single: waiting for more to send only delays them
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY on a connection");
        }
        let connection = Arc::new(Connection::new());
        let Some(slot) = self.slots.take(&connection) else {
            let seconds = self.pauses.next();
            if let Ok(permit) = Arc::clone(&self.turned_away).try_acquire_owned() {
                self.tasks.spawn(async move {
                    turn_away(socket, seconds).await;
                    drop(permit);
                });
            } else {
                turn_away_at_once(socket, seconds);
            }
            return;
        };
        let handler = Arc::new(handler(&connection));
        let limits = Arc::clone(&self.limits);
        let (builder, stopping) = (self.builder.clone(), self.stopping.subscribe());
        let hears_out = self.limits.hears_out;
        let (turned_away, pauses) = (Arc::clone(&self.turned_away), Arc::clone(&self.pauses));
        self.tasks.spawn(async move {
            let unheard = hold(socket, builder, &connection, (stopping, hears_out), |request| {
                respond(
                    Arc::clone(&handler),
                    request,
                    Arc::clone(&connection),
                    Arc::clone(&limits),
                )
            })
            .await;
            drop(slot);
            if let Some(socket) = unheard {
                match turned_away.try_acquire() {
                    Ok(_permit) => turn_away(socket, pauses.next()).await,
                    Err(_) => turn_away_at_once(socket, pauses.next()),
                }
            }
        });
    }

    /// Out of descriptors, most likely: one that is idle makes room.
    async fn failed(&mut self, error: &std::io::Error) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(%error, "a connection could not be accepted; idle ones are closed to make room");
        }
        self.slots.make_room();
        tokio::time::sleep(PAUSE).await;
    }

    async fn end(mut self) {
        self.stopping.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.grace, ended).await.is_err() {
            tracing::warn!("requests were cut off");
        }
    }
}

/// Serves one connection until it ends, has to make room, or the server stops. Gives the socket back if it had to make room
/// before its request was read: its client is still to be told.
async fn hold<S, F, B>(
    mut socket: TcpStream,
    builder: http1::Builder,
    connection: &Connection,
    (mut stopping, hears_out): (watch::Receiver<bool>, bool),
    service: S,
) -> Option<TcpStream>
where
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<B>>,
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<BoxError>,
{
    let unheard = {
        let watched = Watched {
            socket: &mut socket,
            connection,
        };
        let service = service_fn(|request| {
            // at once, and not when the answer is first polled: hyper may read the peer's end in between
            connection.busy();
            let answer = service(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let mut served = pin!(builder.serve_connection(TokioIo::new(watched), service));
        let (mut asked, mut stopped) = (false, false);
        loop {
            tokio::select! {
                biased;
                result = served.as_mut() => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "a connection ended");
                    }
                    break false;
                }
                () = connection.close.notified() => match connection.phase() {
                    // a request came in between
                    Phase::Busy => {}
                    // it has read its answer, or takes too long to
                    Phase::Idle if !asked => {
                        asked = true;
                        served.as_mut().graceful_shutdown();
                    }
                    _ if connection.is_unheard() => break true,
                    _ => return None,
                },
                _ = stopping.wait_for(|stop| *stop), if !stopped && !hears_out => {
                    if connection.phase() == Phase::New {
                        return None;
                    }
                    stopped = true;
                    served.as_mut().graceful_shutdown();
                }
            }
        }
    };
    if unheard {
        return has_request(socket, connection);
    }
    if connection.lingers() {
        tokio::select! {
            () = linger(&mut socket) => {}
            () = connection.close.notified() => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
    None
}

/// The socket of a connection that has begun a request. One that has sent nothing asks for no answer.
fn has_request(socket: TcpStream, connection: &Connection) -> Option<TcpStream> {
    if connection.phase() == Phase::Head {
        return Some(socket);
    }
    let socket = socket.into_std().ok()?;
    // it does not block
    let waits = socket.peek(&mut [0]).is_ok_and(|count| count > 0);
    if waits { TcpStream::from_std(socket).ok() } else { None }
}

/// Answers one request, and sees to it that the next can follow, or that the client knows that it cannot.
async fn respond<H, F, B>(
    handler: Arc<H>,
    request: Request<Incoming>,
    connection: Arc<Connection>,
    limits: Arc<Limits>,
) -> Response<B>
where
    H: Fn(Request<RequestBody>) -> F,
    F: Future<Output = Response<B>>,
{
    // a client that waits to be told to go on is not told so for a body that nobody wants
    let waits = request.headers().contains_key(EXPECT);
    let request = request.map(|body| RequestBody::new(body, &connection, &limits));
    let mut response = handler(request).await;
    let clean = match connection.take_unread() {
        Ok(()) => true,
        Err(None) => false,
        Err(Some(rest)) => !waits && drain(rest, &connection, &limits).await,
    };
    if !clean || !connection.has_more() {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    connection.answered();
    response
}
