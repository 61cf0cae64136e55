//! Jobs of the evaluation pool.

use std::sync::Arc;

use sluice_asl::eval::StopSignal;
use sluice_engine::{Breakdown, Evaluator};

/// Work that may need costly evaluations.
pub trait EvaluationJob: Send + 'static {
    /// With whom it takes turns: jobs of one owner wait for each other.
    fn owner(&self) -> &Arc<str>;

    /// Returns true if somebody still waits for the result.
    fn is_wanted(&self) -> bool;

    /// Does the work. It may be done again from its beginning, from the slow queue; its result until then is of no use.
    fn run(&mut self, evaluator: Arc<dyn Evaluator + Send + Sync>, stop: &StopSignal);

    /// The work is done; or, with a breakdown, was given up.
    fn finish(self: Box<Self>, breakdown: Option<Breakdown>);
}
