//! Lambda function: checks `pincode`.

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_tasks::validate::run(sluice_workflows::Field::Pincode)
}
