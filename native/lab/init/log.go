package main

import (
	"bytes"
	"os"
	"strings"
	"sync"
)

const (
	logLimit  = 8 << 20
	tailLimit = 4 << 10
)

// Log stores a service's output in a file of bounded size, with the older half in FILE.1, and remembers the last lines.
type Log struct {
	mu      sync.Mutex
	path    string
	file    *os.File
	written int
	tail    []byte
}

// OpenLog opens a log at path.
func OpenLog(path string) (*Log, error) {
	file, err := os.Create(path)
	return &Log{path: path, file: file}, err
}

// Write appends p. It never fails, since a full disk must not stop a service.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, p...)
	if len(l.tail) > tailLimit {
		l.tail = bytes.Clone(l.tail[len(l.tail)-tailLimit:])
	}
	if l.written+len(p) > logLimit/2 {
		l.turn()
	}
	if l.file != nil {
		n, _ := l.file.Write(p)
		l.written += n
	}
	return len(p), nil
}

func (l *Log) turn() {
	if l.file != nil {
		l.file.Close()
	}
	os.Rename(l.path, l.path+".1")
	l.file, _ = os.Create(l.path)
	l.written = 0
}

// LastLines returns at most n lines.
func (l *Log) LastLines(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimRight(string(l.tail), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
