//! Lambda function behind the approval URL: shows what is to be decided, and takes the decision.

/// An SDK call is some hundred small allocations: with the system's allocator they were a sixth of a function's work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_gateway::approval::run()
}
