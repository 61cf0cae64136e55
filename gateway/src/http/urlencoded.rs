use std::collections::HashSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::problem::{Kind, Problem};

/// The most parameters that are read; a submission has three.
pub const PARAMETER_LIMIT: usize = 100;

/// All but what a query string may hold as it is (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value as it stands in a query string.
pub(crate) fn escaped(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

/// Reads `name=value&...` strictly: a broken escape, bytes that are no UTF-8, a repeated name or too many parameters
/// are refused with their place, instead of being guessed at. `what` names the source in words.
pub(crate) fn decode(what: &str, raw: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    let mut seen = HashSet::new();
    let mut pairs = Vec::new();
    for part in raw.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        let number = pairs.len() + 1;
        if number > PARAMETER_LIMIT {
            let what = sentence_start(what);
            return Err(bad(format!("{what} has more than {PARAMETER_LIMIT} parameters.")));
        }
        let split = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        let name = unescape(&part[..split])
            .map_err(|fault| bad(format!("In {what}, the name of parameter {number} {fault}.")))?;
        let value = unescape(part.get(split + 1..).unwrap_or_default()).map_err(|fault| {
            bad(format!(
                "In {what}, the value of {name:?} (parameter {number}) {fault}."
            ))
        })?;
        if !seen.insert(name.clone()) {
            return Err(bad(format!(
                "In {what}, the parameter {name:?} is given more than once."
            )));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn bad(detail: String) -> Problem {
    Problem::new(Kind::BadRequest, detail)
}

fn unescape(raw: &[u8]) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        let (decoded, length) = match byte {
            b'+' => (b' ', 1),
            b'%' => match (hex(raw.get(at + 1)), hex(raw.get(at + 2))) {
                (Some(high), Some(low)) => (high * 16 + low, 3),
                _ => {
                    return Err(format!(
                        "has a % that two hexadecimal digits must follow, at byte {}",
                        at + 1
                    ));
                }
            },
            other => (*other, 1),
        };
        bytes.push(decoded);
        at += length;
    }
    String::from_utf8(bytes).map_err(|error| {
        format!(
            "is not valid UTF-8 once unescaped, after {} good bytes",
            error.utf8_error().valid_up_to()
        )
    })
}

/// Words with a capital at the start.
fn sentence_start(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}

fn hex(digit: Option<&u8>) -> Option<u8> {
    char::from(*digit?)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &[u8], expected: Result<&[(&str, &str)], &str>) {
        let got = decode("the query string", raw);
        match expected {
            Ok(pairs) => {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect();
                assert_eq!(got, Ok(pairs));
            }
            Err(part) => {
                let problem = got.unwrap_err();
                assert_eq!(problem.kind, Kind::BadRequest);
                assert!(problem.detail.contains(part), "{:?} lacks {part:?}", problem.detail);
            }
        }
    }

    #[test]
    fn well_formed_parameters_are_read() {
        check(b"", Ok(&[]));
        check(b"&&a=1&", Ok(&[("a", "1")]));
        check(
            b"a=1+2%2B3&b&c=&=d",
            Ok(&[("a", "1 2+3"), ("b", ""), ("c", ""), ("", "d")]),
        );
        check("n=%C3%A4ä&x=a=b".as_bytes(), Ok(&[("n", "ää"), ("x", "a=b")]));
        check(b"n=%00%3Cscript%3E", Ok(&[("n", "\0<script>")]));
    }

    #[test]
    fn what_is_escaped_is_read_again() {
        let value = "a b+c&d=e%ä\0";
        assert_eq!(escaped(value), "a%20b%2Bc%26d%3De%25%C3%A4%00");
        let read = decode("it", format!("v={}", escaped(value)).as_bytes()).unwrap();
        assert_eq!(read, [("v".to_owned(), value.to_owned())]);
    }

    #[test]
    fn rubbish_is_refused_with_its_place() {
        check(b"a=1&email=x%4", Err("the value of \"email\" (parameter 2) has a %"));
        check(b"a=%zz", Err("at byte 1"));
        check(b"%=1", Err("the name of parameter 1 has a %"));
        check(b"a=ok%ff", Err("is not valid UTF-8 once unescaped, after 2 good bytes"));
        check(b"a=\xed\xa0\x80", Err("is not valid UTF-8"));
        check(b"a=1&b=2&a=1", Err("\"a\" is given more than once"));
        check(b"a=1&%61=1", Err("\"a\" is given more than once"));
        let many = |count: usize| (0..count).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        assert_eq!(decode("the body", many(100).as_bytes()).unwrap().len(), 100);
        check(
            many(101).as_bytes(),
            Err("The query string has more than 100 parameters"),
        );
    }
}
