use std::sync::Arc;

use sluice_events::{Heard, Sources, deliver, deliver_put};
use sluice_host::{Functions, Host};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::endpoint::Services;

/// Tells the rules of executions that ended without success, and of events that were put: of those that are heard of, and of
/// those of which an earlier process did not get to tell.
pub(crate) fn start(services: &Services, host: &Host, ended: mpsc::UnboundedReceiver<Heard>) -> Vec<JoinHandle<()>> {
    let sources = Sources {
        driver: services.driver.clone(),
        functions: Arc::new(host.clone()) as Arc<dyn Functions>,
        rules: services.events.rules().clone(),
        undelivered: services.activity.undelivered.clone(),
    };
    let now = services.config.now();
    let executions = sources.clone();
    let mut tasks = vec![tokio::spawn(async move {
        if let Err(error) = deliver(executions, ended, now).await {
            tracing::error!(%error, "events are not delivered any more; the next start delivers them");
        }
    })];
    if let Some(put) = services.events.take_put() {
        tasks.push(tokio::spawn(async move {
            if let Err(error) = deliver_put(sources, put).await {
                tracing::error!(%error, "events that are put are not delivered any more; the next start delivers them");
            }
        }));
    }
    tasks
}
