//! Decides which frames are handled ahead of their turn, while there is no room for the messages before them.

use super::connection::Connection;
use super::frame;
use super::mask;
use super::message::MessageSink;
use super::output_buffer::OutputBuffer;
use crate::limits::MAX_CONTROL_PAYLOAD;

use tungstenite::protocol::frame::coding::{Control, OpCode};

impl Connection {
    /// Handles the control frames in `blocked`, the input after messages for which the sink has no room (see
    /// [`super::connection::ReceiveOutcome::SinkFull`]): answers pings and reports pongs at once, and leaves close
    /// frames and everything else until they are read. Handled frames are removed, so that each is handled once.
    ///
    /// `scanned` is how much of `blocked` earlier calls have covered; the new value is returned.
    pub fn handle_control_frames_ahead(
        &mut self,
        blocked: &mut Vec<u8>,
        scanned: usize,
        sink: &mut impl MessageSink,
        output: &mut OutputBuffer,
    ) -> usize {
        // RFC 6455 section 1.4: data after a close frame is ignored.
        if self.frame.as_ref().is_some_and(|frame| frame.header.opcode == frame::CLOSE) {
            return scanned;
        }
        let mut position = match (&self.frame, scanned) {
            (Some(frame), 0) => usize::try_from(frame.remaining()).unwrap_or(usize::MAX),
            _ => scanned,
        };
        let mut removed = 0;
        while let Some(rest) = blocked.get(position..) {
            let Ok(Some((header, header_len))) = frame::decode(rest, self.role, self.deflate.is_some()) else { break };
            let end = header_len.saturating_add(usize::try_from(header.payload_len).unwrap_or(usize::MAX));
            let next = position.saturating_add(end);
            if let OpCode::Control(control) = header.opcode {
                let Some(payload) = rest.get(header_len..end) else { break };
                if !self.handle_ahead(control, header.mask_key, payload, sink, output) {
                    break;
                }
                removed += end;
            } else if removed > 0 {
                let available = next.min(blocked.len());
                blocked.copy_within(position..available, position - removed);
            }
            position = next;
        }
        let kept = position - removed;
        if position < blocked.len() {
            blocked.drain(kept..position);
        } else {
            // The last frame is incomplete.
            blocked.truncate(blocked.len() - removed);
        }
        kept
    }

    /// Handles a ping or pong; returns `false` for a close frame.
    fn handle_ahead(
        &mut self,
        control: Control,
        mask_key: Option<[u8; 4]>,
        payload: &[u8],
        sink: &mut impl MessageSink,
        output: &mut OutputBuffer,
    ) -> bool {
        let mut plain = [0; MAX_CONTROL_PAYLOAD];
        let Some(plain) = plain.get_mut(..payload.len()) else { return false };
        plain.copy_from_slice(payload);
        if let Some(key) = mask_key {
            mask::apply(plain, key, 0);
        }
        match control {
            Control::Ping => {
                sink.ping(plain);
                self.answer_ping(plain, output);
            }
            Control::Pong => sink.pong(plain),
            _ => return false,
        }
        true
    }
}
