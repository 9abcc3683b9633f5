package hardening

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// judgedNetworks are networks of the cluster of which one address stands for all: those of migrations, and where
// nothing is found those that were told.
func (l *sshdLook) judgedNetworks() []string {
	if len(l.cluster) == 0 {
		return l.policy.ClusterNetworks
	}
	return l.networks
}

// effective gives the values of the policy's keywords by connection. Connections of the cluster are one where they are
// alike.
func (l *sshdLook) effective(judged []node.SshdJudgement) map[string]map[string]string {
	words := l.policy.words()
	values := func(j node.SshdJudgement) map[string]string {
		if j.Problem != "" {
			return map[string]string{"problem": j.Problem}
		}
		of := map[string]string{}
		for _, word := range words {
			of[word] = strings.Join(j.Settings[word], " ")
			if of[word] == "without-password" {
				of[word] = "prohibit-password" // the older name of the same
			}
		}
		return of
	}
	all, first := map[string]map[string]string{}, -1
	for i, c := range l.connections {
		switch {
		case c.label == "":
		case c.role != sshdCluster:
			all[c.label] = values(judged[i])
		case first < 0:
			first, all[c.label] = i, values(judged[i])
		case !maps.Equal(values(judged[i]), values(judged[first])):
			all[c.label+" "+c.Address] = values(judged[i])
		}
	}
	return all
}

// reads tells whether sshd reads the file of the policy. Lines in match blocks alone show only where the Match blocks
// are known.
func (l *sshdLook) reads(judged []node.SshdJudgement) bool {
	own := func(line node.SshdLine) bool { return line.File == l.policy.Path() }
	if len(l.policy.words()) == 0 || slices.ContainsFunc(l.answer.Conditional, own) || slices.ContainsFunc(judged, func(j node.SshdJudgement) bool { return slices.ContainsFunc(j.Lines, own) }) {
		return true
	}
	return l.answer.ConditionalProblem != "" && len(l.policy.Settings) == 0 && !l.policy.Strict
}

// sshdMoreThanOne are the keywords of which each line adds to those before.
var sshdMoreThanOne = []string{"allowusers", "allowgroups"}

// overruled lists the lines of other files that decide what the policy sets, for the connections that are looked at,
// and all lines about it in their Match blocks, whomever they are for.
func (l *sshdLook) overruled(judged []node.SshdJudgement) []string {
	own := l.policy.Path()
	var lines []string
	add := func(line node.SshdLine, whom string) {
		text := printable(fmt.Sprintf("%s:%d: %s %s", line.File, line.Line, line.Keyword, line.Value))
		if !slices.ContainsFunc(lines, func(known string) bool { return known == text || strings.HasPrefix(known, text+" (") }) {
			lines = append(lines, text+whom)
		}
	}
	for _, j := range judged {
		if j.Problem != "" {
			return []string{"sshd refuses its configuration: " + printable(j.Problem)}
		}
		for _, word := range l.policy.words() {
			var set [2][]node.SshdLine // of the main part, and of Match blocks
			ours := false
			for _, line := range j.Lines {
				if sshdWordOf(line.Keyword) != word {
					continue
				}
				ours = ours || line.File == own
				if line.InMatch {
					set[1] = append(set[1], line)
				} else {
					set[0] = append(set[0], line)
				}
			}
			if !ours {
				continue
			}
			deciding := set[0]
			if len(set[1]) > 0 {
				deciding = set[1]
			}
			if !slices.Contains(sshdMoreThanOne, word) {
				deciding = deciding[:1]
			}
			for _, line := range deciding {
				if line.File != own {
					add(line, "")
				}
			}
		}
	}
	if !l.reads(judged) {
		lines = append(lines, fmt.Sprintf("%s does not include %s", sshdMain, own))
	}
	if m := sshdOtherFile.FindString(string(l.seen.Files[sshdStart].Content)); m != "" {
		lines = append(lines, fmt.Sprintf("%s starts sshd with other options, which are not known here: %s", sshdStart, printable(strings.TrimSpace(m))))
	}
	if l.policy.ClusterNetworks == nil && len(l.policy.keptOpen()) > 0 {
		for _, network := range l.elsewhere {
			lines = append(lines, fmt.Sprintf("%s has the network %s for migrations, in which the node has no address: the way of root from there is not kept open", clusterSettings, network))
		}
	}
	if l.answer.ConditionalProblem != "" {
		lines = append(lines, "the Match blocks of other files are not known: "+printable(l.answer.ConditionalProblem))
	}
	for _, line := range l.answer.Conditional {
		if line.File != own && slices.Contains(l.policy.words(), sshdWordOf(line.Keyword)) {
			add(line, " (in a Match block)")
		}
	}
	slices.Sort(lines)
	return lines
}
