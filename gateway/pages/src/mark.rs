use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped};

/// A sluice: two posts, the gate raised between them, and the water that runs through below.
macro_rules! drawing {
    ($attributes:literal) => {
        concat!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"",
            $attributes,
            "><rect width=\"32\" height=\"32\" rx=\"8\" fill=\"#0b6174\"/>",
            "<path d=\"M8 6v20M24 6v20\" stroke=\"#fff\" stroke-width=\"2.6\" stroke-linecap=\"round\"/>",
            "<rect x=\"11\" y=\"7\" width=\"10\" height=\"8\" rx=\"1.6\" fill=\"#fff\"/>",
            "<path d=\"M11 19.5c1.7-1.7 3.3-1.7 5 0s3.3 1.7 5 0M11 24.5c1.7-1.7 3.3-1.7 5 0s3.3 1.7 5 0\" ",
            "fill=\"none\" stroke=\"#7fd6e6\" stroke-width=\"2.2\" stroke-linecap=\"round\"/></svg>"
        )
    };
}

static ICON: LazyLock<String> =
    LazyLock::new(|| format!("data:image/svg+xml;base64,{}", STANDARD.encode(drawing!(""))));

/// The mark, for the head of a page; the name stands beside it.
pub fn mark() -> Markup {
    PreEscaped(drawing!(" aria-hidden=\"true\"").to_owned())
}

/// The icon as a `data:` URL: a browser asks for no file.
pub fn icon() -> &'static str {
    &ICON
}
