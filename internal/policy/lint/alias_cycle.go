package lint

import "strings"

// aliasCycle is a warning of visudo and an error of visudo -s (check_aliases.c).
var aliasCycle = Rule{
	ID: "PVESEC-S0003", Name: "alias-cycle", Severity: Warning,
	Summary: "An alias contains itself, directly or through other aliases.",
	Why:     "Where the circle closes, sudo takes the alias for undefined.",
	Bad:     "Cmnd_Alias A = B\nCmnd_Alias B = A, /usr/bin/id\nalice ALL = A",
	Good:    "Cmnd_Alias A = B\nCmnd_Alias B = /usr/bin/id\nalice ALL = A",
	check: func(l *linter, r *Rule) {
		done := map[aliasKey]bool{}
		depth := map[aliasKey]int{}
		var path []string
		var visit func(aliasKey)
		visit = func(k aliasKey) {
			path = append(path, k.name)
			depth[k] = len(path)
			for _, u := range l.aliases.inBody[k] {
				if at := depth[u.key]; at > 0 {
					l.report(r, u.pos, k.kind.String()+" "+u.key.name+" contains itself: "+circle(path[at-1:], u.key.name),
						"remove "+u.key.name+" from "+k.name)
				} else if !done[u.key] && l.aliases.defs[u.key] != nil {
					visit(u.key)
				}
			}
			depth[k] = 0
			done[k] = true
			path = path[:len(path)-1]
		}
		for _, k := range l.aliases.order {
			if !done[k] {
				visit(k)
			}
		}
	},
}

// maxCircle is how many names of a circle are told.
const maxCircle = 8

// circle tells the way from an alias back to it.
func circle(path []string, back string) string {
	if len(path) > maxCircle {
		path = append(path[:maxCircle-1:maxCircle-1], "…", path[len(path)-1])
	}
	return strings.Join(append(path[:len(path):len(path)], back), " -> ")
}
