//! The picture in the docs.

use sluice_graph::{Definition, Drawing};

#[test]
fn the_picture_of_the_workflow_is_current() {
    let definition = Definition::parse(include_str!("../../../workflows/ingest.asl.json")).expect("it can be drawn");
    let drawn = Drawing::of(&definition).document("State machine ingest");
    let kept = include_str!("../../../docs/workflow.svg");
    assert!(
        drawn == kept,
        "docs/workflow.svg is not what workflows/ingest.asl.json looks like: \
         cargo run -p sluice-graph --example draw workflows/ingest.asl.json > docs/workflow.svg"
    );
}
