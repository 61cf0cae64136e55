//! Text on a drawing: its width, and what is left of it where there is little room.

/// The width of a text in a sans-serif font of this size, about: fonts differ, and boxes have room to spare.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| advance(character) * size).sum()
}

/// The share of the font's size that a character takes.
fn advance(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.28,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '[' | ']' | '/' | '-' | '"' => 0.38,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
        'A'..='Z' | '&' | '$' => 0.70,
        'a'..='z' | '0'..='9' | '_' | '=' | '<' | '>' | '+' | '·' | '…' => 0.57,
        // half of the scripts of the world are as wide as they are high
        _ => 1.0,
    }
}

/// The text, with its middle left out if it is longer than `most` characters.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let text = visible(text);
    let count = text.chars().count();
    if count <= most {
        return text;
    }
    let tail = (most - 1) / 2;
    let head: String = text.chars().take(most - 1 - tail).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{head}…{end}")
}

/// The text in lines of at most `most` characters, broken at spaces; what is left behind `lines` lines is cut off.
pub(crate) fn wrapped(text: &str, most: usize, lines: usize) -> Vec<String> {
    let text = visible(text);
    let mut done: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match done.last_mut() {
            Some(line) if line.chars().count() + 1 + length <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => done.push(shortened(word, most)),
        }
    }
    if done.len() > lines {
        done.truncate(lines);
        if let Some(last) = done.last_mut() {
            let kept: String = last.chars().take(most - 2).collect();
            *last = format!("{kept} …");
        }
    }
    done
}

/// The text without characters that XML cannot hold, or that hide or turn around what is beside them.
pub(crate) fn visible(text: &str) -> String {
    let hides = |character: char| {
        character.is_control()
            || matches!(character,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
    };
    let shown = |character| match character {
        '\n' | '\t' | '\r' => ' ',
        hidden if hides(hidden) => '\u{fffd}',
        other => other,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_loses_its_middle() {
        fn check(text: &str, most: usize, expected: &str) {
            assert_eq!(shortened(text, most), expected);
            assert!(expected.chars().count() <= most);
        }
        check("Store", 10, "Store");
        check("ValidateTheNameOfAll", 9, "Vali…fAll");
        check("ééééé", 4, "éé…é");
        check("a\u{202e}\0b", 9, "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn a_label_is_broken_at_spaces() {
        fn check(text: &str, expected: &[&str]) {
            assert_eq!(wrapped(text, 10, 2), expected, "{text}");
        }
        check("", &[]);
        check("one", &["one"]);
        check("one two three", &["one two", "three"]);
        check("one two three four five", &["one two", "three fo …"]);
        check("a-word-that-is-too-long", &["a-wor…long"]);
        check("a\nb", &["a b"]);
    }

    #[test]
    fn wide_text_is_wider() {
        assert!(width("mmm", 10.0) > width("aaa", 10.0) && width("aaa", 10.0) > width("iii", 10.0));
        assert!((width("名前", 10.0) - 20.0).abs() < 0.01);
    }
}
