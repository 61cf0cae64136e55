//! Reads numbers from standard input, one a line, and prints their statistics as CloudWatch would.
//!
//! ```sh
//! seq 1 1000 | cargo run -p sluice-metrics --example percentiles
//! ```

use std::io::{BufRead as _, Write as _};

use sluice_metrics::{Point, Statistic, StatisticError};

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("standard input or output: {0}")]
    Io(#[from] std::io::Error),
    #[error("line {line}: {text:?} is no number")]
    NoNumber { line: usize, text: String },
    #[error(transparent)]
    Statistic(#[from] StatisticError),
}

fn main() -> Result<(), Error> {
    let mut point: Option<Point> = None;
    for (number, text) in std::io::stdin().lock().lines().enumerate() {
        let text = text?;
        let value: f64 = text.trim().parse().map_err(|_| Error::NoNumber {
            line: number + 1,
            text: text.clone(),
        })?;
        match &mut point {
            Some(point) => point.record(value, 1.0),
            None => point = Some(Point::of(value, 1.0)),
        }
    }
    let mut output = std::io::stdout().lock();
    let Some(point) = point else {
        writeln!(output, "no values")?;
        return Ok(());
    };
    for name in [
        "SampleCount",
        "Sum",
        "Average",
        "Minimum",
        "Maximum",
        "p50",
        "p90",
        "p99",
    ] {
        match Statistic::parse(name)?.of(&point) {
            Some(value) => writeln!(output, "{name:>12} {value}")?,
            None => writeln!(output, "{name:>12} not known: a value was negative")?,
        }
    }
    Ok(())
}
