//! The admin's link: GET shows, POST with the code of the mail decides.
//!
//! The link shows; the code, which is in the mail and not in the link, is the right to decide: mail systems follow links, press
//! buttons, and have no code. A decision is one conditional write; only then is it delivered to the workflow. So of any
//! number of clicks one counts, and if the process dies in between, the next POST delivers what was decided, not what is
//! asked then.

mod address;
mod admission;
mod around;
mod bulk;
mod choice;
pub mod decide_batch;
mod decision;
mod delivery;
mod dispatch;
mod function;
mod group;
mod lambda;
mod list;
mod listing;
mod one;
mod operator;
mod pages;
mod port;
mod respond;
mod same_site;
mod view;
mod visit;
mod visitor;

pub use function::Approval;
pub use lambda::{run, run_decide_batch};
pub use port::{ApprovalPort, BatchPort, DecisionPort, GroupPort, LinkPort, ListPort, SlicePort, StartPort};

#[cfg(test)]
mod explore;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
