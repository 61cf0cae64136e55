//! [GetQueueUrl](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html)

use serde::{Deserialize, Serialize};

use crate::SqsError;
use crate::request::RequestContext;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    queue_owner_aws_account_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    queue_url: String,
}

pub(crate) async fn call(context: &RequestContext<'_>, request: Request) -> Result<Response, SqsError> {
    let sqs = context.sqs;
    let name = request.queue_name.ok_or(SqsError::MissingParameter("QueueName"))?;
    let owner = request.queue_owner_aws_account_id;
    if owner.is_some_and(|owner| owner != sqs.account.id) {
        return Err(SqsError::QueueDoesNotExist);
    }
    let queue = sqs.queue(&name).await?;
    Ok(Response {
        queue_url: context.url(&queue.name),
    })
}
