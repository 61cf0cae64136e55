use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::table::SHARDS;

/// The longest text of a cursor that is read: eight ids of the longest kind.
const LONGEST: usize = 2048;

/// The place of an open approval in its part of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenKey(pub(super) i64, pub(super) String);

/// The place behind a page of the list of open approvals. Its text is safe in a URL.
///
/// ```
/// use sluice_aws::OpenCursor;
///
/// let begin = OpenCursor::default();
/// assert_eq!(begin.to_string().parse(), Ok(begin));
/// assert!("rubbish".parse::<OpenCursor>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpenCursor {
    pub(super) places: [Place; SHARDS],
}

/// The place in one part.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    /// Before its first approval.
    #[default]
    Start,
    /// Behind this one.
    After(OpenKey),
    /// Behind its last one.
    End,
}

/// The text is no cursor.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the cursor is none of this list's: begin without one")]
pub struct CursorError;

impl fmt::Display for OpenCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(self).map_err(|_| fmt::Error)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for OpenCursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        if text.len() > LONGEST {
            return Err(CursorError);
        }
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        serde_json::from_slice(&json).map_err(|_| CursorError)
    }
}
