//! Writes the page of all parts: `cargo run -p sluice-pages --example design > target/design.html`.
#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use sluice_pages::{Document, design};

fn main() {
    const NOW: &str = "2026-12-01T12:00:00.000Z";
    let document = Document {
        title: "Parts",
        part: "design",
        now: Some(NOW),
        ..Document::default()
    };
    println!("{}", document.render(&design(NOW, 1_796_126_400_000)).into_string());
}
