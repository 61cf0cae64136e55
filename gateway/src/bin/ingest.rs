//! Lambda function behind the public URL: takes submissions in, lists the entries, says where a submission stands.

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_gateway::ingest::run()
}
