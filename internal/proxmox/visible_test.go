package proxmox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// hostile are characters with which an answer could write over a plan, and how they are shown.
var hostile = map[string]string{
	"\x1b[2K": `\x1b[2K`, "\u009b2J": `\u009b2J`, "\u202e": `\u202e`, "\u2066": `\u2066`, "\u200b": `\u200b`, "\u2028": `\u2028`, "\r": `\r`, "\n": `\n`, "\t": `\t`, "\x00": `\x00`,
}

// TestVisible: whatever key a text stands under, no hidden character of it comes through, and a name of PVE with one is
// no answer at all.
func TestVisible(t *testing.T) {
	t.Parallel()
	cases := 0
	for _, key := range []string{"comment", "email", "firstname", "privs", "errors", "release", "type", "something", "roleid", "groupid", "tokenid", "poolid", "realm", "node", "storage", "path", "name", "userid", "ugid"} {
		for bad, shown := range hostile {
			for _, form := range []string{`{"data":[{%s:%s}]}`, `{"data":{"x":{%s:[%s]}}}`} {
				quoted, err := json.Marshal("a" + bad + "b")
				if err != nil {
					t.Fatal(err)
				}
				cases++
				got, err := visible(fmt.Appendf(nil, form, `"`+key+`"`, quoted))
				name := asciiNames[key] || userNames[key] && bad[0] < 0x80
				switch {
				case name && (err == nil || !strings.Contains(err.Error(), "a"+shown+"b")):
					t.Errorf("%s with %q: %q, %v", key, bad, got, err)
				case !name && (err != nil || !strings.Contains(string(got), strings.ReplaceAll("a"+shown+"b", `\`, `\\`))):
					t.Errorf("%s with %q: %q, %v", key, bad, got, err)
				}
			}
		}
	}
	if cases < 300 {
		t.Errorf("only %d cases", cases)
	}
	for body, want := range map[string]string{
		`{"data":[{"comment":"plain \"quoted\" \\ \/"}]}`:                        `{"data":[{"comment":"plain \"quoted\" \\ \/"}]}`,
		`{"data":[{"comment":"gr\u00f6\u00dfer <b>","n":12345678901234567890}]}`: `{"data":[{"comment":"größer <b>","n":12345678901234567890}]}` + "\n",
		`{"data":[{"comment":"one\ntwo"}]}`:                                      `{"data":[{"comment":"one\\ntwo"}]}` + "\n",
	} {
		if got, err := visible([]byte(body)); err != nil || string(got) != want {
			t.Errorf("%s became %s, %v", body, got, err)
		}
	}
	if _, err := visible([]byte("{\"data\":{\"/vms\u202e\":{}}}")); err == nil {
		t.Error("a key with a hidden character was taken")
	}
}
