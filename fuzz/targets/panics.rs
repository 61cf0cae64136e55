//! Panics during fuzzing: one of the JSONata library is caught and no finding; one that nobody catches is a finding.

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

/// Prints the message of a panic that nobody caught.
pub fn tell(work: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        LAST.with(|last| eprintln!("{}", last.borrow()));
        resume_unwind(panic);
    }
}
