package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const sandboxFolder = "/run/claimcheck/sandboxes"

func sysfsOf(sandbox string) string { return filepath.Join(sandboxFolder, sandbox, "sys") }
func liveOf(sandbox string) string  { return filepath.Join(sandboxFolder, sandbox, "live") }

// The parts of a pod's /sys that are the kernel's own, so that its interfaces and their counters are live.
var live = []string{"class/net", "devices/virtual"}

// makeSysfs builds the /sys of a sandbox from the node's devices, as files and links, and the kernel's own.
func makeSysfs(sandbox, netns string, planned Sysfs) error {
	if err := removeSysfs(sandbox); err != nil {
		return err
	}
	tree := sysfsOf(sandbox)
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
	if planned.Merged {
		err = showFolder(liveOf(sandbox), tree, "/", foldersOf(planned))
	} else {
		err = showInterfaces(liveOf(sandbox), tree)
	}
	if err != nil {
		return err
	}
	return addDevices(tree, planned)
}

func showInterfaces(from, tree string) error {
	for _, folder := range []string{"fs/cgroup", "firmware", "kernel"} {
		if err := os.MkdirAll(filepath.Join(tree, folder), 0o755); err != nil {
			return err
		}
	}
	for _, folder := range live {
		if err := show(filepath.Join(from, folder), filepath.Join(tree, folder)); err != nil {
			return err
		}
	}
	return nil
}

// foldersOf returns the folders that contain planned files or links, relative to /sys.
func foldersOf(planned Sysfs) map[string]bool {
	folders := map[string]bool{}
	add := func(path string) {
		for folder := filepath.Dir(inTree("", path)); folder != "/" && folder != "."; folder = filepath.Dir(folder) {
			folders[folder] = true
		}
	}
	for _, file := range planned.Files {
		add(file.Path)
	}
	for _, link := range planned.Links {
		add(link.Path)
	}
	return folders
}

// showFolder copies a folder of from to tree, with its folders as bind mounts, except those in merged, to which files can be
// added.
func showFolder(from, tree, folder string, merged map[string]bool) error {
	if err := os.MkdirAll(filepath.Join(tree, folder), 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(from, folder))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		switch {
		case merged[path]:
			err = showFolder(from, tree, path, merged)
		case entry.IsDir():
			err = show(filepath.Join(from, path), filepath.Join(tree, path))
		case entry.Type()&os.ModeSymlink != 0:
			err = copyLink(filepath.Join(from, path), filepath.Join(tree, path))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func show(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	return unix.Mount(from, to, "", unix.MS_BIND, "")
}

func copyLink(from, to string) error {
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return os.Symlink(target, to)
}

func addDevices(tree string, planned Sysfs) error {
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
	return nil
}

func removeSysfs(sandbox string) error {
	folder := filepath.Join(sandboxFolder, sandbox)
	mounts, err := mountsBelow(folder)
	if err != nil {
		return err
	}
	for _, mount := range slices.Backward(mounts) {
		if err := unix.Unmount(mount, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			return err
		}
	}
	return os.RemoveAll(folder)
}

// mountsBelow lists mount points in the order in which they were mounted.
func mountsBelow(folder string) ([]string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var mounts []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], folder+"/") {
			mounts = append(mounts, fields[4])
		}
	}
	return mounts, nil
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
