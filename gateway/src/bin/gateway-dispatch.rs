//! Lambda function behind the stream: starts the workflow for each record.

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_gateway::dispatch::run()
}
