//! Lambda function: reports how many approvals wait, and for how long.

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_tasks::census::run()
}
