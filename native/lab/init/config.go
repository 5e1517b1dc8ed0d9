package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"
)

// Config describes a container of the lab: its files, routes and services.
type Config struct {
	Lab   string `json:"lab"`
	Node  string `json:"node"`
	Role  string `json:"role"`
	Files []File `json:"files"`
	// Routes lead to the pods and NICs of the other nodes.
	Routes   []Route   `json:"routes"`
	Services []Service `json:"services"`
}

// File is a file that is written before any service starts.
type File struct {
	Path    string `json:"path"`
	Content string `json:"content"`
	// Secret makes the file readable by root only.
	Secret bool `json:"secret,omitempty"`
}

// Route is a network and the neighbour that it is reached through.
type Route struct {
	To  string `json:"to"`
	Via string `json:"via"`
}

// Service is a program that init keeps running or runs once.
type Service struct {
	Name string   `json:"name"`
	Argv []string `json:"argv"`
	// Once marks a service that ends by itself; others may wait for its end.
	Once bool `json:"once,omitempty"`
	// After lists services with Once that must have succeeded before this one starts.
	After []string `json:"after,omitempty"`
	// WaitFor is an endpoint that must accept connections before the start: unix:/path or tcp:host:port.
	WaitFor string `json:"waitFor,omitempty"`
}

const (
	controlPlane = "control-plane"
	worker       = "worker"
)

// ReadConfig decodes and validates a configuration. Unknown fields are an error.
func ReadConfig(in io.Reader) (*Config, error) {
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	config := &Config{}
	if err := decoder.Decode(config); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("configuration: expected one JSON object, found more text after it")
	}
	return config, config.check()
}

func (c *Config) check() error {
	if c.Role != controlPlane && c.Role != worker {
		return fmt.Errorf("role: expected %q or %q, found %q", controlPlane, worker, c.Role)
	}
	for i, file := range c.Files {
		if !path.IsAbs(file.Path) || path.Clean(file.Path) != file.Path {
			return fmt.Errorf("files[%d].path: expected a clean absolute path, found %q", i, file.Path)
		}
	}
	once := map[string]bool{}
	known := map[string]bool{}
	for i, service := range c.Services {
		switch {
		case service.Name == "" || path.Base(service.Name) != service.Name:
			return fmt.Errorf("services[%d].name: expected a name, found %q", i, service.Name)
		case known[service.Name]:
			return fmt.Errorf("services[%d].name: %q is used twice", i, service.Name)
		case len(service.Argv) == 0:
			return fmt.Errorf("services[%d].argv: expected a program", i)
		}
		for _, name := range service.After {
			if !once[name] {
				return fmt.Errorf("services[%d].after: expected an earlier service that runs once, found %q", i, name)
			}
		}
		known[service.Name] = true
		once[service.Name] = service.Once
	}
	if len(c.Services) == 0 {
		return errors.New("services: expected at least one")
	}
	return nil
}

const (
	stopLimit    = 2 * time.Second
	deathsToFail = 5
	shortLife    = 3 * time.Second
	firstPause   = 200 * time.Millisecond
)
