/// The letters of codes: none that looks like another one. A power of two, so that each is as likely.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

const LENGTH: usize = 6;

/// The short code of a mail, without which its link decides nothing: 6 of 32 letters, 30 random bits.
///
/// ```
/// use sluice_aws::Code;
///
/// let code = Code::from_bytes([0, 1, 2, 8, 30, 255]);
/// assert_eq!(code.reveal(), "234AYZ");
/// assert_eq!(Code::parse(" 234-ayz "), Some(code));
/// assert_eq!(Code::parse("0OI1l!"), None);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// A code from fresh random bytes.
    pub fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Code(
            bytes
                .iter()
                .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
                .collect(),
        )
    }

    /// A code as somebody typed it: in either case, with spaces or hyphens. None if that is no code.
    pub fn parse(text: &str) -> Option<Self> {
        let typed: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let is_one = typed.len() == LENGTH && typed.bytes().all(|b| LETTERS.contains(&b));
        is_one.then_some(Code(typed))
    }

    /// The text for a mail.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(..)")
    }
}
