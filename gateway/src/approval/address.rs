use sluice_aws::Secret;

/// The place that a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address<'a> {
    /// `/{secret}`: the link of a mail.
    Link(Secret),
    /// `/{approval id}/{secret}`: the same for a link that is known; else one of mails as they were before they had codes,
    /// which shows, and decides nothing.
    Old(&'a str, Secret),
}

impl Address<'_> {
    pub(super) fn secret(&self) -> &Secret {
        match self {
            Address::Link(secret) | Address::Old(_, secret) => secret,
        }
    }

    /// Reads a path; `None` for one that no mail holds.
    pub(super) fn parse(path: &str) -> Option<Address<'_>> {
        let path = path.strip_prefix('/')?;
        match path.split_once('/') {
            None => secret(path).map(Address::Link),
            Some((id, text)) => is_id(id)
                .then_some(())
                .and(secret(text))
                .map(|secret| Address::Old(id, secret)),
        }
    }
}

fn secret(text: &str) -> Option<Secret> {
    Secret::is_well_formed(text).then(|| Secret::from_link(text))
}

/// Tells whether a text can be an approval's id.
pub(super) fn is_id(text: &str) -> bool {
    (3..=100).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_link_an_old_link_or_nothing() {
        let secret = Secret::from_bytes([9; 32]);
        let text = secret.reveal().to_owned();
        let check = |path: &str, expected: Option<Address<'_>>| assert_eq!(Address::parse(path), expected, "{path}");
        check(&format!("/{text}"), Some(Address::Link(secret.clone())));
        check(&format!("/s-1.1/{text}"), Some(Address::Old("s-1.1", secret)));
        for nothing in [
            String::new(),
            "/".to_owned(),
            text.clone(),
            format!("/{text}/"),
            format!("/{text}="),
            format!("/{}", &text[1..]),
            format!("/s/{text}"),
            format!("/s-1%2e1/{text}"),
            format!("/a/b/{text}"),
            "/favicon.ico".to_owned(),
        ] {
            check(&nothing, None);
        }
    }
}
