//! The parts that the HTTP tasks of a process share.

mod client;
mod hosts;

use std::sync::OnceLock;

use url::Url;

use client::{Client, client};
use hosts::Hosts;

/// The HTTP tasks of a process.
pub struct HttpTasks {
    hosts: Hosts,
    /// Made by the first task: it reads all certificates that the machine trusts.
    client: OnceLock<Result<Client, String>>,
}

impl HttpTasks {
    /// Tasks that may call this machine and these hosts; one that begins with a dot stands for all names under it.
    pub fn new(hosts: Vec<String>) -> Self {
        Self {
            hosts: Hosts::new(hosts),
            client: OnceLock::new(),
        }
    }

    pub(crate) fn may_call(&self, url: &Url) -> bool {
        self.hosts.may_be_called(url)
    }

    /// The client, or the reason why there is none.
    pub(crate) fn client(&self) -> Result<&Client, String> {
        self.client.get_or_init(client).as_ref().map_err(Clone::clone)
    }
}
