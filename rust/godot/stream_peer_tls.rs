//! `RustStreamPeerTLS`.

use godot::classes::{IStreamPeerExtension, StreamPeer, StreamPeerExtension};
use godot::global::Error as GodotError;
use godot::prelude::*;
use parking_lot::Mutex;

use super::option_properties::{OptionsOwner, with_tls_stream_options};
use godot_core::meta::RawPtr;

use super::convert::{self, OptionalTls};
use super::enums::TlsStatus;
use super::pointers::{buffer, data, report, split};
use super::streams;
use crate::error::{Error, ErrorCode, Result};
use crate::net::Transport;
use crate::peer::StreamPeerTls;
use crate::peer::options::TlsTexts;

with_tls_stream_options! {
    /// A TLS 1.2 or 1.3 session over another stream, with the members of Godot's [StreamPeerTLS]; usable like every [StreamPeer].
    ///
    /// [b]Differences from [StreamPeerTLS]:[/b] an accepted stream is [constant STATUS_HANDSHAKING] until its handshake is over; a
    /// certificate for another name is [constant STATUS_ERROR_HOSTNAME_MISMATCH]; wrong calls print nothing. Client
    /// certificates and keys that [CryptoKey] cannot load are given as PEM text.
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
    /// The session, for a peer that is to run on it.
    pub(super) fn transport(&self) -> Option<Box<dyn Transport>> {
        self.session.transport()
    }

    fn begin(
        &mut self,
        stream: Option<Gd<StreamPeer>>,
        begin: impl FnOnce(&mut Self, Box<dyn Transport>) -> Result,
    ) -> GodotError {
        let result = match &stream {
            None => Err(Error::new(ErrorCode::InvalidParameter, "the stream is null")),
            Some(stream) => streams::any_transport(stream.clone()).and_then(|transport| begin(self, transport)),
        };
        match &result {
            Ok(()) => {
                self.refusal.clear();
                self.stream = stream;
                self.forget_ended_stream();
            }
            Err(error) => error.message().clone_into(&mut self.refusal),
        }
        convert::error(&result)
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
        /// Begins a session as a client on a connected stream. [param common_name] is the name that the server's certificate must
        /// be for, and that is sent to the server. Returns [constant OK] when the handshake has begun; call [method poll] until
        /// [method get_status] is [constant STATUS_CONNECTED]. Returns [constant ERR_INVALID_PARAMETER] for a null stream, for the
        /// options of a server and for certificates that cannot be read.
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

        /// Begins a session as a server on a connected stream, with [method TLSOptions.server] or the properties of this object
        /// ([param server_options] may then be null). Returns as [method connect_to_stream].
        #[func]
        fn accept_stream(&mut self, stream: Option<Gd<StreamPeer>>, server_options: OptionalTls) -> GodotError {
            self.begin(stream, |this, transport| {
                let tls = this.texts.lock().server(server_options.0.as_ref())?;
                this.session.accept(transport, &tls)
            })
        }

        /// Goes on with the handshake, receives, and notices the end of the session.
        #[func]
        fn poll(&mut self) {
            self.session.poll();
            self.forget_ended_stream();
        }

        /// Returns the status of the session, as of the last call.
        #[func]
        fn get_status(&self) -> TlsStatus {
            TlsStatus(self.session.status() as i64)
        }

        /// Returns the stream below, null where there is no session.
        #[func]
        fn get_stream(&self) -> Option<Gd<StreamPeer>> {
            self.stream.clone()
        }

        /// Ends the session, and tells the remote end so. The stream below stays open.
        #[func]
        fn disconnect_from_stream(&mut self) {
            self.session.disconnect();
            self.stream = None;
        }

        /// Returns in words why the last call was refused or the session failed; empty where nothing went wrong.
        #[func]
        fn get_error_message(&self) -> GString {
            convert::text(self.session.failure().map_or(&self.refusal, |failure| &failure.message))
        }

        /// Returns what was agreed on in the handshake: [code]version[/code], [code]cipher_suite[/code], [code]alpn[/code],
        /// [code]peer_subject[/code] (whom the remote end's certificate belongs to) and [code]resumed[/code]. Empty before the end
        /// of the handshake.
        #[func]
        fn get_tls_info(&self) -> VarDictionary {
            convert::tls_info(self.session.tls_info())
        }

        /// Reads [param bytes] bytes, waiting for them, and returns an [Error] and the data: all of it, or what was there before
        /// the error.
        #[func]
        fn get_data(&mut self, bytes: i32) -> VarArray {
            let Ok(wanted) = usize::try_from(bytes) else {
                return varray![GodotError::ERR_INVALID_PARAMETER, &PackedByteArray::new()];
            };
            let mut data = PackedByteArray::new();
            data.resize(wanted);
            let (count, result) = self.session.read_all(data.as_mut_slice());
            data.resize(count);
            varray![convert::error(&result), &data]
        }
    }
}

#[expect(unsafe_code, reason = "the engine passes buffers by pointer")]
#[godot_api]
impl IStreamPeerExtension for RustStreamPeerTLS {
    unsafe fn get_data_rawptr(
        &mut self,
        r_buffer: RawPtr<*mut u8>,
        r_bytes: i32,
        r_received: RawPtr<*mut i32>,
    ) -> GodotError {
        let (count, result) = self.session.read_all(buffer(r_buffer, r_bytes));
        report(&result, count, r_received)
    }

    unsafe fn get_partial_data_rawptr(
        &mut self,
        r_buffer: RawPtr<*mut u8>,
        r_bytes: i32,
        r_received: RawPtr<*mut i32>,
    ) -> GodotError {
        let (count, result) = split(self.session.read_partial(buffer(r_buffer, r_bytes)));
        report(&result, count, r_received)
    }

    unsafe fn put_data_rawptr(
        &mut self,
        p_data: RawPtr<*const u8>,
        p_bytes: i32,
        r_sent: RawPtr<*mut i32>,
    ) -> GodotError {
        let result = self.session.write_all(data(p_data, p_bytes));
        let sent = if result.is_ok() { usize::try_from(p_bytes).unwrap_or(0) } else { 0 };
        report(&result, sent, r_sent)
    }

    unsafe fn put_partial_data_rawptr(
        &mut self,
        p_data: RawPtr<*const u8>,
        p_bytes: i32,
        r_sent: RawPtr<*mut i32>,
    ) -> GodotError {
        let (count, result) = split(self.session.write_partial(data(p_data, p_bytes)));
        report(&result, count, r_sent)
    }

    fn get_available_bytes(&self) -> i32 {
        // The engine reports a stream without a session as -1.
        self.session.available_bytes().map_or(-1, convert::integer32)
    }
}
