//! The server, and what it answers.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

/// The time for which an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// An SMTP server, and the address that mails come from.
#[derive(Clone)]
pub struct Server {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Without user and password.
    name: String,
}

/// The address of a server, or of the sender, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// No URL of an SMTP server.
    #[error(
        "--smtp is no URL of an SMTP server ({0}): smtp://HOST:PORT, smtp://USER:PASSWORD@HOST:587?tls=required, or \
         smtps://USER:PASSWORD@HOST"
    )]
    Url(String),
    /// No mail address.
    #[error("--smtp-from {address:?} is no mail address: {reason}")]
    From {
        /// As given.
        address: String,
        /// The problem.
        reason: String,
    },
}

/// The reason why a mail was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotSent {
    pub(crate) reason: String,
    /// Sending it again would be refused again.
    pub(crate) is_final: bool,
}

impl Server {
    /// The server of a URL, and the sender's address.
    ///
    /// # Errors
    /// When either is not what it should be. The message does not repeat the URL, which may hold a password.
    pub fn new(url: &str, from: &str) -> Result<Self, ServerError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let builder = builder.map_err(|error| ServerError::Url(error.to_string()))?;
        let from = Mailbox::from_str(from).map_err(|error| ServerError::From {
            address: from.to_owned(),
            reason: error.to_string(),
        })?;
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        Ok(Self {
            transport: builder.timeout(Some(PATIENCE)).build(),
            from,
            name: host.split(['/', '?']).next().unwrap_or(host).to_owned(),
        })
    }

    /// The server's host and port.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn from(&self) -> &Mailbox {
        &self.from
    }

    pub(crate) async fn send(&self, message: Message) -> Result<(), NotSent> {
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(NotSent {
                is_final: error.is_permanent(),
                reason: in_words(&error),
            }),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("name", &self.name)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// An error and what caused it.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_without_its_password() {
        fn check(url: &str, expected: &str) {
            let server = Server::new(url, "sluice@localhost").unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(server.name(), expected);
            assert!(!format!("{server:?}").contains("secret"));
        }
        check("smtp://127.0.0.1:1025", "127.0.0.1:1025");
        check("smtp://user:secret@mail.example:587?tls=required", "mail.example:587");
        check("smtps://user:secret@mail.example", "mail.example");
    }

    #[test]
    fn what_is_no_server_or_no_address_is_refused_in_words() {
        fn check(url: &str, from: &str, expected: &str) {
            let refused = Server::new(url, from).expect_err(url).to_string();
            assert!(refused.contains(expected) && !refused.contains("secret"), "{refused}");
        }
        check("http://user:secret@mail.example", "a@b.com", "--smtp is no URL");
        check("mail.example:25", "a@b.com", "--smtp is no URL");
        check("smtp://127.0.0.1:1025", "nobody", "--smtp-from \"nobody\"");
    }
}
