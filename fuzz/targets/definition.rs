//! Any text as a definition, of a machine and of a state alone.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use sluice_asl::{MachineType, Occasion, ParseOptions, State, StateMachine};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    let kinds = [MachineType::Standard, MachineType::Express];
    let occasions = [Occasion::Kept, Occasion::New];
    for (machine_type, occasion) in kinds.into_iter().flat_map(|kind| occasions.map(|occasion| (kind, occasion))) {
        match StateMachine::parse_with(text, ParseOptions { machine_type, occasion }) {
            Ok(machine) => {
                let _ = machine.variable_references();
                let _ = machine.activities();
                assert!(machine.find_state(&machine.flow.start_at).is_some());
            }
            Err(diagnostics) => {
                assert!(!diagnostics.0.is_empty(), "refused without a reason");
                let _ = diagnostics.to_string();
            }
        }
    }
    if let Err(diagnostics) = State::parse("S", text) {
        assert!(!diagnostics.0.is_empty(), "refused without a reason");
    }
    Corpus::Keep
});
