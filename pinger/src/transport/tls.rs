use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::RunError;

/// Amazon Trust Services' roots, which all AWS endpoints chain to: they are trusted also in an image without any.
pub(super) const AMAZON_ROOTS: &[u8] = include_bytes!("../../../tasks/aws/roots/amazon.pem");

/// TLS as a client that trusts Amazon's roots and those of this machine (`SSL_CERT_FILE` and `SSL_CERT_DIR` replace the
/// machine's).
pub(super) fn client() -> Result<ClientConfig, RunError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(AMAZON_ROOTS) {
        let certificate = certificate.map_err(|error| RunError::Tls(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| RunError::Tls(error.to_string()))?;
    }
    // What is unreadable in the machine's store is its owner's business; the rest is used.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| RunError::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
