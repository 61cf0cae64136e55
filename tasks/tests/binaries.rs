//! The binaries themselves. (That this is an integration test also makes `cargo test` build them, for the tests of the
//! whole stack.)

use std::process::{Command, Stdio};

#[test]
fn outside_of_lambda_a_function_ends_with_an_error() {
    for binary in [
        env!("CARGO_BIN_EXE_validate-user-name"),
        env!("CARGO_BIN_EXE_validate-email"),
        env!("CARGO_BIN_EXE_validate-pincode"),
        env!("CARGO_BIN_EXE_store"),
        env!("CARGO_BIN_EXE_request-approval"),
        env!("CARGO_BIN_EXE_remind"),
        env!("CARGO_BIN_EXE_close-approval"),
        env!("CARGO_BIN_EXE_send-mails"),
        env!("CARGO_BIN_EXE_approval-metrics"),
        env!("CARGO_BIN_EXE_record-failure"),
    ] {
        let done = Command::new(binary)
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .expect("runs");
        assert!(!done.status.success(), "{binary} must not pretend to work");
        assert!(!done.stderr.is_empty(), "{binary} must say why");
    }
}
