package main

import (
	"context"
	"fmt"
	"log"
	"slices"
	"sync"

	"github.com/containerd/nri/pkg/api"
	"k8s.io/apimachinery/pkg/types"
)

// Node is the state that the drivers and the runtime's hooks share.
type Node struct {
	mu       sync.Mutex
	plan     *Plan
	store    *Store
	reporter *Reporter
	// fail ends the program.
	fail func(error)
	// cuts are the watches of links that shall go down, by device.
	cuts map[string]context.CancelFunc
}

// give moves the NICs of a pod's claims into its namespace, where they are not there already. It says whether the pod
// has claims at all.
func (n *Node) give(pod *api.PodSandbox) (bool, error) {
	claims := n.store.OfPod(types.UID(pod.Uid))
	if len(claims) == 0 {
		return false, nil
	}
	netns := netnsOf(pod)
	if netns == "" {
		return true, fmt.Errorf("pod %s/%s uses the host's network and cannot claim devices", pod.Namespace, pod.Name)
	}
	missing := slices.DeleteFunc(claims, func(claim *Claim) bool { return claim.Given && claim.Sandbox == pod.Id })
	if len(missing) == 0 {
		return true, nil
	}
	for _, claim := range missing {
		// A pod may get a second sandbox when its first one failed.
		if claim.Sandbox != pod.Id {
			if err := n.takeBack(claim); err != nil {
				return true, err
			}
		}
		// Kept before it is done: whoever is killed in the middle finds the NICs there.
		claim.Sandbox, claim.Netns, claim.Given = pod.Id, netns, false
		if err := n.store.Put(claim); err != nil {
			return true, err
		}
	}
	if err := n.furnish(pod, netns, n.plan.ForPod(n.store.OfPod(types.UID(pod.Uid)))); err != nil {
		for _, claim := range missing {
			if failed := n.takeBack(claim); failed != nil {
				log.Printf("claim %s/%s: %v", claim.Namespace, claim.Name, failed)
			}
		}
		return true, err
	}
	for _, claim := range missing {
		claim.Given = true
		if err := n.store.Put(claim); err != nil {
			return true, err
		}
		n.reporter.Report(*claim, n.plan)
	}
	return true, nil
}

// isElsewhere says whether a pod's claims were given to another sandbox of it.
func (n *Node) isElsewhere(pod *api.PodSandbox) bool {
	return slices.ContainsFunc(n.store.OfPod(types.UID(pod.Uid)), func(claim *Claim) bool {
		return claim.Sandbox != "" && claim.Sandbox != pod.Id
	})
}

func (n *Node) furnish(pod *api.PodSandbox, netns string, planned PodPlan) error {
	if err := preparePodNetwork(netns, n.plan.PodNetwork); err != nil {
		return fmt.Errorf("pod network: %w", err)
	}
	for i := range planned.NICs {
		if err := moveIn(netns, i, &planned.NICs[i]); err != nil {
			return fmt.Errorf("NIC %s: %w", planned.NICs[i].Device, err)
		}
		n.watchForCut(&planned.NICs[i])
	}
	if err := misroute(netns, planned.NICs, n.plan.FallsBack); err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	if err := makeSysfs(pod.Id, netns, n.plan.Sysfs); err != nil {
		return fmt.Errorf("/sys: %w", err)
	}
	return nil
}

// takeBack returns a claim's NICs to the node.
func (n *Node) takeBack(claim *Claim) error {
	if claim.Sandbox == "" {
		return nil
	}
	for _, device := range claim.Devices[nicDriver] {
		nic := n.plan.NIC(device)
		if nic == nil {
			continue
		}
		if stop := n.cuts[device]; stop != nil {
			stop()
			delete(n.cuts, device)
		}
		if err := moveOut(claim.Netns, nic); err != nil {
			return fmt.Errorf("NIC %s: %w", device, err)
		}
	}
	claim.Sandbox, claim.Netns, claim.Given = "", "", false
	return n.store.Put(claim)
}

func netnsOf(pod *api.PodSandbox) string {
	for _, namespace := range pod.GetLinux().GetNamespaces() {
		if namespace.Type == "network" {
			return namespace.Path
		}
	}
	return ""
}
