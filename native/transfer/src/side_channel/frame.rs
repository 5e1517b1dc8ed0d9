//! Frames after the handshake: a length, a kind and a payload. A length above its kind's maximum is refused before
//! any of the payload is buffered.

use std::fmt;

/// Bytes before the payload: u32 length of the payload, big endian, and the kind.
const HEAD_BYTES: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A JSON message, see `messages`.
    Message = 1,
    /// A stream's NIXL metadata: u16 stream number, big endian, then NIXL's bytes.
    Metadata = 2,
}

impl Kind {
    pub const fn max_bytes(self) -> usize {
        match self {
            Kind::Message => 1 << 20,
            Kind::Metadata => 4 << 20,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Kind::Message),
            2 => Some(Kind::Metadata),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: Kind,
    pub payload: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    UnknownKind(u8),
    TooLong { kind: Kind, bytes: usize },
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Violation::UnknownKind(kind) => write!(formatter, "a frame of unknown kind {kind}"),
            Violation::TooLong { kind, bytes } => {
                write!(formatter, "a frame of {bytes} bytes, {kind:?} has at most {}", kind.max_bytes())
            }
        }
    }
}

/// Encodes a payload as a frame. The peer refuses a payload above its kind's maximum.
pub fn encode(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
    bytes.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    bytes.push(kind as u8);
    bytes.extend_from_slice(payload);
    bytes
}

/// Splits a byte stream into frames.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes at the start of the buffer that were returned as frames.
    used: usize,
}

impl Decoder {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.used);
        self.used = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete frame, or none yet. After a violation the stream cannot be decoded any further.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Violation> {
        let unused = &self.buffer[self.used..];
        let Some(head) = unused.first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let [a, b, c, d, kind] = *head;
        let kind = Kind::from_byte(kind).ok_or(Violation::UnknownKind(kind))?;
        let bytes = u32::from_be_bytes([a, b, c, d]) as usize;
        if bytes > kind.max_bytes() {
            return Err(Violation::TooLong { kind, bytes });
        }
        let Some(payload) = unused.get(HEAD_BYTES..HEAD_BYTES + bytes) else { return Ok(None) };
        // A copy, so that a small frame does not keep the memory of the whole buffer.
        let payload = payload.to_vec();
        self.used += HEAD_BYTES + bytes;
        Ok(Some(Frame { kind, payload }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_any_cut() {
        let bytes = [encode(Kind::Message, b"{}"), encode(Kind::Metadata, &[0, 1, 9])].concat();
        for cut in 0..=bytes.len() {
            let mut decoder = Decoder::default();
            let mut frames = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                decoder.push(part);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames.len(), 2, "cut at {cut}");
            assert_eq!(frames[1].payload, [0, 1, 9]);
        }
    }

    #[test]
    fn small_frames_keep_no_more_memory_than_their_bytes() {
        let bytes = encode(Kind::Message, b"{}").repeat(1000);
        let mut decoder = Decoder::default();
        decoder.push(&bytes);
        let frames: Vec<Frame> = std::iter::from_fn(|| decoder.next_frame().unwrap()).collect();
        assert_eq!(frames.len(), 1000);
        let kept: usize = frames.iter().map(|frame| frame.payload.capacity()).sum();
        assert!(kept <= 2 * 1000, "{kept} bytes for 2000 bytes of payload");
    }

    #[test]
    fn a_length_above_the_maximum_is_refused_at_once() {
        let mut decoder = Decoder::default();
        decoder.push(&[0x7f, 0xff, 0xff, 0xff, 1]);
        assert!(matches!(decoder.next_frame(), Err(Violation::TooLong { .. })));
    }

    #[test]
    fn an_unknown_kind_is_refused_at_once() {
        let mut decoder = Decoder::default();
        decoder.push(&[0, 0, 0, 1, 7]);
        assert_eq!(decoder.next_frame(), Err(Violation::UnknownKind(7)));
    }
}
