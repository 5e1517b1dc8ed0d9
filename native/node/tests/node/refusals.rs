//! Invalid requests: each is rejected with a code and the field, and creates nothing.

use serde_json::{Value, json};

use crate::agent::{Agent, Pod, User, container, fabric, shape, with_agent};

fn refusal(agent: &mut Agent, pod: &Pod) -> (String, String) {
    let error = agent.refused("run", json!({ "pod": pod.0 }));
    for key in ["message", "expected", "found", "hint"] {
        assert!(!error[key].as_str().unwrap().is_empty(), "{key} of {error}");
    }
    assert_eq!(agent.ok("list", json!({})), json!({ "pods": [] }));
    let text = |key: &str| error[key].as_str().unwrap().to_owned();
    (text("code"), text("subject"))
}

#[test]
fn a_bad_pod_is_refused_by_field() {
    with_agent(|agent| {
        let good = || Pod::new(1).nics(&[0, 1]);
        let nic = |key: &str, value: Value| good().nic_with(0, key, value);
        let shaped = |rate: Value, burst: Value| json!({ "rate_bits": rate, "burst_bytes": burst });
        let device = |path: &str| json!([{ "path": path, "opens": true }]);
        let cases = [
            (good().with("colour", json!("red")), "BAD_REQUEST", "pod.colour"),
            (good().with("name", json!("")), "BAD_REQUEST", "pod.name"),
            (nic("mtu", json!(0)), "BAD_REQUEST", "pod.nics[0].mtu"),
            (nic("mtu", json!("9000")), "BAD_REQUEST", "pod.nics[0].mtu"),
            (nic("rail", json!(9)), "BAD_REQUEST", "pod.nics[0].rail"),
            (nic("name", json!("rdma1")), "BAD_REQUEST", "pod.nics[1].name"),
            (nic("name", json!("eth0")), "BAD_REQUEST", "pod.nics[0].name"),
            (nic("name", json!("a name far too long")), "BAD_REQUEST", "pod.nics[0].name"),
            (nic("mac", json!("ff:ff:ff:ff:ff:ff")), "BAD_REQUEST", "pod.nics[0].mac"),
            (nic("address", json!("10.64.0.1")), "BAD_REQUEST", "pod.nics[0].address"),
            (nic("address", json!("10.64.1.7/24")), "BAD_ADDRESS", "pod.nics[0].address"),
            (nic("address", json!("10.64.0.254/24")), "BAD_ADDRESS", "pod.nics[0].address"),
            (
                good().nic_with(1, "rail", json!(0)).nic_with(1, "address", json!("10.64.0.1/24")),
                "BAD_ADDRESS",
                "address 10.64.0.1 of pod pod1",
            ),
            (nic("tx", shaped(json!(0), json!(9999))), "BAD_REQUEST", "pod.nics[0].tx.rate_bits"),
            (nic("rx", shaped(json!(-1), json!(9999))), "BAD_REQUEST", "pod.nics[0].rx.rate_bits"),
            (nic("rx", shaped(json!(1000), json!(9000))), "BAD_RATE", "pod.nics[0].rx.burst_bytes"),
            (
                nic("wire", json!({ "corrupt_every_bytes": 0 })),
                "BAD_REQUEST",
                "pod.nics[0].wire.corrupt_every_bytes",
            ),
            (
                good().with("routes", json!([{ "to": "10.64.0.0/16", "dev": "rdma9" }])),
                "BAD_REQUEST",
                "pod.routes[0].dev",
            ),
            (good().with("devices", device("/etc/passwd")), "BAD_REQUEST", "pod.devices"),
            (good().with("devices", device("/dev/../etc/passwd")), "BAD_REQUEST", "pod.devices"),
            (good().with("files", json!([{ "path": "sys/x", "content": "" }])), "BAD_REQUEST", "pod.files"),
            (good().with("containers", json!([])), "BAD_REQUEST", "pod.containers"),
            (
                good().with("containers", json!([{ "name": "a", "argv": [] }])),
                "BAD_REQUEST",
                "pod.containers[0].argv",
            ),
            (good().container("main", ":"), "BAD_REQUEST", "pod.containers[1].name"),
            (
                good().with("mounts", json!([{ "source": "/no/such", "target": "/x" }])),
                "MOUNT_MISSING",
                "/no/such",
            ),
        ];
        for (pod, code, subject) in cases {
            assert_eq!(refusal(agent, &pod), (code.to_owned(), subject.to_owned()));
        }
    });
}

#[test]
fn a_pod_that_fails_to_start_leaves_nothing_and_its_name_is_free() {
    with_agent(|agent| {
        let exec =
            |argv: Value| json!([container("main", "exec sleep 1000"), { "name": "side", "argv": argv }]);
        for argv in [json!(["/no/such/program"]), json!(["/etc/hosts"]), json!(["sh"])] {
            let (code, subject) = refusal(agent, &Pod::new(1).nics(&[0]).with("containers", exec(argv)));
            assert_eq!((code.as_str(), subject.as_str()), ("EXEC_FAILED", "container side"));
            let interfaces = agent.fabric_interfaces();
            assert!(!interfaces.iter().any(|name| name.starts_with('p') && name != "pods"), "{interfaces:?}");
        }
        agent.run(&Pod::new(1).nics(&[0]));
    });
}

#[test]
fn a_name_or_address_in_use_is_refused() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).nics(&[0]));
        let code = |agent: &mut Agent, pod: Pod| agent.refused("run", json!({ "pod": pod.0 }))["code"].take();
        assert_eq!(code(agent, Pod::new(1)), "POD_EXISTS");
        assert_eq!(code(agent, Pod::new(1).with("name", json!("other"))), "BAD_ADDRESS");
        let other = Pod::new(2).nics(&[0]).nic_with(0, "address", json!("10.64.0.1/24"));
        assert_eq!(code(agent, other), "BAD_ADDRESS");
    });
}

#[test]
fn a_bad_line_is_answered_and_the_next_one_is_read() {
    with_agent(|agent| {
        for line in ["{", "[]", "{\"op\":\"list\"}", "{\"id\":\"x\",\"op\":\"list\"}"] {
            agent.write(line);
            assert_eq!(agent.anonymous_answer()["code"], "BAD_REQUEST", "{line}");
        }
        for (op, body, subject) in [
            ("lost", json!({}), "op"),
            ("list", json!({ "more": 1 }), "more"),
            ("delete", json!({ "pod": "pod1" }), "request"),
            ("delete", json!({ "pod": "pod1", "grace_ms": -1 }), "grace_ms"),
            ("exec", json!({ "pod": "p", "container": "c", "argv": "ls", "timeout_ms": 1 }), "argv"),
        ] {
            let error = agent.refused(op, body);
            assert_eq!(
                (&error["code"], &error["subject"]),
                (&json!("BAD_REQUEST"), &json!(subject)),
                "{error}"
            );
        }
        let pods = agent.ok("list", json!({}));
        assert_eq!(pods, json!({ "pods": [] }));
    });
}

#[test]
fn rate_refuses_a_burst_below_one_frame() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).nics(&[0]));
        let tight = json!({ "rate_bits": 1000, "burst_bytes": 1500 });
        let error = agent.refused("rate", json!({ "pod": "pod1", "nic": "rdma0", "rx": tight }));
        assert_eq!((&error["code"], &error["subject"]), (&json!("BAD_RATE"), &json!("rx.burst_bytes")));
        agent.ok("rate", json!({ "pod": "pod1", "nic": "rdma0", "rx": shape(1_000_000) }));
    });
}

#[test]
fn open_must_come_first_and_only_once() {
    crate::agent::for_each_user(|user| {
        let mut agent = Agent::spawn(user);
        assert_eq!(agent.refused("list", json!({}))["code"], "NOT_OPEN");
        let privilege = agent.open()["privilege"].take();
        assert_eq!(privilege, if user == User::Root { "root" } else { "userns" });
        assert_eq!(agent.refused("open", json!({ "fabric": fabric() }))["code"], "ALREADY_OPEN");
    });
}

#[test]
fn a_fabric_with_subnets_in_common_is_refused() {
    crate::agent::for_each_user(|user| {
        let mut agent = Agent::spawn(user);
        let mut bad = fabric();
        bad["rails"][1]["subnet"] = json!("10.64.0.128/25");
        let error = agent.refused("open", json!({ "fabric": bad }));
        assert_eq!((&error["code"], &error["subject"]), (&json!("BAD_ADDRESS"), &json!("rail 1")));
        // Nothing was created, so a corrected request succeeds.
        agent.open();
    });
}
