package escalation

import (
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// Vouched are programs of the site that somebody has reviewed, by path.
type Vouched map[string]Vouch

// Vouch is what somebody says about a program that pvesec does not know.
type Vouch struct {
	// Reason says who reviewed it, when, and what it does.
	Reason string
	// Effects are those that it has; none for a program that only reads.
	Effects []program.Effect
}

// distributionDirectories hold programs that somebody could have described: a program there is no site's own.
var distributionDirectories = []string{"/usr/bin/", "/usr/sbin/", "/usr/games/", "/usr/lib/", "/usr/lib64/", "/usr/libexec/", "/usr/share/", "/snap/", "/etc/"}

// plugInDirectories are directories below those where agents look for programs of the site's own.
var plugInDirectories = []string{
	"/usr/lib/nagios/plugins/", "/usr/lib64/nagios/plugins/", "/usr/lib/monitoring-plugins/", "/usr/lib/icinga2/", "/usr/lib/check_mk_agent/", "/usr/lib/zabbix/",
	"/etc/zabbix/scripts/", "/etc/zabbix/externalscripts/", "/etc/snmp/", "/usr/lib/netdata/custom-plugins.d/", "/usr/share/munin/plugins/", "/etc/munin/plugins/", "/etc/telegraf/scripts/",
}

// siteProgram tells whether a path is for programs of the site's own, and only root writes there.
func siteProgram(command string) bool {
	in := func(directories []string) bool {
		return slices.ContainsFunc(directories, func(d string) bool { return strings.HasPrefix(command, d) })
	}
	return policy.RootsPlace(command) && (!in(distributionDirectories) || in(plugInDirectories))
}

// mostLines is how many command lines of a site's own program may be granted at once. More are the caller's choice.
const mostLines = 256

// nobodyDescribed judges a program of which nothing is known. It is a way to root, unless it is the site's own, at a
// place where only root writes, and every argument is fixed: then the caller chooses nothing.
func (j *judging) nobodyDescribed(command string, q program.Question) {
	vouch, vouched := j.question.Vouched[command]
	lines, few := regular.Texts(q.Shape, mostLines, true)
	if j.question.Vouched != nil && vouched {
		for _, e := range vouch.Effects {
			if e.Info() == nil {
				e = program.Undescribed // the configuration is refused for it, and is judged nevertheless
			}
			j.outcome(command, program.Outcome{Effect: e, Args: firstOf(lines), Example: true})
		}
		return
	}
	if !siteProgram(command) {
		j.way(unknownProgram.way(j.at.example(), ""))
		return
	}
	if !few || slices.ContainsFunc(lines, namesForeignFile) {
		j.way(unknownProgram.way(j.at.example(), "The caller chooses an argument, and nobody has described what the program does with it."))
		return
	}
	if j.at.as == rootTarget {
		w := Way{ID: unknownProgram.ID, Severity: program.Harmless, Effect: program.Undescribed, Does: "runs a program that nobody has described", Example: j.line(firstOf(lines))}
		j.outcomes = append(j.outcomes, effectAt{way: w, place: j.at.place(), undecided: true})
		j.unvouched.add(j.at.place(), command, w)
	}
}

func firstOf(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return slices.Min(lines)
}

// namesForeignFile tells whether a word of a line names a file in a place where others write.
func namesForeignFile(line string) bool {
	for word := range strings.FieldsSeq(line) {
		for piece := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == '=' || r == ',' || r == ':' }) {
			if strings.HasPrefix(piece, "/") && (writableByOthers(path.Clean(piece)+"/") || path.Clean(piece) != strings.TrimSuffix(piece, "/")) || strings.HasPrefix(piece, "./") || strings.HasPrefix(piece, "../") {
				return true
			}
		}
	}
	return false
}
