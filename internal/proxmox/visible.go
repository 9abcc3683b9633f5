package proxmox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// asciiNames are the keys of answers whose values are names that PVE allows ASCII in only (pve-roleid, pve-groupid,
// pve-tokenid, pve-poolid, pve-realm, pve-node, pve-storage-id and the paths of PVE::AccessControl::check_path).
var asciiNames = map[string]bool{
	"roleid": true, "groupid": true, "tokenid": true, "poolid": true, "realm": true, "node": true, "storage": true, "path": true, "name": true,
}

// userNames are the keys whose values are user ids, where PVE refuses spaces only
// (PVE::AccessControl::verify_username).
var userNames = map[string]bool{"userid": true, "ugid": true}

// escaped finds what in JSON may stand for a hidden character: anything beyond ASCII, and escapes other than \" \\ and
// \/.
var escaped = regexp.MustCompile(`[^\x20-\x7e\r\n\t]|\\[bfnrtu]`)

// visible makes every text of an answer fit to be read, see [untrusted.Line]. A name that PVE itself would not have let
// anybody use is an error: such an answer is not to be trusted at all.
func visible(body []byte) ([]byte, error) {
	if !escaped.Match(body) {
		return body, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var answer any
	if err := decoder.Decode(&answer); err != nil {
		return nil, fmt.Errorf("the answer is not JSON: %w", err)
	}
	answer, err := visibleValue("", answer)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		return nil, fmt.Errorf("the answer cannot be written again: %w", err)
	}
	return b.Bytes(), nil
}

func visibleValue(key string, value any) (any, error) {
	var err error
	switch v := value.(type) {
	case string:
		if untrusted.Safe(v) {
			return v, nil
		}
		if asciiNames[key] || userNames[key] && strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return nil, fmt.Errorf("the answer has the %s %s, a name that PVE does not allow: find out what answers there before anything else", key, untrusted.Line(v))
		}
		return untrusted.Line(v), nil
	case []any:
		for i := range v {
			if v[i], err = visibleValue(key, v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name, inner := range v {
			if !untrusted.Safe(name) {
				return nil, fmt.Errorf("the answer has the key %s, a name that PVE does not allow: find out what answers there before anything else", untrusted.Line(name))
			}
			if v[name], err = visibleValue(name, inner); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}
