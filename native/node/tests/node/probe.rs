//! The behaviour of this test program inside a pod. The variable PROBE selects its role, and it prints its result as one
//! line that begins with `PROBE `.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;

use crate::agent::{Pod, fabric};

const CHUNK: usize = 65_521;

#[test]
#[ignore = "a role, not a test"]
fn act() {
    let role = std::env::var("PROBE").expect("PROBE names the role");
    let words: Vec<&str> = role.split(' ').collect();
    let said = match words[..] {
        ["receive", port] => receive(port.parse().unwrap()),
        ["send", from, to, bytes] => send(from.parse().unwrap(), to.parse().unwrap(), bytes.parse().unwrap()),
        ["read-memory-of", pid] => read_memory_of(pid.parse().unwrap()),
        ["harness", agent] => harness(agent),
        _ => panic!("no such role: {role}"),
    };
    println!("PROBE {said}");
}

fn pattern() -> Vec<u8> {
    (0..CHUNK).map(|at| (at * 7 % 251) as u8).collect()
}

/// Reads one connection to its end and counts the bytes and the wrong ones among them.
fn receive(port: u16) -> String {
    let listener = TcpListener::bind((IpAddr::from([0, 0, 0, 0]), port)).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let (expected, mut chunk) = (pattern(), vec![0; CHUNK]);
    let (mut received, mut wrong) = (0, 0);
    loop {
        let at = received % CHUNK;
        let length = stream.read(&mut chunk[at..]).unwrap();
        if length == 0 {
            break;
        }
        if chunk[at..at + length] != expected[at..at + length] {
            wrong += (at..at + length).filter(|at| chunk[*at] != expected[*at]).count();
        }
        received += length;
    }
    json!({ "received": received, "wrong": wrong }).to_string()
}

/// Sends bytes from one address to another and measures the time until the receiver has all of them.
fn send(from: IpAddr, to: SocketAddr, bytes: usize) -> String {
    let mut stream = connect(from, to);
    let (pattern, began) = (pattern(), Instant::now());
    let mut left = bytes;
    while left > 0 {
        let length = left.min(CHUNK);
        stream.write_all(&pattern[..length]).unwrap();
        left -= length;
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let _ = stream.read(&mut [0]);
    json!({ "seconds": began.elapsed().as_secs_f64() }).to_string()
}

fn connect(from: IpAddr, to: SocketAddr) -> TcpStream {
    let (IpAddr::V4(from), SocketAddr::V4(to)) = (from, to) else { panic!("IPv4 only") };
    let address = |ip: std::net::Ipv4Addr, port: u16| libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(ip).to_be() },
        sin_zero: [0; 8],
    };
    let (source, target) = (address(from, 0), address(*to.ip(), to.port()));
    let length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    let deadline = Instant::now() + crate::agent::PATIENCE;
    loop {
        // SAFETY: the addresses are valid for the length given; the descriptor is owned right away.
        let (fd, bound, connected) = unsafe {
            let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0);
            let own = OwnedFd::from_raw_fd(fd);
            let bound = libc::bind(fd, (&raw const source).cast(), length);
            let connected = libc::connect(fd, (&raw const target).cast(), length);
            (own, bound, connected)
        };
        assert_eq!(bound, 0, "{from}: {}", std::io::Error::last_os_error());
        if connected == 0 {
            return TcpStream::from(fd);
        }
        // The receiver may not listen yet.
        assert!(Instant::now() < deadline, "{to}: {}", std::io::Error::last_os_error());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Reads another process's memory by its pid, as UCX's shared-memory transport does.
fn read_memory_of(pid: i32) -> String {
    let mut byte = 0u8;
    let to = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let from = libc::iovec { iov_base: 0x1000 as *mut _, iov_len: 1 };
    // SAFETY: `to` describes `byte`; the other address is only looked at in the other process.
    let read = unsafe { libc::process_vm_readv(pid, &raw const to, 1, &raw const from, 1, 0) };
    assert_eq!(read, -1);
    json!({ "errno": std::io::Error::last_os_error().raw_os_error() }).to_string()
}

/// Acts as a harness: starts an agent with a pod and sleeps until it is killed.
fn harness(agent: &str) -> String {
    let mut child = Command::new(agent).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let pod = Pod::new(1).nics(&[0, 1]);
    let requests =
        [json!({"id": 1, "op": "open", "fabric": fabric()}), json!({"id": 2, "op": "run", "pod": pod.0})];
    for request in requests {
        stdin.write_all(format!("{request}\n").as_bytes()).unwrap();
    }
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let started = answers.any(|line| line.unwrap().starts_with("{\"id\":2,\"ok\""));
    println!("PROBE {}", json!({ "agent": child.id(), "started": started }));
    format!("not killed before the agent ended: {:?}", child.wait())
}
