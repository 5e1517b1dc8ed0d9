package main

import (
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// Reaper waits for all children: those that init started and the orphans that pid 1 inherits. Nothing else may wait.
type Reaper struct {
	mu      sync.Mutex
	waiters map[int]chan syscall.WaitStatus
}

// NewReaper starts a reaper.
func NewReaper() *Reaper {
	r := &Reaper{waiters: map[int]chan syscall.WaitStatus{}}
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	go func() {
		for range children {
			r.reap()
		}
	}()
	return r
}

// Start starts a command whose output is an io.Writer. The channel receives its exit status.
func (r *Reaper) Start(command *exec.Cmd) (<-chan syscall.WaitStatus, error) {
	output, err := pipeTo(command)
	if err != nil {
		return nil, err
	}
	// Locked, so that a child that ends at once is not reaped before it is registered.
	r.mu.Lock()
	defer r.mu.Unlock()
	defer output.Close()
	if err := command.Start(); err != nil {
		return nil, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	r.waiters[command.Process.Pid] = ended
	return ended, nil
}

func (r *Reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if pid <= 0 || err != nil {
			return
		}
		if ended, ours := r.waiters[pid]; ours {
			delete(r.waiters, pid)
			ended <- status
		}
	}
}

// pipeTo replaces the command's output by a pipe that is copied to its writer, so that only the reaper has to wait for
// the command.
func pipeTo(command *exec.Cmd) (*os.File, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	log := command.Stdout
	command.Stdout, command.Stderr = writer, writer
	go func() {
		defer reader.Close()
		buffer := make([]byte, 32<<10)
		for {
			n, err := reader.Read(buffer)
			if n > 0 {
				log.Write(buffer[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	return writer, nil
}
