package hardening

import (
	"fmt"
	"strings"
)

// ParseSshdPolicy reads the file of a policy back, for an import. It takes what Render writes; a line that Render does
// not write is an error that names it.
func ParseSshdPolicy(name, text string) (SshdPolicy, error) {
	p := SshdPolicy{Name: name, Settings: map[string]string{}}
	path := p.Path()
	settings, cluster, nextIsCluster := p.Settings, false, false
	for i, line := range strings.Split(text, "\n") {
		refuse := func(why string) error {
			return fmt.Errorf("line %d of %s %s: %s. Write the settings into the configuration, remove the file's line, and import again", i+1, path, why, printable(strings.TrimSpace(line)))
		}
		line = strings.TrimSpace(line)
		switch {
		case line == sshdStrictComment:
			p.Strict = true
			continue
		case line == sshdClusterComment:
			nextIsCluster = true
			continue
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		}
		keyword, value, _ := strings.Cut(line, " ")
		if strings.EqualFold(keyword, "Match") {
			cluster, nextIsCluster = nextIsCluster, false
			if cluster {
				continue
			}
			match := SshdMatch{Settings: map[string]string{}}
			words := strings.Fields(value)
			for len(words) > 1 {
				list := strings.Split(words[1], ",")
				switch strings.ToLower(words[0]) {
				case "user":
					match.Users = list
				case "group":
					match.Groups = list
				case "address":
					match.Addresses = list
				default:
					return p, refuse("is a Match that no match block can be")
				}
				words = words[2:]
			}
			if len(words) > 0 {
				return p, refuse("is a Match that no match block can be")
			}
			p.Matches = append(p.Matches, match)
			settings = match.Settings
			continue
		}
		if cluster {
			continue // it follows from the rest
		}
		attribute := sshdAttributeOf(strings.ToLower(keyword))
		option, is := sshdOption(attribute)
		if !is {
			return p, refuse("is no setting that pvesec_sshd_policy has")
		}
		if p.Strict && option.Kind == SshdList {
			continue
		}
		if _, twice := settings[attribute]; !twice { // the first counts
			settings[attribute] = value
		}
	}
	return p, p.Check()
}
