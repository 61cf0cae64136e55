//! Reads for pages of this process, beside the API.

use sluice_metrics::query::{self, MetricQuery, Query, QueryResult, Span};
use sluice_metrics::{Timestamp, Window};

use crate::store::Store;
use crate::{CloudWatch, CloudWatchError, MetricsError};

impl CloudWatch {
    /// Returns the body of a dashboard, JSON as it was put; none: there is no such dashboard.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn dashboard_body(&self, name: &str) -> Result<Option<String>, CloudWatchError> {
        Ok(self.dashboards.get(name).await?.map(|dashboard| dashboard.body))
    }

    /// Returns the names of dashboards and when each was last put, in the order of their names, from behind `after`.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn dashboard_names(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<(String, Timestamp)>, CloudWatchError> {
        let found = self.dashboards.after(after, limit).await?;
        Ok(found.into_iter().map(|(name, one)| (name, one.modified)).collect())
    }

    /// Answers queries as GetMetricData does, all of them with all of their points.
    ///
    /// # Errors
    /// When an expression cannot be computed, too many points are asked for, or the metrics cannot be read.
    pub async fn query(&self, queries: Vec<Query>, span: Span) -> Result<Vec<QueryResult>, CloudWatchError> {
        let minutes = |store: &Store, metric: &MetricQuery, window: &Window| {
            let minutes = store.minutes(&metric.metric, metric.unit, window);
            let minutes = minutes.map_err(MetricsError::File)?;
            Ok::<_, CloudWatchError>(minutes.into_iter().map(|(at, _, point)| (at, point)).collect())
        };
        let read = self
            .metrics
            .read(move |store: &Store| query::answer(&queries, span, |metric, window| minutes(store, metric, window)));
        read.await
    }
}
