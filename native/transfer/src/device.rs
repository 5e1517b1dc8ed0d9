//! The device that a stream's buffer lies on: a GPU, or host memory standing for one.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Device {
    Cuda {
        index: u32,
    },
    /// `dram` or `dram:N`; N only tells streams apart.
    Dram {
        index: Option<u32>,
    },
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("cuda:N, dram or dram:N, not {text:?}");
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| expected());
        match text.split_once(':') {
            Some(("cuda", digits)) => Ok(Device::Cuda { index: number(digits)? }),
            Some(("dram", digits)) => Ok(Device::Dram { index: Some(number(digits)?) }),
            None if text == "dram" => Ok(Device::Dram { index: None }),
            _ => Err(expected()),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Device::Cuda { index } => write!(formatter, "cuda:{index}"),
            Device::Dram { index: Some(index) } => write!(formatter, "dram:{index}"),
            Device::Dram { index: None } => write!(formatter, "dram"),
        }
    }
}
