//! The device on which a stream's buffer is allocated: a kind of memory and a number, such as `cuda:0` or `dram`.

use crate::memory::{KINDS, MemoryKind, NOT_IN_THIS_BUILD};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

#[derive(Clone, Copy)]
pub struct Device {
    pub kind: &'static dyn MemoryKind,
    pub index: Option<u32>,
}

/// A device name that cannot be used, in the terms of BAD_OPTION.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct UnknownDevice {
    pub expected: String,
    pub found: String,
}

impl FromStr for Device {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        let unknown = |found: String| UnknownDevice { expected: device_names(), found };
        let (name, digits) = text.split_once(':').map_or((text, None), |(name, digits)| (name, Some(digits)));
        let Some(kind) = KINDS.into_iter().find(|kind| kind.name() == name) else {
            let missing = NOT_IN_THIS_BUILD.iter().find(|(missing, _)| *missing == name);
            return Err(unknown(missing.map_or_else(
                || format!("{text:?}"),
                |(_, memory)| format!("{text:?}: this build has no {memory}"),
            )));
        };
        let index = match digits {
            Some(digits) => Some(digits.parse().map_err(|_| unknown(format!("{text:?}")))?),
            None if kind.needs_index() => return Err(unknown(format!("{text:?}, which lacks its number"))),
            None => None,
        };
        Ok(Device { kind, index })
    }
}

/// The device names of this build, e.g. `dram, dram:N or cuda:N`.
fn device_names() -> String {
    let mut names = Vec::new();
    for kind in KINDS {
        if !kind.needs_index() {
            names.push(kind.name().to_owned());
        }
        names.push(format!("{}:N", kind.name()));
    }
    let last = names.pop().unwrap_or_default();
    format!("{} or {last}", names.join(", "))
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}", self.kind.name())?;
        self.index.map_or(Ok(()), |index| write!(formatter, ":{index}"))
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        (self.kind.name(), self.index) == (other.kind.name(), other.index)
    }
}

impl Eq for Device {}

impl Hash for Device {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.kind.name(), self.index).hash(state);
    }
}
