package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The reaper waits for every child of the process, so the tests share one reaper.
var reaper = NewReaper()

func supervise(t *testing.T, services ...Service) (*Supervisor, context.CancelFunc, string) {
	t.Helper()
	logs := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	supervisor := Supervise(ctx, services, logs, reaper)
	t.Cleanup(func() {
		cancel()
		supervisor.Wait()
	})
	return supervisor, cancel, logs
}

func shell(name, script string) Service {
	return Service{Name: name, Argv: []string{"sh", "-c", script}}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("timed out waiting for " + what)
		}
	}
}

func TestAServiceThatKeepsFailingIsReportedWithItsLastLines(t *testing.T) {
	supervisor, _, _ := supervise(t, shell("poor", "echo last output; exit 3"))
	select {
	case err := <-supervisor.Failed:
		for _, part := range []string{"service poor ended 5 times shortly after its start", "code 3", "last output"} {
			if !strings.Contains(err.Error(), part) {
				t.Fatalf("expected %q in %v", part, err)
			}
		}
	case <-time.After(30 * time.Second):
		t.Fatal("was kept for ever")
	}
}

func TestAKilledServiceIsRestarted(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	supervisor, _, _ := supervise(t, shell("tough", "echo x >> "+starts+"; [ $(wc -l < "+starts+") -gt 1 ] || kill -9 $$; exec sleep 100"))
	await(t, "the second start", func() bool {
		text, _ := os.ReadFile(starts)
		return strings.Count(string(text), "x") == 2
	})
	select {
	case err := <-supervisor.Failed:
		t.Fatal(err)
	default:
	}
}

func TestServicesWaitForOneShotServices(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there")
	once := shell("once", "sleep 0.3; echo made > "+there)
	once.Once = true
	after := shell("after", "cat "+there+"; exec sleep 100")
	after.After = []string{"once"}
	_, _, logs := supervise(t, once, after)
	await(t, "the second service", func() bool {
		text, _ := os.ReadFile(filepath.Join(logs, "after.log"))
		return string(text) == "made\n"
	})
}

func TestAllServicesEndOnCancel(t *testing.T) {
	supervisor, cancel, logs := supervise(t, shell("deaf", "trap '' TERM; echo up; sleep 100; sleep 100"), shell("good", "echo up; exec sleep 100"))
	await(t, "both", func() bool {
		deaf, _ := os.ReadFile(filepath.Join(logs, "deaf.log"))
		good, _ := os.ReadFile(filepath.Join(logs, "good.log"))
		return len(deaf) > 0 && len(good) > 0
	})
	cancel()
	done := make(chan struct{})
	go func() {
		supervisor.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("one stayed")
	}
}

func TestALogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.log")
	log, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 1<<16) + "\n"
	for range 300 {
		log.Write([]byte(line))
	}
	log.Write([]byte("first\nsecond\n"))
	total := int64(0)
	for _, name := range []string{path, path + ".1"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > logLimit {
		t.Fatalf("%d bytes are kept", total)
	}
	if log.LastLines(2) != "first\nsecond" {
		t.Fatal(log.LastLines(2))
	}
}
