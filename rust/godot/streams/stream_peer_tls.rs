//! `RustStreamPeerTLS`: the members of `StreamPeerTLS`, and PEM texts.

use godot::classes::{IStreamPeerExtension, StreamPeer, StreamPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;
use parking_lot::Mutex;

use super::stream_resolution;
use super::stream_virtuals::{self, stream_virtuals};
use crate::error::{Error, ErrorCode, Result};
use crate::godot::class_enums::TlsStatus;
use crate::godot::option_properties::{OptionsOwner, with_tls_stream_options};
use crate::godot::tls::OptionalTls;
use crate::godot::{convert, engine_pointers, refused_calls};
use crate::net::Transport;
use crate::peer::StreamPeerTls;
use crate::peer::options::TlsTexts;

with_tls_stream_options! {
    /// A TLS 1.2 or 1.3 session over another stream, with the members of Godot's [StreamPeerTLS]. It can be used as any
    /// [StreamPeer].
    ///
    /// [b]Differences from [StreamPeerTLS]:[/b] an accepted stream is [constant STATUS_HANDSHAKING] until its handshake
    /// has finished; a certificate for another name gives [constant STATUS_ERROR_HOSTNAME_MISMATCH]; wrong calls print
    /// nothing, and [method get_error_message] explains them. Client certificates, and keys that [CryptoKey] cannot
    /// load, are set as PEM text.
    #[derive(GodotClass)]
    #[class(tool, init, base = StreamPeerExtension)]
    pub struct RustStreamPeerTLS {
        session: StreamPeerTls,
        stream: Option<Gd<StreamPeer>>,
        refusal: String,
        texts: Mutex<TlsTexts>,

        base: Base<StreamPeerExtension>,
    }
}

impl OptionsOwner<TlsTexts> for RustStreamPeerTLS {
    fn read_options<R: Default>(&self, read: impl FnOnce(&TlsTexts) -> R) -> R {
        read(&self.texts.lock())
    }

    fn change_options(&self, change: impl FnOnce(&mut TlsTexts) -> Result) {
        // None of these options refuses a value.
        let _accepted = change(&mut self.texts.lock());
    }
}

impl RustStreamPeerTLS {
    /// What `get_available_bytes()` of the engine's `StreamPeerTLS` returns without a session.
    const AVAILABLE_WITHOUT_CONNECTION: i32 = 0;

    /// Returns the session, for a peer that runs on it.
    pub fn transport(&self) -> Option<Box<dyn Transport>> {
        self.session.transport()
    }

    fn begin(
        &mut self,
        stream: Option<Gd<StreamPeer>>,
        begin: impl FnOnce(&mut Self, Box<dyn Transport>) -> Result,
    ) -> GodotError {
        let call = refused_calls::call_of(&begin);
        let result = match &stream {
            None => Err(Error::new(ErrorCode::InvalidParameter, "stream must not be null")),
            Some(stream) => begin(self, stream_resolution::any_transport(stream.clone())),
        };
        match &result {
            Ok(()) => {
                self.refusal.clear();
                self.stream = stream;
            }
            Err(error) => error.message().clone_into(&mut self.refusal),
        }
        self.forget_ended_stream();
        refused_calls::number::<Self>(Some(result), call, || self.base().instance_id())
    }

    fn forget_ended_stream(&mut self) {
        if !matches!(self.session.status(), crate::peer::TlsStatus::Handshaking | crate::peer::TlsStatus::Connected) {
            self.stream = None;
        }
    }
}

with_tls_stream_options! {
    #[godot_api]
    impl RustStreamPeerTLS {
        /// Begins a session as a client on a connected stream. The server's certificate must be valid for [param
        /// common_name], which is also sent to the server (SNI). Returns [constant OK] if the handshake has begun; call
        /// [method poll] until [method get_status] is [constant STATUS_CONNECTED]. Returns [constant
        /// ERR_INVALID_PARAMETER] for a null stream, for the [TLSOptions] of a server, and for certificates that cannot
        /// be read; [constant FAILED], with [constant STATUS_ERROR], if the handshake fails at once because of data
        /// that has arrived already.
        #[func]
        fn connect_to_stream(
            &mut self,
            stream: Option<Gd<StreamPeer>>,
            common_name: GString,
            #[opt(default = OptionalTls::NONE)] client_options: OptionalTls,
        ) -> GodotError {
            self.begin(stream, |this, transport| {
                let tls = this.texts.lock().client(client_options.0.as_ref())?;
                this.session.connect(transport, &common_name.to_string(), tls)
            })
        }

        /// Begins a session as a server on a connected stream, with [method TLSOptions.server] or the properties of
        /// this object ([param server_options] may then be null). The return values are those of [method
        /// connect_to_stream].
        #[func]
        fn accept_stream(&mut self, stream: Option<Gd<StreamPeer>>, server_options: OptionalTls) -> GodotError {
            self.begin(stream, |this, transport| {
                let tls = this.texts.lock().server(server_options.0.as_ref())?;
                this.session.accept(transport, &tls)
            })
        }

        /// Advances the handshake, receives data, and detects the end of the session.
        #[func]
        fn poll(&mut self) {
            self.session.poll();
            self.forget_ended_stream();
        }

        /// Returns the status of the session, as of the last call of any method.
        #[func]
        fn get_status(&self) -> TlsStatus {
            TlsStatus(self.session.status() as i64)
        }

        /// Returns the stream that carries the session, or null if there is no session.
        #[func]
        fn get_stream(&self) -> Option<Gd<StreamPeer>> {
            self.stream.clone()
        }

        /// Ends the session with a close alert to the remote peer. The stream below stays open.
        #[func]
        fn disconnect_from_stream(&mut self) {
            self.session.disconnect();
            self.stream = None;
        }

        /// Returns why the last call was refused or why the session failed, or an empty string.
        #[func]
        fn get_error_message(&self) -> GString {
            convert::text(self.session.failure().map_or(&self.refusal, |failure| &failure.message))
        }

        /// Returns the parameters that the handshake negotiated: [code]version[/code], [code]cipher_suite[/code],
        /// [code]alpn[/code], [code]peer_subject[/code] (the subject of the remote peer's certificate) and
        /// [code]resumed[/code]. Empty until the handshake has finished.
        #[func]
        fn get_tls_info(&self) -> VarDictionary {
            convert::tls_info(self.session.tls_info())
        }

        /// Reads exactly [param bytes] bytes and blocks until they have arrived. Returns an array with an [enum Error]
        /// and a [PackedByteArray], which after an error holds the bytes that were read before it.
        #[func]
        fn get_data(&mut self, bytes: i32) -> VarArray {
            stream_virtuals::read_all_for_script(bytes, |buffer| self.session.read_all(buffer))
        }
    }
}

stream_virtuals! { RustStreamPeerTLS.session }
