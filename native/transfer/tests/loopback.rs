//! Two processes on this machine move real bytes through the real NIXL.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Finished, free_port, initiator, pair, target};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::os::unix::fs::FileExt;

fn result(initiator: &Finished) -> Value {
    let text = initiator.text("RESULT");
    let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(initiator.tagged("END")["result_sha256"], digest.as_str());
    assert!(initiator.lines.last().unwrap().starts_with("END "));
    serde_json::from_str(text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn write_is_timed_and_verified() {
    let (initiator, target) = pair(&[
        "--device",
        "dram",
        "--block-size",
        "1048576",
        "--batch-size",
        "3",
        "--iters",
        "7",
        "--warmup-iters",
        "2",
    ]);
    initiator.succeeded();
    assert_eq!(target.succeeded().lines.last().unwrap(), "END {}");
    let result = result(&initiator);
    let total = 3 * 1048576;
    assert_eq!(result["schema"], "claimcheck.result/1");
    assert_eq!(
        (&result["event"], &result["op"], &result["device"]),
        (&"result".into(), &"WRITE".into(), &"dram".into())
    );
    assert_eq!(result["total_bytes"], total);
    assert_eq!(result["verified_bytes"], total);
    assert_eq!(result["moved_bytes"], (2 + 7 + 1) * total);
    assert_eq!(result["corrupt"], serde_json::json!([]));
    assert_eq!(result["library_versions"]["ucx"], "1.23.0");
    let samples = numbers(&result["samples_seconds"]);
    assert_eq!(samples.len(), 7);
    let average = samples.iter().sum::<f64>() / 7.0;
    assert!((result["avg_seconds"].as_f64().unwrap() / average - 1.0).abs() < 1e-9);
    let rate = f64::from(total) / average / 1e9;
    assert!((result["avg_GBps"].as_f64().unwrap() / rate - 1.0).abs() < 1e-9);
    let keys: Vec<&String> = result.as_object().unwrap().keys().collect();
    let positions = keys.iter().map(|key| initiator.text("RESULT").find(&format!("\"{key}\":")).unwrap());
    assert!(positions.is_sorted() || keys.is_sorted());
}

#[test]
fn read_is_verified_at_the_reader() {
    let (initiator, target) =
        pair(&["--device", "dram", "--op", "READ", "--block-size", "65536", "--iters", "5"]);
    target.succeeded();
    let result = result(initiator.succeeded());
    assert_eq!((&result["op"], &result["verified_bytes"]), (&"READ".into(), &65536.into()));
}

#[test]
fn an_odd_block_size_is_verified_to_its_last_byte() {
    let (initiator, _) = pair(&["--device", "dram", "--block-size", "1000003", "--iters", "2"]);
    assert_eq!(result(initiator.succeeded())["verified_bytes"], 1_000_003);
}

#[test]
fn four_streams_run_at_once() {
    let devices = "dram:0,dram:1,dram:2,dram:3";
    let (initiator, target) =
        pair(&["--devices", devices, "--block-size", "262144", "--iters", "6", "--transport", "tcp"]);
    target.succeeded();
    let result = result(initiator.succeeded());
    assert_eq!(result["total_bytes"], 4 * 262144);
    let streams = result["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 4);
    let whole = numbers(&result["samples_seconds"]);
    for (index, stream) in streams.iter().enumerate() {
        assert_eq!(stream["device"], format!("dram:{index}"));
        assert!(stream["transport"].as_str().unwrap().contains("tcp/"), "{stream}");
        let own = numbers(&stream["samples_seconds"]);
        assert!(own.iter().zip(&whole).all(|(own, whole)| *own > 0.0 && own <= whole));
    }
}

#[test]
fn without_verification_no_bytes_count_as_verified() {
    let (initiator, _) = pair(&[
        "--device",
        "dram",
        "--no-verify",
        "--block-size",
        "4096",
        "--iters",
        "3",
        "--warmup-iters",
        "0",
    ]);
    let result = result(initiator.succeeded());
    assert_eq!((&result["verified_bytes"], &result["moved_bytes"]), (&0.into(), &(3 * 4096).into()));
}

/// Repeatedly overwrites eight bytes in the middle of the target's buffer, from another process.
#[test]
fn both_sides_report_a_corrupt_byte() {
    let arguments = ["--device", "dram", "--block-size", "67108864", "--iters", "1", "--warmup-iters", "0"];
    let port = free_port();
    let mut target = target(port, &arguments);
    target.await_event("target_ready");
    let (memory, address) = middle_of_largest_mapping(target.id());
    let stop = std::sync::atomic::AtomicBool::new(false);
    let initiator = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                // The target may end before this thread is stopped.
                if memory.write_at(b"CORRUPT!", address).is_err() {
                    break;
                }
            }
        });
        let finished = initiator(port, &arguments).finish();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        finished
    });
    assert_eq!(initiator.code, Some(3), "{initiator:#?}");
    assert_eq!(initiator.tagged("ERROR")["code"], "DATA_CORRUPT");
    let corrupt = &result(&initiator)["corrupt"];
    assert_eq!(corrupt.as_array().unwrap().len(), 1);
    assert_eq!((&corrupt[0]["stream"], &corrupt[0]["device"]), (&0.into(), &"dram".into()));
    assert!((1..=8).contains(&corrupt[0]["bad_bytes"].as_u64().unwrap()), "{corrupt}");
    let found = corrupt[0]["found_hex"].as_str().unwrap();
    assert!("434f525255505421".contains(found.get(..2).unwrap()), "{corrupt}");
    let target = target.finish();
    assert_eq!(target.code, Some(3), "{target:#?}");
    assert_eq!(target.tagged("ERROR")["code"], "DATA_CORRUPT");
}

fn middle_of_largest_mapping(process: u32) -> (std::fs::File, u64) {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let spans = maps.lines().filter(|line| line.contains(" rw-p 00000000 00:00 0")).map(|line| {
        let (start, end) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
        (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap())
    });
    let (start, end) = spans.max_by_key(|(start, end)| end - start).unwrap();
    let memory = std::fs::OpenOptions::new().write(true).open(format!("/proc/{process}/mem")).unwrap();
    (memory, (start + end) / 2 / 8 * 8)
}

#[test]
fn scattered_blocks_of_several_requests_are_all_moved_and_verified() {
    for op in ["WRITE", "READ"] {
        let (initiator, target) = pair(&[
            "--device",
            "dram",
            "--op",
            op,
            "--block-size",
            "1000",
            "--batch-size",
            "2500",
            "--block-order",
            "scattered",
            "--requests",
            "7",
            "--iters",
            "3",
        ]);
        target.succeeded();
        let result = result(initiator.succeeded());
        assert_eq!((&result["block_size"], &result["batch_size"]), (&1000.into(), &2500.into()));
        assert_eq!(result["verified_bytes"], 2_500_000);
    }
}

#[test]
fn bytes_go_both_ways_at_once() {
    let (initiator, target) = pair(&[
        "--devices",
        "dram:0,dram:1",
        "--both-ways",
        "--block-size",
        "65536",
        "--batch-size",
        "4",
        "--iters",
        "3",
    ]);
    target.succeeded();
    let result = result(initiator.succeeded());
    let streams = result["streams"].as_array().unwrap();
    let directions: Vec<_> =
        streams.iter().map(|stream| format!("{} {}", stream["device"], stream["op"])).collect();
    assert_eq!(
        directions,
        [r#""dram:0" "WRITE""#, r#""dram:1" "WRITE""#, r#""dram:0" "READ""#, r#""dram:1" "READ""#]
    );
    assert_eq!(result["total_bytes"], 4 * 4 * 65536);
    assert_eq!(result["verified_bytes"], 4 * 4 * 65536);
}

#[test]
fn more_requests_than_blocks_are_refused() {
    let (initiator, _) = pair(&["--device", "dram", "--block-size", "64", "--requests", "2"]);
    initiator.failed("BAD_OPTION");
}
