//! The rate of an interface: a token bucket (`tbf`) as its root queue, and what that queue has dropped. The queue is
//! far longer than the pods' TCP windows, so that nothing is dropped, as on an RDMA fabric.

use std::io;
use std::mem::size_of;

use netlink_packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcHeader, TcMessage, TcOption, TcStats2};

use super::netlink::Netlink;
use crate::spec::ShapeSpec;

/// Bytes that may wait in one bucket: 32 flows at the largest TCP window of a pod.
const QUEUE_LIMIT_BYTES: u32 = 64 << 20;

// linux/pkt_sched.h
const TCA_TBF_PARMS: u16 = 1;
const TCA_TBF_RATE64: u16 = 4;
const TCA_TBF_BURST: u16 = 6;
const TC_LINKLAYER_ETHERNET: u8 = 1;

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct RateSpec {
    cell_log: u8,
    linklayer: u8,
    overhead: u16,
    cell_align: i16,
    mpu: u16,
    rate_bytes: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct TbfParameters {
    rate: RateSpec,
    peak: RateSpec,
    limit_bytes: u32,
    buffer_ticks: u32,
    mtu_ticks: u32,
}

/// Limits the rate of what leaves through the interface. A change of the rate keeps the queued packets.
pub fn shape(netlink: &mut Netlink, index: u32, shape: &ShapeSpec) -> io::Result<()> {
    let rate_bytes = (shape.rate_bits.get() / 8).max(1);
    let parameters = TbfParameters {
        rate: RateSpec {
            linklayer: TC_LINKLAYER_ETHERNET,
            rate_bytes: u32::try_from(rate_bytes).unwrap_or(u32::MAX),
            ..RateSpec::default()
        },
        limit_bytes: QUEUE_LIMIT_BYTES.max(shape.burst_bytes.get()),
        ..TbfParameters::default()
    };
    // SAFETY: TbfParameters is repr(C), Copy and has no padding, so all its bytes are initialised.
    let bytes = unsafe {
        std::slice::from_raw_parts((&raw const parameters).cast::<u8>(), size_of::<TbfParameters>())
    };
    let options = vec![
        (TCA_TBF_PARMS, bytes.to_vec()),
        (TCA_TBF_RATE64, rate_bytes.to_ne_bytes().to_vec()),
        (TCA_TBF_BURST, shape.burst_bytes.get().to_ne_bytes().to_vec()),
    ];
    let options = options.into_iter().map(|(kind, value)| TcOption::Other(DefaultNla::new(kind, value)));
    let header = TcHeader {
        index: index.cast_signed(),
        handle: TcHandle { major: 1, minor: 0 },
        parent: TcHandle::ROOT,
        ..TcHeader::default()
    };
    let attributes = vec![TcAttribute::Kind("tbf".to_owned()), TcAttribute::Options(options.collect())];
    let message = TcMessage::from_parts(header, attributes);
    netlink.request(RouteNetlinkMessage::NewQueueDiscipline(message), NLM_F_CREATE | NLM_F_REPLACE)?;
    Ok(())
}

/// Packets that the queues of the interface have dropped.
pub fn drops(netlink: &mut Netlink, index: u32) -> io::Result<u64> {
    let answers = netlink.dump(RouteNetlinkMessage::GetQueueDiscipline(TcMessage::default()))?;
    let mut drops = 0;
    for answer in answers {
        let RouteNetlinkMessage::NewQueueDiscipline(message) = answer else { continue };
        if message.header.index != index.cast_signed() {
            continue;
        }
        let stats = message.attributes.iter().filter_map(|attribute| match attribute {
            TcAttribute::Stats2(stats) => Some(stats),
            _ => None,
        });
        for stat in stats.flatten() {
            if let TcStats2::Queue(queue) = stat {
                drops += u64::from(queue.drops);
            }
        }
    }
    Ok(drops)
}
