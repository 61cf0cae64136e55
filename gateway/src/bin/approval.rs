//! Lambda function behind the approval URL: shows what is to be decided, and takes the decision.

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_gateway::approval::run()
}
