//! How large a value is as JSON text.

use std::io;

use serde_json::Value;

/// The number of bytes of the compact JSON text of `value`, without building it.
///
/// AWS limits states' inputs and outputs to 262,144 bytes of it.
pub fn serialized_len(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // writing to a counter cannot fail, and every Value has a JSON text
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}
