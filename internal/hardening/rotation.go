package hardening

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

const logrotateMain = "/etc/logrotate.conf"

// passedOver are the ends of names that logrotate leaves out of a directory (logrotate(8), tabooext).
var passedOver = []string{".bak", ".cfsaved", ".disabled", ".dpkg-bak", ".dpkg-del", ".dpkg-dist", ".dpkg-new", ".dpkg-old", ".dpkg-tmp", ".rpmnew", ".rpmorig", ".rpmsave", ".swp", ".ucf-dist", ".ucf-new", ".ucf-old", ",v", "~"}

// RotatedLogs are the logs that logrotate rotates for the settings, sorted.
func (a AuditLogging) RotatedLogs() []string {
	if a.Rotation == nil {
		return nil
	}
	return sortedKeys(a.logFiles())
}

// RotatedElsewhere lists the lines of a node's other logrotate files that name one of the logs too, as "file:line:
// pattern". logrotate then drops the whole file that it reads second.
func (a AuditLogging) RotatedElsewhere(ctx context.Context, nodes Nodes, target node.Target) ([]string, error) {
	query := node.Query{}
	a.observeRotation(&query)
	seen, err := nodes.Observe(ctx, target, query)
	if err != nil {
		return nil, err
	}
	return a.rotatedElsewhere(seen), nil
}

// observeRotation is what a query must ask for.
func (a AuditLogging) observeRotation(query *node.Query) {
	if len(a.RotatedLogs()) > 0 {
		query.Files = append(query.Files, logrotateMain)
		query.Trees = append(query.Trees, logrotateDir)
	}
}

func (a AuditLogging) rotatedElsewhere(seen *node.Observation) []string {
	logs := a.RotatedLogs()
	if len(logs) == 0 {
		return nil
	}
	var lines []string
	for _, name := range append([]string{logrotateMain}, seen.Entries(logrotateDir)...) {
		taboo := slices.ContainsFunc(passedOver, func(end string) bool { return strings.HasSuffix(name, end) })
		if name == a.LogrotatePath() || taboo {
			continue
		}
		for _, found := range rotatedIn(string(followed(seen.Files[name]).Content)) {
			if slices.ContainsFunc(logs, found.names) {
				lines = append(lines, printable(fmt.Sprintf("%s:%d: %s", name, found.line, found.text)))
			}
		}
	}
	return lines
}

// rotatedPattern is a pattern of logs in a file of logrotate.
type rotatedPattern struct {
	line int
	text string
}

// names tells whether the pattern, glob(7) with braces, stands for a log.
func (p rotatedPattern) names(log string) bool {
	return slices.ContainsFunc(braces(p.text), func(pattern string) bool {
		is, err := path.Match(pattern, log)
		return err == nil && is
	})
}

// braces are the patterns that one with {a,b} stands for, a hundred at most.
func braces(pattern string) []string {
	for list := []string{pattern}; ; {
		at := slices.IndexFunc(list, func(text string) bool {
			open := strings.Index(text, "{")
			return open >= 0 && strings.Contains(text[open:], "}")
		})
		if at < 0 || len(list) > 100 {
			return list
		}
		open := strings.LastIndex(list[at][:strings.Index(list[at], "}")+1], "{")
		if open < 0 {
			return list
		}
		head, rest := list[at][:open], list[at][open+1:]
		inside, tail, _ := strings.Cut(rest, "}")
		list = slices.Delete(list, at, at+1)
		for part := range strings.SplitSeq(inside, ",") {
			list = append(list, head+part+tail)
		}
	}
}

// rotatedIn reads the patterns of a file of logrotate: words outside of braces on lines that begin with one. Scripts
// between their word and endscript count for nothing.
func rotatedIn(text string) []rotatedPattern {
	var found []rotatedPattern
	inside, script := false, false
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		first, _, _ := strings.Cut(line, " ")
		switch {
		case script:
			script = first != "endscript"
			continue
		case inside:
			script = slices.Contains([]string{"prerotate", "postrotate", "firstaction", "lastaction", "preremove"}, first)
			inside = !strings.HasPrefix(line, "}")
			continue
		case line == "{":
			inside = true
			continue
		case line == "" || !strings.ContainsAny(line[:1], `/"'`):
			continue
		}
		body, opens := strings.CutSuffix(line, "{")
		if at := strings.Index(line, " {"); !opens && at >= 0 {
			body, opens = line[:at], !strings.HasSuffix(line, "}")
		}
		for _, word := range words(body) {
			found = append(found, rotatedPattern{i + 1, word})
		}
		inside = opens
	}
	return found
}

// words are the parts of a line, which stand in quotation marks where they have spaces.
func words(line string) []string {
	var list []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		end := strings.IndexAny(line, " \t")
		if quote := line[0]; quote == '"' || quote == '\'' {
			if closing := strings.IndexByte(line[1:], quote); closing >= 0 {
				list = append(list, line[1:closing+1])
				line = line[closing+2:]
				continue
			}
		}
		if end < 0 {
			end = len(line)
		}
		list = append(list, line[:end])
		line = line[end:]
	}
	return list
}
