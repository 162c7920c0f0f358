//! `RustStreamPeerTLS`: the members of `StreamPeerTLS`, and PEM texts.

use godot::classes::{StreamPeer, StreamPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::stream_resolution;
use super::stream_virtuals::{self, ByteStream, stream_virtuals};
use crate::error::{Error, ErrorCode, Result};
use crate::godot::class_enums::TlsStatus;
use crate::godot::object_field::{ObjectField, object_of_class};
use crate::godot::object_lock::Lockable;
use crate::godot::option_properties::{OptionsOwner, with_tls_stream_options};
use crate::godot::short_calls::short_calls;
use crate::godot::tls::OptionalTls;
use crate::godot::{convert, refused_calls};
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
        state: ObjectField<TlsStreamObject>,

        base: Base<StreamPeerExtension>,
    }
}

/// A session and what scripts need in addition.
#[derive(Default)]
pub struct TlsStreamObject {
    session: StreamPeerTls,
    stream: Option<Gd<StreamPeer>>,
    refusal: String,
    texts: TlsTexts,
}

object_of_class! { RustStreamPeerTLS.state: TlsStreamObject }

impl OptionsOwner<TlsTexts> for RustStreamPeerTLS {
    fn read_options<R: Default>(&self, read: impl FnOnce(&TlsTexts) -> R) -> R {
        self.ask(|object| read(&object.texts))
    }

    fn change_options(&self, change: impl FnOnce(&mut TlsTexts) -> Result) {
        // None of these options refuses a value.
        let _accepted = self.state.with(Ok(()), |object| change(&mut object.texts));
    }
}

impl RustStreamPeerTLS {
    /// Returns the session, for a peer that runs on it.
    pub fn transport(&self) -> Option<Box<dyn Transport>> {
        self.ask(|object| object.session.transport())
    }

    /// Runs a query.
    fn ask<R: Default>(&self, call: impl FnOnce(&mut TlsStreamObject) -> R) -> R {
        self.state.with(R::default(), call)
    }

    fn begin(
        &self,
        stream: Option<Gd<StreamPeer>>,
        begin: impl FnOnce(&mut StreamPeerTls, Box<dyn Transport>) -> Result,
    ) -> GodotError {
        let call = refused_calls::call_of(&begin);
        // A stream that is written in a script may release this instance.
        let _kept = self.to_gd();
        if stream.as_ref().is_some_and(|stream| !stream_resolution::is_own_socket(stream)) {
            self.state.set_calls_scripts();
        }
        let result = self.state.with(None, |object| Some(object.begin(stream, begin)));
        refused_calls::number::<Self>(result, call, || self.base().instance_id())
    }
}

impl TlsStreamObject {
    fn begin(
        &mut self,
        stream: Option<Gd<StreamPeer>>,
        begin: impl FnOnce(&mut StreamPeerTls, Box<dyn Transport>) -> Result,
    ) -> Result {
        let result = match &stream {
            None => Err(Error::new(ErrorCode::InvalidParameter, "stream must not be null")),
            Some(stream) => begin(&mut self.session, stream_resolution::any_transport(stream.clone())),
        };
        match &result {
            Ok(()) => {
                self.refusal.clear();
                self.stream = stream;
            }
            Err(error) => error.message().clone_into(&mut self.refusal),
        }
        self.forget_ended_stream();
        result
    }

    fn forget_ended_stream(&mut self) {
        if !matches!(self.session.status(), crate::peer::TlsStatus::Handshaking | crate::peer::TlsStatus::Connected) {
            self.stream = None;
        }
    }
}

impl Lockable for TlsStreamObject {}

impl ByteStream for TlsStreamObject {
    /// As `StreamPeerTLS` of the engine.
    const AVAILABLE_WITHOUT_CONNECTION: i32 = 0;

    fn read_all(&mut self, buffer: &mut [u8]) -> (usize, Result) {
        self.session.read_all(buffer)
    }

    fn read_partial(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.session.read_partial(buffer)
    }

    fn write_all(&mut self, data: &[u8]) -> Result {
        self.session.write_all(data)
    }

    fn write_partial(&mut self, data: &[u8]) -> Result<usize> {
        self.session.write_partial(data)
    }

    fn available_bytes(&mut self) -> Option<usize> {
        self.session.available_bytes()
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
            &self,
            stream: Option<Gd<StreamPeer>>,
            common_name: GString,
            #[opt(default = OptionalTls::NONE)] client_options: OptionalTls,
        ) -> GodotError {
            // Outside the lock, because this calls objects of the engine.
            let tls = self.ask(|object| object.texts.clone()).client(client_options.0.as_ref());
            self.begin(stream, |session, transport| session.connect(transport, &common_name.to_string(), tls?))
        }

        /// Begins a session as a server on a connected stream, with [method TLSOptions.server] or the properties of
        /// this object ([param server_options] may then be null). The return values are those of [method
        /// connect_to_stream].
        #[func]
        fn accept_stream(&self, stream: Option<Gd<StreamPeer>>, server_options: OptionalTls) -> GodotError {
            let tls = self.ask(|object| object.texts.clone()).server(server_options.0.as_ref());
            self.begin(stream, |session, transport| session.accept(transport, &tls?))
        }

        /// Advances the handshake, receives data, and detects the end of the session.
        #[func]
        fn poll(&self) {
            self.ask(|object| {
                object.session.poll();
                object.forget_ended_stream();
            });
        }

        /// Returns the status of the session, as of the last call of any method.
        #[func]
        fn get_status(&self) -> TlsStatus {
            const BUSY: TlsStatus = TlsStatus(crate::peer::TlsStatus::Disconnected as i64);
            self.state.with(BUSY, |object| TlsStatus(object.session.status() as i64))
        }

        /// Returns the stream that carries the session, or null if there is no session.
        #[func]
        fn get_stream(&self) -> Option<Gd<StreamPeer>> {
            self.ask(|object| object.stream.clone())
        }

        /// Ends the session with a close alert to the remote peer. The stream below stays open.
        #[func]
        fn disconnect_from_stream(&self) {
            self.ask(|object| {
                object.session.disconnect();
                object.stream = None;
            });
        }

        /// Returns why the last call was refused or why the session failed, or an empty string.
        #[func]
        fn get_error_message(&self) -> GString {
            self.ask(|object| {
                convert::text(object.session.failure().map_or(&object.refusal, |failure| &failure.message))
            })
        }

        /// Returns the parameters that the handshake negotiated: [code]version[/code], [code]cipher_suite[/code],
        /// [code]alpn[/code], [code]peer_subject[/code] (the subject of the remote peer's certificate) and
        /// [code]resumed[/code]. Empty until the handshake has finished.
        #[func]
        fn get_tls_info(&self) -> VarDictionary {
            convert::tls_info(self.ask(|object| object.session.tls_info()))
        }

        /// Reads exactly [param bytes] bytes and blocks until they have arrived. Returns an array with an [enum Error]
        /// and a [PackedByteArray], which after an error holds the bytes that were read before it.
        #[func]
        fn get_data(&self, bytes: i32) -> VarArray {
            stream_virtuals::read_all_for_script(self, bytes)
        }
    }
}

short_calls! {
    RustStreamPeerTLS: connect_to_stream, accept_stream, poll, get_status, get_stream, disconnect_from_stream,
    get_error_message, get_tls_info, get_data
}

stream_virtuals! { RustStreamPeerTLS }
