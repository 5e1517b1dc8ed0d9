package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
)

// plugin implements kubelet's plugin interface for one of the two drivers.
type plugin struct {
	driver string
	node   *Node
}

// PrepareResourceClaims records the devices of each claim and its pod. The NICs are attached when the pod's sandbox is
// created.
func (p *plugin) PrepareResourceClaims(_ context.Context, claims []*resourceapi.ResourceClaim) (map[types.UID]kubeletplugin.PrepareResult, error) {
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	results := map[types.UID]kubeletplugin.PrepareResult{}
	for _, claim := range claims {
		devices, err := p.prepare(claim)
		if err != nil {
			err = fmt.Errorf("claim %s/%s: %w", claim.Namespace, claim.Name, err)
			p.node.reporter.ClaimFailed(claim, err)
		}
		results[claim.UID] = kubeletplugin.PrepareResult{Devices: devices, Err: err}
	}
	return results, nil
}

func (p *plugin) prepare(claim *resourceapi.ResourceClaim) ([]kubeletplugin.Device, error) {
	if len(claim.Status.ReservedFor) != 1 {
		return nil, fmt.Errorf("the claim is reserved for %d pods; the driver supports one pod per claim", len(claim.Status.ReservedFor))
	}
	if p.driver == nicDriver && p.node.plan.PrepareFailsOnce {
		first, err := p.node.store.FirstTime(claim.UID)
		if err != nil {
			return nil, err
		}
		if first {
			return nil, errors.New("interface configuration is not supported for RDMA-only devices")
		}
	}
	var prepared []kubeletplugin.Device
	var names []string
	for _, result := range claim.Status.Allocation.Devices.Results {
		if result.Driver != p.driver {
			continue
		}
		if err := p.checkFree(claim.UID, result.Device); err != nil {
			return nil, err
		}
		names = append(names, result.Device)
		prepared = append(prepared, kubeletplugin.Device{Requests: []string{result.Request}, PoolName: result.Pool, DeviceName: result.Device, Metadata: p.metadataOf(result.Device)})
	}
	holder := claim.Status.ReservedFor[0]
	kept := p.node.store.Get(claim.UID)
	if kept == nil {
		kept = &Claim{UID: claim.UID, Namespace: claim.Namespace, Name: claim.Name, Devices: map[string][]string{}}
	}
	kept.Pod = PodName{Name: holder.Name, UID: holder.UID}
	kept.Devices[p.driver] = names
	return prepared, p.node.store.Put(kept)
}

// metadataOf returns the published attributes of a device, which kubelet's plugin library writes into the containers.
func (p *plugin) metadataOf(device string) *kubeletplugin.DeviceMetadata {
	attributes := map[string]resourceapi.DeviceAttribute{}
	for _, published := range p.node.plan.Published[p.driver] {
		if published.Name != device {
			continue
		}
		for name, value := range published.Attributes {
			attributes[string(name)] = value
		}
	}
	return &kubeletplugin.DeviceMetadata{Attributes: attributes}
}

// checkFree rejects a device that is prepared for another claim, in case the scheduler has allocated it twice.
func (p *plugin) checkFree(claim types.UID, device string) error {
	known := slices.Contains(p.node.plan.GPUs, device)
	if p.driver == nicDriver {
		known = p.node.plan.NIC(device) != nil
	}
	if !known {
		return fmt.Errorf("device %s is not on node %s", device, p.node.plan.Node)
	}
	if holder := p.node.store.Holder(p.driver, device); holder != nil && holder.UID != claim {
		return fmt.Errorf("device %s is still prepared for claim %s/%s", device, holder.Namespace, holder.Name)
	}
	return nil
}

// UnprepareResourceClaims frees the devices and detaches NICs that are still in a pod.
func (p *plugin) UnprepareResourceClaims(_ context.Context, claims []kubeletplugin.NamespacedObject) (map[types.UID]error, error) {
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	results := map[types.UID]error{}
	for _, claim := range claims {
		results[claim.UID] = p.unprepare(claim.UID)
	}
	return results, nil
}

func (p *plugin) unprepare(uid types.UID) error {
	claim := p.node.store.Get(uid)
	if claim == nil {
		return p.node.store.Forget(uid)
	}
	if p.driver == nicDriver {
		if err := p.node.detachClaim(claim); err != nil {
			return err
		}
	}
	delete(claim.Devices, p.driver)
	if len(claim.Devices) == 0 {
		return p.node.store.Forget(uid)
	}
	return p.node.store.Put(claim)
}

// HandleError handles errors in the background, such as a slice that the API server rejects.
func (p *plugin) HandleError(ctx context.Context, err error, msg string) {
	utilruntime.HandleErrorWithContext(ctx, err, msg, "driver", p.driver)
	if !errors.Is(err, kubeletplugin.ErrRecoverable) {
		p.node.fail(fmt.Errorf("%s: %s: %w", p.driver, msg, err))
	}
}

const statusLimit = 3 * time.Second
