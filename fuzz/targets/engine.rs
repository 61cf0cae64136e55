//! Any machine and anything that may happen to its execution.
#![no_main]

mod panics;
#[path = "../../local/engine/tests/common/scenario.rs"]
mod scenario;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(init: panics::keep_quiet(), |data: &[u8]| -> Corpus {
    let mut made = false;
    panics::tell(|| {
        if let Some(played) = scenario::play(data, 40) {
            made = true;
            played.check_prefixes(1 + played.log.len() / 4);
        }
    });
    if made { Corpus::Keep } else { Corpus::Reject }
});
