//! Lambda function: checks `user_name`.

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_tasks::validate::run(sluice_workflows::Field::UserName)
}
