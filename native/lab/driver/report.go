package main

import (
	"context"
	"encoding/json"
	"log"
	"time"

	"github.com/containerd/nri/pkg/api"
	corev1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
)

// Reporter writes the status of claims and events of failures to the API, in the background.
type Reporter struct {
	client kubernetes.Interface
	events record.EventRecorder
	// wanted reports whether a claim is still prepared.
	wanted func(types.UID) bool
}

// NewReporter returns a reporter for the NIC driver on node.
func NewReporter(client kubernetes.Interface, node string) *Reporter {
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	return &Reporter{client: client, events: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: nicDriver, Host: node})}
}

// Report writes the status of the claim's NICs after the plan's delay. As in DRANET, an error is only logged.
func (r *Reporter) Report(claim Claim, plan *Plan) {
	devices := []resourceapi.AllocatedDeviceStatus{}
	for _, name := range claim.Devices[nicDriver] {
		if nic := plan.NIC(name); nic != nil {
			devices = append(devices, *nic.Status.DeepCopy())
		}
	}
	if len(devices) == 0 {
		return
	}
	time.AfterFunc(plan.StatusAfter(), func() {
		if !r.wanted(claim.UID) {
			return
		}
		if err := r.apply(claim, devices); err != nil {
			log.Printf("status of claim %s/%s: %v", claim.Namespace, claim.Name, err)
		}
	})
}

func (r *Reporter) apply(claim Claim, devices []resourceapi.AllocatedDeviceStatus) error {
	now := metav1.Now()
	for i := range devices {
		for j := range devices[i].Conditions {
			devices[i].Conditions[j].LastTransitionTime = now
		}
	}
	patch, err := json.Marshal(map[string]any{
		"apiVersion": resourceapi.SchemeGroupVersion.String(),
		"kind":       "ResourceClaim",
		"metadata":   map[string]any{"name": claim.Name, "namespace": claim.Namespace, "uid": claim.UID},
		"status":     map[string]any{"devices": devices},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), statusLimit)
	defer cancel()
	force := true
	options := metav1.PatchOptions{FieldManager: nicDriver, Force: &force}
	_, err = r.client.ResourceV1().ResourceClaims(claim.Namespace).Patch(ctx, claim.Name, types.ApplyPatchType, patch, options, "status")
	return err
}

// ClaimFailed records an event that a claim could not be prepared.
func (r *Reporter) ClaimFailed(claim runtime.Object, err error) {
	log.Print(err)
	r.events.Event(claim, corev1.EventTypeWarning, "ClaimPrepareFailed", err.Error())
}

// PodFailed records an event that a pod's NICs could not be attached.
func (r *Reporter) PodFailed(pod *api.PodSandbox, err error) {
	log.Printf("pod %s/%s: %v", pod.Namespace, pod.Name, err)
	reference := &corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: types.UID(pod.Uid)}
	r.events.Event(reference, corev1.EventTypeWarning, "NetworkDeviceAttachFailed", err.Error())
}
