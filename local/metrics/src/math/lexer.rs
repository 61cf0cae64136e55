//! Text to tokens.

use super::MathError;

/// The longest number, id or text that an error shows.
const SHOWN: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// An id, a function or a keyword.
    Word(String),
    Text(String),
    /// `+ - * / ^ ( ) [ ] , == != <= >= < > && ||`
    Sign(&'static str),
    End,
}

impl Token {
    /// For messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Word(word) => word.chars().take(SHOWN).collect(),
            Self::Text(text) => format!("{:?}", text.chars().take(SHOWN).collect::<String>()),
            Self::Sign(sign) => (*sign).to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

/// The longer ones first.
const SIGNS: [&str; 19] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",", "=",
];

/// The tokens, each with its position; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, MathError> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(first) = chars.get(next).copied() {
        let at = next + 1;
        let token = if first.is_whitespace() {
            next += 1;
            continue;
        } else if first.is_ascii_digit() || first == '.' {
            number(&chars, &mut next, at)?
        } else if first.is_ascii_alphabetic() {
            Token::Word(run(&chars, &mut next, |c| c.is_ascii_alphanumeric() || c == '_'))
        } else if first == '"' || first == '\'' {
            quoted(&chars, &mut next, first, at)?
        } else {
            sign(&chars, &mut next, at)?
        };
        found.push((token, at));
    }
    found.push((Token::End, chars.len() + 1));
    Ok(found)
}

fn run(chars: &[char], next: &mut usize, belongs: impl Fn(char) -> bool) -> String {
    let word: String = chars[*next..].iter().take_while(|c| belongs(**c)).collect();
    *next += word.chars().count();
    word
}

fn number(chars: &[char], next: &mut usize, at: usize) -> Result<Token, MathError> {
    let mut text = run(chars, next, |c| c.is_ascii_digit() || c == '.');
    let exponent = matches!(chars.get(*next), Some('e' | 'E'));
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let signed = matches!(chars.get(*next + 1), Some('+' | '-')) && digit(*next + 2);
    if exponent && (digit(*next + 1) || signed) {
        text.extend(&chars[*next..*next + 2]);
        *next += 2;
        text.push_str(&run(chars, next, |c| c.is_ascii_digit()));
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Token::Number(value)),
        _ => Err(MathError::Number {
            text: text.chars().take(SHOWN).collect(),
            at,
        }),
    }
}

fn quoted(chars: &[char], next: &mut usize, quote: char, at: usize) -> Result<Token, MathError> {
    *next += 1;
    let text = run(chars, next, |c| c != quote);
    if chars.get(*next).is_none() {
        return Err(MathError::OpenText { at });
    }
    *next += 1;
    Ok(Token::Text(text))
}

fn sign(chars: &[char], next: &mut usize, at: usize) -> Result<Token, MathError> {
    let rest = &chars[*next..];
    let matches = |sign: &&&str| rest.iter().take(sign.len()).copied().eq(sign.chars());
    match SIGNS.iter().find(matches) {
        Some(sign) => {
            *next += sign.len();
            Ok(Token::Sign(sign))
        }
        None => Err(MathError::Character { found: rest[0], at }),
    }
}
