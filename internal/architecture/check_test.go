package architecture

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const module = "example.com/m"

// TestCheck tries each rule on a tree of one file, once broken and once kept.
func TestCheck(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		file, source string
		want         []string
	}{
		"downward arrow": {
			file:   "internal/policy/decide.go",
			source: "package policy\nimport _ \"example.com/m/internal/sudoers\"\n",
		},
		"upward arrow": {
			file:   "internal/sudoers/parse.go",
			source: "package sudoers\nimport _ \"example.com/m/internal/policy\"\n",
			want:   []string{"internal/sudoers/parse.go:2: internal/sudoers may not use internal/policy: arrows run downwards only"},
		},
		"upward arrow in a test": {
			file:   "internal/node/dial_test.go",
			source: "package node\nimport _ \"example.com/m/internal/hardening\"\n",
			want:   []string{"internal/node/dial_test.go:2: internal/node may not use internal/hardening: arrows run downwards only"},
		},
		"arrow past a room": {
			file:   "main.go",
			source: "package main\nimport _ \"example.com/m/internal/node\"\n",
			want:   []string{"main.go:2: . may not use internal/node: arrows run downwards only"},
		},
		"a family uses what a run shares": {
			file:   "internal/provider/sudo/resource.go",
			source: "package sudo\nimport _ \"example.com/m/internal/provider/session\"\n",
		},
		"families do not know each other": {
			file:   "internal/provider/sudo/resource.go",
			source: "package sudo\nimport _ \"example.com/m/internal/provider/access\"\n",
			want:   []string{"internal/provider/sudo/resource.go:2: internal/provider/sudo may not use internal/provider/access: arrows run downwards only"},
		},
		"what a run shares knows no family": {
			file:   "internal/provider/session/resource.go",
			source: "package session\nimport _ \"example.com/m/internal/provider/sudo\"\n",
			want:   []string{"internal/provider/session/resource.go:2: internal/provider/session may not use internal/provider/sudo: arrows run downwards only"},
		},
		"a review without Terraform": {
			file:   "internal/review/refusal.go",
			source: "package review\nimport \"github.com/hashicorp/terraform-plugin-framework/diag\"\n",
			want:   []string{"internal/review/refusal.go:2: internal/review may not import github.com/hashicorp/terraform-plugin-framework/diag: Terraform's types stay in internal/provider"},
		},
		"within one room": {
			file:   "internal/lab/cmd/pvesec-lab/main.go",
			source: "package main\nimport _ \"example.com/m/internal/lab/pvesim\"\n",
		},
		"the lab uses the house": {
			file:   "internal/lab/pvesim/users.go",
			source: "package pvesim\nimport _ \"example.com/m/internal/proxmox\"\n",
			want:   []string{"internal/lab/pvesim/users.go:2: internal/lab may not use internal/proxmox: arrows run downwards only"},
		},
		"lab in a test": {
			file:   "internal/sudoers/sudo_test.go",
			source: "package sudoers_test\nimport _ \"example.com/m/internal/lab\"\n",
		},
		"budget in a test": {
			file:   "internal/sudoers/fuzz_test.go",
			source: "package sudoers\nimport _ \"example.com/m/internal/budget\"\n",
		},
		"budget in what is released": {
			file:   "internal/sudoers/parse.go",
			source: "package sudoers\nimport _ \"example.com/m/internal/budget\"\n",
			want:   []string{"internal/sudoers/parse.go:2: internal/sudoers may not use internal/budget: arrows run downwards only"},
		},
		"lab in the demo": {
			file:   "internal/demo/main.go",
			source: "package main\nimport _ \"example.com/m/internal/lab\"\n",
		},
		"lab in what is released": {
			file:   "internal/provider/provider.go",
			source: "package provider\nimport _ \"example.com/m/internal/lab/pvesim\"\n",
			want:   []string{"internal/provider/provider.go:2: internal/provider is linked into what is released: only tests, commands and the demo use the lab"},
		},
		"package without a room": {
			file:   "internal/util/strings.go",
			source: "package util\n",
			want:   []string{"internal/util/strings.go:1: package internal/util stands in no room: say in architecture.House what it may import"},
		},
		"import of a package without a room": {
			file:   "internal/node/dial.go",
			source: "package node\nimport _ \"example.com/m/internal/util\"\n",
			want:   []string{"internal/node/dial.go:2: example.com/m/internal/util stands in no room of architecture.House"},
		},
		"pure package reads files": {
			file:   "internal/policy/deep/inside.go",
			source: "package deep\nimport (\n\t\"os\"\n\t\"path\"\n)\n",
			want:   []string{"internal/policy/deep/inside.go:3: internal/policy is pure and may not import os"},
		},
		"pure package imports a module": {
			file:   "internal/regular/ere.go",
			source: "package regular\nimport \"golang.org/x/crypto/ssh\"\n",
			want:   []string{"internal/regular/ere.go:2: internal/regular is pure and may not import golang.org/x/crypto/ssh"},
		},
		"test of a pure package reads files": {
			file:   "internal/regular/ere_test.go",
			source: "package regular\nimport \"os\"\n",
		},
		"file for another platform": {
			file:   "internal/escalation/load_windows.go",
			source: "//go:build windows\n\npackage escalation\nimport \"net/http\"\n",
			want:   []string{"internal/escalation/load_windows.go:4: internal/escalation is pure and may not import net/http"},
		},
		"pure package computes with times": {
			file:   "internal/policy/window.go",
			source: "package policy\nimport \"time\"\nfunc open(at, end time.Time) bool { return at.Before(end.Add(time.Second)) }\n",
		},
		"pure package reads the clock": {
			file:   "internal/policy/window.go",
			source: "package policy\nimport \"time\"\nvar start = time.Now()\n",
			want:   []string{"internal/policy/window.go:3: a pure package does not read the clock (time.Now): take the time as a parameter"},
		},
		"pure package reads the clock by another name": {
			file:   "internal/policy/window.go",
			source: "package policy\nimport clock \"time\"\nvar now = clock.Now\n",
			want:   []string{"internal/policy/window.go:3: a pure package does not read the clock (time.Now): take the time as a parameter"},
		},
		"pure package hides the clock": {
			file:   "internal/policy/window.go",
			source: "package policy\nimport . \"time\"\nvar now = Now\n",
			want:   []string{"internal/policy/window.go:2: a pure package names package time when it uses it: no dot import"},
		},
		"node reads the clock": {
			file:   "internal/node/dial.go",
			source: "package node\nimport \"time\"\nvar start = time.Now()\n",
		},
		"Terraform below the provider": {
			file:   "internal/hardening/model.go",
			source: "package hardening\nimport \"github.com/hashicorp/terraform-plugin-framework/types\"\n",
			want:   []string{"internal/hardening/model.go:2: internal/hardening may not import github.com/hashicorp/terraform-plugin-framework/types: Terraform's types stay in internal/provider"},
		},
		"Terraform's logging below the provider": {
			file:   "internal/node/dial.go",
			source: "package node\nimport \"github.com/hashicorp/terraform-plugin-log/tflog\"\n",
		},
		"directory that the go command ignores": {
			file:   "internal/sudoers/testdata/broken.go",
			source: "this is not Go",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			found, err := Check(fstest.MapFS{test.file: {Data: []byte(test.source)}}, module)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, violation := range found {
				got = append(got, violation.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheckUnparsable makes sure that a file which cannot be judged is not taken for a good one.
func TestCheckUnparsable(t *testing.T) {
	t.Parallel()

	if _, err := Check(fstest.MapFS{"main.go": {Data: []byte("package")}}, module); err == nil {
		t.Error("Check accepts a file that does not parse")
	}
}
