//! Decides what a library without TLS answers: settings and sessions cannot be made, and each call says why.

mod info;

use std::io;
use std::net::SocketAddr;

pub use info::TlsInfo;

use crate::error::{Error, ErrorCode, Result};
use crate::net::{NetError, Transport};

/// The reason of every refusal.
const REASON: &str = "this library was built without TLS (feature 'tls')";

fn refused<T>() -> Result<T> {
    Err(Error::new(ErrorCode::Unavailable, REASON))
}

/// TLS configuration of a client's connections. This library can make none.
#[derive(Clone, Debug)]
pub enum ClientTls {}

impl ClientTls {
    /// Refuses, because there is no TLS.
    pub fn by_default() -> Result<Self> {
        refused()
    }

    /// Cannot be called.
    pub fn without_identity(&self) -> Result<Self> {
        match *self {}
    }

    /// Cannot be called.
    pub fn prepare(&self) {
        match *self {}
    }

    /// Cannot be called.
    pub fn is_prepared(&self) -> bool {
        match *self {}
    }

    /// Cannot be called.
    pub fn check_name(&self, _host: &str) -> Result {
        match *self {}
    }
}

/// TLS configuration of a server's connections. This library can make none.
#[derive(Clone, Debug)]
pub enum ServerTls {}

/// A failure of a TLS handshake or session, of which there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFailure {
    /// The reason, in words.
    pub text: String,
    /// The certificate is valid for another name only.
    pub is_name_mismatch: bool,
}

impl TlsFailure {
    /// Returns `None`: TLS causes no error here.
    pub fn of(_error: &io::Error) -> Option<Self> {
        None
    }
}

/// A TLS connection as a transport. This library can make none.
#[derive(Debug)]
pub enum TlsStream {}

impl TlsStream {
    /// Cannot be called, because there are no settings.
    pub fn client(_inner: Box<dyn Transport>, settings: &ClientTls, _host: &str) -> Result<Self> {
        match *settings {}
    }

    /// Cannot be called, because there are no settings.
    pub fn server(_inner: Box<dyn Transport>, settings: &ServerTls) -> Result<Self> {
        match *settings {}
    }

    /// Cannot be called.
    pub fn handshake(&mut self) -> Result<bool, NetError> {
        match *self {}
    }

    /// Cannot be called.
    pub fn wants_write(&self) -> bool {
        match *self {}
    }

    /// Cannot be called.
    pub fn send_close_notify(&mut self) {
        match *self {}
    }

    /// Cannot be called.
    pub fn available(&mut self) -> io::Result<Option<usize>> {
        match *self {}
    }

    /// Cannot be called.
    pub fn info(&self) -> Option<TlsInfo> {
        match *self {}
    }
}

impl Transport for TlsStream {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    fn write(&mut self, _data: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    fn close(&mut self, _unsent: Vec<u8>) {
        match *self {}
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        match *self {}
    }

    fn set_no_delay(&mut self, _enabled: bool) -> io::Result<()> {
        match *self {}
    }
}

/// TLS settings of clients and servers: every change is refused.
pub mod options {
    use zeroize::Zeroizing;

    pub use super::{ClientTls, ServerTls};
    use crate::error::Result;

    /// Settings that cannot be used.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct TlsOptions {}

    impl TlsOptions {
        /// Refuses, because there is no TLS.
        pub fn set_client(&mut self, _trusted: Option<String>, _common_name_override: &str) -> Result {
            super::refused()
        }

        /// Refuses, because there is no TLS.
        pub fn set_client_unsafe(&mut self, _trusted: Option<String>) -> Result {
            super::refused()
        }

        /// Refuses, because there is no TLS.
        pub fn set_server(&mut self, _private_key: &str, _certificate: &str) -> Result {
            super::refused()
        }

        /// Refuses, because there is no TLS.
        pub fn set_client_certificate(&mut self, _private_key: &str, _certificate: &str) -> Result {
            super::refused()
        }

        /// Refuses, because there is no TLS.
        pub fn set_client_ca(&mut self, _authorities: &str, _is_required: bool) -> Result {
            super::refused()
        }

        /// Refuses, because there is no TLS.
        pub fn client(&self) -> Result<ClientTls> {
            super::refused()
        }

        /// Refuses, because there is no TLS.
        pub fn server(&self) -> Result<ServerTls> {
            super::refused()
        }
    }

    /// Refuses, because certificates and keys are of no use without TLS. Does not look for the file.
    pub fn read_pem_file(_path: &str) -> Result<Zeroizing<String>> {
        super::refused()
    }
}
