//! The services that speak the query protocol.

use sluice_wire::query::QueryApi;

pub(crate) use sluice_sns::API as SNS;

/// CloudFormation.
pub(crate) const CLOUDFORMATION: QueryApi = QueryApi {
    name: "cloudformation",
    version: "2010-05-15",
    signing_name: "cloudformation",
    namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
};

/// CloudWatch.
pub(crate) const CLOUDWATCH: QueryApi = QueryApi {
    name: "cloudwatch",
    version: "2010-08-01",
    signing_name: "monitoring",
    namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
};

/// STS.
pub(crate) const STS: QueryApi = QueryApi {
    name: "sts",
    version: "2011-06-15",
    signing_name: "sts",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
};
