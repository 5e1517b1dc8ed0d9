//! The agent's standard output: answers and events, each one whole JSON line. When the reader closes it the process
//! ends, and with it the rack.

use std::io::{self, Write};
use std::process;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::failure::{Failure, Outcome};

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event<'a> {
    /// A line of a container's output without its newline; `cut` if it was too long.
    Log {
        pod: &'a str,
        container: &'a str,
        stream: &'a str,
        data: &'a str,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        cut: bool,
    },
    /// The container's program has ended. It follows the last line of its output.
    Exited {
        pod: &'a str,
        container: &'a str,
        code: Option<i32>,
        signal: Option<String>,
    },
    LinkCut {
        pod: &'a str,
        nic: &'a str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<'a> {
    Ok(&'a Value),
    Error(Refusal<'a>),
}

#[derive(Serialize)]
struct Refusal<'a> {
    message: String,
    #[serde(flatten)]
    failure: &'a Failure,
}

#[derive(Serialize)]
struct Response<'a> {
    /// Null where the request had no id.
    id: Option<u64>,
    #[serde(flatten)]
    answer: Answer<'a>,
}

#[derive(Clone, Default)]
pub struct Output {
    turn: Arc<Mutex<()>>,
}

impl Output {
    pub fn event(&self, event: &Event<'_>) {
        self.line(event);
    }

    pub fn answer(&self, id: Option<u64>, outcome: &Outcome<Value>) {
        let answer = match outcome {
            Ok(value) => Answer::Ok(value),
            Err(failure) => Answer::Error(Refusal { message: failure.to_string(), failure }),
        };
        self.line(&Response { id, answer });
    }

    fn line(&self, value: &impl Serialize) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let written = serde_json::to_vec(value).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            let mut stdout = io::stdout().lock();
            stdout.write_all(&line)?;
            stdout.flush()
        });
        if written.is_err() {
            process::exit(1);
        }
    }
}
