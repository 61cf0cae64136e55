use textwrap::{Options, WordSplitter};

use super::Access;

/// Characters of a line. Longer ones are broken by mail systems, which write 76.
const WIDTH: usize = 75;

/// The longest subject that SNS takes.
const SUBJECT_LIMIT: usize = 99;

/// Adds a paragraph, whose lines after the first begin with `indent`.
pub(super) fn add(text: &mut String, paragraph: &str, indent: &str) {
    let options = Options::new(WIDTH)
        .subsequent_indent(indent)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(true);
    text.push_str(&textwrap::fill(paragraph, options));
    text.push('\n');
}

/// Adds the way to the page: the link and the code, each on a line of its own. The link is never broken by us.
pub(super) fn add_access(text: &mut String, access: &Access<'_>) {
    text.push_str("\nTo decide, open this page:\n\n");
    text.push_str(access.link);
    text.push('\n');
    let Some(code) = access.code else { return };
    text.push_str("\nIts code:\n\n");
    text.push_str(code);
    text.push_str("\n\n");
    let words = "Whoever opens the link sees the page and decides nothing; deciding needs the code, which stands in this mail only. \
                 Forward neither.";
    add(text, words, "");
}

/// A subject: printable ASCII, cut to what SNS takes.
pub(super) fn subject(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            ' '..='~' => plain.push(c),
            // one mark for a name in another script
            _ if plain.ends_with('?') => {}
            _ => plain.push('?'),
        }
    }
    if plain.len() <= SUBJECT_LIMIT {
        return plain;
    }
    let cut: String = plain.chars().take(SUBJECT_LIMIT - 3).collect();
    format!("{}...", cut.trim_end())
}
