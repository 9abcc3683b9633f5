package node

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// A SshdAnswer is what sshd said.
type SshdAnswer struct {
	// Missing says that the node has no sshd on root's path, so that nothing was judged.
	Missing bool
	// Own is the connection over which the question came. Its addresses are empty where the node does not tell them.
	// ByPassword says that it logs in with a password, and not with a key.
	Own        SshdConnection
	ByPassword bool
	// Algorithms are what OpenSSH of the node has, by the names of `ssh -Q`: cipher, mac, kex, HostKeyAlgorithms. They
	// are empty where it does not tell.
	Algorithms map[string][]string
	// Addresses are those of the node, empty where it does not tell them.
	Addresses []string
	// Unread says that sshd may not have read its files as they are: they changed since, or it is not known when it
	// read them.
	Unread bool
	// AsIs, Without and With are the judgements of the connections by the configuration in use, the one without the
	// drop-in, and the one with its other text.
	AsIs, Without, With []SshdJudgement
	// Conditional are the settings in Match blocks of all files, for all users, the lines of the drop-in included.
	// ConditionalProblem is why they are not known.
	Conditional        []SshdLine
	ConditionalProblem string
}

// A SshdJudgement is what sshd makes of one connection.
type SshdJudgement struct {
	// Problem is what sshd said instead; nothing else is known then.
	Problem string
	// Settings are the values by keyword, one for each line that sshd prints.
	Settings map[string][]string
	// Lines are the settings that sshd took, in its order: of the main part of the files first.
	Lines []SshdLine
	// Keys says that a key file of the user is there and not empty, Password that he has a password that is not locked.
	// What is not known is not so.
	Keys, Password bool
}

// A SshdLine is a setting in a file.
type SshdLine struct {
	File           string
	Line           int
	Keyword, Value string // Keyword in small letters
	// InMatch says that it is in a Match block.
	InMatch bool
}

func (r *reader) sshdAnswer() *SshdAnswer {
	if r.o.Sshd == nil {
		r.o.Sshd = &SshdAnswer{Algorithms: map[string][]string{}, Unread: true}
	}
	return r.o.Sshd
}

// sshd reads a frame of the answer about sshd.
func (r *reader) sshd(f frame) error {
	a := r.sshdAnswer()
	switch f.word {
	case "own":
		remote, err1 := netip.ParseAddr(f.text(1))
		local, err2 := netip.ParseAddr(f.text(2))
		port, err3 := strconv.Atoi(f.arg(3))
		if err := errors.Join(err1, err2, err3); err == nil {
			a.Own = SshdConnection{User: a.Own.User, Host: plainAddress(remote), Address: plainAddress(remote), LocalAddress: plainAddress(local), LocalPort: port}
		}
		return nil
	case "addresses":
		for text := range strings.FieldsSeq(f.text(1)) {
			if address, err := netip.ParseAddr(text); err == nil {
				a.Addresses = append(a.Addresses, plainAddress(address))
			}
		}
		return nil
	case "read":
		a.Unread = f.arg(1) != "yes"
		return nil
	case "algorithms":
		a.Algorithms[f.arg(1)] = strings.Fields(untrusted.Line(strings.ReplaceAll(f.text(2), "\n", " ")))
		return nil
	}
	j := SshdJudgement{Settings: map[string][]string{}, Keys: f.arg(6) == "yes", Password: f.arg(7) == "yes"}
	if f.arg(3) != "0" {
		j.Problem = strings.TrimSpace(untrusted.Text(f.text(5)))
		if j.Problem == "" {
			j.Problem = "sshd ended with status " + untrusted.Line(f.arg(3))
		}
	} else {
		for line := range strings.Lines(f.text(4)) {
			keyword, value, _ := strings.Cut(untrusted.Line(strings.TrimSuffix(line, "\n")), " ")
			j.Settings[keyword] = append(j.Settings[keyword], value)
		}
		j.Lines = sshdLines(f.text(5))
	}
	switch f.arg(1) {
	case "asis":
		a.AsIs = append(a.AsIs, j)
	case "without":
		a.Without = append(a.Without, j)
	case "with":
		a.With = append(a.With, j)
	case "conditional":
		a.ConditionalProblem = j.Problem
		for _, line := range j.Lines {
			if line.InMatch {
				a.Conditional = append(a.Conditional, line)
			}
		}
	default:
		return fmt.Errorf("%w: %q", errMalformed, f.arg(1))
	}
	return nil
}

// plainAddress is an address without a zone, which sshd -C does not take.
func plainAddress(address netip.Addr) string { return address.Unmap().WithZone("").String() }

var sshdSetting = regexp.MustCompile(`^debug3: (.+):([0-9]+) setting ([A-Za-z0-9]+)[ \t]*(.*)$`)

// sshdLines reads what sshd says with -ddd: once for the main part of the files, and once more for the Match blocks
// that hold for the connection.
func sshdLines(text string) []SshdLine {
	var lines []SshdLine
	inMatch := false
	for line := range strings.Lines(text) {
		line = untrusted.Line(strings.TrimRight(line, "\r\n"))
		if m := sshdSetting.FindStringSubmatch(line); m != nil {
			number, err := strconv.Atoi(m[2])
			if err == nil {
				lines = append(lines, SshdLine{File: m[1], Line: number, Keyword: strings.ToLower(m[3]), Value: m[4], InMatch: inMatch})
			}
		} else if strings.Contains(line, "config reprocess config") {
			inMatch = true
		}
	}
	return lines
}
