//! Lambda function behind the public URL: takes submissions in, lists the entries, says where a submission stands.

/// An SDK call is some hundred small allocations: with the system's allocator they were a sixth of a function's work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_gateway::ingest::run()
}
