//! The test cases that executions can be started with.

/// The test cases that there are.
pub trait TestCases: Send + Sync + 'static {
    /// Checks that a state machine has a case.
    ///
    /// # Errors
    /// A sentence that says which it has.
    fn check(&self, machine: &str, case: &str) -> Result<(), String>;
}
