package escalation

import (
	"path"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// outcomes are all effects of a policy, on one version.
type outcomes struct {
	effects []effectAt
	// doubt is what has to be for them to be so, "" for nothing.
	doubt string
}

// effectAt is one effect of the policy, for statements.
type effectAt struct {
	way       Way
	place     Place
	undecided bool
}

// deepest is how many wrappers may stand around a command.
const deepest = 8

// command judges the command lines that a rule admits.
func (a *analyser) command(at grantAt) {
	rule := &at.access.Rules[at.rule]
	judged := judging{analyser: a, at: at}
	judged.program(at.access.Path, program.Question{Allowed: at.allowed, Shape: rule.Args, Budget: a.question.Budget}, 0)
}

// judging is the work on one rule. Lines inside of wrappers are shown as the line that sudo sees.
type judging struct {
	*analyser
	at grantAt
	// shown is the line of sudo for what is judged inside of a wrapper, "" outside.
	shown string
	made  bool
	// stopped tells that NOEXEC is in force and keeps the wrapper from starting what is inside.
	stopped bool
}

// way sorts a way. NOEXEC leaves little of what takes an exec.
func (j *judging) way(w Way) {
	if j.stopped && w.Root() {
		w.Severity, w.Condition = Medium, aroundNoExec
	}
	j.addWay(j.at, w)
}

const aroundNoExec = "a way around NOEXEC, which is in force"

// line shows arguments of the program that sudo starts.
func (j *judging) line(args string) string {
	if j.shown != "" {
		return j.shown
	}
	return j.shell(j.at.request, j.at.access, args)
}

// program judges the arguments of a program.
func (j *judging) program(command string, q program.Question, depth int) {
	if writableByOthers(command) && command != "sudoedit" && command != "list" {
		j.way(foreignPath.way(j.at.example(), ""))
		return
	}
	key := ""
	if depth == 0 {
		key = j.answers.key(command, q.Allowed, q.Shape)
	}
	p, q, err := found(command, q)
	if err != nil {
		j.way(undecided.way(j.line(""), "The arguments of "+command+" cannot be read."))
		return
	}
	if p == nil {
		j.nobodyDescribed(command, q)
		return
	}
	outcomes, insides := j.answers.judge(key, p, q)
	for _, o := range outcomes {
		j.outcome(command, o)
	}
	for _, in := range insides {
		j.inside(in, depth+1)
	}
}

// initScripts is the directory of those that service starts by their names.
const initScripts = "/etc/init.d"

// found is the program of a path, and what is asked of it: an init script is what service runs.
func found(command string, q program.Question) (*program.Program, program.Question, error) {
	if path.Dir(command) != initScripts {
		return program.Find(command), q, nil
	}
	name, err := regular.Compile(regular.Literal(" " + path.Base(command)))
	if err != nil {
		return nil, q, err
	}
	q.Shape, err = regular.Concat(q.Budget, name, q.Shape)
	q.Allowed = q.Shape
	return program.Find("/usr/sbin/service"), q, err
}

// outcome turns an effect into a way.
func (j *judging) outcome(command string, o program.Outcome) {
	info := o.Effect.Info()
	w := Way{ID: info.ID, Severity: info.Severity, Effect: o.Effect, Does: info.Title, Why: info.Why, Fix: info.Fix, Made: !o.Example || j.made}
	if o.Undecided {
		j.way(undecided.way("", "Whether "+command+" "+info.Title+" takes more work to decide than the budget allows."))
		return
	}
	w.Example = j.line(o.Args)
	if op := o.Operation; op != nil {
		if one := op.OneArgument(o.Args); one != "" && j.shown == "" {
			line := j.at.access.Line(o.Args)
			line.One = one
			w.Example = policy.ShellLine(j.at.request, line)
		}
		w.Does, w.Condition, w.Source = op.Does, op.Condition, op.SourceText()
		if w.Severity == Critical && w.Condition != "" {
			w.Severity = High // critical needs nothing else
		}
		if op.ID != "" && len(op.Effects) > 0 && op.Effects[0] == o.Effect {
			w.ID = op.ID
		}
		if fix := op.FixText(); fix != "" {
			w.Fix = fix
		}
		if w.Root() && op.NoExec && noExec(j.at.grant(), j.at.access.Settings) {
			w.Severity, w.Condition = Medium, aroundNoExec
		}
	}
	j.way(w)
}

func noExec(g *policy.Grant, s policy.Settings) bool {
	return g.Tags.NoExec == sudoers.Yes || g.Tags.NoExec == sudoers.Unset && s["noexec"] == "on"
}

// inside judges a command line inside of a wrapper.
func (j *judging) inside(in program.Inside, depth int) {
	stopped := j.stopped || in.Operation.NoExec && noExec(j.at.grant(), j.at.access.Settings)
	of := &judging{analyser: j.analyser, at: j.at, shown: j.line(in.Args), made: in.Rest != nil, stopped: stopped}
	if depth > deepest {
		of.outcome("", program.Outcome{Effect: program.RunsCode, Operation: in.Operation, Args: in.Args, Example: true})
		return
	}
	if in.Shell {
		of.shellText(in, depth)
		return
	}
	of.commandLine(in, depth)
}

// commandLine judges a program with its arguments, words joined by spaces.
func (j *judging) commandLine(in program.Inside, depth int) {
	word, rest, more := strings.Cut(in.Line, " ")
	command := j.resolve(word)
	if command == "" {
		j.outcome("", program.Outcome{Effect: program.RunsCode, Operation: in.Operation, Args: in.Args, Example: true})
		return
	}
	args := ""
	if more {
		args = " " + rest
	}
	shape, err := regular.Compile(regular.Literal(args))
	if err == nil && in.Rest != nil {
		shape, err = regular.Concat(j.question.Budget, shape, *in.Rest)
	}
	if err != nil || in.Rest != nil && in.After != "" {
		j.way(undecided.way(j.shown, "The command line inside of it cannot be read."))
		return
	}
	j.program(command, program.Question{Allowed: shape, Shape: shape, Budget: j.question.Budget}, depth)
}

// resolve finds the program that a word names: an absolute path, or a name that is looked for in secure_path. It is ""
// where the caller chooses.
func (j *judging) resolve(word string) string {
	switch {
	case path.IsAbs(word):
		if j.question.Env != nil {
			return j.question.Env.Canonical(word)
		}
		return path.Clean(word)
	case strings.Contains(word, "/") || word == "":
		return ""
	}
	for _, dir := range []string{"/usr/sbin/", "/usr/bin/"} {
		if p := program.Find(dir + word); p != nil {
			for _, known := range p.Paths {
				if path.Base(known) == word {
					return known
				}
			}
		}
	}
	if program.Find("/usr/bin/"+word) != nil {
		return "/usr/bin/" + word
	}
	return ""
}

// plainWords are the characters of a shell text in which nothing is expanded.
const plainWords = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._=:,@%+- "

// unquoted is a text without the quotes around all of it. Sudo takes them as they stand, so that the shell looks for a
// program with this name; the administrator who writes them means what is inside, which is judged.
func unquoted(text string) string {
	for _, quote := range []string{`"`, "'"} {
		inside, is := strings.CutPrefix(text, quote)
		if inside, ends := strings.CutSuffix(inside, quote); is && ends && !strings.Contains(inside, quote) {
			return inside
		}
	}
	return text
}

// shellText judges a text for a shell: simple commands, one after the other or joined by pipes.
func (j *judging) shellText(in program.Inside, depth int) {
	if in.Rest != nil {
		j.outcome("", program.Outcome{Effect: program.RunsCode, Operation: in.Operation, Args: in.Args, Example: true})
		return
	}
	text := strings.NewReplacer("&&", ";", "||", ";", "|", ";").Replace(unquoted(in.Line))
	for part := range strings.SplitSeq(text, ";") {
		part = strings.Join(strings.Fields(part), " ")
		if part == "" || strings.Trim(part, plainWords) != "" {
			j.outcome("", program.Outcome{Effect: program.Undescribed, Args: in.Args, Example: true})
			return
		}
		j.commandLine(program.Inside{Operation: in.Operation, Args: in.Args, Line: part}, depth)
	}
}
