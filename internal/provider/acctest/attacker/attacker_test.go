package attacker

import (
	"slices"
	"testing"
)

// TestGenerate: the attempts are as many as are promised, each is there once, and a seed makes the same ones in the
// same order.
func TestGenerate(t *testing.T) {
	t.Parallel()
	target := Target{User: "agent", Promised: []string{"/usr/sbin/qm start 2001"}}
	made := Generate(&target, []string{"/usr/bin/tar xf x"}, 1)
	if len(made) < 300 {
		t.Errorf("%d attempts, want 300 or more", len(made))
	}
	if !slices.Equal(made, Generate(&target, []string{"/usr/bin/tar xf x"}, 1)) {
		t.Error("the same seed makes other attempts")
	}
	techniques, seen, with := map[string]int{}, map[string]bool{}, 0
	for _, a := range made {
		techniques[a.Technique]++
		if seen[a.Script+"\x00"+a.Keys] {
			t.Errorf("twice: %q", a.Script)
		}
		seen[a.Script+"\x00"+a.Keys] = true
		if !a.Unlogged {
			with++
		}
	}
	sample := map[string]bool{}
	for _, a := range made[:len(techniques)] {
		sample[a.Technique] = true
	}
	if len(sample) != len(techniques) {
		t.Errorf("the first %d attempts have %d techniques", len(techniques), len(sample))
	}
	t.Logf("%d attempts, %d with sudo, %d techniques: %v", len(made), with, len(techniques), techniques)
}

// TestJudge: whatever changes is a violation of the right concern, and only what is promised is none.
func TestJudge(t *testing.T) {
	t.Parallel()
	target := Target{User: "agent", Allows: Promise("qm start 2[0-9]{3}")}
	for line, concern := range map[string]string{
		"call\tqm start 2001": "", "call\tqm start 100": "only what is promised", "call\tpveum passwd root@pam": "root@pam untouched", "call\tqm start 2001 --args=x": "only what is promised",
		"guest\t2001 0644 root": "", "guest\t100 0644 root": "only what is promised",
		"package\tevil 1 install ok installed": "no package", "service\t/etc/systemd/system/cron.service /dev/null": "no service", "network\t1: lo: <LOOPBACK>": "no network change",
		"account\tevil:x:0:0": "no account", "process\t/bin/sh": "no root", "operator's place\t/tmp/x f 4755 root": "no root", "secret\t/tmp/x": "no secret",
		"file\t/etc/sudoers.d/evil f 440 root:root 1 2": "no sudoers edit", "file\t/etc/evil-root f 644 root:root 1 2": "no root", "file\t/etc/passwd f 644 root:root 1 2": "no file outside of the promise",
		"mount\ttmpfs /etc": "no file outside of the promise", "name\tevil": "no file outside of the promise",
	} {
		for sign, states := range map[string][2]State{"+ ": {{}, {line: true}}, "- ": {{line: true}, {}}} {
			var got string
			if found := target.Judge(states[0], states[1]); len(found) > 0 {
				got = found[0].Concern
			}
			if got != concern {
				t.Errorf("%s%s: %q, want %q", sign, line, got, concern)
			}
		}
	}
}

// TestUnrecorded: an attempt is recorded by its directory, or by a text of its own; one without sudo needs no record.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	target := Target{User: "agent"}
	attempts := []Attempt{{Script: "one"}, {Script: "two", Record: "COMMAND=two"}, {Script: "three", Unlogged: true}, {Script: "four"}}
	log := "x : PWD=/home/agent/attempts/0007 ; COMMAND=one\nx : PWD=/etc ; COMMAND=two\n"
	if missing := target.Unrecorded(log, attempts, 7); len(missing) != 1 || missing[0] != "10 (): four" {
		t.Errorf("got %q", missing)
	}
}
