//! Bytes of a process's output to lines that are safe to show. Pure.

/// The longest line in bytes; the rest of it is cut.
pub(crate) const MAX_LINE_BYTES: usize = 16 * 1024;

/// Cuts a stream of bytes into lines, whatever the pieces it comes in.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    partial: Vec<u8>,
    /// The bytes of the current line that were over [`MAX_LINE_BYTES`].
    cut: usize,
}

impl LineSplitter {
    /// Gives every line that ends in `bytes` to `emit`.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut emit: impl FnMut(String)) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.append(&rest[..end]);
            rest = &rest[end + 1..];
            emit(self.take());
        }
        self.append(rest);
    }

    /// The line that has not ended yet, if there is one.
    pub(crate) fn finish(&mut self) -> Option<String> {
        (!self.partial.is_empty()).then(|| self.take())
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = MAX_LINE_BYTES - self.partial.len();
        let kept = bytes.len().min(room);
        self.partial.extend_from_slice(&bytes[..kept]);
        self.cut += bytes.len() - kept;
    }

    fn take(&mut self) -> String {
        let mut line = printable(&String::from_utf8_lossy(&self.partial));
        if self.cut > 0 {
            line.push_str(&format!(" [{} more bytes]", self.cut));
        }
        self.partial.clear();
        self.cut = 0;
        line
    }
}

/// The text without terminal escape sequences and control characters; tabs stay.
fn printable(text: &str) -> String {
    let text = text.trim_end_matches('\r');
    if !text.chars().any(|c| c.is_control() && c != '\t') {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\t' => shown.push(c),
            c if c.is_control() => {}
            c => shown.push(c),
        }
    }
    shown
}

/// Skips what follows an escape character: a control sequence (`ESC [ ... letter`), a string
/// (`ESC ] ... BEL` or `ESC \`), or one or two characters.
fn skip_escape(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => skip_control_sequence(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let mut previous = ' ';
            for c in chars.by_ref() {
                if c == '\u{7}' || (previous == '\u{1b}' && c == '\\') {
                    return;
                }
                previous = c;
            }
        }
        Some(' '..='/') => {
            chars.next();
        }
        Some(_) | None => {}
    }
}

fn skip_control_sequence(chars: &mut std::str::Chars<'_>) {
    for c in chars.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]], lines: &[&str], partial: Option<&str>) {
        let mut splitter = LineSplitter::default();
        let mut seen = Vec::new();
        for piece in pieces {
            splitter.feed(piece, |line| seen.push(line));
        }
        assert_eq!(seen, lines, "{pieces:?}");
        assert_eq!(splitter.finish().as_deref(), partial, "{pieces:?}");
    }

    #[test]
    fn lines_are_whole_whatever_the_pieces() {
        check(&[b"a\nb\n"], &["a", "b"], None);
        check(&[b"a", b"b\nc"], &["ab"], Some("c"));
        check(&[b"\n\n"], &["", ""], None);
        check(&[b"a\r\n"], &["a"], None);
        check(&[b"\xc3", b"\xa9\n"], &["é"], None);
        check(&[b""], &[], None);
    }

    #[test]
    fn what_a_terminal_would_obey_is_left_out() {
        check(&[b"\x1b[31mred\x1b[0m\n"], &["red"], None);
        check(&[b"\x1b]0;title\x07text\n"], &["text"], None);
        check(&[b"\x1b]8;;http://x\x1b\\link\n"], &["link"], None);
        check(&[b"\x1b(Bplain\x1bcreset\n"], &["plainreset"], None);
        check(&[b"a\tb\x00\x08c\rd\n"], &["a\tbcd"], None);
        check(&[b"bad \xff byte\n"], &["bad \u{fffd} byte"], None);
        check(&[b"open \x1b[12\n"], &["open "], None);
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let long = vec![b'x'; MAX_LINE_BYTES + 5];
        let expected = format!("{} [5 more bytes]", "x".repeat(MAX_LINE_BYTES));
        check(&[&long, b"\nnext\n"], &[&expected, "next"], None);
    }
}
