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

// Node is the state shared by the two drivers and the NRI hooks.
type Node struct {
	mu       sync.Mutex
	plan     *Plan
	store    *Store
	reporter *Reporter
	// fail ends the program with an error.
	fail func(error)
	// cuts are the cancel functions of the watches that cut links, by device.
	cuts map[string]context.CancelFunc
}

// ensureNICs creates every NIC that is not attached to a pod.
func (n *Node) ensureNICs() error {
	for i := range n.plan.NICs {
		nic := &n.plan.NICs[i]
		if holder := n.store.Holder(nicDriver, nic.Device); holder != nil && holder.Sandbox != "" {
			continue
		}
		if err := ensureInNode(nic); err != nil {
			return fmt.Errorf("NIC %s: %w", nic.Device, err)
		}
	}
	return nil
}

// attachClaims moves the NICs of a pod's claims into its network namespace, unless they are already there. It reports
// whether the pod has any claims.
func (n *Node) attachClaims(pod *api.PodSandbox) (bool, error) {
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
		// A pod may get a second sandbox after its first one has failed.
		if claim.Sandbox != pod.Id {
			if err := n.detachClaim(claim); err != nil {
				return true, err
			}
		}
		// Stored first, so that a driver that is killed meanwhile finds where the NICs are.
		claim.Sandbox, claim.Netns, claim.Given = pod.Id, netns, false
		if err := n.store.Put(claim); err != nil {
			return true, err
		}
	}
	if err := n.setUp(pod, netns, n.plan.ForPod(n.store.OfPod(types.UID(pod.Uid)))); err != nil {
		for _, claim := range missing {
			if failed := n.detachClaim(claim); failed != nil {
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
		log.Printf("pod %s/%s: claim %s: attached to sandbox %.12s", pod.Namespace, pod.Name, claim.Name, pod.Id)
		n.reporter.Report(*claim, n.plan)
	}
	return true, nil
}

// isElsewhere reports whether a pod's claims are attached to another sandbox of the pod.
func (n *Node) isElsewhere(pod *api.PodSandbox) bool {
	return slices.ContainsFunc(n.store.OfPod(types.UID(pod.Uid)), func(claim *Claim) bool {
		return claim.Sandbox != "" && claim.Sandbox != pod.Id
	})
}

func (n *Node) setUp(pod *api.PodSandbox, netns string, planned PodPlan) error {
	if err := preparePodNetwork(netns, n.plan.PodNetwork); err != nil {
		return fmt.Errorf("pod network: %w", err)
	}
	for i := range planned.NICs {
		if err := attachNIC(netns, i, &planned.NICs[i]); err != nil {
			return fmt.Errorf("NIC %s: %w", planned.NICs[i].Device, err)
		}
		n.watchForCut(&planned.NICs[i])
	}
	if err := misroute(netns, planned.NICs, n.plan.FallsBack); err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	if n.plan.Sysfs == nil {
		return nil
	}
	if err := makeSysfs(pod.Id, netns, *n.plan.Sysfs); err != nil {
		return fmt.Errorf("/sys: %w", err)
	}
	return nil
}

// detachClaim returns a claim's NICs to the node.
func (n *Node) detachClaim(claim *Claim) error {
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
		if err := detachNIC(claim.Netns, nic); err != nil {
			return fmt.Errorf("NIC %s: %w", device, err)
		}
	}
	log.Printf("claim %s/%s: detached from sandbox %.12s", claim.Namespace, claim.Name, claim.Sandbox)
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
