//! [DeleteQueue](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html)

use serde_json::{Value, json};

use super::purge_queue::Request;
use super::{Call, SqsError};

pub(super) async fn call(call: &Call<'_>, request: Request) -> Result<Value, SqsError> {
    let name = request.queue(call)?;
    call.services.streams.delete_queue(&name).await?;
    Ok(json!({}))
}
