//! Lambda function: closes an approval whose time is over.

/// An SDK call is some hundred small allocations: with the system's allocator they were a sixth of a function's work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), lambda_runtime::Error> {
    sluice_tasks::close_approval::run()
}
