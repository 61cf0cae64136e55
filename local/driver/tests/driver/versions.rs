//! Versions and aliases.

use serde_json::json;
use sluice_driver::{
    CreateAlias, ExecutionFilter, PublishVersion, Qualifier, Route, StartError, StartExecution, VersionError,
};

use crate::support::{World, chain, machine_arn};

fn by(qualifier: Qualifier) -> StartExecution {
    StartExecution {
        qualifier: Some(qualifier),
        ..StartExecution::new(machine_arn("m"), json!({}))
    }
}

fn all_to(version: u64) -> Vec<Route> {
    vec![Route { version, weight: 100 }]
}

#[tokio::test]
async fn what_was_published_is_there_after_a_kill() {
    let world = World::new();
    let arn = world.put("m", chain(&["A"])).await;
    let first = world
        .driver
        .versions()
        .publish(PublishVersion {
            machine_arn: arn.clone(),
            revision_id: None,
            description: Some("first".into()),
        })
        .await;
    let first = first.expect("is published");
    let alias = world
        .driver
        .aliases()
        .create(CreateAlias {
            machine_arn: arn.clone(),
            name: "live".into(),
            description: None,
            routes: all_to(1),
        })
        .await;
    let alias = alias.expect("is created");
    world.put("m", chain(&["B"])).await;

    let world = world.killed();
    assert_eq!(world.driver.versions().list(&arn, None, 10).await, Ok(vec![first]));
    assert_eq!(world.driver.aliases().list(&arn, None, 10).await, Ok(vec![alias]));
    let version = world
        .driver
        .versions()
        .get(&arn, 1)
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(version.description.as_deref(), Some("first"));
    assert_eq!(*version.machine.definition, *chain(&["A"]).to_string());

    let started = world
        .driver
        .executions()
        .start(by(Qualifier::Alias("live".into())))
        .await;
    let record = world.record(&started.expect("starts").arn).await;
    let runs = world.driver.machines().definition(record.definition_id).await;
    assert_eq!(runs, Ok(Some(version.machine.definition)));
    assert_eq!(record.version_arn, Some(format!("{arn}:1")));
    assert_eq!(record.alias_arn, Some(format!("{arn}:live")));
    let listed = |qualifier| {
        let filter = ExecutionFilter {
            machine_arn: Some(arn.clone()),
            qualifier: Some(qualifier),
            ..ExecutionFilter::default()
        };
        let driver = world.driver.clone();
        async move { driver.executions().list(filter).await.expect("lists").items.len() }
    };
    assert_eq!(listed(Qualifier::Version(1)).await, 1);
    assert_eq!(listed(Qualifier::Version(2)).await, 0);
    assert_eq!(listed(Qualifier::Alias("live".into())).await, 1);
}

#[tokio::test]
async fn what_is_not_there_is_neither_started_nor_led_to() {
    let world = World::new();
    let arn = world.put("m", chain(&["A"])).await;
    for qualifier in [Qualifier::Version(1), Qualifier::Alias("live".into())] {
        let not_found = StartError::MachineNotFound {
            arn: format!("{arn}:{qualifier}"),
        };
        assert_eq!(world.driver.executions().start(by(qualifier)).await, Err(not_found));
    }
    let alias = world
        .driver
        .aliases()
        .create(CreateAlias {
            machine_arn: arn.clone(),
            name: "live".into(),
            description: None,
            routes: all_to(1),
        })
        .await;
    assert_eq!(alias, Err(VersionError::VersionNotFound { number: 1 }));
    let none = machine_arn("none");
    let published = world
        .driver
        .versions()
        .publish(PublishVersion {
            machine_arn: none.clone(),
            revision_id: None,
            description: None,
        })
        .await;
    assert_eq!(published, Err(VersionError::MachineNotFound { arn: none }));
}

#[tokio::test]
async fn a_machine_takes_its_versions_and_aliases_with_it() {
    let world = World::new();
    let arn = world.put("m", chain(&["A"])).await;
    for round in 0..2 {
        let published = world
            .driver
            .versions()
            .publish(PublishVersion {
                machine_arn: arn.clone(),
                revision_id: None,
                description: None,
            })
            .await
            .expect("is published");
        assert_eq!(published.number, 1, "{round}");
        let alias = world
            .driver
            .aliases()
            .create(CreateAlias {
                machine_arn: arn.clone(),
                name: "live".into(),
                description: None,
                routes: all_to(1),
            })
            .await;
        alias.expect("is created");
        assert_eq!(world.driver.machines().delete(&arn).await, Ok(true));
        assert_eq!(world.driver.versions().get(&arn, 1).await, Ok(None));
        assert_eq!(world.driver.aliases().get(&arn, "live").await, Ok(None));
        world.put("m", chain(&["A"])).await;
    }
}

#[tokio::test]
async fn a_machine_has_at_most_a_hundred_aliases() {
    let world = World::new();
    let arn = world.put("m", chain(&["A"])).await;
    world
        .driver
        .versions()
        .publish(PublishVersion {
            machine_arn: arn.clone(),
            revision_id: None,
            description: None,
        })
        .await
        .expect("is published");
    for number in 0..100 {
        let alias = world
            .driver
            .aliases()
            .create(CreateAlias {
                machine_arn: arn.clone(),
                name: format!("a{number}"),
                description: None,
                routes: all_to(1),
            })
            .await;
        alias.expect("is created");
    }
    let one_more = world
        .driver
        .aliases()
        .create(CreateAlias {
            machine_arn: arn.clone(),
            name: "b".into(),
            description: None,
            routes: all_to(1),
        })
        .await;
    let refused = VersionError::QuotaExceeded {
        what: "aliases",
        limit: 100,
    };
    assert_eq!(one_more, Err(refused));
}
