//! A container's output, line by line, as events, followed by the event of its end. The length of a line is bounded;
//! a longer one is truncated and marked as cut.

use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::sync::mpsc::Receiver;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::sandbox::Outputs;
use crate::output::{Event, Output};
use crate::sandbox::message::Ended;

const LONGEST_LINE_BYTES: usize = 4 << 20;

pub struct Log {
    pub pod: String,
    pub container: String,
    pub output: Output,
}

impl Log {
    /// Follows both streams to their end, then waits for the report on how the container ended.
    pub fn follow(&self, outputs: Outputs, ended: &Receiver<Ended>) {
        let mut streams = vec![Stream::new("stdout", outputs.stdout), Stream::new("stderr", outputs.stderr)];
        while !streams.is_empty() {
            let mut watched: Vec<_> =
                streams.iter().map(|stream| PollFd::new(stream.pipe.as_fd(), PollFlags::POLLIN)).collect();
            match poll(&mut watched, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => break,
            }
            let mut ready =
                watched.into_iter().map(|fd| fd.any() == Some(true)).collect::<Vec<_>>().into_iter();
            streams.retain_mut(|stream| ready.next() != Some(true) || self.pass_on(stream));
        }
        // The sender is dropped without a report only if the sandbox itself was killed.
        let ended = ended.recv().unwrap_or(Ended::KILLED);
        self.output.event(&Event::Exited {
            pod: &self.pod,
            container: &self.container,
            code: ended.code,
            signal: ended.signal_name(),
        });
    }

    /// Forwards the bytes of one read; false at the end of the stream.
    fn pass_on(&self, stream: &mut Stream) -> bool {
        let mut chunk = [0; 64 << 10];
        let emit = |line: &[u8], cut| {
            self.output.event(&Event::Log {
                pod: &self.pod,
                container: &self.container,
                stream: stream.name,
                data: &String::from_utf8_lossy(line),
                cut,
            });
        };
        match stream.pipe.read(&mut chunk) {
            Ok(0) => {
                stream.lines.finish(emit);
                false
            }
            Ok(length) => {
                stream.lines.push(&chunk[..length], emit);
                true
            }
            Err(error) => error.kind() == io::ErrorKind::Interrupted,
        }
    }
}

struct Stream {
    name: &'static str,
    pipe: PipeReader,
    lines: Lines,
}

impl Stream {
    fn new(name: &'static str, pipe: PipeReader) -> Self {
        Self { name, pipe, lines: Lines::default() }
    }
}

#[derive(Default)]
struct Lines {
    held: Vec<u8>,
    cut: bool,
}

impl Lines {
    fn push(&mut self, chunk: &[u8], mut emit: impl FnMut(&[u8], bool)) {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            let room = LONGEST_LINE_BYTES - self.held.len();
            self.cut |= text.len() > room;
            self.held.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                emit(&self.held, self.cut);
                *self = Self::default();
            }
        }
    }

    /// Forwards the last line, which need not end in a newline.
    fn finish(&mut self, mut emit: impl FnMut(&[u8], bool)) {
        if !self.held.is_empty() {
            emit(&self.held, self.cut);
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> Vec<(usize, bool)> {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.push(chunk, |line, cut| seen.push((line.len(), cut)));
        }
        lines.finish(|line, cut| seen.push((line.len(), cut)));
        seen
    }

    #[test]
    fn chunks_join_into_lines() {
        assert_eq!(lines_of(&[b"ab", b"c\n\nd", b"e"]), [(3, false), (0, false), (2, false)]);
    }

    #[test]
    fn a_line_too_long_is_cut_and_marked_and_the_next_is_whole() {
        let long = vec![b'x'; LONGEST_LINE_BYTES + 1];
        assert_eq!(lines_of(&[&long, b"y\nz\n"]), [(LONGEST_LINE_BYTES, true), (1, false)]);
    }
}
