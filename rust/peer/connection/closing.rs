//! Decides how a connection ends: by a close handshake, a violation, a failure or the program, and what is reported of
//! it.

use crate::error::{Error, ErrorCode, Result};
use crate::net::{FailureStage, NetError, clock};
use crate::peer::connection::measurements::CompressionStatistics;
use crate::peer::connection::open_connection::ConnectionEnd;
use crate::peer::connection::websocket_peer::{ConnectionPhase, UNCLEAN_CLOSE_CODE, WebSocketPeer};
use crate::peer::trace::event::Direction;
use crate::proto::close::CloseFrame;

impl WebSocketPeer {
    /// Starts the close handshake. A negative code drops the connection without one, and so does any code while
    /// connecting. The
    /// code is an `i32` as in Godot's `WebSocketPeer.close()`.
    ///
    /// # Errors
    /// `InvalidParameter` for codes and reasons that no close frame may carry; then nothing is sent or changed.
    pub fn close(&mut self, code: i32, reason: &str) -> Result {
        let result = self.try_close(code, reason);
        self.record_error(result)
    }

    fn try_close(&mut self, code: i32, reason: &str) -> Result {
        let immediately = code < 0 || matches!(self.phase, ConnectionPhase::Opening(_));
        if immediately {
            if code < 0
                && let ConnectionPhase::Open(open) = &mut self.phase
            {
                // Messages that were sent before are still delivered.
                let _lost = open.flush();
            }
            self.drop_connection();
            return Ok(());
        }
        let ConnectionPhase::Open(open) = &mut self.phase else { return Ok(()) };
        if open.is_closing() {
            return Ok(());
        }
        let code = u16::try_from(code).map_err(|_| {
            let message = format!("close code must be at most 65535, not {code}");
            Error::new(ErrorCode::InvalidParameter, message)
        })?;
        let frame = CloseFrame::to_send(code, reason)?;
        open.send_close(&frame);
        self.trace.close_sent(&frame);
        self.flush();
        self.request_flush();
        Ok(())
    }

    /// Returns the code of the close frame that ended the connection: 0 if it had none, -1 without a clean close, as
    /// Godot's `WebSocketPeer.get_close_code()`.
    pub fn close_code(&self) -> i32 {
        self.close_code
    }

    /// Returns the reason of that close frame.
    pub fn close_reason(&self) -> &str {
        &self.close_reason
    }

    /// Returns why the connection could not be opened or was lost; `None` while it lasts and after a clean close.
    pub fn failure(&self) -> Option<&NetError> {
        self.failure.as_ref()
    }

    /// Returns whether the connection has ended by a close handshake.
    pub(in crate::peer) fn was_closed_cleanly(&self) -> bool {
        matches!(self.phase, ConnectionPhase::Closed)
            && self.failure.is_none()
            && self.close_code() != UNCLEAN_CLOSE_CODE
    }

    /// Returns code and reason of the close frame, without the NUL that Godot 3 appends to the reason.
    pub(in crate::peer) fn received_close(&self) -> (i32, String) {
        (self.close_code(), self.close_reason().trim_end_matches('\0').to_owned())
    }

    // Ends

    /// Ends an open connection.
    pub(super) fn end(&mut self, end: ConnectionEnd) {
        match end {
            ConnectionEnd::CloseReceived => self.finish_close(),
            ConnectionEnd::Violation(violation) => {
                if let ConnectionPhase::Open(open) = &mut self.phase
                    && !open.is_closing()
                {
                    let frame = CloseFrame::for_violation(&violation);
                    open.send_close(&frame);
                    self.trace.close_sent(&frame);
                    self.close_code = i32::from(violation.close_code());
                    self.close_reason = frame.reason;
                }
                let message = format!("the remote peer broke the protocol: {violation}");
                self.lose(NetError::new(FailureStage::WebSocket, message));
            }
            ConnectionEnd::Lost(error) => self.fail(error),
        }
    }

    /// Ends the connection cleanly: both close frames were exchanged.
    fn finish_close(&mut self) {
        if let ConnectionPhase::Open(open) = &self.phase
            && let Some(frame) = open.protocol.close_received()
        {
            // The engine reports a close frame without a code as 0.
            self.close_code = i32::from(frame.code.unwrap_or(0));
            self.close_reason.clone_from(&frame.reason);
            self.trace.close_frame(Direction::Received, frame.code, &frame.reason);
        }
        self.drop_connection();
    }

    /// Ends the connection without a clean close.
    pub(super) fn fail(&mut self, error: NetError) {
        self.close_code = UNCLEAN_CLOSE_CODE;
        self.close_reason.clear();
        self.lose(error);
    }

    fn lose(&mut self, error: NetError) {
        self.message.clone_from(&error.message);
        self.trace.failed(&error);
        self.failure = Some(error);
        self.drop_connection();
    }

    /// Ends the connection after a failed write outside `poll()`; data that the remote peer sent before is read first.
    pub(super) fn lose_while_sending(&mut self, error: NetError) -> Error {
        let refused = Error::new(ErrorCode::Failed, error.message.clone());
        let end = match &mut self.phase {
            ConnectionPhase::Open(open) => {
                let known = self.queue.len();
                self.queue.keep_lent();
                let received = open.receive(&mut self.queue, &self.options, clock::now());
                self.trace.received(&self.queue, known, &mut open.heartbeat);
                received.err()
            }
            _ => None,
        };
        match end {
            // What the remote peer did explains more than the failed write.
            Some(end @ (ConnectionEnd::CloseReceived | ConnectionEnd::Violation(_))) => self.end(end),
            Some(ConnectionEnd::Lost(_)) | None => self.fail(error),
        }
        refused
    }

    /// Gives up an accepted connection whose request has not arrived. There is nothing to deliver, so its descriptor is
    /// released at once.
    pub(in crate::peer) fn drop_silent_connection(&mut self) {
        self.phase = ConnectionPhase::Closed;
        self.update_trace_row();
    }

    /// Gives up the connection. Output that is queued is still delivered in the background.
    pub(super) fn drop_connection(&mut self) {
        match std::mem::replace(&mut self.phase, ConnectionPhase::Closed) {
            ConnectionPhase::Closed => {}
            ConnectionPhase::Opening(opening) => opening.abandon(),
            ConnectionPhase::Open(mut open) => {
                self.compression = CompressionStatistics::of(&open.protocol);
                self.round_trip = open.heartbeat.round_trip();
                let unsent = std::mem::take(&mut open.output).into_pending();
                open.transport.close(unsent);
            }
        }
        self.update_trace_row();
    }
}
