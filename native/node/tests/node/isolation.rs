//! Isolation: a container sees its own processes, devices and files, and no others.

use std::fs;

use serde_json::{Value, json};

use crate::agent::{Pod, with_agent};

#[test]
fn only_the_claimed_interfaces_are_there() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).nics(&[0, 2]));
        agent.run(&Pod::new(2).nics(&[1]));
        assert_eq!(agent.shell("pod1", "ls /sys/class/net"), "eth0\nlo\nrdma0\nrdma2\n");
        assert_eq!(agent.shell("pod2", "ls /sys/class/net"), "eth0\nlo\nrdma1\n");
        let devices = agent.shell("pod1", "cut -s -d: -f1 /proc/net/dev | tr -d ' ' | sort");
        assert_eq!(devices, "eth0\nlo\nrdma0\nrdma2\n");
    });
}

#[test]
fn nothing_of_the_host_but_its_programs_is_there() {
    with_agent(|agent| {
        agent.run(&Pod::new(1));
        let root = agent.shell("pod1", "ls -A /");
        let known = ["bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "root", "run", "sbin"];
        let known = [&known[..], &["sys", "tmp", "usr", "var"]].concat();
        assert!(root.lines().all(|name| known.contains(&name)), "{root}");
        assert_eq!(agent.shell("pod1", "ls -A /tmp /root /run /var/tmp | grep -v : | tr -d '\\n'"), "");
        assert_eq!(agent.shell("pod1", "ls -A /sys"), "class\ndevices\n");
        let dev = "fd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n";
        assert_eq!(agent.shell("pod1", "ls -A /dev"), dev);
        let mounted = agent.shell("pod1", "cut -d' ' -f5 /proc/self/mountinfo");
        let allowed =
            ["/usr", "/etc/", "/dev/", "/proc", "/sys/devices/virtual/net", "/lib", "/bin", "/sbin"];
        let stray =
            mounted.lines().find(|path| *path != "/" && !allowed.iter().any(|one| path.starts_with(one)));
        assert_eq!(stray, None);
    });
}

#[test]
fn the_hosts_programs_are_read_only() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).probe(&agent.programs));
        let written =
            agent.shell("pod1", "for f in /usr/x /probe; do (echo > $f) 2>/dev/null && echo $f; done; :");
        assert_eq!(written, "");
        assert_eq!(agent.shell("pod1", "echo 1 > /tmp/own && cat /tmp/own"), "1\n");
    });
}

#[test]
fn a_container_sees_its_own_processes_only() {
    with_agent(|agent| {
        agent.run(&Pod::new(1).container("side", "exec sleep 1000"));
        // Pid 1, the program and this shell.
        let pids = agent.shell("pod1", "set -- /proc/[0-9]*; echo $#; tr '\\0' ' ' < /proc/2/cmdline");
        assert_eq!(pids, "3\nsleep 1000 ");
    });
}

#[test]
fn containers_of_a_pod_share_network_and_memory_but_not_files() {
    with_agent(|agent| {
        let side = "echo there > /dev/shm/word; echo there > /tmp/word; readlink /proc/self/ns/net > /dev/shm/net; \
                    readlink /proc/self/ns/ipc > /dev/shm/ipc; exec sleep 1000";
        agent.run(&Pod::new(1).container("side", side));
        agent.run(&Pod::new(2));
        let seen = "until [ -s /dev/shm/ipc ]; do sleep 0.01; done; cat /dev/shm/word; ls -A /tmp; \
                    [ $(cat /dev/shm/net) = $(readlink /proc/self/ns/net) ] && \
                    [ $(cat /dev/shm/ipc) = $(readlink /proc/self/ns/ipc) ] && echo same";
        assert_eq!(agent.shell("pod1", seen), "there\nsame\n");
        assert_eq!(agent.shell("pod2", "ls -A /dev/shm"), "");
    });
}

#[test]
fn every_namespace_is_its_own() {
    with_agent(|agent| {
        agent.run(&Pod::new(1));
        agent.run(&Pod::new(2));
        let links = "for n in net ipc uts mnt pid; do readlink /proc/self/ns/$n; done";
        let one: Vec<String> = agent.shell("pod1", links).lines().map(str::to_owned).collect();
        let two: Vec<String> = agent.shell("pod2", links).lines().map(str::to_owned).collect();
        for (at, kind) in ["net", "ipc", "uts", "mnt", "pid"].into_iter().enumerate() {
            let host = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
            let host = host.to_str().unwrap();
            assert!(
                one[at] != two[at] && one[at] != host && two[at] != host,
                "{kind}: {one:?} {two:?} {host}"
            );
        }
    });
}

#[test]
fn memory_of_another_pod_cannot_be_read() {
    with_agent(|agent| {
        let programs = &agent.programs;
        let (one, two) = (Pod::new(1).probe(programs), Pod::new(2).probe(programs));
        agent.run(&one);
        let started = agent.run(&two);
        let pid = &started["containers"][0]["pid"];
        let answer: Value =
            serde_json::from_str(&agent.probe("pod1", &format!("read-memory-of {pid}"))).unwrap();
        assert_eq!(answer["errno"], libc::ESRCH);
    });
}

#[test]
fn only_the_given_devices_are_there_and_only_some_open() {
    with_agent(|agent| {
        let devices = json!([
            { "path": "/dev/infiniband/uverbs0", "opens": true },
            { "path": "/dev/infiniband/uverbs1", "opens": false },
        ]);
        agent.run(&Pod::new(1).with("devices", devices).container("side", "exec sleep 1000"));
        for container in ["main", "side"] {
            let script = "ls /dev/infiniband; for d in /dev/infiniband/*; do [ -c $d ] && (: < $d) && echo $d; done; :";
            let mut exec = crate::agent::shell("pod1", script);
            exec["container"] = container.into();
            let done = agent.ok("exec", exec);
            assert_eq!(done["stdout"], "uverbs0\nuverbs1\n/dev/infiniband/uverbs0\n", "{done}");
        }
    });
}

#[test]
fn rights_are_those_of_a_pod_with_ipc_lock() {
    with_agent(|agent| {
        let status = "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status | cut -f2";
        agent.run(&Pod::new(1).script(status));
        let expected = ["00000000a00465fb", "00000000a00465fb", "1"];
        assert_eq!(agent.finish("pod1", "main").0, expected);
        agent.run(&Pod::new(2));
        assert_eq!(agent.shell("pod2", status).lines().collect::<Vec<_>>(), expected);
    });
}

#[test]
fn sysfs_has_the_given_files_and_live_interfaces() {
    with_agent(|agent| {
        let files = json!([
            { "path": "/sys/class/infiniband_verbs/uverbs0/ibdev", "content": "mlx5_0\n" },
            { "path": "/sys/devices/pci0000:00/0000:00:01.0/numa_node", "content": "1\n" },
        ]);
        let links = json!([
            { "path": "/sys/class/net/rdma0/device", "to": "/sys/devices/pci0000:00/0000:00:01.0" },
        ]);
        agent.run(&Pod::new(1).nics(&[0, 1]).with("files", files).with("links", links));
        let script = "cat /sys/class/infiniband_verbs/uverbs0/ibdev /sys/class/net/rdma0/device/numa_node; \
                      for n in 0 1; do cd /sys/class/net/rdma$n; cat carrier mtu; cat statistics/tx_bytes; done";
        assert_eq!(agent.shell("pod1", script), "mlx5_0\n1\n1\n9000\n0\n1\n9000\n0\n");
    });
}

#[test]
fn environment_and_host_name_are_the_given_ones() {
    with_agent(|agent| {
        let pod = Pod::new(1).with("hostname", json!("worker-1")).script("exec env");
        agent.run(&pod);
        assert_eq!(agent.finish("pod1", "main").0, ["PATH=/usr/bin:/bin", "PWD=/"]);
        agent.run(&Pod::new(2).with("hostname", json!("worker-2")));
        let names = agent.shell("pod2", "uname -n; cat /etc/hostname; getent hosts worker-2");
        let words: Vec<_> = names.split_whitespace().collect();
        assert_eq!(words, ["worker-2", "worker-2", "10.244.0.2", "worker-2"]);
    });
}
