//! [DisableAlarmActions](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DisableAlarmActions.html)

use crate::alarm_request::NamesRequest;
use crate::node::Node;
use crate::{CloudWatch, CloudWatchError};

pub(crate) async fn call(cloudwatch: &CloudWatch, request: NamesRequest) -> Result<Node, CloudWatchError> {
    cloudwatch.alarms.switch_actions(&request.checked()?, false).await?;
    Ok(Node::nothing())
}
