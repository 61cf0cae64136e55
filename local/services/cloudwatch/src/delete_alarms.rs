//! [DeleteAlarms](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html)

use crate::alarm_request::NamesRequest;
use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

/// All of them, or none if one is not there.
pub(crate) async fn call(cloudwatch: &CloudWatch, request: NamesRequest) -> Result<Node, CloudWatchError> {
    let names = request.checked()?;
    for name in &names {
        cloudwatch.alarms.existing(name).await?;
    }
    for name in &names {
        cloudwatch.alarms.remove(name).await?;
    }
    Ok(Node::nothing())
}
