//! A socket between two processes of the agent that carries one JSON value per line in both directions. It ends when
//! the other process ends.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub struct Channel {
    reader: BufReader<UnixStream>,
}

impl Channel {
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Self::over(one), Self::over(other)))
    }

    fn over(stream: UnixStream) -> Self {
        Self { reader: BufReader::new(stream) }
    }

    /// The socket itself, for another process's standard input.
    pub fn into_fd(self) -> OwnedFd {
        self.reader.into_inner().into()
    }

    /// A second handle on the same socket, for sending while another thread receives.
    pub fn sender(&self) -> io::Result<UnixStream> {
        self.reader.get_ref().try_clone()
    }

    /// Sets how long `receive` waits before it fails with `WouldBlock`. `None`: without end.
    pub fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.reader.get_ref().set_read_timeout(patience)
    }

    pub fn send(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.reader.get_mut().write_all(&line)
    }

    /// The next value; `None` once the other side has ended.
    pub fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(serde_json::from_str(&line)?)),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<OwnedFd> for Channel {
    fn from(fd: OwnedFd) -> Self {
        Self::over(fd.into())
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.reader.get_ref().as_raw_fd()
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.get_ref().as_fd()
    }
}
