//! Lambda function: takes the decisions of a batch.

/// An SDK call is some hundred small allocations: with the system's allocator they were a sixth of a function's work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_gateway::approval::run_decide_batch()
}
