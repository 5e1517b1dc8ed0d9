//! The error type of the agent, as the protocol carries it: the object, what was expected, what was found and what to
//! do. `code` is stable.

use std::io;

use serde::{Deserialize, Serialize};

/// Stable codes; protocol.md lists what each one means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    BadRequest,
    NotOpen,
    AlreadyOpen,
    SandboxUnavailable,
    BadAddress,
    BadRate,
    PodExists,
    PodUnknown,
    ContainerUnknown,
    ContainerExited,
    NicUnknown,
    MountMissing,
    ExecFailed,
    ExecDeadline,
    StartDeadline,
    DeleteDeadline,
    KernelRefused,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{subject}: expected {expected}, found {found}; {hint}")]
pub struct Failure {
    pub code: Code,
    pub subject: String,
    pub expected: String,
    pub found: String,
    pub hint: String,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(
        code: Code,
        subject: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            code,
            subject: subject.into(),
            expected: expected.into(),
            found: found.into(),
            hint: hint.into(),
        }
    }
}

/// Turns an error of the kernel into a `Failure` that names the object and the operation.
pub trait During<T> {
    /// `operation` reads as "to <operation>", for instance "mount proc".
    fn during(self, subject: &str, operation: &str) -> Outcome<T>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn during(self, subject: &str, operation: &str) -> Outcome<T> {
        self.map_err(|error| {
            Failure::new(
                Code::KernelRefused,
                subject,
                format!("to {operation}"),
                error.into().to_string(),
                "check this machine's kernel log and limits for that operation",
            )
        })
    }
}
