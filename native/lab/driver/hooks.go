package main

import (
	"context"
	"log"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/types"
)

// hooks are called by containerd, by way of NRI, in the life of every pod of the node.
type hooks struct{ node *Node }

const hookName = "claimcheck"

// runHooks registers with containerd, again and again where containerd goes away, until ctx ends.
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

// Synchronize gives NICs to pods that were started while no driver ran, and removes what is left of those that ended.
func (h *hooks) Synchronize(_ context.Context, pods []*api.PodSandbox, _ []*api.Container) ([]*api.ContainerUpdate, error) {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	there := map[string]bool{}
	for _, pod := range pods {
		there[pod.Id] = true
		// One that has stopped has no namespace; of two sandboxes of a pod this may be the one that failed.
		if netnsOf(pod) == "" || h.node.isElsewhere(pod) {
			continue
		}
		if _, err := h.node.give(pod); err != nil {
			log.Printf("pod %s/%s: %v", pod.Namespace, pod.Name, err)
		}
	}
	return nil, removeOtherSysfs(there)
}

// RunPodSandbox moves the claimed NICs in; an error lets the sandbox fail, and kubelet tries again.
func (h *hooks) RunPodSandbox(_ context.Context, pod *api.PodSandbox) error {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	_, err := h.node.give(pod)
	if err != nil {
		h.node.reporter.PodFailed(pod, err)
	}
	return err
}

// CreateContainer puts the devices of all claims of the pod into each of its containers, whatever that one asked for.
func (h *hooks) CreateContainer(_ context.Context, pod *api.PodSandbox, _ *api.Container) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	// A sandbox may be older than this driver.
	claimed, err := h.node.give(pod)
	if err != nil || !claimed {
		return nil, nil, err
	}
	adjustment := &api.ContainerAdjustment{}
	planned := h.node.plan.ForPod(h.node.store.OfPod(types.UID(pod.Uid)))
	for _, device := range planned.Devices {
		adjustment.AddDevice(charDevice(device))
	}
	adjustment.AddMount(&api.Mount{Destination: "/sys", Type: "bind", Source: sysfsOf(pod.Id), Options: []string{"rbind", "ro", "nosuid", "nodev", "noexec"}})
	return adjustment, nil, nil
}

// StartContainer lets the processes of pods with a claim go before others. Where that is refused they run all the same.
func (h *hooks) StartContainer(_ context.Context, pod *api.PodSandbox, container *api.Container) error {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	if len(h.node.store.OfPod(types.UID(pod.Uid))) == 0 || container.Pid == 0 {
		return nil
	}
	if err := goFirst(int(container.Pid)); err != nil {
		log.Printf("priority of %s in pod %s/%s: %v", container.Name, pod.Namespace, pod.Name, err)
	}
	return nil
}

// StopPodSandbox takes the NICs back before the namespace goes, and they with it.
func (h *hooks) StopPodSandbox(_ context.Context, pod *api.PodSandbox) error {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	for _, claim := range h.node.store.OfPod(types.UID(pod.Uid)) {
		// The NICs may be in a later sandbox of the same pod by now.
		if claim.Sandbox != pod.Id {
			continue
		}
		if err := h.node.takeBack(claim); err != nil {
			return err
		}
	}
	return nil
}

// RemovePodSandbox removes what was made for the sandbox.
func (h *hooks) RemovePodSandbox(_ context.Context, pod *api.PodSandbox) error {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	return removeSysfs(pod.Id)
}

// Numbers of /dev/null, which opens, and of a device that no driver serves, which does not.
const (
	nullMajor, nullMinor       = 1, 3
	unservedMajor, unservedMin = 511, 0
)

func charDevice(device CharDevice) *api.LinuxDevice {
	major, minor := int64(nullMajor), int64(nullMinor)
	if !device.Opens {
		major, minor = unservedMajor, unservedMin
	}
	return &api.LinuxDevice{Path: device.Path, Type: "c", Major: major, Minor: minor, FileMode: api.FileMode(uint32(unix.S_IRUSR | unix.S_IWUSR | unix.S_IRGRP | unix.S_IWGRP | unix.S_IROTH | unix.S_IWOTH))}
}
