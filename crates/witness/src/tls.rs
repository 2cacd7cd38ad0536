//! TLS towards a witness that is reached by https: whose certificates count is said by a file of authorities, never by the machine's own
//! list. It keeps sizes and roots from who listens; that a cosignature counts is its signature's matter all the same.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Why a text holds no authorities.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// It is no PEM text of certificates.
    #[error("no certificates in PEM form: {0}")]
    Form(String),
    /// It holds none.
    #[error("it holds no certificate in PEM form")]
    Empty,
    /// One of them cannot be an authority.
    #[error("certificate {number} can be no authority: {reason}")]
    Unusable {
        /// Which one, from 1.
        number: usize,
        /// Why.
        reason: String,
    },
    /// This version speaks none of the protocols that are still safe.
    #[error("TLS cannot be spoken: {0}")]
    Protocol(String),
}

/// Authorities whose certificates make an https witness trustworthy.
#[derive(Clone)]
pub struct Trust(TlsConnector);

impl Trust {
    /// The authorities of a PEM text.
    pub fn authorities(pem: &[u8]) -> Result<Trust, TrustError> {
        let mut roots = RootCertStore::empty();
        for (number, certificate) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
            let certificate = certificate.map_err(|error| TrustError::Form(error.to_string()))?;
            let added = roots.add(certificate);
            added.map_err(|error| TrustError::Unusable { number, reason: error.to_string() })?;
        }
        if roots.is_empty() {
            return Err(TrustError::Empty);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::Protocol(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Trust(TlsConnector::from(Arc::new(config))))
    }

    /// Speaks TLS over a connection to a host, whose certificate must be for this name.
    pub(crate) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        self.0.connect(name, stream).await
    }
}
