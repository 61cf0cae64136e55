//! The binaries themselves. (That this is an integration test also makes `cargo test` build them, for the tests of the
//! whole stack.)

use std::process::{Command, Stdio};

#[test]
fn outside_of_lambda_a_function_ends_with_an_error() {
    for binary in [
        env!("CARGO_BIN_EXE_ingest"),
        env!("CARGO_BIN_EXE_approval"),
        env!("CARGO_BIN_EXE_decide-batch"),
        env!("CARGO_BIN_EXE_gateway-dispatch"),
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
