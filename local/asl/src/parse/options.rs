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

/// The occasion on which a definition is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Occasion {
    /// It was accepted before, perhaps by an older release that refused less: it is read as it was then.
    #[default]
    Kept,
    /// It is to be accepted, or was asked about: all that AWS refuses is refused.
    New,
}

/// Options of the parser.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParseOptions {
    /// The machine's type.
    pub machine_type: MachineType,
    /// The occasion.
    pub occasion: Occasion,
}
