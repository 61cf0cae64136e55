use std::sync::Arc;

use sluice_events::{Heard, Rules, Sources, deliver};
use sluice_host::{Functions, Host};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::endpoint::Services;

/// Tells the rules of executions that ended without success: of those that are heard of, and of those of which an earlier
/// process did not get to tell.
pub(crate) fn start(
    services: &Services,
    host: &Host,
    rules: &Rules,
    ended: mpsc::UnboundedReceiver<Heard>,
) -> JoinHandle<()> {
    let sources = Sources {
        driver: services.driver.clone(),
        functions: Arc::new(host.clone()) as Arc<dyn Functions>,
        rules: rules.clone(),
        undelivered: services.activity.undelivered.clone(),
    };
    let now = services.config.now();
    tokio::spawn(async move {
        if let Err(error) = deliver(sources, ended, now).await {
            tracing::error!(%error, "events are not delivered any more; the next start delivers them");
        }
    })
}
