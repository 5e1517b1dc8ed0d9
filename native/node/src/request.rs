//! One line of standard input, parsed as a request. Unknown keys and wrong values are refused with the path of the
//! field.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::address::InterfaceName;
use crate::failure::{Code, Failure, Outcome};
use crate::spec::{FabricSpec, PodSpec, ShapeSpec};

pub enum Request {
    Open(Open),
    Run(Run),
    Exec(Exec),
    Delete(Delete),
    Link(Link),
    Rate(Rate),
    List,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    pub fabric: FabricSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub pod: PodSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exec {
    pub pod: String,
    pub container: String,
    pub argv: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    pub timeout_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    pub pod: String,
    pub grace_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub pod: String,
    pub nic: InterfaceName,
    pub up: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub pod: String,
    pub nic: InterfaceName,
    pub tx: Option<ShapeSpec>,
    pub rx: Option<ShapeSpec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Parses a line. The id is returned also for a bad request, so that its answer can carry it.
pub fn parse(line: &str) -> (Option<u64>, Outcome<Request>) {
    let mut fields: Map<String, Value> = match serde_json::from_str(line) {
        Ok(fields) => fields,
        Err(error) => return (None, Err(bad("request", "a JSON object on one line", error.to_string()))),
    };
    let Some(id) = fields.remove("id").as_ref().and_then(Value::as_u64) else {
        return (None, Err(bad("id", "a whole number", "none")));
    };
    let op = fields.remove("op");
    let body = Value::Object(fields);
    let request = match op.as_ref().and_then(Value::as_str) {
        Some("open") => body_of(body).map(Request::Open),
        Some("run") => body_of(body).map(Request::Run),
        Some("exec") => body_of(body).map(Request::Exec),
        Some("delete") => body_of(body).map(Request::Delete),
        Some("link") => body_of(body).map(Request::Link),
        Some("rate") => body_of(body).map(Request::Rate),
        Some("list") => body_of(body).map(|Nothing {}| Request::List),
        _ => {
            let known = "one of open, run, exec, delete, link, rate, list";
            Err(bad("op", known, op.map_or("none".to_owned(), |op| op.to_string())))
        }
    };
    (Some(id), request)
}

fn body_of<T: DeserializeOwned>(body: Value) -> Outcome<T> {
    serde_path_to_error::deserialize(body).map_err(|error| {
        let path = match error.path().to_string() {
            whole if whole == "." => "request".to_owned(),
            path => path,
        };
        bad(&path, "a value as protocol.md describes it", error.into_inner().to_string())
    })
}

fn bad(subject: &str, expected: &str, found: impl Into<String>) -> Failure {
    Failure::new(Code::BadRequest, subject, expected, found, "correct this field of the request")
}
