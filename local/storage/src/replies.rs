//! Responses that are held back until the changes behind them are on disk.

use tokio::sync::oneshot;

/// A response that is held back.
#[derive(Debug)]
pub struct HeldReply<T, E> {
    reply: oneshot::Sender<Result<T, E>>,
    result: Result<T, E>,
}

impl<T, E> HeldReply<T, E> {
    /// Holds a result back from whoever waits for it.
    pub fn new(reply: oneshot::Sender<Result<T, E>>, result: Result<T, E>) -> Self {
        Self { reply, result }
    }

    /// Sends the result; or the failure of the commit, which nobody can tell from a failure of one's own.
    pub fn release<F: Clone>(self, committed: Result<(), &F>)
    where
        E: From<F>,
    {
        // A caller that has gone away needs no answer.
        let _ = self.reply.send(match committed {
            Ok(()) => self.result,
            Err(failure) => Err(failure.clone().into()),
        });
    }
}

/// Sends one held response, of whatever type it is.
type Release<F> = Box<dyn FnOnce(Result<(), &F>) + Send>;

/// The responses of a group of requests, of any types, whose commit may fail with an `F`.
pub struct HeldReplies<F> {
    held: Vec<Release<F>>,
}

impl<F> Default for HeldReplies<F> {
    fn default() -> Self {
        Self { held: Vec::new() }
    }
}

impl<F: Clone + 'static> HeldReplies<F> {
    /// Holds a result back from whoever waits for it.
    pub fn hold<T, E>(&mut self, reply: oneshot::Sender<Result<T, E>>, result: Result<T, E>)
    where
        T: Send + 'static,
        E: From<F> + Send + 'static,
    {
        let held = HeldReply::new(reply, result);
        self.held.push(Box::new(move |committed| held.release(committed)));
    }

    /// Sends all of them, in their order.
    pub fn release(&mut self, committed: Result<(), &F>) {
        for release in self.held.drain(..) {
            release(committed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_fails_is_everybodys_failure() {
        let run = |committed: Result<(), &String>| {
            let mut replies = HeldReplies::<String>::default();
            let ((first, mut one), (second, mut two)) = (oneshot::channel(), oneshot::channel());
            replies.hold::<u32, String>(first, Ok(1));
            replies.hold::<(), String>(second, Err("its own".into()));
            assert!(one.try_recv().is_err(), "held");
            replies.release(committed);
            (one.try_recv().expect("sent"), two.try_recv().expect("sent"))
        };
        assert_eq!(run(Ok(())), (Ok(1), Err("its own".into())));
        let full = "no room".to_owned();
        assert_eq!(run(Err(&full)), (Err(full.clone()), Err(full.clone())));
    }
}
