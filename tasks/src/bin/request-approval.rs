//! Lambda function: asks an admin to decide.

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_tasks::request_approval::run()
}
