//! Dashboards, drawn from the `DashboardBody` that CloudWatch takes.
//!
//! [`body`] reads a body, with CloudWatch's shorthands; [`range`] says which time is drawn, and by which period; [`chart`]
//! draws series as SVG. A body can be anybody's: what cannot be drawn is said in its place, and hides nothing else.
//! See the [structure](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html).

pub(crate) mod axis;
pub(crate) mod body;
pub(crate) mod chart;
pub(crate) mod markdown;
pub(crate) mod range;
