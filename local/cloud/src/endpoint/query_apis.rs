//! The services that speak the query protocol.

use sluice_wire::query::QueryApi;

pub(crate) use sluice_sns::API as SNS;

/// STS.
pub(crate) const STS: QueryApi = QueryApi {
    name: "sts",
    version: "2011-06-15",
    signing_name: "sts",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
};
