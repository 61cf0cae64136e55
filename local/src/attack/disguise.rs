//! The shapes in which a link arrives after mail systems have handled it. Pure.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A link as something made it, and where whoever follows it ends up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disguised {
    /// The thing that did it.
    pub(super) by: &'static str,
    /// The address that is asked in the end.
    pub(super) address: String,
}

/// All of them.
pub(super) fn all(link: &str) -> Vec<Disguised> {
    let joined = |extra: &str| match link.contains('?') {
        true => format!("{link}&{extra}"),
        false => format!("{link}?{extra}"),
    };
    let quoted = quoted_printable(link);
    let made = [
        ("wrapped at 76 characters", first_line(link, 76)),
        (
            "wrapped at 998 characters",
            first_line(&format!("{}{link}", " ".repeat(960)), 998),
        ),
        ("quoted-printable, decoded", decode_quoted_printable(&quoted)),
        ("quoted-printable, not decoded", without_breaks(&quoted)),
        ("HTML: &amp; left as it is", joined("decision=approve&amp;confirm=1")),
        ("HTML: taken with its closing mark", format!("{link}%3E")),
        ("a sentence's full stop taken along", format!("{link}.")),
        (
            "tracking parameters",
            joined("utm_source=mail&utm_medium=email&mc_eid=0a1b2c3d4e&fbclid=IwAR0"),
        ),
        ("Safe Links", unwrap_url_parameter(&safe_links(link))),
        (
            "Safe Links, twice",
            unwrap_url_parameter(&unwrap_url_parameter(&safe_links(&safe_links(link)))),
        ),
        ("Proofpoint's rewriting", unwrap_url_parameter(&proofpoint(link))),
        ("a redirect that adds a decision", joined("decision=approve")),
        (
            "a redirect that adds a rejection",
            joined("decision=reject&reason=spam"),
        ),
        ("all in lower case", lower_case_path(link)),
        ("a text fragment", format!("{link}#:~:text=Approve")),
        ("a slash at its end", format!("{link}/")),
        ("path percent-encoded", percent_encoded_path(link)),
    ];
    made.into_iter()
        .map(|(by, address)| Disguised { by, address })
        .collect()
}

/// The part of a line that is left on it.
fn first_line(line: &str, width: usize) -> String {
    line.chars().take(width).collect::<String>().trim_start().to_owned()
}

/// Writes text as a mail's quoted-printable body: `=` and what is no ASCII as hex, lines of at most 76 characters.
fn quoted_printable(text: &str) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for byte in text.bytes() {
        let piece = match byte {
            b'=' | 0..=31 | 127.. => format!("={byte:02X}"),
            _ => char::from(byte).to_string(),
        };
        if column + piece.len() > 75 {
            out.push_str("=\r\n");
            column = 0;
        }
        column += piece.len();
        out.push_str(&piece);
    }
    out
}

fn decode_quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    percent_decode_str(&joined.replace('%', "%25").replace('=', "%"))
        .decode_utf8_lossy()
        .into_owned()
}

/// Undecoded: what is left when the soft breaks are taken for ends of the line, and joined.
fn without_breaks(text: &str) -> String {
    text.replace("\r\n", "")
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn safe_links(link: &str) -> String {
    let rest = "data=05%7C02%7Cadmin%40example.com%7C0%7C0&sdata=x%3D&reserved=0";
    format!(
        "https://nam02.safelinks.protection.outlook.com/?url={}&{rest}",
        escaped(link)
    )
}

fn proofpoint(link: &str) -> String {
    format!(
        "https://urldefense.proofpoint.com/v2/url?url={}&d=DwMFaQ&c=x",
        escaped(link)
    )
}

/// The address to which the rewriter sends whoever follows: what it took in as `url`.
fn unwrap_url_parameter(rewritten: &str) -> String {
    let query = rewritten.split_once('?').map_or("", |(_, query)| query);
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "url");
    found.map_or_else(String::new, |(_, url)| url.into_owned())
}

fn lower_case_path(link: &str) -> String {
    link.to_ascii_lowercase()
}

fn percent_encoded_path(link: &str) -> String {
    let start = link.find("://").map_or(0, |at| at + 3);
    match link[start..].find('/') {
        None => link.to_owned(),
        Some(slash) => {
            let (head, path) = link.split_at(start + slash + 1);
            let hex: String = path.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("{head}{hex}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "http://127.0.0.1:4568/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456";

    fn by(link: &str, name: &str) -> String {
        let found = all(link).into_iter().find(|one| one.by == name);
        found.unwrap_or_else(|| panic!("no {name}")).address
    }

    #[test]
    fn what_is_rewritten_leads_back_to_the_link() {
        for name in [
            "Safe Links",
            "Safe Links, twice",
            "Proofpoint's rewriting",
            "quoted-printable, decoded",
        ] {
            assert_eq!(by(LINK, name), LINK, "{name}");
            let with_query = format!("{LINK}?decision=approve&x=%20");
            assert_eq!(by(&with_query, name), with_query, "{name}");
        }
    }

    #[test]
    fn what_is_broken_is_broken_as_mail_breaks_it() {
        assert_eq!(by(LINK, "wrapped at 76 characters"), LINK[..76]);
        assert_eq!(by(LINK, "wrapped at 998 characters"), LINK[..38]);
        assert!(by(&format!("{LINK}?a=b"), "quoted-printable, not decoded").contains("=3D"));
        assert_eq!(by("http://h/ab", "path percent-encoded"), "http://h/%61%62");
    }
}
