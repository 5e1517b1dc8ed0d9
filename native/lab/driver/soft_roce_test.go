package main

import "testing"

func TestMemoryNode(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		node  string
		bound bool
	}{
		"bound":          {[]string{"--mode", "target", "--numa-node", "1", "--port", "7"}, "1", true},
		"not bound":      {[]string{"--mode", "target"}, "", false},
		"without a node": {[]string{"--mode", "target", "--numa-node"}, "", false},
		"not a number":   {[]string{"--numa-node", "any"}, "any", false},
	} {
		t.Run(name, func(t *testing.T) {
			node, bound := memoryNode(c.args)
			if node != c.node || bound != c.bound {
				t.Fatalf("expected %q %t, found %q %t", c.node, c.bound, node, bound)
			}
		})
	}
}

func TestFoldersOfMergedSysfs(t *testing.T) {
	var planned Sysfs
	planned.Links = append(planned.Links, struct {
		Path string `json:"path"`
		To   string `json:"to"`
	}{Path: "/sys/bus/pci/devices/0000:a1:00.0", To: "../../../devices/pci0000:a0/0000:a1:00.0"})
	planned.Files = append(planned.Files, struct {
		Path    string `json:"path"`
		Content string `json:"content"`
	}{Path: "/sys/devices/pci0000:a0/0000:a1:00.0/numa_node", Content: "0\n"})
	found := foldersOf(planned)
	for _, folder := range []string{"/bus", "/bus/pci", "/bus/pci/devices", "/devices", "/devices/pci0000:a0", "/devices/pci0000:a0/0000:a1:00.0"} {
		if !found[folder] {
			t.Errorf("expected %s, found %v", folder, found)
		}
	}
	if len(found) != 6 {
		t.Errorf("expected six folders, found %v", found)
	}
}
