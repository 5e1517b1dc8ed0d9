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
	// Devices by driver, of the drivers that have prepared it.
	Devices map[string][]string `json:"devices"`
	// Sandbox is the pod's sandbox that its NICs were given to, while they are there, and Netns its network namespace.
	Sandbox string `json:"sandbox,omitempty"`
	Netns   string `json:"netns,omitempty"`
	// Given: all that the sandbox gets is there. A driver that is killed before begins again.
	Given bool `json:"given,omitempty"`
}

// PodName names the one pod that a claim is for.
type PodName struct {
	Name string    `json:"name"`
	UID  types.UID `json:"uid"`
}

// Store keeps the prepared claims, in memory and in one file each, so that a driver which was killed knows them again.
type Store struct {
	folder string
	claims map[types.UID]*Claim
}

// OpenStore reads what a driver before this one has kept.
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

// Get finds a claim; nil where it is not prepared.
func (s *Store) Get(uid types.UID) *Claim { return s.claims[uid] }

// Put keeps a claim; a file is whole or not there.
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

// Forget drops a claim and its marks.
func (s *Store) Forget(uid types.UID) error {
	delete(s.claims, uid)
	for _, kind := range []string{"json", "failed"} {
		if err := os.Remove(s.path(uid, kind)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// FirstTime says whether this claim is seen for the first time, and remembers it.
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

// OfPod gives a pod's claims.
func (s *Store) OfPod(uid types.UID) []*Claim {
	return s.where(func(claim *Claim) bool { return claim.Pod.UID == uid })
}

// Holder finds the claim that has a device; nil where it is free.
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
