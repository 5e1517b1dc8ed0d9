//! NIXL's real LIBFABRIC backend moves bytes over libfabric's tcp provider, between two network namespaces. EFA needs its
//! hardware.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::libfabric::environment;
use common::rack::{Rack, Side};
use common::{Finished, Process, command};
use serde_json::Value;
use std::process::Command;

const SIZES: [&str; 8] =
    ["--block-size", "65536", "--batch-size", "32", "--iters", "10", "--warmup-iters", "2"];

/// Runs both sides over nic0 to their end; none where LIBFABRIC cannot be tested here.
fn run(options: &[&str]) -> Option<(Finished, Finished)> {
    let environment = environment()?;
    let rack = Rack::with_nics(2);
    let arguments = [&["--backend", "LIBFABRIC", "--devices", "dram", "--nics", "nic0"], options].concat();
    let target = rack.start_with(Side::Target, &arguments, &environment);
    let initiator = rack.start_with(Side::Initiator, &arguments, &environment);
    Some((initiator.finish(), target.finish()))
}

fn bytes(result: &Value, nics: &str, name: &str, direction: &str) -> u64 {
    let all = result[nics].as_array().unwrap();
    let nic = all.iter().find(|nic| nic["name"] == name).unwrap();
    let at = |when: &str| nic[format!("{direction}_bytes_{when}")].as_u64().unwrap();
    at("after") - at("before")
}

/// The initiator's socket buffer takes these blocks at once, so NIXL completes a WRITE before its bytes have arrived.
#[test]
fn a_write_is_verified_when_it_is_complete() {
    let Some((initiator, target)) = run(&[&SIZES[..], &["--requests", "4"]].concat()) else { return };
    target.succeeded();
    let result = initiator.succeeded().tagged("RESULT");
    let total = 32 * 65536;
    assert_eq!((&result["backend"], &result["verified_bytes"]), (&"LIBFABRIC".into(), &total.into()));
    assert_eq!(result["streams"][0]["transport"], Value::Null);
    assert_eq!(result["library_versions"]["nixl"], "1.5.0");
    assert_eq!(result["library_versions"]["libfabric"], "2.5");
    assert_eq!(result["library_versions"]["ucx"], Value::Null);
    let moved = result["moved_bytes"].as_u64().unwrap();
    assert_eq!(moved, 13 * total);
    for (nics, direction) in [("nics", "tx"), ("target_nics", "rx")] {
        let carried = bytes(&result, nics, "nic0", direction);
        assert!((moved..moved + moved / 5).contains(&carried), "{nics}: {carried} of {moved}");
        assert!(bytes(&result, nics, "nic1", direction) < 10_000, "{result}");
    }
}

#[test]
fn a_read_is_verified_at_the_reader() {
    let Some((initiator, target)) = run(&[&SIZES[..], &["--op", "READ"]].concat()) else { return };
    target.succeeded();
    assert_eq!(initiator.succeeded().tagged("RESULT")["verified_bytes"], 32 * 65536);
}

#[test]
fn both_ways_are_verified_at_both_ends() {
    let Some((initiator, target)) = run(&[&SIZES[..], &["--both-ways"]].concat()) else { return };
    target.succeeded();
    assert_eq!(initiator.succeeded().tagged("RESULT")["verified_bytes"], 2 * 32 * 65536);
}

#[test]
fn a_peer_that_is_killed_is_named() {
    let Some(environment) = environment() else { return };
    let rack = Rack::with_nics(1);
    let endless = ["--block-size", "65536", "--iters", "1000000", "--progress"];
    let arguments =
        [&["--backend", "LIBFABRIC", "--devices", "dram", "--nics", "nic0"], &endless[..]].concat();
    let target = rack.start_with(Side::Target, &arguments, &environment);
    let mut initiator = rack.start_with(Side::Initiator, &arguments, &environment);
    initiator.await_event("progress");
    drop(target);
    initiator.finish().failed("PEER_GONE");
}

#[test]
fn what_the_backend_would_not_use_is_refused() {
    let rack = Rack::with_nics(2);
    for (option, arguments) in [
        ("--transport", ["--nics", "nic0", "--transport", "tcp"]),
        ("--nics", ["--nics", "nic0,nic1", "--device", "dram"]),
        ("--devices", ["--nics", "nic0", "--device", "cuda:0"]),
    ] {
        let arguments = [&["--backend", "LIBFABRIC"], &arguments[..]].concat();
        let error = rack.start(Side::Target, &arguments).finish().failed("BAD_OPTION");
        assert_eq!(error["subject"], option);
    }
}

#[test]
fn a_library_that_the_plugin_needs_is_named_where_it_is_missing() {
    let folder = std::env::temp_dir().join(format!("plugins-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let needed = folder.join("libneeded-by-plugin.so");
    let cc = |arguments: &[&str]| {
        assert!(Command::new("cc").args(arguments).status().unwrap().success());
    };
    let (needed, plugin) = (needed.to_str().unwrap(), folder.join("libplugin_LIBFABRIC.so"));
    cc(&["-shared", "-x", "c", "/dev/null", "-Wl,-soname,libneeded-by-plugin.so", "-o", needed]);
    cc(&[
        "-shared",
        "-Wl,--no-as-needed",
        "-x",
        "c",
        "/dev/null",
        "-x",
        "none",
        needed,
        "-o",
        plugin.to_str().unwrap(),
    ]);
    std::fs::remove_file(needed).unwrap();
    let port = common::free_port().to_string();
    let mut alone =
        command(&["--mode", "target", "--backend", "LIBFABRIC", "--device", "dram", "--port", &port]);
    let finished = Process::start(alone.env("NIXL_PLUGIN_DIR", &folder)).finish();
    std::fs::remove_dir_all(&folder).unwrap();
    let error = finished.failed("NIXL_LIBRARY_MISSING");
    assert_eq!(error["subject"], format!("NIXL backend LIBFABRIC, {}", plugin.display()),);
    assert!(error["found"].as_str().unwrap().starts_with("libneeded-by-plugin.so: "), "{error}");
}
