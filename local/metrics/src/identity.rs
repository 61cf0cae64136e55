//! The identity of a metric: a namespace, a name and dimensions.
//! See [concepts](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html).

use std::sync::Arc;

/// The most dimensions of a metric.
pub const MAX_DIMENSIONS: usize = 30;

/// A name and a value that tell metrics of the same name apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dimension {
    /// Such as `FunctionName`.
    pub name: Arc<str>,
    /// Such as `sluice-Ingest`.
    pub value: Arc<str>,
}

/// A metric. Each combination of dimensions is a metric of its own; their order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetricId {
    namespace: Arc<str>,
    name: Arc<str>,
    dimensions: Arc<[Dimension]>,
}

impl MetricId {
    /// The metric of these names. Lengths are the caller's to check: where a limit is broken is known at the wire.
    pub fn new<N, V>(namespace: &str, name: &str, dimensions: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut dimensions: Vec<Dimension> = dimensions
            .into_iter()
            .map(|(name, value)| Dimension {
                name: name.into(),
                value: value.into(),
            })
            .collect();
        dimensions.sort();
        Self {
            namespace: namespace.into(),
            name: name.into(),
            dimensions: dimensions.into(),
        }
    }

    /// Such as `AWS/Lambda`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Such as `Invocations`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sorted by name.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Returns true if it has a dimension of this name, and of this value if one is given.
    pub fn has_dimension(&self, name: &str, value: Option<&str>) -> bool {
        let same = |one: &&Dimension| *one.name == *name && value.is_none_or(|value| *one.value == *value);
        self.dimensions.iter().any(|one| same(&one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_dimensions_does_not_matter() {
        let one = MetricId::new("N", "m", [("a", "1"), ("b", "2")]);
        assert_eq!(one, MetricId::new("N", "m", [("b", "2"), ("a", "1")]));
        assert_ne!(one, MetricId::new("N", "m", [("a", "1")]));
        assert!(one.has_dimension("a", None) && one.has_dimension("b", Some("2")));
        assert!(!one.has_dimension("b", Some("1")) && !one.has_dimension("c", None));
    }
}
