package proxmox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkRefresh reads many users with one token and two ACL entries each, as
// the refresh of a large configuration does. A refresh of ten times the users is
// to take about ten times as long.
func BenchmarkRefresh(b *testing.B) {
	for _, users := range []int{10, 100, 500} {
		b.Run(fmt.Sprint(users), func(b *testing.B) {
			lists := largeLists(b, users)
			f := newFake(b, func(_ int, r *http.Request) answer {
				path, _, _ := strings.Cut(strings.TrimPrefix(r.RequestURI, "/api2/json"), "?")
				return answer{200, "OK", lists[path]}
			})
			for b.Loop() {
				c := f.client(b)
				for i := range users {
					id := UserID(fmt.Sprintf("u%d@pve", i))
					p, err := c.ReadPrincipal(b.Context(), id, "")
					if err != nil || p == nil || len(p.Grants) != 1 || len(p.Tokens["ci"].Grants) != 1 {
						b.Fatalf("%s: %+v, %v", id, p, err)
					}
				}
			}
			b.ReportMetric(float64(len(f.requests()))/float64(b.N), "requests/op")
		})
	}
}

// largeLists are the answers of a cluster with many users.
func largeLists(tb testing.TB, users int) map[string]string {
	tb.Helper()
	var list, acl []map[string]any
	for i := range users {
		id := fmt.Sprintf("u%d@pve", i)
		list = append(list, map[string]any{"userid": id, "enable": 1, "expire": 0, "groups": "", "realm-type": "pve",
			"tokens": []map[string]any{{"tokenid": "ci", "privsep": 1, "expire": 0}}})
		acl = append(acl, map[string]any{"path": "/vms", "type": "user", "ugid": id, "roleid": "PVEVMUser", "propagate": 1},
			map[string]any{"path": "/vms", "type": "token", "ugid": id + "!ci", "roleid": "PVEVMUser", "propagate": 1})
	}
	answers := map[string]any{"/access/users": list, "/access/acl": acl,
		"/access/permissions": map[string]any{"/access": map[string]int{"Sys.Audit": 1}, "/access/groups": map[string]int{"Sys.Audit": 1}}}
	bodies := make(map[string]string, len(answers))
	for path, data := range answers {
		raw, err := json.Marshal(map[string]any{"data": data})
		if err != nil {
			tb.Fatal(err)
		}
		bodies[path] = string(raw)
	}
	return bodies
}
