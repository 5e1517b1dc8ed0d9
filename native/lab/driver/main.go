// Command claimcheck-driver emulates DRANET and the NVIDIA GPU driver on one node of the lab. It publishes the slices of
// its node plan, prepares claims, and attaches NICs and devices to pods through NRI. Rates, names and faults are those
// of the plan.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	metadatav1alpha1 "k8s.io/dynamic-resource-allocation/api/metadata/v1alpha1"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
	"k8s.io/dynamic-resource-allocation/resourceslice"
)

const stateFolder = "/var/lib/claimcheck/claims"

func main() {
	plan := flag.String("plan", "", "path of the node plan (JSON)")
	kubeconfig := flag.String("kubeconfig", "", "path of the kubeconfig")
	flag.Parse()
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	if err := run(*plan, *kubeconfig); err != nil {
		log.Fatal(err)
	}
}

func run(planPath, kubeconfig string) error {
	plan, err := planFrom(planPath)
	if err != nil {
		return err
	}
	store, err := OpenStore(stateFolder)
	if err != nil {
		return err
	}
	client, err := clientFrom(kubeconfig)
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	ctx, fail := context.WithCancelCause(stop)
	node := &Node{plan: plan, store: store, reporter: NewReporter(client, plan.Node), fail: fail, cuts: map[string]context.CancelFunc{}}
	node.reporter.wanted = func(uid types.UID) bool {
		node.mu.Lock()
		defer node.mu.Unlock()
		return store.Get(uid) != nil
	}
	if err := node.ensureNICs(); err != nil {
		return err
	}
	for _, driver := range []string{nicDriver, gpuDriver} {
		helper, err := register(ctx, driver, node, client)
		if err != nil {
			return fmt.Errorf("%s: %w", driver, err)
		}
		defer helper.Stop()
	}
	go runHooks(ctx, node)
	<-ctx.Done()
	if stop.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

func register(ctx context.Context, driver string, node *Node, client kubernetes.Interface) (*kubeletplugin.Helper, error) {
	// Kubelet creates the second folder when it starts, which may be later.
	for _, folder := range []string{filepath.Join(kubeletplugin.KubeletPluginsDir, driver), kubeletplugin.KubeletRegistryDir} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return nil, err
		}
	}
	helper, err := kubeletplugin.Start(ctx, &plugin{driver: driver, node: node},
		kubeletplugin.DriverName(driver),
		kubeletplugin.NodeName(node.plan.Node),
		kubeletplugin.KubeClient(client),
		kubeletplugin.EnableDeviceMetadata(true),
		kubeletplugin.MetadataVersions(metadatav1alpha1.SchemeGroupVersion),
	)
	if err != nil {
		return nil, err
	}
	slices := []resourceslice.Slice{{Devices: node.plan.Published[driver]}}
	return helper, helper.PublishResources(ctx, resourceslice.DriverResources{Pools: map[string]resourceslice.Pool{node.plan.Node: {Slices: slices}}})
}

func planFrom(path string) (*Plan, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadPlan(file)
}

func clientFrom(path string) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}
