use std::sync::Arc;
use std::time::Duration;

use sluice_clock::{Clock as _, ManualClock};
use sluice_quotas::{Profile, Quotas};
use sluice_service_testing::{NOW, Reply, account, form, journal};
use sluice_wire::{RequestId, query};
use tempfile::TempDir;

use crate::{API, Sns, inbox};

/// Names and values of a form.
type Fields<'a> = &'a [(&'a str, &'a str)];

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:approvals";

/// SNS in a directory of its own.
struct World {
    sns: Sns,
    clock: Arc<ManualClock>,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let account = account(clock.clone(), 1);
        let driver = journal(directory.path(), &account);
        Self {
            sns: Sns::new(account, driver),
            clock,
            _directory: directory,
        }
    }
}

async fn call(world: &World, action: &str, fields: &[(&str, &str)]) -> Reply {
    let result = world.sns.call(action, &form(fields)).await;
    let request_id = RequestId::new(&world.sns.account);
    Reply::of(query::response(&API, action, &request_id, result)).await
}

async fn world() -> World {
    let world = World::new();
    let made = call(&world, "CreateTopic", &[("Name", "approvals")]).await;
    assert_eq!((made.status, made.element("TopicArn")), (200, TOPIC));
    world
}

async fn subscribe(world: &World, protocol: &str, endpoint: &str) -> Reply {
    call(
        world,
        "Subscribe",
        &[("TopicArn", TOPIC), ("Protocol", protocol), ("Endpoint", endpoint)],
    )
    .await
}

#[tokio::test]
async fn each_subscription_gets_a_mail_before_publish_answers() {
    let world = world().await;
    subscribe(&world, "email", "admin@example.com").await;
    subscribe(&world, "email-json", "robot@example.com").await;
    let fields = [
        ("TopicArn", TOPIC),
        ("Subject", "Please decide"),
        ("Message", "Line 1\n<b>Line 2</b>"),
    ];
    let reply = call(&world, "Publish", &fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let message_id = reply.element("MessageId").to_owned();

    let mut mails = inbox::list(&world.sns.driver, None, 10).await.unwrap();
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    assert_eq!(mails.len(), 2);
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        ("admin@example.com", "Please decide")
    );
    assert_eq!(mails[0].text, "Line 1\n<b>Line 2</b>");
    assert_eq!(
        (mails[0].sent_at.as_str(), &mails[0].message_id),
        ("2026-11-22T13:27:00.000Z", &message_id)
    );
    assert!(mails[1].text.starts_with("{\"Type\":\"Notification\""));
    assert_eq!(
        inbox::get(&world.sns.driver, &mails[0].id).await.unwrap().as_ref(),
        Some(&mails[0])
    );
}

#[tokio::test]
async fn subscribing_twice_is_subscribing_once() {
    let world = world().await;
    let first = subscribe(&world, "email", "admin@example.com")
        .await
        .element("SubscriptionArn")
        .to_owned();
    let again = subscribe(&world, "email", "admin@example.com")
        .await
        .element("SubscriptionArn")
        .to_owned();
    assert_eq!(first, again);
    let attributes = call(&world, "GetTopicAttributes", &[("TopicArn", TOPIC)]).await;
    assert!(
        attributes
            .text
            .contains("<key>SubscriptionsConfirmed</key><value>1</value>")
    );
    for action in ["ListSubscriptions", "ListSubscriptionsByTopic"] {
        let listed = call(&world, action, &[("TopicArn", TOPIC)]).await;
        assert_eq!(listed.text.matches("<SubscriptionArn>").count(), 1, "{action}");
    }
    call(&world, "Unsubscribe", &[("SubscriptionArn", &first)]).await;
    let listed = call(&world, "ListSubscriptions", &[]).await;
    assert_eq!(listed.text.matches("<SubscriptionArn>").count(), 0);
}

#[tokio::test]
async fn topics_are_made_once_changed_and_deleted() {
    let world = world().await;
    let fields = [
        ("TopicArn", TOPIC),
        ("AttributeName", "DisplayName"),
        ("AttributeValue", "Approvals"),
    ];
    assert_eq!(call(&world, "SetTopicAttributes", &fields).await.status, 200);
    call(&world, "CreateTopic", &[("Name", "approvals")]).await;
    let attributes = call(&world, "GetTopicAttributes", &[("TopicArn", TOPIC)]).await;
    assert!(
        attributes
            .text
            .contains("<key>DisplayName</key><value>Approvals</value>")
    );
    assert_eq!(call(&world, "ListTopics", &[]).await.element("TopicArn"), TOPIC);
    assert_eq!(call(&world, "DeleteTopic", &[("TopicArn", TOPIC)]).await.status, 200);
    assert!(!call(&world, "ListTopics", &[]).await.text.contains(TOPIC));
}

#[tokio::test]
async fn requests_are_refused_in_snss_words() {
    let world = world().await;
    let gone = "arn:aws:sns:us-east-1:000000000000:gone";
    let rows: [(&str, Fields<'_>, u16, &str); 12] = [
        ("Publish", &[("TopicArn", gone), ("Message", "m")], 404, "NotFound"),
        (
            "Publish",
            &[("TopicArn", "rubbish"), ("Message", "m")],
            400,
            "InvalidParameter",
        ),
        (
            "Publish",
            &[("TopicArn", TOPIC), ("Message", "")],
            400,
            "InvalidParameter",
        ),
        ("Publish", &[("TopicArn", TOPIC)], 400, "InvalidParameter"),
        (
            "Publish",
            &[("TopicArn", TOPIC), ("Message", "m"), ("Subject", "a\nb")],
            400,
            "InvalidParameter",
        ),
        (
            "Publish",
            &[("PhoneNumber", "+1"), ("Message", "m")],
            400,
            "InvalidParameter",
        ),
        (
            "Subscribe",
            &[("TopicArn", TOPIC), ("Protocol", "sqs"), ("Endpoint", "x")],
            400,
            "InvalidParameter",
        ),
        (
            "Subscribe",
            &[("TopicArn", gone), ("Protocol", "email"), ("Endpoint", "a@b")],
            404,
            "NotFound",
        ),
        (
            "Subscribe",
            &[("TopicArn", TOPIC), ("Protocol", "email"), ("Endpoint", "nobody")],
            400,
            "InvalidParameter",
        ),
        ("CreateTopic", &[("Name", "a b")], 400, "InvalidParameter"),
        ("CreateTopic", &[("Name", "a.fifo")], 400, "InvalidParameter"),
        ("PublishBatch", &[("TopicArn", TOPIC)], 400, "EmptyBatchRequest"),
    ];
    for (action, fields, status, code) in rows {
        let reply = call(&world, action, fields).await;
        assert_eq!(
            (reply.status, reply.element("Code")),
            (status, code),
            "{action} {fields:?}"
        );
    }
    assert!(inbox::list(&world.sns.driver, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_batch_tells_of_each_entry() {
    let world = world().await;
    subscribe(&world, "email", "admin@example.com").await;
    let entry = |n: u32, part: &str| format!("PublishBatchRequestEntries.member.{n}.{part}");
    let names = [entry(1, "Id"), entry(1, "Message"), entry(2, "Id"), entry(2, "Message")];
    let fields = [
        ("TopicArn", TOPIC),
        (&names[0], "a"),
        (&names[1], "hello"),
        (&names[2], "b"),
        (&names[3], ""),
    ];
    let reply = call(&world, "PublishBatch", &fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.element("Successful").contains("<Id>a</Id>"));
    assert!(
        reply
            .element("Failed")
            .contains("<Id>b</Id><Code>InvalidParameter</Code>")
    );
    assert_eq!(inbox::list(&world.sns.driver, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn mails_of_before_a_time_are_forgotten() {
    let world = world().await;
    subscribe(&world, "email", "admin@example.com").await;
    for number in 0..3 {
        let text = format!("mail {number}");
        let fields = [("TopicArn", TOPIC), ("Message", &text)];
        assert_eq!(call(&world, "Publish", &fields).await.status, 200);
        world.clock.advance(Duration::from_secs(1));
    }
    let driver = &world.sns.driver;
    let check = async |before: i64, expected: &[&str]| {
        inbox::forget(driver, before).await.unwrap();
        let mails = inbox::list(driver, None, 10).await.unwrap();
        let texts: Vec<&str> = mails.iter().map(|mail| mail.text.as_str()).collect();
        assert_eq!(texts, expected, "before {before}");
    };
    check(-5, &["mail 2", "mail 1", "mail 0"]).await;
    check(NOW, &["mail 2", "mail 1", "mail 0"]).await;
    check(NOW + 1, &["mail 2", "mail 1"]).await;
    check(NOW + 10_000, &[]).await;
}

#[tokio::test]
async fn a_subscription_that_gets_too_many_mails_is_suspended_until_it_is_confirmed_again() {
    let mut world = world().await;
    world.sns = world.sns.with_quotas(Some(Arc::new(Quotas::new(Profile::Aws))));
    subscribe(&world, "email", "admin@example.com").await;
    let publish = async |world: &World, count: usize| {
        for _ in 0..count {
            let sent = call(world, "Publish", &[("TopicArn", TOPIC), ("Message", "m")]).await;
            assert_eq!(sent.status, 200, "{}", sent.text);
        }
        inbox::list(&world.sns.driver, None, 100).await.unwrap().len()
    };
    let subscriptions = async |world: &World| {
        let listed = call(world, "ListSubscriptions", &[]).await;
        let attributes = call(world, "GetTopicAttributes", &[("TopicArn", TOPIC)]).await;
        let pending = "<key>SubscriptionsPending</key><value>1</value>";
        (
            listed.text.contains("PendingConfirmation"),
            attributes.text.contains(pending),
        )
    };
    assert_eq!(publish(&world, 10).await, 10);
    assert_eq!(subscriptions(&world).await, (false, false));
    assert_eq!(publish(&world, 3).await, 10, "the eleventh suspends it");
    assert_eq!(subscriptions(&world).await, (true, true));
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(publish(&world, 1).await, 10, "it stays suspended");

    let arn = subscribe(&world, "email", "admin@example.com").await;
    let token = arn.element("SubscriptionArn").rsplit(':').next().unwrap().to_owned();
    call(&world, "ConfirmSubscription", &[("TopicArn", TOPIC), ("Token", &token)]).await;
    assert_eq!(subscriptions(&world).await, (false, false));
    assert_eq!(publish(&world, 11).await, 20);
    world.clock.advance(Duration::from_hours(48));
    publish(&world, 1).await;
    let listed = call(&world, "ListSubscriptions", &[]).await;
    assert!(!listed.text.contains("admin@example.com"), "deleted: {}", listed.text);
}

#[tokio::test]
async fn a_subscription_with_a_filter_policy_gets_what_its_attributes_say() {
    let world = world().await;
    let subscribe = async |endpoint: &str, policy: &str| {
        let fields = [
            ("TopicArn", TOPIC),
            ("Protocol", "email"),
            ("Endpoint", endpoint),
            ("Attributes.entry.1.key", "FilterPolicy"),
            ("Attributes.entry.1.value", policy),
        ];
        call(&world, "Subscribe", &fields).await
    };
    let ada = subscribe("ada@example.com", r#"{"approver": ["ada@example.com"]}"#).await;
    let arn = ada.element("SubscriptionArn").to_owned();
    subscribe("bob@example.com", r#"{"approver": ["bob@example.com"]}"#).await;
    subscribe("all@example.com", "{}").await;
    let publish = async |attributes: &[(&str, &str)]| {
        let fields = [("TopicArn", TOPIC), ("Message", "hello")];
        let sent = call(&world, "Publish", &[&fields, attributes].concat()).await;
        assert_eq!(sent.status, 200, "{}", sent.text);
        let id = sent.element("MessageId").to_owned();
        let mails = inbox::list(&world.sns.driver, None, 100).await.unwrap();
        let mut mails: Vec<_> = mails.into_iter().filter(|mail| mail.message_id == id).collect();
        mails.sort_by(|one, other| one.to.cmp(&other.to));
        mails
    };
    let addresses = |mails: &[inbox::Mail]| mails.iter().map(|mail| mail.to.clone()).collect::<Vec<_>>();
    let to_bob = [
        ("MessageAttributes.entry.1.Name", "approver"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "bob@example.com"),
    ];
    let mails = publish(&to_bob).await;
    assert_eq!(addresses(&mails), ["all@example.com", "bob@example.com"]);
    let approver = serde_json::json!({"Type": "String", "Value": "bob@example.com"});
    assert_eq!(mails[0].attributes["approver"], approver, "the inbox shows attributes");
    assert_eq!(addresses(&publish(&[]).await), ["all@example.com"]);

    let again = subscribe("ada@example.com", r#"{"approver": ["eve@example.com"]}"#).await;
    assert_eq!((again.status, again.element("Code")), (400, "InvalidParameter"));
    let set = async |name: &str, value: &str| {
        let fields = [
            ("SubscriptionArn", arn.as_str()),
            ("AttributeName", name),
            ("AttributeValue", value),
        ];
        call(&world, "SetSubscriptionAttributes", &fields).await
    };
    assert_eq!(
        set("FilterPolicy", r#"{"approver": [{"prefix": "bob"}]}"#).await.status,
        200
    );
    assert_eq!(
        addresses(&publish(&to_bob).await),
        ["ada@example.com", "all@example.com", "bob@example.com"]
    );
    let attributes = call(&world, "GetSubscriptionAttributes", &[("SubscriptionArn", &arn)]).await;
    assert!(
        attributes
            .text
            .contains("<key>FilterPolicyScope</key><value>MessageAttributes</value>"),
        "{}",
        attributes.text
    );
    for (name, value) in [
        ("FilterPolicy", "{"),
        ("FilterPolicyScope", "MessageBody"),
        ("RawMessageDelivery", "true"),
        ("Colour", "red"),
    ] {
        let refused = set(name, value).await;
        assert_eq!(
            (refused.status, refused.element("Code")),
            (400, "InvalidParameter"),
            "{name}"
        );
    }
    assert_eq!(set("FilterPolicy", "").await.status, 200);
    assert_eq!(addresses(&publish(&[]).await), ["ada@example.com", "all@example.com"]);
}
