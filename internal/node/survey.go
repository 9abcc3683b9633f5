package node

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

//go:embed program/survey.sh
var surveyProgram string

func init() { surveyProgram = compact(surveyProgram) }

// surveyTimeout bounds a survey whose context has no deadline: it walks the file systems of a node.
const surveyTimeout = 4 * time.Minute

// The sections of a survey. Accounts gives those of who can log in, Programs those of files with special rights, Commands what root runs.
const (
	SectionPasswd       = "passwd"       // getent passwd
	SectionGroup        = "group"        // getent group
	SectionSwitch       = "switch"       // nsswitch.conf(5)
	SectionPasswords    = "passwords"    // passwd -S -a: states, never a hash
	SectionSSHD         = "sshd"         // sshd -T
	SectionMatch        = "match"        // Match lines of sshd_config, with file and line
	SectionSetID        = "setid"        // records "TYPE MODE UID GID SIZE PATH", each ended by NUL
	SectionCapabilities = "capabilities" // getcap -r
	SectionPlaces       = "places"       // records "TYPE MODE UID GID PATH", NUL, target of a link, NUL
	SectionCommands     = "commands"     // lines FILE LINE KIND WHO PATH ROLE, parted by tabs
	SectionKeys         = "keys"         // FILE, NUL, LINE:TEXT of each line with a public key
	SectionReal         = "real"         // where each path of SurveyQuery.Paths leads, each ended by NUL
	SectionStates       = "states"       // records "MODE(hex) UID GID PATH" of those paths and all that is above them, each ended by NUL
	SectionPackages     = "packages"     // dpkg -S
	SectionAllowed      = "allowed"      // sudo -l -U: a line \x01NAME before what it says of each
)

// SurveyQuery says what a survey looks at. Paths are absolute and hold no line break.
type SurveyQuery struct {
	// Accounts asks for accounts, groups, the states of passwords, and sshd's settings.
	Accounts bool
	// Programs asks for files with a set-id bit or capabilities.
	Programs bool
	// Commands asks for what cron and services run.
	Commands bool
	// Places are files and directories in which to look for what somebody else than root can change.
	Places []string
	// Keys are files with authorized keys. One that is not there is no error.
	Keys []string
	// Paths are followed to their ends, and all that is above them is looked at.
	Paths []string
	// Owned are files to ask the packages for.
	Owned []string
	// Allowed are accounts of which sudo itself is asked what they may do; a process for each.
	Allowed []string
}

// Section is one part of the answer, raw as the node gave it: escape it before people read it.
type Section struct {
	Data []byte
	// Status of the command, 124 where it was stopped because it took too long.
	Status int
	// Complaint is what it wrote to its standard error, fit to be read.
	Complaint string
	// Lacks is the tool that the node does not have, "" if it has it.
	Lacks string
}

// Survey is what a node told of who can do what there.
type Survey struct {
	Node     string
	Facts    Facts
	Sections map[string]Section
}

// Survey looks at who can do what on a node, in one round trip. It changes nothing. An error of one part is told in its section.
func (p *Pool) Survey(ctx context.Context, t Target, q SurveyQuery) (*Survey, error) {
	for _, list := range [][]string{q.Places, q.Keys, q.Paths, q.Owned} {
		for _, name := range list {
			if err := checkPath(name); err != nil {
				return nil, err
			}
			if strings.ContainsAny(name, "\n") {
				return nil, errPath(name, "contains a line break")
			}
		}
	}
	for _, name := range q.Allowed {
		if !accountName.MatchString(name) {
			return nil, fmt.Errorf("%q is not the name of an account", name)
		}
	}
	if p.ctx.Err() != nil {
		return nil, errClosed
	}
	ctx, cancel := withTimeoutOf(ctx, surveyTimeout)
	defer cancel()
	l := p.link(t)
	seen, err := p.survey(ctx, l, q)
	if errors.Is(err, errBroken) && ctx.Err() == nil {
		seen, err = p.survey(ctx, l, q) // a read may be repeated, over a new connection
	}
	return seen, err
}

// withTimeoutOf bounds a context by a time of its own, whether or not it has a deadline.
func withTimeoutOf(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("no answer within %s: %w", d, context.DeadlineExceeded))
}

// calls are those of the program.
func (q SurveyQuery) calls() string {
	var b strings.Builder
	call := func(name string, words []string) {
		if len(words) == 0 {
			return
		}
		b.WriteString(name)
		for _, word := range words {
			b.WriteString(" " + quote(word))
		}
		b.WriteByte('\n')
	}
	for _, part := range []struct {
		call   string
		wanted bool
	}{{"who\n", q.Accounts}, {"programs\n", q.Programs}, {"commands\n", q.Commands}} {
		if part.wanted {
			b.WriteString(part.call)
		}
	}
	call("places", q.Places)
	call("keys", q.Keys)
	call("resolved", q.Paths)
	call("owned", q.Owned)
	call("allowed", q.Allowed)
	return b.String()
}

func (p *Pool) survey(ctx context.Context, l *link, q SurveyQuery) (*Survey, error) {
	s, err := p.open(ctx, l)
	if err != nil {
		return nil, err
	}
	defer s.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { s.channel.Close() })
	defer stop()
	silent := time.AfterFunc(p.timing.Greeting, func() { cancel(errGreeting{p.login.user, p.timing.Greeting}) })
	defer silent.Stop()
	marker := newMarker()
	text := wrap(marker, commonProgram, fmt.Sprintf("quick=%d\npatient=%d\n", seconds(p.timing.Quick), seconds(p.timing.Patient)), observeProgram, surveyProgram,
		"facts\n"+q.calls()+"say done\n")
	go func() {
		_ = s.write(text) // an error shows as an answer that ends too early
		_ = s.channel.CloseWrite()
	}()
	r := &surveyReader{
		reader: reader{node: l.target.Name, greeted: func() { silent.Stop() }, answer: newAnswer(marker, s.channel), o: &Observation{Node: l.target.Name}},
		seen:   &Survey{Node: l.target.Name, Sections: map[string]Section{}},
	}
	err = r.readSections()
	switch {
	case err == nil:
		r.seen.Facts = r.o.Facts
		return r.seen, nil
	case r.broken != nil:
		return nil, r.broken
	case r.errUID != "":
		return nil, notRoot(l.target.Name, p.login.user, r.errUID)
	}
	return nil, p.ended(ctx, l, s, r.answer, "surveying", err)
}

// surveyReader turns the frames of an answer into a Survey.
type surveyReader struct {
	reader
	seen *Survey
}

func (r *surveyReader) readSections() error {
	for {
		f, err := r.answer.next(nil)
		if err != nil {
			return err
		}
		switch f.word {
		case "hello":
			r.greeted()
			if f.arg(0) != "0" {
				r.errUID = f.arg(0)
				return errMalformed
			}
		case "lacking":
			r.broken = missing(r.node, f.arg(0))
			return r.broken
		case "facts":
			r.facts(f)
		case "lacks":
			r.seen.Sections[f.arg(0)] = Section{Lacks: untrusted.Line(f.arg(1)), Status: 127}
		case "section":
			if err := r.section(f.arg(0)); err != nil {
				return err
			}
		case "done":
			return nil
		default:
			return fmt.Errorf("%w: %q", errMalformed, f.word)
		}
	}
}

// section reads one section up to its end.
func (r *surveyReader) section(name string) error {
	var body bytes.Buffer
	f, err := r.answer.next(func(line []byte) { body.Write(line) })
	switch {
	case err != nil:
		return err
	case f.word != "ended" || f.arg(0) != name:
		return fmt.Errorf("%w: %q instead of the end of section %q", errMalformed, f.word, name)
	}
	data, err := base64.StdEncoding.DecodeString(body.String())
	if err != nil {
		return fmt.Errorf("%w: section %q: %w", errMalformed, name, err)
	}
	status, err := strconv.Atoi(f.arg(1))
	if err != nil {
		return fmt.Errorf("%w: status of section %q: %w", errMalformed, name, err)
	}
	r.seen.Sections[name] = Section{Data: data, Status: status, Complaint: untrusted.Text(f.text(2))}
	return nil
}
