//! The JSONata library may panic: that is caught, and no finding. What is not caught is.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps a panic's message for [`tell`], in the place of ending the process at once.
pub fn keep_quiet() {
    std::panic::set_hook(Box::new(|panic| {
        LAST.with(|last| *last.borrow_mut() = panic.to_string())
    }));
}

/// Says what a panic was about that nobody caught.
pub fn tell(work: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        LAST.with(|last| eprintln!("{}", last.borrow()));
        resume_unwind(panic);
    }
}
