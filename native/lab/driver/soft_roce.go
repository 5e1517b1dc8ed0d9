package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	infiniband = "/dev/infiniband"
	// The kernel returns an interface of the machine some time after its network namespace was removed.
	returnLimit    = 10 * time.Second
	returnInterval = 50 * time.Millisecond
)

// ensureInMachine configures a NIC that is an interface of the machine, and creates its Soft-RoCE device.
func ensureInMachine(nic *NIC) error {
	link, err := machineInterface(nic)
	if err != nil {
		return err
	}
	return addSoftRoCE(link, nic)
}

// machineInterface returns the NIC's interface under its own name.
func machineInterface(nic *NIC) (netlink.Link, error) {
	link, err := awaitInterface(nic.MAC)
	if err != nil || link.Attrs().Name == nic.Interface {
		return link, err
	}
	if err := netlink.LinkSetDown(link); err != nil {
		return nil, err
	}
	if err := netlink.LinkSetName(link, nic.Interface); err != nil {
		return nil, fmt.Errorf("renaming %s: %w", link.Attrs().Name, err)
	}
	return netlink.LinkByName(nic.Interface)
}

func awaitInterface(mac string) (netlink.Link, error) {
	for until := time.Now().Add(returnLimit); ; time.Sleep(returnInterval) {
		links, err := netlink.LinkList()
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(links, func(link netlink.Link) bool { return link.Attrs().HardwareAddr.String() == mac })
		if at >= 0 {
			return links[at], nil
		}
		if time.Now().After(until) {
			return nil, fmt.Errorf("timed out after %s waiting for an interface with the MAC address %s", returnLimit, mac)
		}
	}
}

// addSoftRoCE gives an interface its MTU, address and RDMA device in the current network namespace.
func addSoftRoCE(link netlink.Link, nic *NIC) error {
	address, err := netlink.ParseAddr(nic.Address)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetMTU(link, nic.MTU); err != nil {
		return fmt.Errorf("MTU: %w", err)
	}
	if err := netlink.AddrReplace(link, address); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	if err := removeSoftRoCE(nic); err != nil {
		return err
	}
	for until := time.Now().Add(returnLimit); ; time.Sleep(returnInterval) {
		err := netlink.RdmaLinkAdd(nic.RDMADevice, "rxe", nic.Interface)
		// The kernel has not removed the device of an interface that was moved yet.
		taken := errors.Is(err, unix.ENFILE) || errors.Is(err, unix.EEXIST)
		if err == nil {
			return nil
		}
		if !taken || time.Now().After(until) {
			return fmt.Errorf("creating RDMA device %s: %w", nic.RDMADevice, err)
		}
	}
}

func removeSoftRoCE(nic *NIC) error {
	if _, err := netlink.RdmaLinkByName(nic.RDMADevice); err != nil {
		return nil
	}
	if err := netlink.RdmaLinkDel(nic.RDMADevice); err != nil && !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("removing RDMA device %s: %w", nic.RDMADevice, err)
	}
	return nil
}

// attachMachineNIC moves a NIC that is an interface of the machine into a pod's network namespace, unless it is already there.
func attachMachineNIC(path string, nic *ClaimedNIC) error {
	there, err := isIn(path, nic.NIC)
	if err != nil || there {
		return err
	}
	if _, err := machineInterface(nic.NIC); err != nil {
		return err
	}
	// A move would remove it too, at some later time.
	if err := removeSoftRoCE(nic.NIC); err != nil {
		return err
	}
	if err := move(path, nic.NIC); err != nil {
		return fmt.Errorf("moving it into the pod: %w", err)
	}
	return within(path, func() error {
		link, err := netlink.LinkByName(nic.Interface)
		if err != nil {
			return err
		}
		if err := shape(link, nic.Shape); err != nil {
			return fmt.Errorf("limiting its transmit rate: %w", err)
		}
		return addSoftRoCE(link, nic.NIC)
	})
}

// detachMachineNIC removes the RDMA device, so that the interface can move back to the machine.
func detachMachineNIC(path string, nic *NIC) error {
	err := within(path, func() error { return removeSoftRoCE(nic) })
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// verbsDevices returns the character devices of Soft-RoCE devices, and the one of the connection manager.
func verbsDevices(nics []ClaimedNIC) ([]*api.LinuxDevice, error) {
	paths := []string{filepath.Join(infiniband, "rdma_cm")}
	for _, class := range []string{"infiniband_verbs", "infiniband_mad"} {
		names, err := filepath.Glob("/sys/class/" + class + "/*/ibdev")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			device, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			claimed := func(nic ClaimedNIC) bool { return nic.RDMADevice == strings.TrimSpace(string(device)) }
			file := filepath.Base(filepath.Dir(name))
			if slices.ContainsFunc(nics, claimed) {
				paths = append(paths, filepath.Join(infiniband, file))
			}
		}
	}
	var devices []*api.LinuxDevice
	for _, path := range paths {
		var found unix.Stat_t
		if err := unix.Stat(path, &found); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		devices = append(devices, linuxDevice(path, int64(unix.Major(found.Rdev)), int64(unix.Minor(found.Rdev))))
	}
	return devices, nil
}

// memoryNode returns the NUMA node that the transfer binary binds its buffers to, from its arguments.
func memoryNode(args []string) (string, bool) {
	at := slices.Index(args, "--numa-node")
	if at < 0 || at+1 >= len(args) {
		return "", false
	}
	_, err := strconv.ParseUint(args[at+1], 10, 16)
	return args[at+1], err == nil
}

// shapeForMemory limits the NICs of a pod to their rates for buffers in host memory of a NUMA node.
func shapeForMemory(path string, nics []ClaimedNIC, node string) error {
	return within(path, func() error {
		for _, nic := range nics {
			rate, known := nic.HostMemoryShapes[node]
			if !known {
				continue
			}
			link, err := netlink.LinkByName(nic.Interface)
			if err != nil {
				return err
			}
			if err := shape(link, rate); err != nil {
				return fmt.Errorf("limiting the rate of %s: %w", nic.Interface, err)
			}
		}
		return nil
	})
}
