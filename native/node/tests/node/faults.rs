//! Faults of the fabric: misrouted traffic, corrupted bytes and links that fail.

use serde_json::json;

use crate::agent::{Pod, shape, with_agent};
use crate::network::{bytes, pair, transfer};

#[test]
fn an_extra_route_takes_the_traffic_to_eth0() {
    with_agent(|agent| {
        let (one, two) = pair(agent, &[0]);
        agent.run(&one.with("routes", json!([{ "to": "10.64.0.0/16", "dev": "eth0" }])));
        agent.run(&two);
        let (_, received) = transfer(agent, "10.64.0.1", "10.64.0.2", 1_000_000);
        assert_eq!(received["received"], 1_000_000);
        assert!(bytes(agent, "pod1", "eth0", "tx_bytes") > 1_000_000);
        assert!(bytes(agent, "pod1", "rdma0", "tx_bytes") < 10_000);
        // It still arrives over the NIC.
        assert!(bytes(agent, "pod2", "rdma0", "rx_bytes") > 1_000_000);
    });
}

#[test]
fn a_corrupting_wire_changes_bytes_and_the_connection_lives() {
    with_agent(|agent| {
        let (one, two) = pair(agent, &[0]);
        agent.run(&one.nic_with(0, "wire", json!({ "corrupt_every_bytes": 4_000_000 })));
        agent.run(&two);
        let (_, received) = transfer(agent, "10.64.0.1", "10.64.0.2", 40_000_000);
        assert_eq!(received["received"], 40_000_000);
        let wrong = received["wrong"].as_u64().unwrap();
        assert!((5..=12).contains(&wrong), "{wrong} bytes changed, expected about 10");
        // A corrupted frame may be lost and retransmitted unchanged, but nothing else corrupts bytes.
        assert!(agent.interface("pod1", "rdma0")["corrupted_bytes"].as_u64().unwrap() >= wrong);
    });
}

#[test]
fn a_corrupting_wire_keeps_the_rates() {
    with_agent(|agent| {
        let (one, two) = pair(agent, &[0]);
        let one = one.nic_with(0, "tx", shape(400_000_000)).nic_with(0, "rx", shape(400_000_000));
        agent.run(&one.nic_with(0, "wire", json!({ "corrupt_every_bytes": 1_000_000_000_000u64 })));
        agent.run(&two);
        let (_, received) = transfer(agent, "10.64.0.1", "10.64.0.2", 20_000_000);
        assert_eq!(received, json!({ "received": 20_000_000, "wrong": 0 }));
    });
}

#[test]
fn bytes_arrive_over_a_wire_that_loses_frames() {
    with_agent(|agent| {
        let (one, two) = pair(agent, &[0]);
        let one = one.nic_with(0, "wire", json!({ "lose_every_bytes": 2_000_000 }));
        agent.run(&one);
        agent.run(&two);
        let (_, received) = transfer(agent, "10.64.0.1", "10.64.0.2", 40_000_000);
        assert_eq!(received, json!({ "received": 40_000_000, "wrong": 0 }));
        // Lost packets were retransmitted: the sender's NIC has sent more than the receiver's has received.
        let lost = bytes(agent, "pod1", "rdma0", "tx_bytes") - bytes(agent, "pod2", "rdma0", "rx_bytes");
        assert!(lost > 100_000, "{lost} bytes lost");
    });
}

#[test]
fn a_link_is_cut_after_so_many_bytes() {
    with_agent(|agent| {
        let (one, two) = pair(agent, &[0]);
        let one = one.nic_with(0, "tx", shape(80_000_000));
        agent.run(&one.nic_with(0, "wire", json!({ "cut_after_bytes": 2_000_000 })));
        agent.run(&two);
        agent.send_probe("pod2", "receive 5000");
        agent.send_probe("pod1", "send 10.64.0.1 10.64.0.2:5000 50000000");
        let cut = agent.event(|event| event["event"] == "link_cut");
        assert_eq!((&cut["pod"], &cut["nic"]), (&json!("pod1"), &json!("rdma0")));
        assert_eq!(agent.shell("pod1", "cat /sys/class/net/rdma0/carrier"), "0\n");
        let arrived = bytes(agent, "pod2", "rdma0", "rx_bytes");
        assert!((1_000_000..25_000_000).contains(&arrived), "{arrived}");
        agent.delete("pod1");
        agent.delete("pod2");
    });
}

#[test]
fn a_link_goes_down_and_comes_back() {
    with_agent(|agent| {
        for wire in [json!({}), json!({ "corrupt_every_bytes": 1_000_000_000_000u64 })] {
            let (one, two) = pair(agent, &[0]);
            agent.run(&one.nic_with(0, "wire", wire));
            agent.run(&two);
            agent.ok("link", json!({ "pod": "pod1", "nic": "rdma0", "up": false }));
            assert_eq!(agent.shell("pod1", "cat /sys/class/net/rdma0/carrier"), "0\n");
            agent.ok("link", json!({ "pod": "pod1", "nic": "rdma0", "up": true }));
            assert_eq!(agent.shell("pod1", "cat /sys/class/net/rdma0/carrier"), "1\n");
            let (_, received) = transfer(agent, "10.64.0.1", "10.64.0.2", 300_000);
            assert_eq!(received["received"], 300_000);
            agent.delete("pod1");
            agent.delete("pod2");
        }
    });
}

#[test]
fn eth0_is_no_nic() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).nics(&[0]));
        for nic in ["eth0", "rdma7"] {
            let error = agent.refused("link", json!({ "pod": "pod1", "nic": nic, "up": false }));
            assert_eq!((&error["code"], &error["expected"]), (&json!("NIC_UNKNOWN"), &json!("one of rdma0")));
        }
    });
}
