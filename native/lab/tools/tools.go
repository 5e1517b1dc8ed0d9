//go:build tools

// Package tools pins the programs of the node image that are built from other people's modules.
package tools

import (
	_ "k8s.io/dynamic-resource-allocation/kubeletplugin"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "k8s.io/kubernetes/cmd/kubelet"
)
