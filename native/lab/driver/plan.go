package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	resourceapi "k8s.io/api/resource/v1"
)

const (
	nicDriver = "dra.net"
	gpuDriver = "gpu.nvidia.com"
)

// Plan is everything that the drivers of one node know about the rack. It is computed by the harness and applied as it is.
type Plan struct {
	Node string `json:"node"`
	// Published lists the devices of each driver's slices.
	Published map[string][]resourceapi.Device `json:"published"`
	// GPUs and NICs are in the SKU's order, in which NICs are paired with GPUs.
	GPUs []string `json:"gpus"`
	NICs []NIC    `json:"nics"`
	// Leaked lists character devices that every pod with a claim gets without having claimed them.
	Leaked []CharDevice `json:"leaked"`
	// Sysfs is the /sys of pods. Where it is absent, they see the kernel's own.
	Sysfs *Sysfs `json:"sysfs,omitempty"`
	// PodNetwork is the rate of eth0 of pods with a claim, in each direction.
	PodNetwork Shape `json:"podNetwork"`
	// FallsBack is a network that is reached over eth0 instead of the NICs.
	FallsBack string `json:"fallsBack,omitempty"`
	// PrepareFailsOnce makes the first prepare of every claim fail.
	PrepareFailsOnce bool `json:"prepareFailsOnce,omitempty"`
	// StatusAfterMillis is the delay between the pod's sandbox and the claim's status.
	StatusAfterMillis int64 `json:"statusAfterMillis"`
}

// NIC is a NIC of the node.
type NIC struct {
	Device    string `json:"device"`
	Interface string `json:"interface"`
	// Address includes the prefix length.
	Address string `json:"address"`
	Gateway string `json:"gateway"`
	MAC     string `json:"mac"`
	MTU     int    `json:"mtu"`
	// Shapes are the rates by the GPU that the NIC serves; "" for none.
	Shapes  map[string]Shape `json:"shapes"`
	Devices []CharDevice     `json:"devices"`
	// RDMADevice is the name of the NIC's Soft-RoCE device, if the NIC is an interface of the machine with this MAC address.
	// Otherwise the NIC is an end of a veth pair.
	RDMADevice string `json:"rdmaDevice,omitempty"`
	// HostMemoryShapes are the rates by the NUMA node of buffers in host memory.
	HostMemoryShapes map[string]Shape `json:"hostMemoryShapes,omitempty"`
	// Status is the device status that the driver reports once the NIC is attached to a pod.
	Status resourceapi.AllocatedDeviceStatus `json:"status"`
	// LeavesBy is the device that carries this one's outgoing traffic if a pod has both.
	LeavesBy string `json:"leavesBy,omitempty"`
	// CutAfterBytes is the sum of bytes of both directions after which the link goes down.
	CutAfterBytes uint64 `json:"cutAfterBytes,omitempty"`
}

// Shape is a token bucket.
type Shape struct {
	RateBits   uint64 `json:"rateBits"`
	BurstBytes uint32 `json:"burstBytes"`
}

// CharDevice is a character device of a pod.
type CharDevice struct {
	Path  string `json:"path"`
	Opens bool   `json:"opens"`
}

// Sysfs is the content of a pod's /sys besides its interfaces.
type Sysfs struct {
	// Merged adds the files and links to the kernel's own; otherwise they replace these.
	Merged bool `json:"merged,omitempty"`
	Files  []struct {
		Path    string `json:"path"`
		Content string `json:"content"`
	} `json:"files"`
	Links []struct {
		Path string `json:"path"`
		To   string `json:"to"`
	} `json:"links"`
}

// ReadPlan decodes and validates a plan. Unknown fields are an error.
func ReadPlan(in io.Reader) (*Plan, error) {
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	plan := &Plan{}
	if err := decoder.Decode(plan); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return plan, plan.check()
}

func (p *Plan) check() error {
	if p.Node == "" {
		return errors.New("node: expected a name")
	}
	if p.PodNetwork.RateBits == 0 || p.PodNetwork.BurstBytes == 0 {
		return errors.New("podNetwork: expected a rate and a burst")
	}
	for i, nic := range p.NICs {
		if _, _, err := net.ParseCIDR(nic.Address); err != nil {
			return fmt.Errorf("nics[%d].address: %w", i, err)
		}
		if _, err := net.ParseMAC(nic.MAC); err != nil {
			return fmt.Errorf("nics[%d].mac: %w", i, err)
		}
		if net.ParseIP(nic.Gateway) == nil {
			return fmt.Errorf("nics[%d].gateway: expected an address, found %q", i, nic.Gateway)
		}
		for _, gpu := range append([]string{""}, p.GPUs...) {
			if shape := nic.Shapes[gpu]; shape.RateBits == 0 || shape.BurstBytes == 0 {
				return fmt.Errorf("nics[%d].shapes: expected a rate and a burst for GPU %q", i, gpu)
			}
		}
	}
	return nil
}

// StatusAfter returns StatusAfterMillis as a duration.
func (p *Plan) StatusAfter() time.Duration {
	return time.Duration(p.StatusAfterMillis) * time.Millisecond
}

// ClaimedNIC is a NIC that is attached to a pod.
type ClaimedNIC struct {
	*NIC
	Shape Shape
	// LeavesBy is the NIC that carries its outgoing traffic instead, if any.
	LeavesBy *NIC
}

// PodPlan lists what a pod gets for its claims.
type PodPlan struct {
	NICs    []ClaimedNIC
	Devices []CharDevice
}

// ForPod pairs the claimed NICs with the claimed GPUs, each in the SKU's order.
func (p *Plan) ForPod(claims []*Claim) PodPlan {
	claimed := map[string]map[string]bool{nicDriver: {}, gpuDriver: {}}
	for _, claim := range claims {
		for driver, devices := range claim.Devices {
			for _, device := range devices {
				claimed[driver][device] = true
			}
		}
	}
	var gpus []string
	for _, gpu := range p.GPUs {
		if claimed[gpuDriver][gpu] {
			gpus = append(gpus, gpu)
		}
	}
	var pod PodPlan
	listed := map[string]bool{}
	list := func(devices []CharDevice) {
		for _, device := range devices {
			if !listed[device.Path] {
				listed[device.Path] = true
				pod.Devices = append(pod.Devices, device)
			}
		}
	}
	list(p.Leaked)
	for i := range p.NICs {
		nic := &p.NICs[i]
		if !claimed[nicDriver][nic.Device] {
			continue
		}
		gpu := ""
		if len(gpus) > 0 {
			gpu = gpus[len(pod.NICs)%len(gpus)]
		}
		one := ClaimedNIC{NIC: nic, Shape: nic.Shapes[gpu]}
		if claimed[nicDriver][nic.LeavesBy] {
			one.LeavesBy = p.NIC(nic.LeavesBy)
		}
		pod.NICs = append(pod.NICs, one)
		list(nic.Devices)
	}
	return pod
}

// NIC returns a NIC by its device name, or nil.
func (p *Plan) NIC(device string) *NIC {
	for i := range p.NICs {
		if p.NICs[i].Device == device {
			return &p.NICs[i]
		}
	}
	return nil
}
