package main

import (
	"context"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"
	resourceapi "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
)

func plugins(t *testing.T, folder string, change func(*Plan)) (nics, gpus *plugin) {
	t.Helper()
	store, err := OpenStore(folder)
	if err != nil {
		t.Fatal(err)
	}
	plan := readPlan(t)
	if change != nil {
		change(plan)
	}
	node := &Node{plan: plan, store: store, reporter: &Reporter{events: &record.FakeRecorder{}}}
	return &plugin{nicDriver, node}, &plugin{gpuDriver, node}
}

func allocated(uid string, pods int, devices ...string) *resourceapi.ResourceClaim {
	claim := &resourceapi.ResourceClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: uid, UID: types.UID(uid)}}
	claim.Status.Allocation = &resourceapi.AllocationResult{}
	for _, device := range devices {
		driver, name, _ := strings.Cut(device, "/")
		claim.Status.Allocation.Devices.Results = append(claim.Status.Allocation.Devices.Results,
			resourceapi.DeviceRequestAllocationResult{Request: "r", Driver: driver, Pool: "n", Device: name})
	}
	for pod := range pods {
		uid := types.UID("pod-of-" + uid + strings.Repeat("'", pod))
		claim.Status.ReservedFor = append(claim.Status.ReservedFor, resourceapi.ResourceClaimConsumerReference{Resource: "pods", Name: "p", UID: uid})
	}
	return claim
}

func prepare(t *testing.T, p *plugin, claim *resourceapi.ResourceClaim) kubeletplugin.PrepareResult {
	t.Helper()
	results, err := p.PrepareResourceClaims(context.Background(), []*resourceapi.ResourceClaim{claim})
	if err != nil {
		t.Fatal(err)
	}
	return results[claim.UID]
}

func expectError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Fatalf("expected an error with %q, found %v", text, err)
	}
}

func TestPrepareIsIdempotent(t *testing.T) {
	nics, gpus := plugins(t, t.TempDir(), nil)
	claim := allocated("c", 1, "dra.net/a", "gpu.nvidia.com/gpu-0")
	for range 2 {
		if result := prepare(t, nics, claim); result.Err != nil || len(result.Devices) != 1 || result.Devices[0].DeviceName != "a" {
			t.Fatalf("%+v", result)
		}
		if result := prepare(t, gpus, claim); result.Err != nil || result.Devices[0].DeviceName != "gpu-0" {
			t.Fatalf("%+v", result)
		}
	}
	if claims := nics.node.store.OfPod("pod-of-c"); len(claims) != 1 {
		t.Fatalf("%+v", claims)
	}
}

func TestARestartedDriverFindsThePreparedClaims(t *testing.T) {
	folder := t.TempDir()
	before, _ := plugins(t, folder, nil)
	prepare(t, before, allocated("c", 1, "dra.net/a"))
	after, _ := plugins(t, folder, nil)
	expectError(t, prepare(t, after, allocated("d", 1, "dra.net/a")).Err, "still prepared for claim ns/c")
	names := []kubeletplugin.NamespacedObject{{UID: "c"}}
	for range 2 {
		results, err := after.UnprepareResourceClaims(context.Background(), names)
		if err != nil || results["c"] != nil || len(results) != 1 {
			t.Fatal(results, err)
		}
	}
	if result := prepare(t, after, allocated("d", 1, "dra.net/a")); result.Err != nil {
		t.Fatal(result.Err)
	}
}

func TestPrepareRejects(t *testing.T) {
	nics, gpus := plugins(t, t.TempDir(), nil)
	expectError(t, prepare(t, nics, allocated("two", 2, "dra.net/a")).Err, "one pod per claim")
	expectError(t, prepare(t, nics, allocated("none", 0, "dra.net/a")).Err, "one pod per claim")
	expectError(t, prepare(t, nics, allocated("x", 1, "dra.net/z")).Err, "device z is not on node n")
	expectError(t, prepare(t, gpus, allocated("y", 1, "gpu.nvidia.com/gpu-7")).Err, "device gpu-7 is not on node n")
	if claims := nics.node.store.where(func(*Claim) bool { return true }); len(claims) != 0 {
		t.Fatalf("kept %+v", claims)
	}
}

func TestPrepareFailsOnceForEachClaim(t *testing.T) {
	folder := t.TempDir()
	failing := func(plan *Plan) { plan.PrepareFailsOnce = true }
	nics, gpus := plugins(t, folder, failing)
	for _, uid := range []string{"c", "d"} {
		claim := allocated(uid, 1, "dra.net/"+map[string]string{"c": "a", "d": "b"}[uid], "gpu.nvidia.com/gpu-"+map[string]string{"c": "0", "d": "1"}[uid])
		expectError(t, prepare(t, nics, claim).Err, "not supported for RDMA-only devices")
		if result := prepare(t, gpus, claim); result.Err != nil {
			t.Fatal(result.Err)
		}
		nics, gpus = plugins(t, folder, failing)
		if result := prepare(t, nics, claim); result.Err != nil {
			t.Fatal(result.Err)
		}
	}
}

func TestAttachedClaimsStayWithTheirSandbox(t *testing.T) {
	nics, _ := plugins(t, t.TempDir(), nil)
	prepare(t, nics, allocated("c", 1, "dra.net/a"))
	claim := nics.node.store.Get("c")
	old, current := &api.PodSandbox{Id: "old", Uid: "pod-of-c"}, &api.PodSandbox{Id: "current", Uid: "pod-of-c"}
	if nics.node.isElsewhere(old) {
		t.Fatal("the claim is with nobody")
	}
	claim.Sandbox = "current"
	if !nics.node.isElsewhere(old) || nics.node.isElsewhere(current) {
		t.Fatal("the claim is with the current sandbox")
	}
	// With an old sandbox the hook must not detach the NICs, which would need the kernel.
	if err := (&hooks{nics.node}).StopPodSandbox(context.Background(), old); err != nil || claim.Sandbox != "current" {
		t.Fatal(err, claim.Sandbox)
	}
}
