//! A request's body, which may not take for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::{Connection, Limits};

/// The most bytes of a body that are read and dropped so that its client gets to read the answer.
const MAX_DROPPED: u64 = 64 * 1024 * 1024;

/// The reason why a body has no more bytes.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It stood still, or took too long as a whole.
    #[error("the body came too slowly")]
    TooSlow,
    /// It broke off, or is not formed as HTTP says.
    #[error("the body broke off: {0}")]
    Broken(#[source] hyper::Error),
}

/// The body of a request. One that its handler does not read to its end is read after the answer is made, so that the
/// next request can follow.
#[derive(Debug)]
pub struct RequestBody {
    /// `None` once it has ended or failed.
    inner: Option<Incoming>,
    connection: Arc<Connection>,
    limits: Arc<Limits>,
    timer: Option<Pin<Box<Sleep>>>,
    /// The time at which the whole body must be there.
    deadline: Option<Instant>,
}

impl RequestBody {
    pub(crate) fn new(inner: Incoming, connection: &Arc<Connection>, limits: &Arc<Limits>) -> Self {
        Self {
            inner: (!inner.is_end_stream()).then_some(inner),
            connection: Arc::clone(connection),
            limits: Arc::clone(limits),
            timer: None,
            deadline: None,
        }
    }

    /// Returns `Ready` once the time for the next byte is over.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| {
            let now = Instant::now();
            let deadline = *self.deadline.get_or_insert(now + self.limits.body);
            Box::pin(tokio::time::sleep_until(deadline.min(now + self.limits.stall)))
        });
        timer.as_mut().poll(cx)
    }

    fn fail(&mut self, error: ReadError) -> Poll<Option<Result<Frame<Bytes>, ReadError>>> {
        self.inner = None;
        self.connection.spoil();
        self.connection.busy();
        Poll::Ready(Some(Err(error)))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = ReadError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ReadError>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        let frame = match Pin::new(inner).poll_frame(cx) {
            Poll::Pending => {
                this.connection.waits_for_body();
                return match this.poll_late(cx) {
                    Poll::Ready(()) => this.fail(ReadError::TooSlow),
                    Poll::Pending => Poll::Pending,
                };
            }
            Poll::Ready(frame) => frame,
        };
        this.timer = None;
        match frame {
            Some(Ok(frame)) => {
                if this.inner.as_ref().is_none_or(Incoming::is_end_stream) {
                    this.inner = None;
                    this.connection.busy();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => this.fail(ReadError::Broken(error)),
            None => {
                this.inner = None;
                this.connection.busy();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let Some(rest) = self.inner.take() {
            self.connection.keep_unread(rest);
            self.connection.busy();
        }
    }
}

/// Reads what a handler left of a body, and drops it. `false` if it is too much or takes too long.
pub(crate) async fn drain(rest: Incoming, connection: &Arc<Connection>, limits: &Arc<Limits>) -> bool {
    if rest.size_hint().lower() > MAX_DROPPED {
        return false;
    }
    let mut body = RequestBody::new(rest, connection, limits);
    let mut dropped = 0;
    while dropped <= MAX_DROPPED {
        match std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            None => return true,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => dropped += frame.data_ref().map_or(0, |data| data.len() as u64),
        }
    }
    // it must not come back
    body.inner = None;
    false
}
