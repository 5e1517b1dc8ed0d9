//! The direction of a transfer, as the initiator sees it.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[clap(rename_all = "UPPER")]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    Write,
    Read,
}

impl Operation {
    pub fn reversed(self) -> Self {
        match self {
            Operation::Write => Operation::Read,
            Operation::Read => Operation::Write,
        }
    }
}
