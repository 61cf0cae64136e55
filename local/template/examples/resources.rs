//! Prints the resources of a CloudFormation template in an order in which they can be created, or each fault with its line.
//!
//! ```sh
//! cargo run -p sluice-template --example resources -- cfn/workflow.yaml AdminEmail=me@example.com \
//!     ApprovalUrl.FunctionUrl=https://approval.example.com/ IngestUrl.FunctionUrl=https://ingest.example.com/
//! ```

use std::io::Write as _;
use std::process::ExitCode;

use sluice_template::{StackInputs, parse};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        eprintln!("usage: resources FILE [PARAMETER=VALUE | RESOURCE.ATTRIBUTE=VALUE]...");
        return ExitCode::FAILURE;
    };
    let mut inputs = StackInputs::new("example", "us-east-1", "123456789012");
    for argument in arguments {
        let Some((name, value)) = argument.split_once('=') else {
            eprintln!("{argument}: neither PARAMETER=VALUE nor RESOURCE.ATTRIBUTE=VALUE");
            return ExitCode::FAILURE;
        };
        // a name with a dot is an attribute that only the runtime knows
        let given = if name.contains('.') {
            &mut inputs.attributes
        } else {
            &mut inputs.parameters
        };
        given.insert(name.to_owned(), value.to_owned());
    }
    let source = match std::fs::read_to_string(&file) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    match parse(&source, &file).and_then(|template| template.resolve(&inputs)) {
        Ok(stack) => {
            let mut output = std::io::stdout().lock();
            for resource in &stack.resources {
                let written = writeln!(
                    output,
                    "{:?} {}",
                    resource.resource.resource_type(),
                    resource.logical_id
                );
                if written.is_err() {
                    return ExitCode::FAILURE;
                }
            }
            ExitCode::SUCCESS
        }
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::FAILURE
        }
    }
}
