package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// prepare turns a Docker container into what kubelet and containerd accept as a machine, and writes the files.
func prepare(config *Config) error {
	steps := []struct {
		name string
		do   func() error
	}{
		{"mounts", shareMounts},
		{"kernel log", makeKernelLog},
		{"cgroups", prepareCgroups},
		{"network", func() error { return prepareNetwork(config.Routes) }},
		{"files", func() error { return writeFiles(config.Files) }},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// shareMounts makes volumes that kubelet mounts visible in containers, and remounts Docker's read-only mounts writable.
func shareMounts() error {
	if err := unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("making / shared: %w", err)
	}
	if err := unix.Mount("", "/sys", "", unix.MS_REMOUNT|unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("remounting /sys: %w", err)
	}
	return nil
}

// Kubelet does not start without it.
func makeKernelLog() error {
	err := unix.Mknod("/dev/kmsg", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 11)))
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

const cgroups = "/sys/fs/cgroup"

func prepareCgroups() error {
	if _, err := os.Stat(filepath.Join(cgroups, "cgroup.controllers")); err == nil {
		return delegateUnified()
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[1], cgroups) {
			continue
		}
		if err := unix.Mount("", fields[1], "", unix.MS_REMOUNT|unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("remounting %s: %w", fields[1], err)
		}
	}
	return nil
}

func delegateUnified() error {
	if err := unix.Mount("", cgroups, "", unix.MS_REMOUNT|unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("remounting %s: %w", cgroups, err)
	}
	// Only a machine's root cgroup lacks this file. It may delegate controllers and have processes.
	if _, err := os.Stat(filepath.Join(cgroups, "cgroup.type")); errors.Is(err, os.ErrNotExist) {
		return delegateControllers()
	}
	if err := leaveRoot(); err != nil {
		return err
	}
	return delegateControllers()
}

// leaveRoot moves all processes out of the root of the container's cgroup, so that it can delegate controllers.
func leaveRoot() error {
	own := filepath.Join(cgroups, "init")
	if err := os.MkdirAll(own, 0o755); err != nil {
		return err
	}
	processes, err := os.ReadFile(filepath.Join(cgroups, "cgroup.procs"))
	if err != nil {
		return err
	}
	for _, pid := range strings.Fields(string(processes)) {
		if err := os.WriteFile(filepath.Join(own, "cgroup.procs"), []byte(pid), 0o644); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

func delegateControllers() error {
	controllers, err := os.ReadFile(filepath.Join(cgroups, "cgroup.controllers"))
	if err != nil {
		return err
	}
	enabled := ""
	for _, controller := range strings.Fields(string(controllers)) {
		enabled += " +" + controller
	}
	return os.WriteFile(filepath.Join(cgroups, "cgroup.subtree_control"), []byte(enabled), 0o644)
}

// prepareNetwork enables forwarding between nodes, pods and NICs, without a filter on reverse paths.
func prepareNetwork(routes []Route) error {
	for name, value := range map[string]string{
		"ip_forward":             "1",
		"conf/all/rp_filter":     "0",
		"conf/default/rp_filter": "0",
	} {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0o644); err != nil {
			return err
		}
	}
	for _, route := range routes {
		_, to, err := net.ParseCIDR(route.To)
		if err != nil {
			return err
		}
		via := net.ParseIP(route.Via)
		if via == nil {
			return fmt.Errorf("route to %s: expected an address, found %q", route.To, route.Via)
		}
		if err := netlink.RouteReplace(&netlink.Route{Dst: to, Gw: via}); err != nil {
			return fmt.Errorf("route to %s by %s: %w", route.To, route.Via, err)
		}
	}
	return nil
}

func writeFiles(files []File) error {
	for _, file := range files {
		if err := os.MkdirAll(filepath.Dir(file.Path), 0o755); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if file.Secret {
			mode = 0o600
		}
		if err := os.WriteFile(file.Path, []byte(file.Content), mode); err != nil {
			return err
		}
	}
	return nil
}
