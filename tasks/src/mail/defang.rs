use std::fmt::Write as _;

/// Stands for what was cut off.
const CUT: &str = " [...]";

/// Text of a stranger for a mail: at most `limit` characters, on one line, with what hides made visible, and nothing in it
/// that a mail program takes for a link.
pub(crate) fn shown(text: &str, limit: usize) -> String {
    defang(&visible(text, limit))
}

/// Cuts text after `limit` characters, and writes characters that break or turn a line, or show nothing, as escapes.
pub(super) fn visible(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            shown.push_str(CUT);
            break;
        }
        if is_hidden(c) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Controls, and what Unicode calls default ignorable or gives to the direction of text; other spaces than the usual one.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Breaks what mail programs make links of: schemes, the dots of host names, and network paths.
fn defang(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut safe = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let before = at.checked_sub(1).and_then(|before| chars.get(before)).copied();
        let after = chars.get(at + 1).copied();
        match c {
            'h' | 'H' if starts_with_http(&chars[at..]) => {
                safe.push_str("hxxp");
                at += 4;
                continue;
            }
            '.' | '\u{2024}' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' if joins(before, after) => {
                let _ = write!(safe, "[{c}]");
            }
            ':' | '\u{ff1a}' if opens_an_address(before, after) => {
                let _ = write!(safe, "[{c}]");
            }
            // two of them begin a network path
            '\\' if after == Some('\\') => safe.push_str("[\\]"),
            c => safe.push(c),
        }
        at += 1;
    }
    safe
}

fn starts_with_http(chars: &[char]) -> bool {
    let mut letters = chars.iter().map(char::to_ascii_lowercase);
    "http".chars().all(|expected| letters.next() == Some(expected))
}

/// True for a dot within a name: something that may belong to a host name on both sides.
fn joins(before: Option<char>, after: Option<char>) -> bool {
    let names = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '%') || !c.is_ascii();
    before.is_some_and(names) && after.is_some_and(names)
}

/// True for a colon after a scheme or a host, as in `tel:1` and `host:80/`.
fn opens_an_address(before: Option<char>, after: Option<char>) -> bool {
    let path = after.is_some_and(|c| matches!(c, '/' | '\\' | '\u{ff0f}'));
    path || (before.is_some_and(|c| c.is_ascii_alphabetic()) && after.is_some_and(|c| c != ' '))
}
