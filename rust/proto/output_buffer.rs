//! Encoded bytes that wait for the network, and where the messages in them end.

use std::collections::VecDeque;

use super::growth;

/// Written bytes are removed from the front of the buffer when they are at least this many and half of it, so that
/// every byte is moved at most once on average.
const COMPACT_BYTES: usize = 64 * 1024;

/// Bytes by which the buffer may exceed the limit of the payload: headers, control frames, and written bytes, which are
/// removed in large steps.
const SLACK_BYTES: usize = 512 * 1024;

/// Output of a connection. It owns memory only while bytes are pending.
#[derive(Debug, Default)]
pub struct OutputBuffer {
    bytes: Vec<u8>,
    written: usize,
    /// Position in the stream of `bytes[0]`.
    base: u64,
    messages: VecDeque<MessageEnd>,
    payload_bytes: usize,
    limit: usize,
}

#[derive(Debug)]
struct MessageEnd {
    end: u64,
    payload: usize,
}

impl OutputBuffer {
    /// Returns the buffer to which encoders append. Call [`Self::end_message`] after each message.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Sets how many bytes of payload may be pending, 0 for any number. More memory than that is not reserved in
    /// advance.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Makes room for `needed` further bytes.
    pub fn reserve(&mut self, needed: usize) {
        let most = if self.limit == 0 { usize::MAX } else { self.limit.saturating_add(SLACK_BYTES) };
        let total = self.bytes.len().saturating_add(needed);
        if total > self.bytes.capacity() && total > most && self.written > 0 {
            self.compact();
        }
        growth::reserve(&mut self.bytes, needed, most);
    }

    /// Removes the written bytes from the front.
    fn compact(&mut self) {
        self.base += self.written as u64;
        self.bytes.drain(..self.written);
        self.written = 0;
    }

    /// Marks the end of a message or control frame of `payload` bytes.
    pub fn end_message(&mut self, payload: usize) {
        let end = self.base + self.bytes.len() as u64;
        self.messages.push_back(MessageEnd { end, payload });
        self.payload_bytes += payload;
    }

    /// Returns the bytes to be written next.
    pub fn pending(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Returns the pending bytes, without a second copy of a large amount.
    pub fn into_pending(mut self) -> Vec<u8> {
        if self.written >= self.len() {
            return self.pending().to_vec();
        }
        self.bytes.drain(..self.written);
        self.bytes
    }

    /// Returns whether no bytes are pending.
    pub fn is_empty(&self) -> bool {
        self.written >= self.bytes.len()
    }

    /// Returns the number of pending bytes, headers included.
    pub fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.written)
    }

    /// Returns the number of bytes that the network has taken in all.
    pub fn written(&self) -> u64 {
        self.base + self.written as u64
    }

    /// Returns the number of messages of which at least the last byte is pending.
    pub fn queued_messages(&self) -> usize {
        self.messages.len()
    }

    /// Returns the payload bytes of those messages; partly written ones count in full.
    pub fn queued_payload(&self) -> usize {
        self.payload_bytes
    }

    /// Removes the first `count` pending bytes, which the network took.
    pub fn advance(&mut self, count: usize) {
        self.written = (self.written + count).min(self.bytes.len());
        let position = self.written();
        while let Some(mark) = self.messages.front()
            && mark.end <= position
        {
            self.payload_bytes = self.payload_bytes.saturating_sub(mark.payload);
            self.messages.pop_front();
        }
        if self.is_empty() {
            self.base = position;
            self.bytes.clear();
            self.written = 0;
        } else if self.written >= COMPACT_BYTES && self.written * 2 >= self.bytes.len() {
            self.compact();
        }
    }

    /// Returns the bytes of memory it owns for output; 0 after [`Self::release`] without pending bytes.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Frees the memory if no bytes are pending.
    pub fn release(&mut self) {
        if self.is_empty() && self.bytes.capacity() > 0 {
            self.bytes = Vec::new();
            self.messages = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(output: &mut OutputBuffer, len: usize) {
        output.buffer().extend(std::iter::repeat_n(7, len));
        output.end_message(len);
    }

    #[test]
    fn counts_messages_until_their_last_byte_is_written() {
        let mut output = OutputBuffer::default();
        put(&mut output, 10);
        put(&mut output, 0);
        put(&mut output, 5);
        assert_eq!((output.queued_messages(), output.queued_payload(), output.len()), (3, 15, 15));
        output.advance(9);
        assert_eq!((output.queued_messages(), output.queued_payload()), (3, 15));
        output.advance(1);
        assert_eq!((output.queued_messages(), output.queued_payload()), (1, 5));
        output.advance(5);
        assert_eq!((output.queued_messages(), output.queued_payload(), output.len()), (0, 0, 0));
        put(&mut output, 3);
        output.advance(2);
        assert_eq!((output.queued_messages(), output.pending()), (1, &[7u8][..]));
    }

    #[test]
    fn keeps_order_through_compaction() {
        let mut output = OutputBuffer::default();
        let sent: Vec<u8> = (0..COMPACT_BYTES * 3).map(|i| (i % 251) as u8).collect();
        output.buffer().extend_from_slice(&sent);
        output.end_message(sent.len());
        let mut received = Vec::new();
        while !output.is_empty() {
            let piece = output.pending().len().min(1000);
            received.extend_from_slice(&output.pending()[..piece]);
            output.advance(piece);
        }
        assert_eq!(received, sent);
        assert_eq!(output.queued_payload(), 0);
    }
}
