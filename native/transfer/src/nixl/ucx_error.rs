//! Errors in UCX's log: what a line reports, and what to do about the known ones. NIXL's own status codes do not carry
//! them.

/// Texts of UCX errors, in lower case, with what to do. The first that matches counts.
const KNOWN_CAUSES: [(&[&str], &str); 7] = [
    (
        &["max locked memory", "ulimit -l", "memlock"],
        "Raise the limit on locked memory (memlock), or add the capability IPC_LOCK to the container.",
    ),
    (
        &["auxiliary transport"],
        "Add a transport that can connect: --transport rc, ib, or rc_verbs,ud_verbs:aux.",
    ),
    (
        &["address not valid"],
        "Give the NIC's interface an address on both sides: without one, a RoCE port has no GID.",
    ),
    (
        &["remote ipv6", "remote ipv4", "address family"],
        "Use GIDs of one address family on both sides: give every NIC an address of it, or set UCX_IB_GID_INDEX.",
    ),
    (
        &["no route to", "ibv_create_ah"],
        "Check the routes between the NICs' subnets, or set UCX_IB_ROCE_REACHABILITY_MODE=all or local_subnet.",
    ),
    (
        &["no usable transports", "no active messages transport", "no such device", "is not available"],
        "Check that the container has the NIC's files in /dev/infiniband, that its image has the NIC's libibverbs \
         provider, and that --nics and --transport name what UCX lists on stderr.",
    ),
    (&["unreachable"], "Check --nics and --transport on both sides, and that the network connects the NICs."),
];

/// Completions that end an RDMA connection: its packets were not acknowledged, or it was torn down since.
const BROKEN_CONNECTION: [&str; 3] = ["transport retry count", "rnr retry count", "work request flushed"];

/// Whether a UCX error says that an RDMA connection broke while bytes moved.
pub fn breaks_connection(error: &str) -> bool {
    let error = error.to_lowercase();
    BROKEN_CONNECTION.iter().any(|text| error.contains(text))
}

/// The text of an error line of UCX's log, such as `no usable transports/devices`; none for any other line and for
/// one that continues the line before it, such as `[rqpn 0x16 dlid=0 ...]`.
pub fn error_text(line: &str) -> Option<&str> {
    let (_, text) = line.split_once(" UCX  ERROR ").or_else(|| line.split_once(" UCX  FATAL "))?;
    Some(text.trim()).filter(|text| !text.is_empty() && !text.starts_with('['))
}

/// The text with which UCX aborts the process, such as `ibv_post_send() returned 5 (Input/output error)`.
pub fn fatal_text(line: &str) -> Option<&str> {
    line.split_once(" Fatal: ").map(|(_, text)| text.trim())
}

/// What to do about a UCX error; none for an unknown one.
pub fn advice(error: &str) -> Option<&'static str> {
    let error = error.to_lowercase();
    KNOWN_CAUSES
        .iter()
        .find(|(texts, _)| texts.iter().any(|text| error.contains(text)))
        .map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_have_a_text() {
        let line =
            "[1.5] [vm:335  :0]     ucp_context.c:1770 UCX  ERROR no usable transports/devices (asked rc)";
        assert_eq!(error_text(line), Some("no usable transports/devices (asked rc)"));
        assert_eq!(error_text(&line.replace("ERROR", "WARN ")), None);
        let continued = "[1.5] [left1:1 :0] rc_verbs_iface.c:124 UCX  ERROR [rqpn 0x16 dlid=0 sl=0 port=1]";
        assert_eq!(error_text(continued), None);
        let fatal =
            "[left1:1    :0:1] rc_verbs_ep.c:62   Fatal: ibv_post_send() returned 5 (Input/output error)";
        assert_eq!(fatal_text(fatal), Some("ibv_post_send() returned 5 (Input/output error)"));
        assert_eq!(fatal_text(line), None);
    }

    #[test]
    fn completions_that_break_a_connection_are_known() {
        for error in [
            "send completion with error: Work Request Flushed Error [qpn 0x16 wrid 0x385 vendor_err 0x0]",
            "send completion with error: transport retry counter exceeded [qpn 0x11 wrid 0x3 vendor_err 0x81]",
            "Transport retry count exceeded on mlx5_0:1/RoCE (synd 0x15 vend 0x81 hw_synd 0/0)",
            "RNR retry count exceeded on mlx5_2:1/IB (synd 0x16 vend 0x89 hw_synd 0/0)",
        ] {
            assert!(breaks_connection(error), "{error}");
        }
        assert!(!breaks_connection("send completion with error: local protection error [qpn 0x11]"));
    }

    #[test]
    fn known_causes_have_an_advice() {
        for (error, expected) in [
            ("ibv_reg_mr failed: Please set max locked memory (ulimit -l) to 'unlimited'", "IPC_LOCK"),
            ("no auxiliary transport to <no debug data>", "ud_verbs:aux"),
            ("local IPv4 remote IPv6", "UCX_IB_GID_INDEX"),
            ("uct_iface_open(rc_verbs/rxe0:1) failed: Address not valid", "an address"),
            ("no route to 10.64.1.2", "REACHABILITY_MODE"),
            ("no usable transports/devices (asked rc_verbs on network)", "provider"),
            (
                "no active messages transport to <no debug data>: self/memory - no peer failure handler",
                "provider",
            ),
        ] {
            assert!(advice(error).is_some_and(|advice| advice.contains(expected)), "{error}");
        }
        assert_eq!(advice("something else"), None);
    }
}
