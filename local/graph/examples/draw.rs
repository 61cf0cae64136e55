//! Draws the state machine in a file: `cargo run -p sluice-graph --example draw FILE > PICTURE.svg`.

#![allow(clippy::print_stdout)] // the picture is the output

use std::error::Error;
use std::fs;

use sluice_graph::{Definition, Drawing};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("which file? give its name")?;
    let definition = Definition::parse(&fs::read_to_string(&file)?)?;
    let name = file.rsplit('/').next().unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    print!(
        "{}",
        Drawing::of(&definition).document(&format!("State machine {name}"))
    );
    Ok(())
}
