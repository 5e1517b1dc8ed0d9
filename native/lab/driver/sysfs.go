package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const sandboxFolder = "/run/claimcheck/sandboxes"

func sysfsOf(sandbox string) string { return filepath.Join(sandboxFolder, sandbox, "sys") }
func liveOf(sandbox string) string  { return filepath.Join(sandboxFolder, sandbox, "live") }

// The parts of a pod's /sys that are the kernel's own, so that its interfaces and their counters are live.
var live = []string{"class/net", "devices/virtual"}

// makeSysfs builds the /sys of a sandbox from the node's devices, as files and links, and the pod's own interfaces.
func makeSysfs(sandbox, netns string, planned Sysfs) error {
	if err := removeSysfs(sandbox); err != nil {
		return err
	}
	tree := sysfsOf(sandbox)
	for _, folder := range append([]string{"fs/cgroup", "firmware", "kernel"}, live...) {
		if err := os.MkdirAll(filepath.Join(tree, folder), 0o755); err != nil {
			return err
		}
	}
	for _, file := range planned.Files {
		path := inTree(tree, file.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(file.Content), 0o444); err != nil {
			return err
		}
	}
	for _, link := range planned.Links {
		path := inTree(tree, link.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(link.To, path); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(liveOf(sandbox), 0o755); err != nil {
		return err
	}
	// A sysfs shows the interfaces of the network namespace in which it was mounted.
	err := within(netns, func() error {
		return unix.Mount("sysfs", liveOf(sandbox), "sysfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	})
	if err != nil {
		return err
	}
	for _, folder := range live {
		if err := unix.Mount(filepath.Join(liveOf(sandbox), folder), filepath.Join(tree, folder), "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	return nil
}

func removeSysfs(sandbox string) error {
	mounts := []string{liveOf(sandbox)}
	for _, folder := range live {
		mounts = append(mounts, filepath.Join(sysfsOf(sandbox), folder))
	}
	for _, mount := range mounts {
		err := unix.Unmount(mount, unix.MNT_DETACH)
		if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	return os.RemoveAll(filepath.Join(sandboxFolder, sandbox))
}

// removeOtherSysfs removes the trees of sandboxes that no longer exist.
func removeOtherSysfs(there map[string]bool) error {
	folders, err := os.ReadDir(sandboxFolder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if there[folder.Name()] {
			continue
		}
		if err := removeSysfs(folder.Name()); err != nil {
			return err
		}
	}
	return nil
}

func inTree(tree, path string) string {
	return filepath.Join(tree, filepath.Clean("/"+strings.TrimPrefix(path, "/sys")))
}
