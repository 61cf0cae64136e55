/// Text from outside, made visible: control characters become their pictures, and what hides or turns text goes.
/// Escaping is the template's business.
pub fn shown(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            c if is_hidden(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Control characters beyond ASCII, what turns the direction of text, and what is drawn as nothing: Unicode's
/// `Default_Ignorable_Code_Point` but joiners and variation selectors, which scripts and emoji need, and three blanks
/// that count as letters or symbols.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_visible() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text:?}");
        check(
            "a\0b\n\u{7f}\u{9b}\u{202e}c",
            "a\u{2400}b\u{240a}\u{2421}\u{fffd}\u{fffd}c",
        );
        check("\u{200b}\u{3164}\u{2800}\u{ad}", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
        check("李 ä <b>", "李 ä <b>");
        // a family is joined, and a script needs its joiner
        check(
            "👨\u{200d}👩 ❤\u{fe0f} می\u{200c}خواهم",
            "👨\u{200d}👩 ❤\u{fe0f} می\u{200c}خواهم",
        );
    }
}
