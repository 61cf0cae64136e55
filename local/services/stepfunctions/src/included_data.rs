//! `includedData` of the Describe calls.

use sluice_wire::Constraints;

/// True when inputs, outputs and definitions are shown.
pub(crate) fn included_data(constraints: &mut Constraints, value: Option<&str>) -> bool {
    let set = [("ALL_DATA", true), ("METADATA_ONLY", false)];
    constraints.choice("includedData", value, &set, true)
}
