//! Prints the resources of a CloudFormation template in an order in which they can be created, or each fault with its line.
//!
//! ```sh
//! cargo run -p sluice-template --example resources -- cfn/workflow.yaml AdminEmail=me@example.com
//! ```

use std::process::ExitCode;

use sluice_template::{StackInputs, parse};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        eprintln!("usage: resources FILE [PARAMETER=VALUE]...");
        return ExitCode::FAILURE;
    };
    let mut inputs = StackInputs::new("example", "us-east-1", "123456789012");
    inputs.parameters = arguments
        .filter_map(|argument| {
            argument
                .split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        })
        .collect();
    let source = match std::fs::read_to_string(&file) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    match parse(&source, &file).and_then(|template| template.resolve(&inputs)) {
        Ok(stack) => {
            for resource in &stack.resources {
                println!("{:?} {}", resource.resource.resource_type(), resource.logical_id);
            }
            ExitCode::SUCCESS
        }
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::FAILURE
        }
    }
}
