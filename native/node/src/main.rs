//! The node agent of an emulated rack: kubelets, container runtimes, DRANET's node plugins and the switches in one
//! process. It reads requests as JSON lines on standard input and writes answers and events on standard output; see
//! protocol.md. However it ends, everything that it created ends with it.

mod address;
mod channel;
mod fabric;
mod failure;
mod namespace;
mod output;
mod pod;
mod priority;
mod rack;
mod request;
mod sandbox;
mod spec;

use std::io::{self, BufRead};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use nix::sys::signal::{SigHandler, Signal, signal};
use serde_json::json;

use fabric::Fabric;
use failure::{Code, Failure, Outcome};
use namespace::sandbox_unavailable;
use output::Output;
use rack::Rack;
use request::{Open, Request, parse};

/// The version of the protocol; increased when a field changes its meaning.
const PROTOCOL: u32 = 1;

fn main() -> ExitCode {
    let role = std::env::args().nth(1);
    match role.as_deref() {
        None => serve(),
        Some("sandbox") => exit_code(sandbox::run()),
        Some("enter") => exit_code(sandbox::enter::run()),
        Some(other) => {
            eprintln!("claimcheck-node takes no arguments, found {other}; it is driven over standard input");
            ExitCode::from(2)
        }
    }
}

fn exit_code(status: i32) -> ExitCode {
    ExitCode::from(u8::try_from(status).unwrap_or(1))
}

fn serve() -> ExitCode {
    // Ctrl-C, Ctrl-\ and the end of a terminal are sent to the harness and its children alike; the harness decides what
    // follows.
    for keyboard in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP] {
        // SAFETY: ignores a signal; no handler is installed.
        if unsafe { signal(keyboard, SigHandler::SigIgn) }.is_err() {
            return ExitCode::FAILURE;
        }
    }
    let niceness = priority::raise();
    let output = Output::default();
    let mut rack: Option<Arc<Rack>> = None;
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match (parse(&line), &rack) {
            ((id, Err(failure)), _) => output.answer(id, &Err(failure)),
            ((id, Ok(Request::Open(request))), None) => match open(&request, &output, niceness) {
                Ok((opened, answer)) => {
                    rack = Some(Arc::new(opened));
                    output.answer(id, &Ok(answer));
                }
                Err(failure) => output.answer(id, &Err(failure)),
            },
            ((id, Ok(Request::Open(_))), Some(_)) => output.answer(id, &Err(already_open())),
            ((id, Ok(_)), None) => output.answer(id, &Err(not_open())),
            ((id, Ok(request)), Some(rack)) => carry_out(rack, &output, id, request),
        }
    }
    if let Some(rack) = rack {
        rack.close();
    }
    ExitCode::SUCCESS
}

fn open(request: &Open, output: &Output, niceness: i32) -> Outcome<(Rack, serde_json::Value)> {
    Fabric::check(&request.fabric)?;
    let privilege = namespace::isolate()?;
    let fabric = Fabric::build(&request.fabric).map_err(|cause| sandbox_unavailable(&cause.to_string()))?;
    let rack = Rack::new(fabric, output.clone());
    rack.dry_run()?;
    let answer = json!({
        "privilege": privilege, "niceness": niceness, "protocol": PROTOCOL, "version": env!("CARGO_PKG_VERSION"),
    });
    Ok((rack, answer))
}

/// Handles each request in a thread of its own, so that none waits for another.
fn carry_out(rack: &Arc<Rack>, output: &Output, id: Option<u64>, request: Request) {
    let (rack, output) = (Arc::clone(rack), output.clone());
    let answer = move |outcome: Outcome<_>| output.answer(id, &outcome);
    match request {
        Request::Open(_) => answer(Err(already_open())),
        Request::Run(run) => match rack.reserve(run) {
            Ok(pod) => drop(thread::spawn(move || rack.run(&pod, answer))),
            Err(failure) => answer(Err(failure)),
        },
        Request::Exec(exec) => drop(thread::spawn(move || answer(rack.exec(&exec)))),
        Request::Delete(delete) => drop(thread::spawn(move || answer(rack.delete(&delete)))),
        Request::Link(link) => drop(thread::spawn(move || answer(rack.link(&link)))),
        Request::Rate(rate) => drop(thread::spawn(move || answer(rack.rate(&rate)))),
        Request::List => drop(thread::spawn(move || answer(rack.list()))),
    }
}

fn already_open() -> Failure {
    let hint = "start another agent for another rack";
    Failure::new(Code::AlreadyOpen, "open", "one open for each agent", "a second one", hint)
}

fn not_open() -> Failure {
    Failure::new(Code::NotOpen, "fabric", "open as the first request", "another request", "send open first")
}
