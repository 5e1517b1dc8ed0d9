//! Traffic over the fabric: reachability, rates and interfaces.

use serde_json::{Value, json};

use crate::agent::{Agent, Pod, shape, with_agent};

/// Two pods with a NIC on each of these rails and the probe.
pub fn pair(agent: &Agent, rails: &[u32]) -> (Pod, Pod) {
    let pod = |number| Pod::new(number).nics(rails).probe(&agent.programs);
    (pod(1), pod(2))
}

/// Sends bytes from pod1 to pod2 and returns the output of the sender and the receiver.
pub fn transfer(agent: &mut Agent, from: &str, to: &str, bytes: usize) -> (Value, Value) {
    let receiver = agent.send_probe("pod2", "receive 5000");
    let sent = agent.probe("pod1", &format!("send {from} {to}:5000 {bytes}"));
    let received = agent.probe_answer(receiver);
    (serde_json::from_str(&sent).unwrap(), serde_json::from_str(&received).unwrap())
}

pub fn bytes(agent: &mut Agent, pod: &str, interface: &str, direction: &str) -> u64 {
    agent.interface(pod, interface)["pod"][direction].as_u64().unwrap()
}

#[test]
fn every_nic_reaches_every_other_and_the_pod_network_the_rails() {
    with_agent(|agent| {
        let (one, two) = pair(agent, &[0, 1]);
        agent.run(&one);
        agent.run(&two);
        for (from, to, leaves, arrives) in [
            ("10.64.0.1", "10.64.0.2", "rdma0", "rdma0"),
            ("10.64.0.1", "10.64.1.2", "rdma0", "rdma1"),
            ("10.64.1.1", "10.64.0.2", "rdma1", "rdma0"),
            ("10.244.0.1", "10.244.0.2", "eth0", "eth0"),
        ] {
            let before =
                (bytes(agent, "pod1", leaves, "tx_bytes"), bytes(agent, "pod2", arrives, "rx_bytes"));
            let (_, received) = transfer(agent, from, to, 300_000);
            assert_eq!(received, json!({ "received": 300_000, "wrong": 0 }), "{from} {to}");
            let sent = bytes(agent, "pod1", leaves, "tx_bytes") - before.0;
            let arrived = bytes(agent, "pod2", arrives, "rx_bytes") - before.1;
            assert!(sent > 300_000 && arrived > 300_000, "{from} {to}: {sent} {arrived}");
        }
    });
}

#[test]
fn a_pod_without_that_rail_reaches_it_over_the_pod_network() {
    with_agent(|agent| {
        let programs = &agent.programs;
        let (one, two) = (Pod::new(1).probe(programs), Pod::new(2).nics(&[3]).probe(programs));
        agent.run(&one);
        agent.run(&two);
        let (_, received) = transfer(agent, "10.244.0.1", "10.64.3.2", 300_000);
        assert_eq!(received["received"], 300_000);
    });
}

/// The seconds for the same bytes at two rates, which are low enough for a busy machine.
fn seconds_at(agent: &mut Agent, direction: &str, rates: [u64; 2]) -> [f64; 2] {
    rates.map(|rate| {
        let (one, two) = pair(agent, &[0]);
        let (one, two) = match direction {
            "tx" => (one.nic_with(0, "tx", shape(rate)), two),
            _ => (one, two.nic_with(0, "rx", shape(rate))),
        };
        agent.run(&one);
        agent.run(&two);
        let (sent, received) = transfer(agent, "10.64.0.1", "10.64.0.2", 4_000_000);
        assert_eq!(received, json!({ "received": 4_000_000, "wrong": 0 }));
        for pod in ["pod1", "pod2"] {
            let nic = agent.interface(pod, "rdma0");
            assert_eq!((&nic["pod"]["queue_drops"], &nic["fabric"]["queue_drops"]), (&json!(0), &json!(0)));
        }
        assert!(bytes(agent, "pod1", "rdma0", "tx_bytes") > 4_000_000);
        assert!(bytes(agent, "pod1", "eth0", "tx_bytes") < 10_000);
        agent.delete("pod1");
        agent.delete("pod2");
        // A busy machine may be slow, but a shaped link is never faster than its rate.
        let seconds = sent["seconds"].as_f64().unwrap();
        assert!(seconds > 0.9 * 8.0 * 4e6 / rate as f64, "{direction}: {seconds} s at {rate} bit/s");
        seconds
    })
}

#[test]
fn the_ratio_of_two_rates_is_the_ratio_of_the_transfers() {
    with_agent(|agent| {
        for direction in ["tx", "rx"] {
            let [full, reduced] = seconds_at(agent, direction, [60_000_000, 42_000_000]);
            let ratio = full / reduced;
            assert!(
                (0.55..0.85).contains(&ratio),
                "{direction}: {full} s / {reduced} s = {ratio}, expected 0.7"
            );
        }
    });
}

#[test]
fn a_rate_changes_at_run_time() {
    with_agent(|agent| {
        let (one, two) = pair(agent, &[0]);
        agent.run(&one.nic_with(0, "tx", shape(20_000_000)));
        agent.run(&two);
        let (slow, _) = transfer(agent, "10.64.0.1", "10.64.0.2", 2_000_000);
        agent.ok("rate", json!({ "pod": "pod1", "nic": "rdma0", "tx": shape(80_000_000) }));
        let (fast, _) = transfer(agent, "10.64.0.1", "10.64.0.2", 2_000_000);
        let ratio = fast["seconds"].as_f64().unwrap() / slow["seconds"].as_f64().unwrap();
        assert!(ratio < 0.6, "{slow} then {fast}, expected a quarter");
    });
}

#[test]
fn two_racks_with_the_same_addresses_are_isolated() {
    with_agent(|agent| {
        let mut other = Agent::spawn(crate::agent::User::Ordinary);
        other.open();
        for agent in [&mut *agent, &mut other] {
            let (one, two) = pair(agent, &[0]);
            agent.run(&one);
            agent.run(&two);
        }
        for agent in [&mut *agent, &mut other] {
            assert_eq!(transfer(agent, "10.64.0.1", "10.64.0.2", 100_000).1["received"], 100_000);
        }
    });
}
