//! [GetQueueUrl](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::name::queue_url;
use super::{Call, SqsError};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    queue_owner_aws_account_id: Option<String>,
}

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let name = request.queue_name.ok_or(SqsError::MissingParameter("QueueName"))?;
    let account = &call.services.config.account;
    let foreign = request
        .queue_owner_aws_account_id
        .is_some_and(|owner| owner != *account);
    if foreign || call.services.streams.queue(&name).await?.is_none() {
        return Err(SqsError::QueueDoesNotExist);
    }
    Ok(json!({ "QueueUrl": queue_url(&call.base, account, &name) }))
}
