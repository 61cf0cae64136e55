//! Lambda function: checks `email`.

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_tasks::validate::run(sluice_workflows::Field::Email)
}
