//! Task tokens.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sluice_driver::TokenError;
use sluice_engine::{Outcome, Status};

use crate::support::{BEGIN, World, approval, chain};

/// Starts an approval and lets its call be accepted; answers its ARN and token.
async fn parked(world: &mut World, name: &str) -> (String, String) {
    let arn = world.start("approval", name).await;
    let task = world.task().await;
    let token = task.task.token.clone().expect("a token").to_string();
    task.submitted(json!({"StatusCode": 200}));
    world.settled().await;
    (arn, token)
}

async fn approvals() -> World {
    let world = World::new();
    world.put("approval", approval()).await;
    world
}

#[tokio::test]
async fn an_answer_finds_its_parked_execution() {
    let mut world = approvals().await;
    let (yes, yes_token) = parked(&mut world, "yes").await;
    let (no, no_token) = parked(&mut world, "no").await;
    assert_eq!(
        world.driver.statistics().loaded,
        0,
        "parked executions are not in memory"
    );
    assert_eq!(
        world
            .driver
            .tokens()
            .succeed(&yes_token, json!({"approved": true}))
            .await,
        Ok(())
    );
    assert_eq!(
        world
            .driver
            .tokens()
            .fail(&no_token, Some("Rejected".into()), None)
            .await,
        Ok(())
    );
    let expected = Outcome::Succeeded {
        output: Arc::new(json!({"approved": true})),
    };
    assert_eq!(world.ended(&yes).await.outcome, Some(expected));
    let expected = Outcome::Failed {
        error: Some("Rejected".into()),
        cause: None,
    };
    assert_eq!(world.ended(&no).await.outcome, Some(expected));
}

#[tokio::test]
async fn who_waits_is_seen_in_its_record() {
    let mut world = approvals().await;
    let (arn, token) = parked(&mut world, "one").await;
    let record = world.record(&arn).await;
    assert_eq!(
        (record.waiting_since, record.waiting_state.as_deref()),
        (Some(BEGIN), Some("Ask"))
    );
    world.driver.tokens().succeed(&token, json!(1)).await.expect("is taken");
    let record = world.record(&arn).await;
    assert_eq!((record.waiting_since, record.waiting_state), (None, None));
}

#[tokio::test]
async fn an_answer_can_come_before_the_call_returns() {
    let mut world = approvals().await;
    let arn = world.start("approval", "one").await;
    let task = world.task().await;
    let token = task.task.token.clone().expect("a token");
    assert_eq!(world.driver.tokens().succeed(&token, json!("quick")).await, Ok(()));
    assert_eq!(world.ended(&arn).await.status, Status::Succeeded);
    task.submitted(json!({}));
    world.settled().await;
    assert_eq!(world.driver.statistics().stale_answers, 1);
}

#[tokio::test]
async fn tokens_that_are_not_open_are_refused() {
    let mut world = approvals().await;
    let (_, closed) = parked(&mut world, "closed").await;
    world
        .driver
        .tokens()
        .succeed(&closed, json!(1))
        .await
        .expect("is taken");
    let (_, open) = parked(&mut world, "open").await;
    let mut elsewhere = approvals().await;
    let (_, foreign) = parked(&mut elsewhere, "open").await;
    let (_, unknown) = {
        parked(&mut elsewhere, "more").await;
        parked(&mut elsewhere, "and more").await
    };
    for (token, expected) in [
        ("", TokenError::Invalid),
        ("not-a-token", TokenError::Invalid),
        (&open[1..], TokenError::Invalid),
        (&*closed, TokenError::TimedOut),
        (&*foreign, TokenError::DoesNotExist),
        (&*unknown, TokenError::DoesNotExist),
    ] {
        let driver = &world.driver;
        assert_eq!(
            driver.tokens().succeed(token, json!(1)).await,
            Err(expected.clone()),
            "{token}"
        );
        assert_eq!(
            driver.tokens().fail(token, None, None).await,
            Err(expected.clone()),
            "{token}"
        );
        assert_eq!(driver.tokens().heartbeat(token).await, Err(expected), "{token}");
    }
    assert_eq!(
        world.driver.tokens().heartbeat(&open).await,
        Ok(()),
        "the others did no harm"
    );
}

#[tokio::test]
async fn a_token_outlives_its_process() {
    let mut world = approvals().await;
    let (arn, token) = parked(&mut world, "one").await;
    let mut world = world.killed();
    let resumed = world.driver.resume().await.expect("resumes");
    assert_eq!(
        (resumed.executions, resumed.tasks),
        (0, 0),
        "a parked call is not made again"
    );
    assert_eq!(world.driver.statistics().loaded, 0);
    assert_eq!(world.driver.tokens().succeed(&token, json!("late")).await, Ok(()));
    assert_eq!(
        world.ended(&arn).await.outcome,
        Some(Outcome::Succeeded {
            output: Arc::new(json!("late"))
        })
    );
    assert!(world.tasks.try_recv().is_err());
}

#[tokio::test]
async fn a_token_expires_with_its_timeout() {
    let mut world = approvals().await;
    let (arn, token) = parked(&mut world, "one").await;
    world.advance(Duration::from_secs(86_400)).await;
    let outcome = world.ended(&arn).await.outcome;
    assert!(
        matches!(&outcome, Some(Outcome::Failed { error: Some(error), .. }) if error == "States.Timeout"),
        "{outcome:?}"
    );
    assert_eq!(
        world.driver.tokens().succeed(&token, json!(1)).await,
        Err(TokenError::TimedOut)
    );
}

#[tokio::test]
async fn a_call_without_a_token_has_none() {
    let mut world = World::new();
    world.put("m", chain(&["A"])).await;
    world.start("m", "one").await;
    assert_eq!(world.task().await.task.token, None);
}

#[tokio::test]
async fn the_tasks_that_wait_are_listed_until_they_are_answered() {
    let mut world = approvals().await;
    let (arn, token) = parked(&mut world, "yes").await;
    let tokens = world.driver.tokens();
    let open = tokens.open(&arn).await.expect("reads").expect("it is there");
    assert_eq!(open.len(), 1);
    assert_eq!((&*open[0].token, open[0].activity.as_deref()), (token.as_str(), None));
    assert!(!format!("{open:?}").contains(&token), "a token is no text for logs");
    assert_eq!(tokens.succeed(&token, json!({})).await, Ok(()));
    assert_eq!(tokens.open(&arn).await.expect("reads").map(|open| open.len()), Some(0));
    assert_eq!(
        tokens.open("arn:none").await.expect("reads").map(|open| open.len()),
        None
    );
}
