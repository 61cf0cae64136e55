//! Lambda function: writes the entry of a submission.

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_tasks::store::run()
}
