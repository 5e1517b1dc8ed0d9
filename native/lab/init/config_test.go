package main

import (
	"strings"
	"testing"
)

const good = `{"lab":"l","node":"n","role":"worker","files":[{"path":"/etc/a","content":""}],"routes":[],
"services":[{"name":"images","argv":["ctr"],"once":true},{"name":"driver","argv":["d"],"after":["images"]}]}`

func TestReadConfig(t *testing.T) {
	config, err := ReadConfig(strings.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Services) != 2 || config.Services[1].After[0] != "images" {
		t.Fatalf("decoded as %+v", config)
	}
}

func TestReadConfigRejects(t *testing.T) {
	for name, change := range map[string][2]string{
		"role":                        {`"worker"`, `"wroker"`},
		"unknown field":               {`"routes"`, `"rotes"`},
		"clean absolute path":         {`/etc/a`, `/etc/../a`},
		"expected an earlier service": {`["images"]`, `["image"]`},
		"is used twice":               {`"name":"driver"`, `"name":"images"`},
		"expected a program":          {`["d"]`, `[]`},
		"found more text after it":    {`["images"]}]}`, `["images"]}]} {}`},
		"configuration: unexpected E": {`["images"]}]}`, `["images"]}]`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, change[0], change[1], 1)
			if text == good {
				t.Fatal("nothing was changed")
			}
			if _, err := ReadConfig(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), name) {
				t.Fatalf("expected an error with %q, found %v", name, err)
			}
		})
	}
}
