package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Supervisor runs services, and restarts them, until its context ends.
type Supervisor struct {
	logs   string
	reaper *Reaper
	once   map[string]chan struct{}
	wait   sync.WaitGroup
	// Failed receives the error of the first service that keeps failing.
	Failed chan error
}

// Supervise starts services. Each writes to a log file in the folder logs.
func Supervise(ctx context.Context, services []Service, logs string, reaper *Reaper) *Supervisor {
	s := &Supervisor{logs: logs, reaper: reaper, once: map[string]chan struct{}{}, Failed: make(chan error, len(services))}
	for _, service := range services {
		s.once[service.Name] = make(chan struct{})
	}
	for _, service := range services {
		s.wait.Go(func() {
			if err := s.keep(ctx, service); err != nil && ctx.Err() == nil {
				s.Failed <- err
			}
		})
	}
	return s
}

// Wait returns when all services have ended.
func (s *Supervisor) Wait() { s.wait.Wait() }

func (s *Supervisor) keep(ctx context.Context, service Service) error {
	for _, name := range service.After {
		select {
		case <-s.once[name]:
		case <-ctx.Done():
			return nil
		}
	}
	log, err := OpenLog(filepath.Join(s.logs, service.Name+".log"))
	if err != nil {
		return err
	}
	deaths := 0
	for ctx.Err() == nil {
		if err := waitFor(ctx, service.WaitFor); err != nil {
			return nil
		}
		started := time.Now()
		status, err := s.run(ctx, service, log)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil && service.Once && status == 0 {
			close(s.once[service.Name])
			return nil
		}
		if err != nil {
			return fmt.Errorf("service %s: %w", service.Name, err)
		}
		// A service that ran for a while, such as one that a test kills, is restarted without limit.
		if time.Since(started) >= shortLife {
			deaths = 0
		}
		deaths++
		fmt.Printf("claimcheck-lab: service %s ended with %s\n", service.Name, describe(status))
		if deaths == deathsToFail {
			return fmt.Errorf("service %s ended %d times shortly after its start, the last time with %s:\n%s", service.Name, deaths, describe(status), log.LastLines(20))
		}
		pause(ctx, firstPause<<(deaths-1))
	}
	return nil
}

func (s *Supervisor) run(ctx context.Context, service Service, log *Log) (syscall.WaitStatus, error) {
	command := exec.Command(service.Argv[0], service.Argv[1:]...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ended, err := s.reaper.Start(command)
	if err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, func() {
		syscall.Kill(-command.Process.Pid, syscall.SIGTERM)
		time.AfterFunc(stopLimit, func() { syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
	})
	defer stop()
	return <-ended, nil
}

func waitFor(ctx context.Context, address string) error {
	network, where, found := strings.Cut(address, ":")
	for found {
		connection, err := net.DialTimeout(network, where, time.Second)
		if err == nil {
			return connection.Close()
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "signal " + status.Signal().String()
	}
	return fmt.Sprintf("code %d", status.ExitStatus())
}
