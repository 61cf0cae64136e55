//! `sns:publish` and `aws-sdk:sns:publish`. See [the integration](https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html).

use serde_json::{Map, Value, json};
use sluice_sns::{Message, SnsError};

use crate::metadata::Metadata;
use crate::parameters::Parameters;
use crate::{Client, Services, TaskFailure};
use sluice_wire::{ApiError, http_date};

pub(crate) async fn publish(services: &Services, client: &Client, arguments: &Value) -> Result<Value, TaskFailure> {
    let parameters = Parameters::of(arguments);
    let request_id = services.account.uuid().to_string();
    let refused = |error: SnsError| client.refused(&ApiError::from(error), &request_id);
    let topic_arn = match parameters.text("TopicArn")? {
        Some(arn) => arn,
        None => parameters.required("TargetArn")?,
    };
    let text = parameters.text_or_json("Message").unwrap_or_default();
    let subject = parameters.text("Subject")?;
    let mut message = Message::new(&text, subject, parameters.text("MessageStructure")?).map_err(refused)?;
    for (name, attribute) in parameters
        .get("MessageAttributes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let attribute = Parameters::of(attribute);
        let value = attribute
            .text_or_json("StringValue")
            .or_else(|| attribute.text_or_json("BinaryValue"));
        let kind = attribute.text("DataType")?.unwrap_or("String");
        message
            .attribute(name, kind, &value.unwrap_or_default())
            .map_err(refused)?;
    }
    let message_id = services.sns.publish(topic_arn, &message).await.map_err(refused)?;

    let mut response = Map::new();
    response.insert("MessageId".into(), json!(message_id));
    if client.is_sdk() {
        return Ok(Value::Object(response));
    }
    let headers = vec![
        ("x-amzn-RequestId", request_id.clone()),
        ("Date", http_date(services.account.now())),
        ("Content-Type", "text/xml".to_owned()),
    ];
    Metadata {
        status: 200,
        request_id: (&request_id).into(),
        headers,
    }
    .add_to(&mut response);
    Ok(Value::Object(response))
}
