package node

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

//go:embed program/survey.sh
var surveyProgram string

//go:embed program/settings.sh
var settingsProgram string

func init() { surveyProgram, settingsProgram = compact(surveyProgram), compact(settingsProgram) }

// surveyTimeout bounds a survey whose context has no deadline: it walks the file systems of a node.
const surveyTimeout = 4 * time.Minute

// The sections of a survey. Accounts gives those of who can log in, Programs those of files with special rights,
// Commands what root runs.
const (
	SectionPasswd       = "passwd"       // getent passwd
	SectionGroup        = "group"        // getent group
	SectionSwitch       = "switch"       // nsswitch.conf(5)
	SectionPasswords    = "passwords"    // passwd -S -a: states, never a hash
	SectionSSHD         = "sshd"         // sshd -T
	SectionMatch        = "match"        // Match lines of sshd_config, with file and line
	SectionElevation    = "elevation"    // lines of PAM with pam_wheel(8), with file and line; /etc/doas.conf where it is there
	SectionSetID        = "setid"        // records "TYPE MODE UID GID SIZE PATH", each ended by NUL
	SectionCapabilities = "capabilities" // getcap -r
	SectionPlaces       = "places"       // records "TYPE MODE UID GID PATH", NUL, target of a link, NUL
	SectionCommands     = "commands"     // lines FILE LINE KIND WHO PATH ROLE, parted by tabs
	SectionKeys         = "keys"         // FILE, NUL, LINE:TEXT of each line with a public key
	SectionJobs         = "jobs"         // the same of the cron tables of accounts other than root
	SectionPlugins      = "plugins"      // Plugin lines of sudo.conf(5)
	SectionStates       = "states"       // records "MODE(hex) UID GID PATH", NUL, target of a link, NUL, of all that SurveyQuery.Paths lead through
	SectionHomes        = "homes"        // the same of SurveyQuery.Homes
	SectionOthers       = "others"       // the same of SurveyQuery.Others
	SectionPackages     = "packages"     // dpkg -S
	SectionAllowed      = "allowed"      // sudo -l -U: a line \x01NAME before what it says of each
	SectionAsked        = "asked"        // sudo -l -U NAME COMMAND: a line \x01STATUS NAME before what it says of each
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
	// Keys are files with authorized keys. One that is not there, or that its user cannot read, is no error: sshd
	// cannot read it either.
	Keys []AuthorizedFile
	// Paths are followed to their ends, link by link, and all that is above them is looked at.
	Paths []string
	// Homes and Others are more of them, in parts of their own: what users make there takes nothing from the others.
	Homes, Others []string
	// Owned are files to ask the packages for.
	Owned []string
	// Allowed are accounts of which sudo itself is asked what they may do; a process for each.
	Allowed []string
	// Asked are command lines about which sudo itself is asked whether accounts may run them as root; a process for
	// each.
	Asked []SudoQuestion
	// Settings asks for how the node is set up: services, file modes, the kernel, packages, and lines of configuration
	// files.
	Settings bool
}

// SudoQuestion asks whether an account may run a command line with sudo, as root. The words of the line are parted by
// single spaces, as sudo compares them.
type SudoQuestion struct{ Account, Line string }

// plainLine is a command line that every shell splits into the words between its spaces.
var plainLine = regexp.MustCompile(`^/[A-Za-z0-9._/=:,@%+-]+( [A-Za-z0-9._/=:,@%+-]+)*$`)

// Askable tells whether a node can be asked about the line.
func (q SudoQuestion) Askable() bool {
	return accountName.MatchString(q.Account) && plainLine.MatchString(q.Line)
}

// AuthorizedFile is a file with authorized keys. It is read as the account is: with its user id and its groups, the
// primary one first.
type AuthorizedFile struct {
	Path string
	UID  int
	GIDs []int
}

// word is the file as the program takes it.
func (k AuthorizedFile) word() string {
	gids := make([]string, len(k.GIDs))
	for i, gid := range k.GIDs {
		gids[i] = strconv.Itoa(gid)
	}
	return fmt.Sprintf("%d %s %s", k.UID, strings.Join(gids, ","), k.Path)
}

// Survey is what a node told of who can do what there.
type Survey struct {
	Node     string
	Facts    Facts
	Sections map[string]Section
}

// Survey looks at who can do what on a node, in one round trip. It changes nothing. An error of one part is told in its
// section.
func (p *Pool) Survey(ctx context.Context, t Target, q SurveyQuery) (*Survey, error) {
	keys := make([]string, len(q.Keys))
	for i, k := range q.Keys {
		if keys[i] = k.Path; k.UID < 0 || len(k.GIDs) == 0 || slices.Min(k.GIDs) < 0 {
			return nil, fmt.Errorf("%q belongs to no account", k.Path)
		}
	}
	for _, list := range [][]string{q.Places, keys, q.Paths, q.Homes, q.Others, q.Owned} {
		for _, name := range list {
			if err := checkPath(name); err != nil {
				return nil, err
			}
			if strings.ContainsAny(name, "\n") {
				return nil, errPath(name, "contains a line break")
			}
		}
	}
	for _, question := range q.Asked {
		if !question.Askable() {
			return nil, fmt.Errorf("sudo cannot be asked whether %q may run %q", question.Account, question.Line)
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
	ctx, cancel := context.WithTimeoutCause(ctx, surveyTimeout, errSurveyTime)
	defer cancel()
	l := p.link(t)
	seen, err := p.survey(ctx, l, q)
	if errors.Is(err, errBroken) && ctx.Err() == nil {
		seen, err = p.survey(ctx, l, q) // a read may be repeated, over a new connection
	}
	return seen, err
}

// errSurveyTime ends a survey that takes too long. The parts that were read until then are its answer.
var errSurveyTime = fmt.Errorf("no answer within %s: %w", surveyTimeout, context.DeadlineExceeded)

// calls are those of the program.
func (q SurveyQuery) calls() string {
	var b strings.Builder
	write := func(name string, words []string, end string) {
		if len(words) == 0 {
			return
		}
		b.WriteString(name)
		for _, word := range words {
			b.WriteString(" " + quote(word))
		}
		b.WriteString(end)
	}
	for _, part := range []struct {
		call   string
		wanted bool
	}{{"who\n", q.Accounts}, {"programs\n", q.Programs}, {"commands\n", q.Commands}} {
		if part.wanted {
			b.WriteString(part.call)
		}
	}
	// A list that users can make long goes through a pipe: printf is part of every shell, and its arguments are those
	// of no process.
	list := func(name string, words []string) {
		write(`printf '%s\0'`, words, " | "+name+"\n")
	}
	keys := make([]string, len(q.Keys))
	for i, k := range q.Keys {
		keys[i] = k.word()
	}
	call := func(name string, words []string) { write(name, words, "\n") }
	call("places", q.Places)
	list("keys", keys)
	list("resolved "+SectionStates, q.Paths)
	list("resolved "+SectionHomes, q.Homes)
	list("resolved "+SectionOthers, q.Others)
	call("owned", q.Owned)
	call("allowed", q.Allowed)
	asked := make([]string, len(q.Asked))
	for i, question := range q.Asked {
		asked[i] = question.Account + " " + question.Line
	}
	list("asked", asked)
	if q.Settings {
		b.WriteString("settings\n")
	}
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
	text := wrap(marker, commonProgram, fmt.Sprintf("quick=%d\npatient=%d\nmost=%d\n", seconds(p.timing.Quick), seconds(p.timing.Patient), maxSection), observeProgram, sectionProgram, surveyProgram, settingsProgram,
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
	case len(r.seen.Sections) > 0 && errors.Is(context.Cause(ctx), errSurveyTime):
		r.seen.Facts = r.o.Facts
		return r.seen, nil // what is missing is told by each part that is missing
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
			part, err := r.section(f.arg(0))
			if err != nil {
				return err
			}
			r.seen.Sections[f.arg(0)] = part
		case "done":
			return nil
		default:
			return fmt.Errorf("%w: %q", errMalformed, f.word)
		}
	}
}
