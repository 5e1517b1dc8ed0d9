package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const (
	firstTable      = 100
	faultTable      = 99
	faultPreference = 50
	firstPreference = 100
	// More than the TCP windows of all flows of a pod, so that nothing is dropped, as on an RDMA fabric.
	queueBytes = 64 << 20
)

// fabricEnd returns the name of the node's end of a NIC's veth pair.
func fabricEnd(nic *NIC) string { return "f-" + nic.Interface }

// ensureNIC creates a NIC if it does not exist: a veth pair, one end being the NIC and the other leading to the fabric.
func ensureNIC(nic *NIC) error {
	mac, err := net.ParseMAC(nic.MAC)
	if err != nil {
		return err
	}
	end, err := netlink.LinkByName(fabricEnd(nic))
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		cable := &netlink.Veth{
			LinkAttrs:        netlink.LinkAttrs{Name: fabricEnd(nic), MTU: nic.MTU, TxQLen: 1000},
			PeerName:         nic.Interface,
			PeerHardwareAddr: mac,
			PeerMTU:          uint32(nic.MTU),
		}
		if err := netlink.LinkAdd(cable); err != nil {
			return fmt.Errorf("creating the veth pair: %w", err)
		}
		end, err = netlink.LinkByName(fabricEnd(nic))
	}
	if err != nil {
		return err
	}
	for setting, value := range map[string]string{
		"ipv4/conf/" + fabricEnd(nic) + "/proxy_arp":    "1",
		"ipv4/conf/" + fabricEnd(nic) + "/rp_filter":    "0",
		"ipv4/neigh/" + fabricEnd(nic) + "/proxy_delay": "0",
	} {
		if err := setNetwork(setting, value); err != nil {
			return err
		}
	}
	address, _, err := net.ParseCIDR(nic.Address)
	if err != nil {
		return err
	}
	gateway := &netlink.Addr{IPNet: host(net.ParseIP(nic.Gateway))}
	if err := netlink.AddrReplace(end, gateway); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	if err := netlink.LinkSetUp(end); err != nil {
		return err
	}
	if err := netlink.RouteReplace(&netlink.Route{LinkIndex: end.Attrs().Index, Dst: host(address), Scope: netlink.SCOPE_LINK}); err != nil {
		return fmt.Errorf("route: %w", err)
	}
	neighbour := &netlink.Neigh{LinkIndex: end.Attrs().Index, IP: address, HardwareAddr: mac, State: netlink.NUD_PERMANENT}
	return netlink.NeighSet(neighbour)
}

// ensureInNode creates a NIC again if it is not in the node. It is then in a namespace that was removed, which the kernel
// deletes some time later.
func ensureInNode(nic *NIC) error {
	if nic.RDMADevice != "" {
		return ensureInMachine(nic)
	}
	_, err := netlink.LinkByName(nic.Interface)
	if err == nil || !errors.As(err, &netlink.LinkNotFoundError{}) {
		return errors.Join(err, ensureNIC(nic))
	}
	if end, err := netlink.LinkByName(fabricEnd(nic)); err == nil {
		if err := netlink.LinkDel(end); err != nil && !errors.Is(err, unix.ENODEV) {
			return fmt.Errorf("removing the veth pair: %w", err)
		}
	}
	return ensureNIC(nic)
}

// preparePodNetwork sets the sysctls that NICs and connections inherit, and limits the rate of eth0.
func preparePodNetwork(path string, shaped Shape) error {
	return within(path, func() error {
		for setting, value := range map[string]string{
			"ipv6/conf/default/disable_ipv6": "1",
			"ipv4/conf/all/rp_filter":        "0",
			"ipv4/conf/default/rp_filter":    "0",
			"ipv4/conf/all/accept_redirects": "0",
			"ipv4/conf/all/arp_ignore":       "1",
			"ipv4/conf/all/arp_announce":     "2",
			"ipv4/tcp_rmem":                  "4096 131072 2097152",
			"ipv4/tcp_wmem":                  "4096 131072 2097152",
			"ipv4/tcp_slow_start_after_idle": "0",
		} {
			if err := setNetwork(setting, value); err != nil && !(errors.Is(err, os.ErrNotExist) && strings.HasPrefix(setting, "ipv6")) {
				return err
			}
		}
		eth0, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return shape(eth0, shaped)
	})
}

// attachNIC moves a NIC into a pod's network namespace, unless it is already there, and configures it.
func attachNIC(path string, at int, nic *ClaimedNIC) error {
	if nic.RDMADevice != "" {
		return attachMachineNIC(path, nic)
	}
	there, err := isIn(path, nic.NIC)
	if err != nil {
		return err
	}
	if !there {
		if err := ensureInNode(nic.NIC); err != nil {
			return err
		}
		if err := move(path, nic.NIC); err != nil {
			return fmt.Errorf("moving it into the pod: %w", err)
		}
	}
	end, err := netlink.LinkByName(fabricEnd(nic.NIC))
	if err != nil {
		return err
	}
	// The link may have been cut.
	if err := netlink.LinkSetUp(end); err != nil {
		return err
	}
	if err := shape(end, nic.Shape); err != nil {
		return fmt.Errorf("limiting its receive rate: %w", err)
	}
	return within(path, func() error { return configure(at, nic) })
}

func configure(at int, nic *ClaimedNIC) error {
	link, err := netlink.LinkByName(nic.Interface)
	if err != nil {
		return err
	}
	address, err := netlink.ParseAddr(nic.Address)
	if err != nil {
		return err
	}
	subnet := &net.IPNet{IP: address.IP.Mask(address.Mask), Mask: address.Mask}
	if err := netlink.LinkSetMTU(link, nic.MTU); err != nil {
		return err
	}
	if err := shape(link, nic.Shape); err != nil {
		return fmt.Errorf("limiting its transmit rate: %w", err)
	}
	if err := netlink.AddrReplace(link, address); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	table, index := firstTable+at, link.Attrs().Index
	for _, route := range []*netlink.Route{
		{LinkIndex: index, Table: table, Dst: subnet, Scope: netlink.SCOPE_LINK},
		{LinkIndex: index, Table: table, Gw: net.ParseIP(nic.Gateway)},
	} {
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("route: %w", err)
		}
	}
	rule := netlink.NewRule()
	rule.Priority, rule.Table, rule.Src = firstPreference+at, table, host(address.IP)
	return addRule(rule)
}

// misroute adds the plan's faulty routes: all traffic of the NICs over eth0, or that of one NIC over another.
func misroute(path string, nics []ClaimedNIC, fallsBack string) error {
	return within(path, func() error {
		var wrong []*netlink.Route
		if fallsBack != "" {
			eth0, err := netlink.LinkByName("eth0")
			if err != nil {
				return err
			}
			gateway, err := defaultGateway()
			if err != nil {
				return err
			}
			_, fabric, err := net.ParseCIDR(fallsBack)
			if err != nil {
				return err
			}
			wrong = append(wrong, &netlink.Route{LinkIndex: eth0.Attrs().Index, Table: faultTable, Dst: fabric, Gw: gateway})
		}
		for _, nic := range nics {
			if nic.LeavesBy == nil || fallsBack != "" {
				continue
			}
			other, err := netlink.LinkByName(nic.LeavesBy.Interface)
			if err != nil {
				return err
			}
			_, subnet, err := net.ParseCIDR(nic.Address)
			if err != nil {
				return err
			}
			wrong = append(wrong, &netlink.Route{LinkIndex: other.Attrs().Index, Table: faultTable, Dst: subnet, Gw: net.ParseIP(nic.LeavesBy.Gateway)})
		}
		for _, route := range wrong {
			if err := netlink.RouteReplace(route); err != nil {
				return err
			}
		}
		if len(wrong) == 0 {
			return nil
		}
		rule := netlink.NewRule()
		rule.Priority, rule.Table = faultPreference, faultTable
		return addRule(rule)
	})
}

func defaultGateway() (net.IP, error) {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, err
	}
	for _, route := range routes {
		if route.Gw != nil && (route.Dst == nil || route.Dst.IP.IsUnspecified()) {
			return route.Gw, nil
		}
	}
	return nil, errors.New("eth0 has no default route")
}

// detachNIC moves a NIC from a pod back to the node. If the namespace is gone, the NIC is gone with it and is created
// again.
func detachNIC(path string, nic *NIC) error {
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer home.Close()
	if nic.RDMADevice != "" {
		if err := detachMachineNIC(path, nic); err != nil {
			return err
		}
	}
	err = within(path, func() error {
		link, err := netlink.LinkByName(nic.Interface)
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := netlink.LinkSetDown(link); err != nil {
			return err
		}
		return netlink.LinkSetNsFd(link, int(home))
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return ensureInNode(nic)
}

// shape replaces the interface's queue by a token bucket.
func shape(link netlink.Link, shape Shape) error {
	rate := max(shape.RateBits/8, 1)
	micros := float64(shape.BurstBytes) * 1e6 / float64(rate)
	return netlink.QdiscReplace(&netlink.Tbf{
		QdiscAttrs: netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT},
		Rate:       rate,
		Limit:      max(queueBytes, shape.BurstBytes),
		Buffer:     uint32(micros * netlink.TickInUsec()),
	})
}

func addRule(rule *netlink.Rule) error {
	if err := netlink.RuleAdd(rule); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("rule: %w", err)
	}
	return nil
}

func setNetwork(setting, value string) error {
	return os.WriteFile("/proc/sys/net/"+setting, []byte(value), 0o644)
}

func host(ip net.IP) *net.IPNet { return &net.IPNet{IP: ip.To4(), Mask: net.CIDRMask(32, 32)} }
