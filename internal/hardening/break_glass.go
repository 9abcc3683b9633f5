package hardening

import (
	_ "embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// BreakGlass is emergency access: a grant that ends on the node by itself. sudo itself heeds the end (sudoers(5),
// NOTAFTER), and a timer of the node takes the file away.
type BreakGlass struct {
	// Name tells several on one node apart and is part of every file name.
	Name string
	// Subject is a user name, or a group name after "%".
	Subject string
	// Commands are what the subject may run as any user, as in a sudoers rule; none means every command.
	Commands []string
	// Reason and Ticket are for the next reader of the file and of the node's events. Ticket may be empty.
	Reason, Ticket string
	// RequirePassword makes sudo ask for the subject's password.
	RequirePassword bool
	// RequireLogging makes sudo refuse a command that it cannot record.
	RequireLogging bool
	// EndSessions has the end of the access end what the subject still runs with sudo.
	EndSessions bool
}

// Window is when an emergency access is open, in Unix seconds of the node's own clock.
type Window struct {
	// Granted is when the access was written to the node, Begins from when sudo heeds it, Ends until when.
	Granted, Begins, Ends int64
}

// breakGlassProgram marks begin and end. What stands before its first assignment is the header of the file.
//
//go:embed break_glass.sh
var breakGlassProgram string

// emergencyPrefix begins the name of the sudoers file. sudo takes the last rule that matches, so the file is to be read
// after all others.
const emergencyPrefix = "zz-pvesec-emergency-"

// BreakGlassFile is the name of the file in /etc/sudoers.d.
func BreakGlassFile(name string) string { return emergencyPrefix + name }

// Path is the sudoers file.
func (b BreakGlass) Path() string { return sudoersDir + "/" + BreakGlassFile(b.Name) }

// Ends is the name of the timer and the service that end the access.
func (b BreakGlass) Ends() string { return "pvesec-emergency-ends-" + b.Name }

func (b BreakGlass) begins() string { return "pvesec-emergency-begins-" + b.Name }

func (b BreakGlass) header() string { return "# " + breakGlassHeader(b.Name) + "\n" }

func breakGlassHeader(name string) string {
	return fmt.Sprintf("Managed by Terraform: pvesec_break_glass %q.", name)
}

// managed lists the files for a window. The sudoers file comes last: what ends the access is in place before.
func (b BreakGlass) managed(w Window) ([]managedFile, error) {
	text, err := b.renderSudoers(w)
	if err != nil {
		return nil, err
	}
	files := b.unitFiles()
	for i, content := range []string{b.renderProgram(w), b.renderEnds(), b.renderTimer(w), b.header() + "[Unit]\nWants=" + b.Ends() + ".timer\n", b.renderBegins()} {
		files[i].text = content
	}
	return append(files, sudoersFile(b.Path(), text)), nil
}

// unitFiles are the files of what ends the access, without their texts.
func (b BreakGlass) unitFiles() []managedFile {
	unit := func(name, command, service string) managedFile {
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o600 // only root reads who has an emergency, why and until when
		}
		return managedFile{path: unitsDir + "/" + name, mode: mode, owner: "root", group: "root", command: command, service: service}
	}
	return []managedFile{
		unit(b.Ends()+".sh", "logger", ""),
		unit(b.Ends()+".service", "systemctl", ""),
		unit(b.Ends()+".timer", "systemctl", b.Ends()+".timer"),
		unit("timers.target.d/"+b.Ends()+".conf", "systemctl", ""),
		unit(b.begins()+".service", "systemctl", b.begins()+".service"),
	}
}

// NeededCommands are the programs that a node needs for it.
func (b BreakGlass) NeededCommands() []string { return []string{"visudo", "systemctl", "logger"} }

// renderSudoers gives the text of the sudoers file for a window.
func (b BreakGlass) renderSudoers(w Window) (string, error) {
	rule := sudoers.Rule{
		Commands: b.Commands, RunAsUsers: []string{"ALL"}, RunAsGroups: []string{"ALL"},
		NotAfter: generalized(w.Ends), LogInput: sudoers.Yes, LogOutput: sudoers.Yes, NoPasswd: sudoers.No,
	}
	if len(b.Commands) == 0 {
		rule.Commands = []string{"ALL"}
	}
	if w.Begins > w.Granted {
		rule.NotBefore = generalized(w.Begins)
	}
	if !b.RequirePassword {
		rule.NoPasswd = sudoers.Yes
	}
	// Without a pseudo-terminal of its own, a command can outlive the recording (sudoers(5), use_pty). What a person
	// types blindly is not recorded.
	defaults := []string{"use_pty", "!log_passwords"}
	for _, option := range recordingErrors {
		if b.RequireLogging {
			option = "!" + option
		}
		defaults = append(defaults, option)
	}
	text, problems := sudoers.Render(sudoers.Policy{Name: b.Path(), Subject: b.Subject, Defaults: defaults, Rules: []sudoers.Rule{rule}, Header: b.comment(w)}, sudoers.Version{})
	if len(problems) > 0 {
		return "", problems[0]
	}
	return text, nil
}

func (b BreakGlass) comment(w Window) string {
	text := fmt.Sprintf("%s\nEmergency access of %s from %s to %s. Reason: %q.", breakGlassHeader(b.Name), b.Subject, moment(w.Begins), moment(w.Ends), b.Reason)
	if b.Ticket != "" {
		text += fmt.Sprintf(" Ticket: %q.", b.Ticket)
	}
	return text + "\nTo end it now: systemctl start " + b.Ends()
}

// renderProgram begins with all that the program needs to know.
func (b BreakGlass) renderProgram(w Window) string {
	commands := "all"
	if len(b.Commands) > 0 {
		commands = strings.Join(b.Commands, ", ")
	}
	sessions := "keep"
	if b.EndSessions {
		sessions = "end"
	}
	var text strings.Builder
	text.WriteString(b.header())
	for _, variable := range [][2]string{
		{"name", b.Name}, {"subject", b.Subject}, {"reason", b.Reason}, {"ticket", b.Ticket}, {"until", fmt.Sprint(w.Ends)}, {"sessions", sessions},
		{"sudoers", b.Path()}, {"units", unitsDir}, {"ends", b.Ends()}, {"begins", b.begins()},
		{"what", fmt.Sprintf("open from %s to %s", moment(w.Begins), moment(w.Ends))}, {"commands", commands},
	} {
		fmt.Fprintf(&text, "%s=%s\n", variable[0], shellQuoted(variable[1]))
	}
	return text.String() + breakGlassProgram
}

// renderEnds tries again where the file cannot be taken away, as on a file system that is read-only.
func (b BreakGlass) renderEnds() string {
	return b.header() + fmt.Sprintf(`[Unit]
Description=End the emergency access %[1]s
StartLimitIntervalSec=0
[Service]
Type=oneshot
ExecStart=/bin/sh %[2]s/%[3]s.sh end
Restart=on-failure
RestartSec=30
`, b.Name, unitsDir, b.Ends())
}

// renderBegins stays active, so that the begin is marked once for each change of the files.
func (b BreakGlass) renderBegins() string {
	return b.header() + fmt.Sprintf(`[Unit]
Description=Mark the begin of the emergency access %[1]s
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh %[2]s/%[3]s.sh begin
`, b.Name, unitsDir, b.Ends())
}

// renderTimer ends the access by whichever clock is first: the node's, also where the node was off at that moment, and
// one that nobody sets.
func (b BreakGlass) renderTimer(w Window) string {
	return b.header() + fmt.Sprintf(`[Unit]
Description=End the emergency access %s
[Timer]
OnCalendar=%s UTC
OnActiveSec=%d
Persistent=true
AccuracySec=1s
`, b.Name, time.Unix(w.Ends+1, 0).UTC().Format(time.DateTime), w.Ends+1-w.Granted)
}

// generalized is a moment as sudo reads it.
func generalized(seconds int64) string {
	return time.Unix(seconds, 0).UTC().Format("20060102150405") + "Z"
}

func moment(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// HoldsBack tells whether a sudo heeds the begin of a grant that has an end too. Versions 1.9.15 to 1.9.17 do not.
func HoldsBack(sudoVersion string) bool {
	version, err := sudoers.ParseVersion(sudoVersion)
	if err != nil {
		return false
	}
	if known, asked := heldBack.Load(version); asked {
		return known == true
	}
	holds := holdsBack(version)
	heldBack.Store(version, holds)
	return holds
}

// heldBack are the versions of sudo that were asked about.
var heldBack sync.Map

func holdsBack(version sudoers.Version) bool {
	file, _ := sudoers.Parse("probe", "probe ALL=(root) NOTBEFORE=20300101000000Z NOTAFTER=20310101000000Z ALL\n", version)
	decision := policy.Decide(sudoers.TreeOf(file), policy.Request{
		Subject: policy.Subject{Name: "probe"}, Command: "/usr/bin/id", Time: time.Date(2029, time.January, 1, 0, 0, 0, 0, time.UTC), Env: policy.Debian(version),
	})
	return decision.Verdict != policy.Allowed
}

// CheckReason says why a text cannot be the reason of an emergency access, or returns nil. It stands in a comment and
// in one line of the node's events.
func CheckReason(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("it says nothing: write why the access is needed, for the next reader of the node's events")
	case utf8.RuneCountInString(text) > maxReason:
		return fmt.Errorf("it has more than %d characters: write one line, and the rest in the ticket", maxReason)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%q is not one line of readable text", text)
	}
	return nil
}

const maxReason = 300

// breakGlassName leaves room for what pvesec adds to it, and systemd takes it as it is.
var breakGlassName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// CheckBreakGlassName says why a text cannot name an emergency access, or returns nil.
func CheckBreakGlassName(name string) error {
	if !breakGlassName.MatchString(name) {
		return fmt.Errorf("%q is not usable in file names: use 1 to 64 letters, digits, \"_\" and \"-\", beginning with a letter or digit", name)
	}
	if name == byHandName {
		return fmt.Errorf("%q is the name of an access that somebody opens by hand (guide \"emergencies\"): write another name", name)
	}
	return nil
}

// CheckEmergencyCommand says why a text cannot be a command of an emergency access, or returns nil.
func CheckEmergencyCommand(command string) error {
	switch {
	case strings.TrimSpace(command) == "ALL":
		return fmt.Errorf("ALL is every command: write all_commands = true instead of commands")
	case strings.HasPrefix(strings.TrimSpace(command), "!"):
		return fmt.Errorf("a denial holds nothing back in an emergency access: write the commands that it may run")
	}
	_, err := BreakGlass{Name: "check", Subject: "check", Commands: []string{command}, Reason: "check"}.renderSudoers(Window{Ends: 1})
	return err
}
