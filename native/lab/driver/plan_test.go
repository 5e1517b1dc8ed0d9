package main

import (
	"strings"
	"testing"
)

const planText = `{"node":"n","published":{},"gpus":["gpu-0","gpu-1"],"leaked":[{"path":"/dev/infiniband/uverbs9","opens":true}],
"nics":[
 {"device":"a","interface":"rdma0","address":"10.64.0.1/24","gateway":"10.64.0.254","mac":"02:00:00:00:00:01","mtu":9000,
  "shapes":{"":{"rateBits":1,"burstBytes":1},"gpu-0":{"rateBits":10,"burstBytes":1},"gpu-1":{"rateBits":11,"burstBytes":1}},
  "devices":[{"path":"/dev/infiniband/rdma_cm","opens":true},{"path":"/dev/infiniband/uverbs0","opens":true}],
  "status":{"driver":"dra.net","pool":"n","device":"a"}},
 {"device":"b","interface":"rdma1","address":"10.64.1.1/24","gateway":"10.64.1.254","mac":"02:00:00:00:00:02","mtu":9000,
  "shapes":{"":{"rateBits":2,"burstBytes":1},"gpu-0":{"rateBits":20,"burstBytes":1},"gpu-1":{"rateBits":21,"burstBytes":1}},
  "devices":[{"path":"/dev/infiniband/rdma_cm","opens":true},{"path":"/dev/infiniband/uverbs1","opens":false}],
  "status":{"driver":"dra.net","pool":"n","device":"b"},"leavesBy":"a"}],
"sysfs":{"files":[],"links":[]},"podNetwork":{"rateBits":1,"burstBytes":1},"statusAfterMillis":0}`

func readPlan(t *testing.T) *Plan {
	t.Helper()
	plan, err := ReadPlan(strings.NewReader(planText))
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func claim(gpus, nics []string) *Claim {
	return &Claim{Devices: map[string][]string{gpuDriver: gpus, nicDriver: nics}}
}

func TestForPodPairsInTheOrderOfThePlan(t *testing.T) {
	for name, c := range map[string]struct {
		claims []*Claim
		rates  []uint64
	}{
		"each with its own":         {[]*Claim{claim([]string{"gpu-1", "gpu-0"}, []string{"b", "a"})}, []uint64{10, 21}},
		"one GPU for all":           {[]*Claim{claim([]string{"gpu-1"}, []string{"a", "b"})}, []uint64{11, 21}},
		"no GPU":                    {[]*Claim{claim(nil, []string{"b"})}, []uint64{2}},
		"claims of a pod are one":   {[]*Claim{claim(nil, []string{"b"}), claim([]string{"gpu-0"}, nil)}, []uint64{20}},
		"devices nobody knows here": {[]*Claim{claim([]string{"gpu-7"}, []string{"z"})}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var rates []uint64
			for _, nic := range readPlan(t).ForPod(c.claims).NICs {
				rates = append(rates, nic.Shape.RateBits)
			}
			if len(rates) != len(c.rates) {
				t.Fatalf("expected %v, found %v", c.rates, rates)
			}
			for i := range rates {
				if rates[i] != c.rates[i] {
					t.Fatalf("expected %v, found %v", c.rates, rates)
				}
			}
		})
	}
}

func TestForPodListsEachDeviceOnce(t *testing.T) {
	var paths []string
	for _, device := range readPlan(t).ForPod([]*Claim{claim(nil, []string{"a", "b"})}).Devices {
		paths = append(paths, strings.TrimPrefix(device.Path, "/dev/infiniband/"))
	}
	if found := strings.Join(paths, " "); found != "uverbs9 rdma_cm uverbs0 uverbs1" {
		t.Fatal(found)
	}
}

func TestForPodMisroutesOnlyOverAClaimedNIC(t *testing.T) {
	plan := readPlan(t)
	if nic := plan.ForPod([]*Claim{claim(nil, []string{"b"})}).NICs[0]; nic.LeavesBy != nil {
		t.Fatalf("leaves by %s, which the pod does not have", nic.LeavesBy.Device)
	}
	if nic := plan.ForPod([]*Claim{claim(nil, []string{"a", "b"})}).NICs[1]; nic.LeavesBy == nil || nic.LeavesBy.Device != "a" {
		t.Fatalf("leaves by %v", nic.LeavesBy)
	}
}

func TestReadPlanRejects(t *testing.T) {
	for name, change := range map[string][2]string{
		"unknown field":           {`"leaked"`, `"leeked"`},
		"nics[0].address":         {`10.64.0.1/24`, `10.64.0.1`},
		"nics[1].mac":             {`02:00:00:00:00:02`, `02`},
		"nics[0].gateway":         {`10.64.0.254`, `gateway`},
		"for GPU \"gpu-1\"":       {`"gpu-1":{"rateBits":11`, `"gpu-2":{"rateBits":11`},
		"expected a rate and a b": {`"podNetwork":{"rateBits":1`, `"podNetwork":{"rateBits":0`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(planText, change[0], change[1], 1)
			if text == planText {
				t.Fatal("nothing was changed")
			}
			if _, err := ReadPlan(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), name) {
				t.Fatalf("expected an error with %q, found %v", name, err)
			}
		})
	}
}
