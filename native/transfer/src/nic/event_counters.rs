//! Counters of RDMA devices that report retransmissions, errors and congestion, by the names that the drivers give
//! them. Counters of other names are not events and are left out.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Packets that were lost, late or out of order, so that some were sent again.
    Retransmission,
    /// Packets or requests that failed or were dropped.
    Error,
    /// The fabric asked a sender to slow down.
    Congestion,
}

/// From drivers/infiniband in the kernel: sw/rxe/rxe_hw_counters.c, hw/mlx5/counters.c, hw/efa/efa_verbs.c,
/// hw/bnxt_re/hw_counters.c, hw/irdma/verbs.c, and core/sysfs.c for the port counters that every driver has.
const NAMES: [(EventKind, &[&str]); 3] = [
    (
        EventKind::Retransmission,
        &[
            // rxe; mlx5 and irdma share some names.
            "duplicate_request",
            "out_of_seq_request",
            "rcvd_rnr_err",
            "send_rnr_err",
            "rcvd_seq_err",
            "completer_retry_err",
            // mlx5
            "out_of_sequence",
            "packet_seq_err",
            "implied_nak_seq_err",
            "local_ack_timeout_err",
            "rnr_nak_retry_err",
            "roce_adp_retrans",
            "roce_adp_retrans_to",
            // EFA
            "retrans_pkts",
            "retrans_timeout_events",
            // bnxt_re
            "to_retransmits",
            "seq_err_naks_rcvd",
            "rnr_naks_rcvd",
            "missing_resp",
            "dup_req",
            "oos_drop_count",
            // irdma
            "tcpRetransSegs",
            "RetransSegs",
        ],
    ),
    (
        EventKind::Error,
        &[
            // Port counters of sysfs.
            "symbol_error",
            "link_error_recovery",
            "link_downed",
            "port_rcv_errors",
            "port_rcv_remote_physical_errors",
            "port_xmit_discards",
            "local_link_integrity_errors",
            "excessive_buffer_overrun_errors",
            // rxe
            "retry_exceeded_err",
            "retry_rnr_exceeded_err",
            "send_err",
            // mlx5
            "out_of_buffer",
            "rx_icrc_encapsulated",
            "req_transport_retries_exceeded",
            "req_rnr_retries_exceeded",
            "req_remote_invalid_request",
            "req_remote_access_errors",
            "resp_remote_access_errors",
            "resp_local_length_error",
            // EFA
            "rx_drops",
            "rdma_write_wr_err",
            "rdma_read_wr_err",
            "unresponsive_remote_events",
            "impaired_remote_conn_events",
            // bnxt_re
            "max_retry_exceeded",
            "unrecoverable_err",
            "bad_resp_err",
            "rx_roce_errors",
            "rx_roce_discards",
            "rx_out_of_buffer",
        ],
    ),
    (
        EventKind::Congestion,
        &[
            "port_xmit_wait",
            // mlx5
            "np_cnp_sent",
            "np_ecn_marked_roce_packets",
            "rp_cnp_handled",
            "roce_slow_restart_cnps",
            // bnxt_re and irdma
            "tx_cnp_pkts",
            "rx_cnp_pkts",
            "rx_ecn_marked_pkts",
            "cnpSent",
            "cnpHandled",
            "RxECNMrkd",
        ],
    ),
];

/// What a counter of this name reports; none where it reports no event.
pub fn kind_of(name: &str) -> Option<EventKind> {
    NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_names_have_a_kind() {
        for (name, kind) in [
            ("rcvd_seq_err", Some(EventKind::Retransmission)),
            ("packet_seq_err", Some(EventKind::Retransmission)),
            ("retrans_pkts", Some(EventKind::Retransmission)),
            ("to_retransmits", Some(EventKind::Retransmission)),
            ("rx_drops", Some(EventKind::Error)),
            ("np_cnp_sent", Some(EventKind::Congestion)),
            ("sent_bytes", None),
            ("ack_deferred", None),
        ] {
            assert_eq!(kind_of(name), kind, "{name}");
        }
    }
}
