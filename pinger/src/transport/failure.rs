//! The meaning of the errors of the libraries below.

use std::error::Error;
use std::io;

use crate::send_result::{Failure, FailureKind};

/// The failure that `error` is: its kind is that of the innermost cause that has one.
pub(super) fn failure(error: &(dyn Error + 'static)) -> Failure {
    let mut kind = None;
    let mut words: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        kind = kind_of(error).or(kind);
        let text = error.to_string();
        // Wrappers repeat what they wrap; the client's own "client error" says nothing.
        if !text.starts_with("client error") && !words.iter().any(|known| known.contains(&text)) {
            words.push(text);
        }
        cause = error.source();
    }
    let kind = kind.unwrap_or(FailureKind::ConnectionLost);
    if kind == FailureKind::Tls {
        // rustls speaks of certificates and messages, not of what they are for.
        words.insert(0, "no TLS connection".to_owned());
    }
    Failure {
        kind,
        message: words.join(": "),
    }
}

fn kind_of(error: &(dyn Error + 'static)) -> Option<FailureKind> {
    if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
        return error.is_connect().then_some(FailureKind::Connect);
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return Some(if error.is_parse() {
            FailureKind::Protocol
        } else if error.is_timeout() {
            FailureKind::Timeout
        } else {
            FailureKind::ConnectionLost
        });
    }
    if error.is::<rustls::Error>() {
        return Some(FailureKind::Tls);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        // An io::Error hides the error that it wraps: its source is that one's source.
        let wrapped = error.get_ref().and_then(|wrapped| kind_of(wrapped));
        return wrapped.or_else(|| kind_of_io(error.kind()));
    }
    // Neither has a public type.
    match error.to_string().as_str() {
        "dns error" => Some(FailureKind::Dns),
        "tcp connect error" => Some(FailureKind::Connect),
        _ => None,
    }
}

fn kind_of_io(kind: io::ErrorKind) -> Option<FailureKind> {
    match kind {
        io::ErrorKind::ConnectionRefused => Some(FailureKind::ConnectionRefused),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::NotConnected
        | io::ErrorKind::TimedOut => Some(FailureKind::Unreachable),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(FailureKind::ConnectionLost),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    /// An error with a text and a cause.
    #[derive(Debug)]
    struct Wrapped(&'static str, Option<Box<dyn Error + Send + Sync>>);

    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|error| error as _)
        }
    }

    fn check(error: &(dyn Error + 'static), kind: FailureKind, message: &str) {
        let got = failure(error);
        assert_eq!((got.kind, got.message.as_str()), (kind, message));
    }

    #[test]
    fn the_innermost_known_cause_names_the_failure() {
        let io = |kind: io::ErrorKind| Some(io::Error::from(kind).into());
        let tcp = |kind| {
            Wrapped(
                "client error (Connect)",
                Some(Wrapped("tcp connect error", io(kind)).into()),
            )
        };
        check(
            &tcp(io::ErrorKind::ConnectionRefused),
            FailureKind::ConnectionRefused,
            "tcp connect error: connection refused",
        );
        check(
            &tcp(io::ErrorKind::TimedOut),
            FailureKind::Unreachable,
            "tcp connect error: timed out",
        );
        check(
            &tcp(io::ErrorKind::PermissionDenied),
            FailureKind::Connect,
            "tcp connect error: permission denied",
        );
        let tls = rustls::Error::General("no".to_owned());
        let tls = io::Error::new(io::ErrorKind::InvalidData, tls);
        check(&tls, FailureKind::Tls, "no TLS connection: unexpected error: no");
        check(&Wrapped("odd", None), FailureKind::ConnectionLost, "odd");
    }

    #[test]
    fn a_text_is_not_repeated() {
        let inner = Wrapped("no trust", None);
        let outer = Wrapped("handshake: no trust", Some(inner.into()));
        check(&outer, FailureKind::ConnectionLost, "handshake: no trust");
    }
}
