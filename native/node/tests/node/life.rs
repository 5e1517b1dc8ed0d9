//! Logs, exits, exec and delete.

use std::path::Path;

use serde_json::json;

use crate::agent::{Pod, shell, with_agent};

#[test]
fn a_log_arrives_complete_and_in_order_before_the_exit() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).script("seq 1 2000; echo error >&2; printf last; exit 3"));
        let (mut lines, exited) = agent.finish("pod1", "main");
        let at = lines.iter().position(|line| line == "error").unwrap();
        lines.remove(at);
        let expected: Vec<_> = (1..=2000).map(|n| n.to_string()).chain(["last".to_owned()]).collect();
        assert_eq!(lines, expected);
        assert_eq!((&exited["code"], &exited["signal"]), (&json!(3), &json!(null)));
    });
}

#[test]
fn each_stream_and_container_is_named() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).script("echo one >&2").container("side", "echo two"));
        let one = agent.event(|event| event["data"] == "one");
        assert_eq!((&one["container"], &one["stream"]), (&json!("main"), &json!("stderr")));
        let two = agent.event(|event| event["data"] == "two");
        assert_eq!((&two["container"], &two["stream"]), (&json!("side"), &json!("stdout")));
        agent.finish("pod1", "main");
        agent.finish("pod1", "side");
    });
}

#[test]
fn long_lines_are_cut_and_wrong_utf8_is_replaced() {
    with_agent(|agent| {
        let script = "head -c 5000000 /dev/zero | tr '\\0' x; echo; printf 'a\\377b\\n'";
        agent.run(&Pod::new(1).script(script));
        let long = agent.event(|event| event["cut"] == true);
        assert_eq!(long["data"].as_str().unwrap().len(), 4 << 20);
        assert_eq!(agent.finish("pod1", "main").0, ["a\u{fffd}b"]);
    });
}

#[test]
fn a_signal_is_told_apart_from_a_code() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).script("kill -USR1 $$"));
        let (_, exited) = agent.finish("pod1", "main");
        assert_eq!((&exited["code"], &exited["signal"]), (&json!(null), &json!("SIGUSR1")));
    });
}

#[test]
fn processes_that_a_program_left_running_end_with_it() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).script("sleep 1000 & sleep 1000 & exit 0"));
        assert_eq!(agent.finish("pod1", "main").1["code"], 0);
    });
}

#[test]
fn orphans_are_reaped() {
    with_agent(|agent| {
        agent.run(&Pod::new(1));
        agent.shell("pod1", "(sleep 0 & sleep 0 & sleep 0 &)");
        let zombies = "for i in 1 2 3 4 5 6 7 8 9; do z=$(grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null); \
                       [ -z \"$z\" ] && break; sleep 0.1; done; echo \"$z\"";
        assert_eq!(agent.shell("pod1", zombies), "\n");
    });
}

#[test]
fn exec_gives_code_signal_and_both_outputs() {
    with_agent(|agent| {
        agent.run(&Pod::new(1));
        let done = agent.ok("exec", shell("pod1", "echo out; echo err >&2; exit 7"));
        let expected = json!({
            "code": 7, "signal": null, "stdout": "out\n", "stderr": "err\n",
            "stdout_cut": false, "stderr_cut": false,
        });
        assert_eq!(done, expected);
        let done = agent.ok("exec", shell("pod1", "kill -9 $$"));
        assert_eq!((&done["code"], &done["signal"]), (&json!(null), &json!("SIGKILL")));
        let done = agent.ok("exec", shell("pod1", "head -c 3000000 /dev/zero | tr '\\0' x"));
        assert_eq!(done["stdout"].as_str().unwrap().len(), 1 << 20);
        assert_eq!((&done["stdout_cut"], &done["stderr_cut"]), (&json!(true), &json!(false)));
        // A process that continues in the background does not delay the answer.
        assert_eq!(agent.shell("pod1", "sleep 1000 & echo done"), "done\n");
    });
}

#[test]
fn exec_ends_at_its_deadline_and_its_program_with_it() {
    with_agent(|agent| {
        agent.run(&Pod::new(1));
        let mut exec = shell("pod1", "sleep 1000 & sleep 1000");
        exec["timeout_ms"] = json!(200);
        let error = agent.refused("exec", exec);
        assert_eq!(error["code"], "EXEC_DEADLINE");
        // Until only pid 1, the program and this shell remain.
        agent.shell("pod1", "while set -- /proc/[0-9]*; [ $# != 3 ]; do sleep 0.01; done");
    });
}

#[test]
fn exec_into_a_missing_container_fails() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).container("side", "exit 0"));
        agent.finish("pod1", "side");
        let mut exec = shell("pod1", ":");
        exec["container"] = json!("side");
        assert_eq!(agent.refused("exec", exec.clone())["code"], "CONTAINER_EXITED");
        exec["container"] = json!("other");
        let error = agent.refused("exec", exec.clone());
        assert_eq!(
            (&error["code"], &error["expected"]),
            (&json!("CONTAINER_UNKNOWN"), &json!("one of main, side"))
        );
        exec["pod"] = json!("other");
        assert_eq!(agent.refused("exec", exec.clone())["code"], "POD_UNKNOWN");
        let mut exec = shell("pod1", ":");
        exec["argv"] = json!(["no-such-program"]);
        let error = agent.refused("exec", exec);
        assert_eq!(error["code"], "EXEC_FAILED");
        assert!(error["message"].as_str().unwrap().contains("no-such-program"), "{error}");
    });
}

#[test]
fn delete_sends_sigterm_before_sigkill() {
    with_agent(|agent| {
        let polite = "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done";
        let stubborn = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
        agent.run(&Pod::new(1).nics(&[0]).script(polite));
        agent.run(&Pod::new(2).nics(&[0]).script(stubborn));
        for pod in ["pod1", "pod2"] {
            agent.event(|event| event["pod"] == pod && event["data"] == "ready");
        }
        let delete = |pod: &str, grace_ms: u32| json!({ "pod": pod, "grace_ms": grace_ms });
        agent.ok("delete", delete("pod1", 50_000));
        let (lines, exited) = agent.finish("pod1", "main");
        assert_eq!((lines, &exited["code"]), (vec!["bye".to_owned()], &json!(5)));
        agent.ok("delete", delete("pod2", 100));
        assert_eq!(agent.finish("pod2", "main").1["signal"], "SIGKILL");
        assert_eq!(agent.ok("list", json!({})), json!({ "pods": [] }));
        assert_eq!(agent.ok("delete", delete("pod2", 100)), json!({ "deleted": false }));
    });
}

#[test]
fn a_program_with_default_signals_ends_on_sigterm() {
    with_agent(|agent| {
        agent.run(&Pod::new(1));
        agent.ok("delete", json!({ "pod": "pod1", "grace_ms": 50_000 }));
        assert_eq!(agent.finish("pod1", "main").1["signal"], "SIGTERM");
    });
}

#[test]
fn after_delete_the_processes_are_gone_and_the_name_is_free() {
    with_agent(|agent| {
        let bare = agent.fabric_interfaces();
        for _ in 0..3 {
            let started = agent.run(&Pod::new(1).nics(&[0, 1, 2, 3]).container("side", "sleep 1000 & wait"));
            let pids: Vec<_> =
                started["containers"].as_array().unwrap().iter().map(|one| one["pid"].clone()).collect();
            assert!(pids.iter().all(|pid| Path::new(&format!("/proc/{pid}")).exists()));
            agent.delete("pod1");
            assert!(!pids.iter().any(|pid| Path::new(&format!("/proc/{pid}")).exists()));
            assert_eq!(agent.fabric_interfaces(), bare);
        }
    });
}

#[test]
fn pods_start_and_run_concurrently() {
    with_agent(|agent| {
        let runs: Vec<_> =
            (1..=6).map(|n| agent.send("run", json!({ "pod": Pod::new(n).nics(&[0, 1, 2, 3]).0 }))).collect();
        runs.into_iter().for_each(|id| drop(agent.answer(id).unwrap()));
        // Blocked until the second request runs, which would never happen if requests were queued.
        let waiting =
            agent.send("exec", shell("pod1", "until [ -e /tmp/go ]; do sleep 0.01; done; echo went"));
        agent.shell("pod2", "true");
        agent.shell("pod1", "touch /tmp/go");
        assert_eq!(agent.answer(waiting).unwrap()["stdout"], "went\n");
        let deletes: Vec<_> = (1..=6)
            .map(|n| agent.send("delete", json!({ "pod": format!("pod{n}"), "grace_ms": 0 })))
            .collect();
        deletes.into_iter().for_each(|id| drop(agent.answer(id).unwrap()));
    });
}

#[test]
fn a_delete_directly_after_a_run_finds_the_pod() {
    with_agent(|agent| {
        let run = agent.send("run", json!({ "pod": Pod::new(1).nics(&[0]).0 }));
        agent.delete("pod1");
        agent.answer(run).unwrap();
        assert_eq!(agent.ok("list", json!({})), json!({ "pods": [] }));
    });
}

#[test]
fn list_shows_pods_containers_and_interfaces() {
    with_agent(|agent| {
        let started = agent.run(&Pod::new(1).nics(&[0]).container("side", "exit 4"));
        agent.finish("pod1", "side");
        let list = agent.ok("list", json!({}));
        let pod = &list["pods"][0];
        assert_eq!(
            (&pod["name"], &pod["node"], &pod["phase"]),
            (&json!("pod1"), &json!("node1"), &json!("running"))
        );
        let main = &started["containers"][0];
        assert_eq!(&pod["containers"][0], main);
        let side = &pod["containers"][1];
        assert_eq!((&side["state"], &side["code"]), (&json!("exited"), &json!(4)));
        assert_eq!(
            (&pod["interfaces"][1]["name"], &pod["interfaces"][1]["fabric"]["carrier"]),
            (&json!("rdma0"), &json!(true))
        );
    });
}
