// Command claimcheck-init is pid 1 of a container of the lab. From one configuration file it prepares the container,
// writes files, keeps services running and reaps orphans. On SIGTERM everything ends within three seconds. If a service
// keeps failing, it exits with 1 and that service's last lines.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const logFolder = "/var/log/claimcheck"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: claimcheck-init CONFIG")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "claimcheck-lab:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	config, err := ReadConfig(file)
	file.Close()
	if err != nil {
		return err
	}
	if err := prepare(config); err != nil {
		return err
	}
	if err := os.MkdirAll(logFolder, 0o755); err != nil {
		return err
	}
	services, end := context.WithCancel(stop)
	defer end()
	supervisor := Supervise(services, config.Services, logFolder, NewReaper())
	fmt.Printf("claimcheck-lab: started %s as %s\n", config.Node, config.Role)
	select {
	case <-stop.Done():
	case err = <-supervisor.Failed:
	}
	end()
	finish(supervisor)
	return err
}

// finish waits for the services to end and then kills every remaining process.
func finish(supervisor *Supervisor) {
	done := make(chan struct{})
	go func() {
		supervisor.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(stopLimit + 500*time.Millisecond):
	}
	// Pods outlive their container runtime, but not their node.
	syscall.Kill(-1, syscall.SIGKILL)
}
