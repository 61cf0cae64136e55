//! The mails to approvers. Pure: what is asked goes in, subject and text come out.
//!
//! Text of strangers is cut, made visible where it hides, and defanged: the only link of a mail is its own. Lines stay below 76
//! characters where the words are ours, and what is longer is broken with an indent, so that nobody else can begin a line.

mod defang;
mod digest;
mod question;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use defang::shown;
pub(crate) use digest::{Digest, DigestRow};
pub(crate) use question::{Occasion, Question};

/// A plain-text mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// ASCII, one line, below 100 characters.
    pub(crate) subject: String,
    /// Lines below 998 bytes.
    pub(crate) text: String,
}

/// The way from a mail to its page.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    /// The page's address, with a secret of this mail's own.
    pub(crate) link: &'a str,
    /// The code that the page asks for, if it does.
    pub(crate) code: Option<&'a str>,
    /// The address that the mail goes to.
    pub(crate) approver: &'a str,
}
