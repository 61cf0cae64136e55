//! Dashboards.

use serde_json::json;

use super::{PROTOCOLS, Protocol, World, members, ok, refused, send};

#[tokio::test]
async fn dashboards_are_put_shown_listed_and_deleted() {
    let world = World::new();
    let body = r#"{"widgets": [{"type": "text", "properties": {"markdown": "é <x>"}}]}"#;
    for (protocol, name) in PROTOCOLS.into_iter().zip(["a-cbor", "a-json", "b-query"]) {
        let put = json!({ "DashboardName": name, "DashboardBody": body });
        let reply = send(&world, protocol, "PutDashboard", &put).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    for protocol in [Protocol::Cbor, Protocol::Json] {
        let reply = send(&world, protocol, "GetDashboard", &json!({ "DashboardName": "b-query" })).await;
        let arn = "arn:aws:cloudwatch::000000000000:dashboard/b-query";
        assert_eq!(
            members(protocol, &reply),
            json!({ "DashboardArn": arn, "DashboardBody": body, "DashboardName": "b-query" })
        );
        let reply = send(
            &world,
            protocol,
            "ListDashboards",
            &json!({ "DashboardNamePrefix": "a-" }),
        )
        .await;
        let listed = members(protocol, &reply);
        let names: Vec<&str> = listed["DashboardEntries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["DashboardName"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["a-cbor", "a-json"]);
        assert_eq!(listed["DashboardEntries"][0]["Size"], body.len());
    }
    let reply = send(
        &world,
        Protocol::Query,
        "GetDashboard",
        &json!({ "DashboardName": "a-json" }),
    )
    .await;
    assert!(reply.element("DashboardBody").contains("é &lt;x&gt;"), "{}", reply.text);
    // all or none
    for protocol in PROTOCOLS {
        let request = json!({ "DashboardNames": ["a-json", "nowhere"] });
        let (_, code, message) = refused(&world, protocol, "DeleteDashboards", &request).await;
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("ResourceNotFound", "Dashboard nowhere does not exist")
        );
    }
    ok(
        &world,
        "DeleteDashboards",
        json!({ "DashboardNames": ["a-json", "b-query"] }),
    )
    .await;
    assert_eq!(
        ok(&world, "ListDashboards", json!({})).await["DashboardEntries"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let (shape, ..) = refused(
        &world,
        Protocol::Cbor,
        "GetDashboard",
        &json!({ "DashboardName": "a-json" }),
    )
    .await;
    assert_eq!(shape, "DashboardNotFoundError");
}
