package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// Claim is a claim that was prepared for a pod.
type Claim struct {
	UID       types.UID `json:"uid"`
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Pod       PodName   `json:"pod"`
	// Devices lists the prepared devices by driver.
	Devices map[string][]string `json:"devices"`
	// Sandbox is the pod's sandbox that the claim's NICs are attached to, if any, and Netns its network namespace.
	Sandbox string `json:"sandbox,omitempty"`
	Netns   string `json:"netns,omitempty"`
	// Given reports whether the sandbox has been set up completely. If not, a restarted driver sets it up again.
	Given bool `json:"given,omitempty"`
}

// PodName identifies the one pod that a claim is reserved for.
type PodName struct {
	Name string    `json:"name"`
	UID  types.UID `json:"uid"`
}

// Store holds the prepared claims in memory and in one file each, so that a restarted driver finds them again.
type Store struct {
	folder string
	claims map[types.UID]*Claim
}

// OpenStore reads the claims that an earlier driver process has stored.
func OpenStore(folder string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	store := &Store{folder: folder, claims: map[types.UID]*Claim{}}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		claim := &Claim{}
		if err := json.Unmarshal(text, claim); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		store.claims[claim.UID] = claim
	}
	return store, nil
}

// Get returns a claim, or nil if it is not prepared.
func (s *Store) Get(uid types.UID) *Claim { return s.claims[uid] }

// Put stores a claim. Its file is written atomically.
func (s *Store) Put(claim *Claim) error {
	text, err := json.Marshal(claim)
	if err != nil {
		return err
	}
	path := s.path(claim.UID, "json")
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	s.claims[claim.UID] = claim
	return nil
}

// Forget removes a claim and its marks.
func (s *Store) Forget(uid types.UID) error {
	delete(s.claims, uid)
	for _, kind := range []string{"json", "failed"} {
		if err := os.Remove(s.path(uid, kind)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// FirstTime marks a claim as seen and reports whether it was not marked before.
func (s *Store) FirstTime(uid types.UID) (bool, error) {
	file, err := os.OpenFile(s.path(uid, "failed"), os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, file.Close()
}

// OfPod returns a pod's claims.
func (s *Store) OfPod(uid types.UID) []*Claim {
	return s.where(func(claim *Claim) bool { return claim.Pod.UID == uid })
}

// Holder returns the claim that a device is prepared for, or nil if it is free.
func (s *Store) Holder(driver, device string) *Claim {
	holders := s.where(func(claim *Claim) bool { return slices.Contains(claim.Devices[driver], device) })
	if len(holders) == 0 {
		return nil
	}
	return holders[0]
}

func (s *Store) where(is func(*Claim) bool) []*Claim {
	found := slices.DeleteFunc(slices.Collect(maps.Values(s.claims)), func(claim *Claim) bool { return !is(claim) })
	slices.SortFunc(found, func(a, b *Claim) int { return strings.Compare(string(a.UID), string(b.UID)) })
	return found
}

func (s *Store) path(uid types.UID, kind string) string {
	return filepath.Join(s.folder, string(uid)+"."+kind)
}
