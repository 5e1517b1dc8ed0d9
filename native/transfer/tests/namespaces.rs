//! Real interfaces in network namespaces: each stream stays on its NIC, and a link that fails is named.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::rack::{Rack, Side};
use serde_json::Value;

const DEVICES: &str = "dram:0,dram:1,dram:2,dram:3";
const NICS: &str = "nic0,nic1,nic2,nic3";

fn moved(nics: &Value, name: &str, direction: &str) -> u64 {
    let nic = nics.as_array().unwrap().iter().find(|nic| nic["name"] == name).unwrap();
    let at = |moment: &str| nic[format!("{direction}_bytes_{moment}")].as_u64().unwrap();
    at("after") - at("before")
}

fn run(rack: &Rack, arguments: &[&str]) -> Value {
    let target = rack.start(Side::Target, arguments);
    let initiator = rack.start(Side::Initiator, arguments).finish();
    target.finish().succeeded();
    initiator.succeeded().tagged("RESULT")
}

#[test]
fn each_stream_uses_its_own_nic_and_no_other() {
    let rack = Rack::with_nics(5);
    let sizes = ["--block-size", "1000000", "--iters", "10", "--warmup-iters", "2"];
    let result = run(&rack, &[&["--devices", DEVICES, "--nics", NICS], &sizes[..]].concat());
    let of_stream = result["moved_bytes"].as_u64().unwrap() / 4;
    for nic in ["nic0", "nic1", "nic2", "nic3"] {
        for (nics, direction) in [("nics", "tx"), ("target_nics", "rx")] {
            let bytes = moved(&result[nics], nic, direction);
            // Headers and acknowledgements are counted too, so the count is at least the payload.
            assert!((of_stream..of_stream + of_stream / 5).contains(&bytes), "{nic} {nics}: {bytes}");
        }
    }
    for other in ["nic4", "eth0"] {
        let bytes = moved(&result["nics"], other, "tx");
        assert!(bytes < 10_000, "{other} carried {bytes}");
    }
    for nic in result["nics"].as_array().unwrap() {
        let claimed = NICS.contains(nic["name"].as_str().unwrap());
        assert_eq!(nic["role"], if claimed { "claimed" } else { "other" });
    }
    for (index, stream) in result["streams"].as_array().unwrap().iter().enumerate() {
        assert_eq!(stream["nics"], serde_json::json!([format!("nic{index}")]));
        assert_eq!(stream["transport"], format!("tcp/nic{index}"));
    }
}

#[test]
fn one_stream_stripes_over_several_nics() {
    let rack = Rack::with_nics(4);
    let sizes = ["--block-size", "8000000", "--iters", "10", "--warmup-iters", "2"];
    let result = run(&rack, &[&["--devices", "dram", "--nics", NICS], &sizes[..]].concat());
    let share = result["moved_bytes"].as_u64().unwrap() / 4;
    for nic in ["nic0", "nic1", "nic2", "nic3"] {
        let bytes = moved(&result["nics"], nic, "tx");
        assert!((share / 2..share * 3 / 2).contains(&bytes), "{nic}: {bytes} of {share}");
    }
}

#[test]
fn two_streams_stripe_over_two_nics_each() {
    let rack = Rack::with_nics(4);
    let sizes = ["--block-size", "8000000", "--iters", "10", "--warmup-iters", "2"];
    let result = run(&rack, &[&["--devices", "dram:0,dram:1", "--nics", NICS], &sizes[..]].concat());
    let share = result["moved_bytes"].as_u64().unwrap() / 4;
    for nic in ["nic0", "nic1", "nic2", "nic3"] {
        let bytes = moved(&result["nics"], nic, "tx");
        assert!((share / 2..share * 3 / 2).contains(&bytes), "{nic}: {bytes} of {share}");
    }
}

fn break_while_running(break_it: impl Fn(&Rack)) -> (common::Finished, common::Finished) {
    let rack = Rack::with_nics(2);
    let endless = ["--block-size", "1000000", "--iters", "1000000", "--progress", "--stall-seconds", "4"];
    let arguments = [&["--devices", "dram:0,dram:1", "--nics", "nic0,nic1"], &endless[..]].concat();
    let target = rack.start(Side::Target, &arguments);
    let mut initiator = rack.start(Side::Initiator, &arguments);
    initiator.await_event("progress");
    break_it(&rack);
    (initiator.finish(), target.finish())
}

#[test]
fn a_link_cut_at_the_initiator_is_named_by_both() {
    let (initiator, target) = break_while_running(|rack| rack.cut_link(Side::Initiator, 1));
    let error = initiator.failed("LINK_DOWN");
    assert!(error["subject"].as_str().unwrap().contains("NIC nic1 (stream 1)"), "{error}");
    let error = target.failed("LINK_DOWN");
    assert!(error["message"].as_str().unwrap().contains("initiator"), "{error}");
}

#[test]
fn a_link_cut_at_the_target_is_named_by_both() {
    let (initiator, target) = break_while_running(|rack| rack.cut_link(Side::Target, 0));
    let error = initiator.failed("LINK_DOWN");
    assert!(error["message"].as_str().unwrap().contains("target"), "{error}");
    assert!(error["subject"].as_str().unwrap().contains("NIC nic0 (stream 0)"), "{error}");
    target.failed("LINK_DOWN");
}

#[test]
fn lost_packets_with_links_up_are_a_stall() {
    let (initiator, target) = break_while_running(|rack| rack.lose_packets(1));
    let error = initiator.failed("TRANSFER_STALLED");
    let subject = error["subject"].as_str().unwrap();
    assert!(subject.contains("stream 1, device dram:1, NIC nic1"), "{error}");
    target.failed("TRANSFER_STALLED");
}

#[test]
fn a_link_that_is_down_from_the_start_is_named() {
    let rack = Rack::with_nics(1);
    rack.cut_link(Side::Target, 0);
    let target = rack.start(Side::Target, &["--devices", "dram", "--nics", "nic0"]);
    target.finish().failed("LINK_DOWN");
}
