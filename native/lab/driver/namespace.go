package main

import (
	"errors"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// within runs do in another network namespace, on a thread that ends with it.
func within(path string, do func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		there, err := netns.GetFromPath(path)
		if err != nil {
			result <- err
			return
		}
		defer there.Close()
		if err := unix.Setns(int(there), unix.CLONE_NEWNET); err != nil {
			// Of a removed namespace only its empty file is left.
			if errors.Is(err, unix.EINVAL) {
				err = os.ErrNotExist
			}
			result <- err
			return
		}
		result <- do()
	}()
	return <-result
}

func isIn(path string, nic *NIC) (bool, error) {
	there := false
	err := within(path, func() error {
		_, err := netlink.LinkByName(nic.Interface)
		there = err == nil
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			return nil
		}
		return err
	})
	return there, err
}

func move(path string, nic *NIC) error {
	link, err := netlink.LinkByName(nic.Interface)
	if err != nil {
		return err
	}
	pod, err := netns.GetFromPath(path)
	if err != nil {
		return err
	}
	defer pod.Close()
	return netlink.LinkSetNsFd(link, int(pod))
}
