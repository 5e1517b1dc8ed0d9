package main

import (
	"context"
	"log"
	"slices"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/types"
)

// hooks implements the NRI hooks that containerd calls for every pod of the node.
type hooks struct{ node *Node }

const hookName = "claimcheck"

// runHooks registers with containerd, and again after each loss of the connection, until ctx ends.
func runHooks(ctx context.Context, node *Node) {
	for ctx.Err() == nil {
		plugin, err := stub.New(&hooks{node}, stub.WithPluginName(hookName), stub.WithPluginIdx("10"))
		if err == nil {
			err = plugin.Run(ctx)
		}
		log.Printf("hooks: connection to containerd ended: %v", err)
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Synchronize attaches NICs to pods that were started while no driver ran, and removes what is left of pods that ended.
func (h *hooks) Synchronize(_ context.Context, pods []*api.PodSandbox, _ []*api.Container) ([]*api.ContainerUpdate, error) {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	there := map[string]bool{}
	for _, pod := range pods {
		there[pod.Id] = true
		// A stopped sandbox has no namespace. Of two sandboxes of a pod this may be the failed one.
		if netnsOf(pod) == "" || h.node.isElsewhere(pod) {
			continue
		}
		if _, err := h.node.attachClaims(pod); err != nil {
			log.Printf("pod %s/%s: %v", pod.Namespace, pod.Name, err)
		}
	}
	return nil, removeOtherSysfs(there)
}

// RunPodSandbox attaches the claimed NICs. An error fails the sandbox, and kubelet retries.
func (h *hooks) RunPodSandbox(_ context.Context, pod *api.PodSandbox) error {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	claimed, err := h.node.attachClaims(pod)
	if sysfs := h.node.plan.Sysfs; err == nil && !claimed && ofRun(pod) && sysfs != nil {
		err = makeSysfs(pod.Id, netnsOf(pod), *sysfs)
	}
	if err != nil {
		h.node.reporter.PodFailed(pod, err)
	}
	return err
}

// ofRun reports whether a run created the pod. Its pods see the emulated node's /sys, also those without a claim.
func ofRun(pod *api.PodSandbox) bool {
	return pod.GetLabels()["claimcheck.dev/run"] != "" && netnsOf(pod) != ""
}

// CreateContainer adds the devices of all the pod's claims to each of its containers, whichever claims that one names.
func (h *hooks) CreateContainer(_ context.Context, pod *api.PodSandbox, container *api.Container) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	// The sandbox may be older than this driver process.
	claimed, err := h.node.attachClaims(pod)
	if err != nil || !claimed && !ofRun(pod) {
		return nil, nil, err
	}
	adjustment := &api.ContainerAdjustment{}
	planned := h.node.plan.ForPod(h.node.store.OfPod(types.UID(pod.Uid)))
	for _, device := range planned.Devices {
		adjustment.AddDevice(charDevice(device))
	}
	if err := addVerbs(adjustment, pod, container, planned.NICs); err != nil {
		return nil, nil, err
	}
	if h.node.plan.Sysfs == nil {
		return adjustment, nil, nil
	}
	adjustment.AddMount(&api.Mount{Destination: "/sys", Type: "bind", Source: sysfsOf(pod.Id), Options: []string{"rbind", "ro", "nosuid", "nodev", "noexec"}})
	return adjustment, nil, nil
}

// addVerbs adds the character devices of Soft-RoCE devices to a container, and limits the NICs to the rate of its buffers.
func addVerbs(adjustment *api.ContainerAdjustment, pod *api.PodSandbox, container *api.Container, nics []ClaimedNIC) error {
	if !slices.ContainsFunc(nics, func(nic ClaimedNIC) bool { return nic.RDMADevice != "" }) {
		return nil
	}
	devices, err := verbsDevices(nics)
	if err != nil {
		return err
	}
	for _, device := range devices {
		adjustment.AddDevice(device)
	}
	if node, bound := memoryNode(container.GetArgs()); bound {
		return shapeForMemory(netnsOf(pod), nics, node)
	}
	return nil
}

// StartContainer raises the priority of the processes of pods with a claim. A refusal is only logged.
func (h *hooks) StartContainer(_ context.Context, pod *api.PodSandbox, container *api.Container) error {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	if len(h.node.store.OfPod(types.UID(pod.Uid))) == 0 || container.Pid == 0 {
		return nil
	}
	if err := raisePriority(int(container.Pid)); err != nil {
		log.Printf("priority of %s in pod %s/%s: %v", container.Name, pod.Namespace, pod.Name, err)
	}
	return nil
}

// StopPodSandbox detaches the NICs before the namespace is removed, which would remove them too.
func (h *hooks) StopPodSandbox(_ context.Context, pod *api.PodSandbox) error {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	for _, claim := range h.node.store.OfPod(types.UID(pod.Uid)) {
		// The NICs may already be in a later sandbox of the same pod.
		if claim.Sandbox != pod.Id {
			continue
		}
		if err := h.node.detachClaim(claim); err != nil {
			return err
		}
	}
	return nil
}

// RemovePodSandbox removes the sandbox's /sys.
func (h *hooks) RemovePodSandbox(_ context.Context, pod *api.PodSandbox) error {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	return removeSysfs(pod.Id)
}

// The numbers of /dev/null, which opens, and of a device that no kernel driver serves, which does not.
const (
	nullMajor, nullMinor       = 1, 3
	unservedMajor, unservedMin = 511, 0
)

func charDevice(device CharDevice) *api.LinuxDevice {
	major, minor := int64(nullMajor), int64(nullMinor)
	if !device.Opens {
		major, minor = unservedMajor, unservedMin
	}
	return linuxDevice(device.Path, major, minor)
}

func linuxDevice(path string, major, minor int64) *api.LinuxDevice {
	return &api.LinuxDevice{Path: path, Type: "c", Major: major, Minor: minor, FileMode: api.FileMode(uint32(unix.S_IRUSR | unix.S_IWUSR | unix.S_IRGRP | unix.S_IWGRP | unix.S_IROTH | unix.S_IWOTH))}
}
