//! Errors: a stable code, and what the `ERROR` line says. `failures.rs` has a constructor for each cause.

use crate::printable::shortened;
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// Stable names of causes. Callers decide by them, so a code never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    BadOption,
    NixlLibraryMissing,
    NixlSymbolMissing,
    NixlCallFailed,
    CudaUnavailable,
    CudaCallFailed,
    OutOfMemory,
    NicUnknown,
    NicUnusable,
    PortTaken,
    PeerAbsent,
    PeerGone,
    AuthFailed,
    ProtocolMismatch,
    ProtocolViolation,
    TransferStalled,
    ConnectionBroken,
    TransportFallback,
    LinkDown,
    DataCorrupt,
    Deadline,
    Interrupted,
    SystemCallFailed,
}

/// An error as the `ERROR` line carries it: the object, what was expected, what was found and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
#[serde(deny_unknown_fields)]
pub struct Failure {
    pub code: Code,
    pub message: String,
    pub subject: String,
    pub expected: String,
    pub found: String,
    pub hint: String,
    /// The peer that reported this failure; none for a failure of this side. No peer can set it.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub told_by: Option<String>,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// Composes the message from its parts, so that no message lacks one.
    pub fn new(
        code: Code,
        subject: impl Display,
        expected: impl Display,
        found: impl Display,
        hint: impl Display,
    ) -> Self {
        Failure {
            code,
            message: format!("{subject}: expected {expected}, found {found}. {hint}"),
            subject: subject.to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
            hint: hint.to_string(),
            told_by: None,
        }
    }

    /// The process's exit code: 2 for BAD_OPTION, 3 for DATA_CORRUPT, 1 for every other error.
    pub fn exit_code(&self) -> i32 {
        match self.code {
            Code::BadOption => 2,
            Code::DataCorrupt => 3,
            _ => 1,
        }
    }

    /// The same failure as reported by the peer, whose name the message begins with. Long text is shortened.
    pub fn reported_by(self, peer: &str) -> Self {
        Failure {
            code: self.code,
            message: format!("{peer} reports: {}", shortened(&self.message)),
            subject: shortened(&self.subject),
            expected: shortened(&self.expected),
            found: shortened(&self.found),
            hint: shortened(&self.hint),
            told_by: Some(peer.to_owned()),
        }
    }

    /// The failure as it is reported to the peer.
    pub fn for_peer(&self) -> Self {
        Failure { told_by: None, ..self.clone() }
    }

    /// Adds a deeper cause to what was found and, if given, replaces the hint.
    pub fn caused_by(self, cause: impl Display, hint: Option<&str>) -> Self {
        let found = format!("{}; {cause}", self.found);
        Failure {
            told_by: self.told_by,
            ..Self::new(self.code, self.subject, self.expected, found, hint.unwrap_or(&self.hint))
        }
    }

    /// The same failure of an object that is part of another, such as a stream's agent.
    pub fn within(self, whole: impl Display) -> Self {
        let subject = format!("{whole}, {}", self.subject);
        let told_by = self.told_by;
        Failure { told_by, ..Self::new(self.code, subject, self.expected, self.found, self.hint) }
    }

    /// The same failure with another hint.
    pub fn advised(self, hint: &str) -> Self {
        let told_by = self.told_by;
        Failure { told_by, ..Self::new(self.code, self.subject, self.expected, self.found, hint) }
    }
}
