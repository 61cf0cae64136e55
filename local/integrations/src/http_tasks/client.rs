//! The client, by http and https.

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use sluice_wire::HttpClient;

/// A client by http and https.
pub(super) type Client = HttpClient<HttpsConnector<HttpConnector>>;

/// A client that trusts whom the operating system trusts, and follows no redirects: they may lead anywhere.
pub(super) fn client() -> Result<Client, String> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .map_err(|error| format!("The certificates that this machine trusts cannot be read: {error}"))?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(HttpClient::over(connector))
}
