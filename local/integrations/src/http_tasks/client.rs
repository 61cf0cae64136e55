//! The client, by http and https.

use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use sluice_wire::HttpClient;

/// A client by http and https.
pub(super) type Client = HttpClient<HttpsConnector<HttpConnector>>;

/// A client that trusts whom the operating system trusts, and follows no redirects: they may lead anywhere.
pub(super) fn client() -> Result<Client, String> {
    let mut roots = RootCertStore::empty();
    // where there are none, as in a small image, http works all the same
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("There is no TLS: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .build();
    Ok(HttpClient::over(connector))
}
