//! Options of the parser.

/// The type of a state machine, which restricts its tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MachineType {
    /// `STANDARD`.
    #[default]
    Standard,
    /// `EXPRESS`: no activities, `.sync` or `.waitForTaskToken`.
    Express,
}

/// Options of the parser.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParseOptions {
    /// The machine's type.
    pub machine_type: MachineType,
}
