//! The driver's handles, one for each concern.

mod activities;
mod aliases;
mod executions;
mod machines;
mod map_runs;
mod store;
mod tokens;
mod versions;

pub use activities::Activities;
pub use aliases::Aliases;
pub use executions::Executions;
pub use machines::Machines;
pub use map_runs::MapRuns;
pub use store::Store;
pub use tokens::TaskTokens;
pub use versions::Versions;
