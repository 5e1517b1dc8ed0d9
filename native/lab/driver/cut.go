package main

import (
	"context"
	"log"
	"time"

	"github.com/vishvananda/netlink"
)

const cutInterval = 20 * time.Millisecond

// watchForCut sets a NIC's link down for good once it has carried the plan's bytes in this pod.
func (n *Node) watchForCut(nic *ClaimedNIC) {
	if nic.CutAfterBytes == 0 {
		return
	}
	carried := func() (netlink.Link, uint64, error) {
		link, err := netlink.LinkByName(fabricEnd(nic.NIC))
		if err != nil {
			return nil, 0, err
		}
		statistics := link.Attrs().Statistics
		return link, statistics.RxBytes + statistics.TxBytes, nil
	}
	_, before, err := carried()
	if err != nil {
		log.Printf("NIC %s: %v", nic.Device, err)
		return
	}
	if stop := n.cuts[nic.Device]; stop != nil {
		stop()
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.cuts[nic.Device] = cancel
	go func() {
		for ctx.Err() == nil {
			link, now, err := carried()
			if err == nil && now-before >= nic.CutAfterBytes {
				err = netlink.LinkSetDown(link)
				log.Printf("NIC %s: link cut after %d bytes", nic.Device, now-before)
				if err == nil {
					return
				}
			}
			if err != nil {
				log.Printf("NIC %s: %v", nic.Device, err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(cutInterval):
			}
		}
	}()
}
