use std::sync::LazyLock;

/// The script as it stands in a page: the source without its indentation.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("script.js").lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
});

/// The optional script: times in the reader's zone, regions that update themselves, copy buttons, `/`, `j` and `k`.
pub fn script() -> &'static str {
    &SCRIPT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_below_4_kb_and_makes_no_markup_of_text() {
        assert!(script().len() < 4096, "{} bytes", script().len());
        for part in [
            "</",
            "<!--",
            "innerHTML =",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval",
            "//",
        ] {
            assert!(!script().contains(part), "{part}");
        }
    }
}
