//! [EnableAlarmActions](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_EnableAlarmActions.html)

use crate::alarm_request::NamesRequest;
use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

pub(crate) async fn call(cloudwatch: &CloudWatch, request: NamesRequest) -> Result<Node, CloudWatchError> {
    cloudwatch.alarms.switch_actions(&request.checked()?, true).await?;
    Ok(Node::nothing())
}
