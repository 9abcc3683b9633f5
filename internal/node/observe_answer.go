package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// A reader turns the frames of an answer into an Observation.
type reader struct {
	node     string
	greeted  func()
	subjects []subject
	answer   *answer
	o        *Observation

	entry  string // of a tree: the name that the next frames are about
	inTree int    // number of the tree that entry belongs to
	errUID string // uid of a shell that does not run as root
	broken error  // why the answer is of no use
	local  localReader
	failed map[subject]error
}

// errMalformed is an answer that no version of the program gives.
var errMalformed = errors.New("the answer makes no sense")

func (r *reader) read() error {
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
		case "done":
			return nil
		case "broken":
			return r.brokenOff(f)
		case "lacking":
			r.broken = missing(r.node, f.arg(0))
			return r.broken
		case "facts":
			r.facts(f)
		case "archive":
			if err := r.archive(f); err != nil {
				return err
			}
		case "journals":
			r.o.Unfinished, r.o.Busy, r.o.Leftover = f.arg(0) == "1", f.arg(1) == "1", f.arg(2) == "1"
		default:
			if err := r.about(f); err != nil {
				return err
			}
		}
	}
}

func (r *reader) facts(f frame) {
	name, fqdn := f.text(0), f.text(1)
	short, _, _ := strings.Cut(name, ".")
	if fqdn == "" {
		fqdn = name
	}
	r.o.Facts.Hostname, r.o.Facts.FQDN = untrusted.Line(short), untrusted.Line(fqdn)
	r.o.Facts.SudoVersion, _ = strings.CutPrefix(untrusted.Line(f.text(2)), "Sudo version ")
	v := parseOSRelease(f.text(3))
	r.o.Facts.OSID, r.o.Facts.OSVersionID, r.o.Facts.OSCodename = v["ID"], v["VERSION_ID"], v["VERSION_CODENAME"]
}

// brokenOff is for an answer in which contents are missing, nobody knows which.
func (r *reader) brokenOff(f frame) error {
	r.broken = &ObserveError{Node: r.node, Subject: "the content of files", Output: untrusted.Text(f.text(0))}
	return r.broken
}

// about handles a frame that belongs to one subject.
func (r *reader) about(f frame) error {
	var i int
	if _, err := fmt.Sscanf(f.arg(0), "%d", &i); err != nil || i < 0 || i >= len(r.subjects) {
		return fmt.Errorf("%w: %q", errMalformed, f.word)
	}
	sub := r.subjects[i]
	name := sub.name
	if r.entry != "" && r.inTree == i {
		name = path.Join(sub.name, r.entry)
	}
	switch f.word {
	case "entry":
		if r.entry, r.inTree = f.text(1), i; r.entry == "" {
			return fmt.Errorf("%w: an entry without a name", errMalformed)
		}
	case "gone":
		r.gone(sub, name)
	case "unknown":
		r.fail(sub, name, f.text(1))
	case "file", "target":
		st, err := parseStat(f)
		if err != nil {
			r.fail(sub, name, err.Error())
			return nil
		}
		if f.word == "target" {
			link, resolved := r.o.Files[name], st
			link.Resolved = &resolved
			st = link
		}
		r.o.Files[name] = st
	case "text":
		st := r.o.Files[name]
		st.LinkTarget = f.text(1)
		r.o.Files[name] = st
	case "large":
		r.put(name, func(st *FileState) { st.TooLarge = true })
	case "content":
		return r.content(sub, name)
	case "account", "group":
		return r.account(sub, f)
	case "passwd", "group-file", "shadow", "sshd", "key-unseen", "homes", "unseen":
		return r.local.take(f)
	case "key":
		return r.key(f)
	case "own", "addresses", "read", "algorithms", "judged":
		return r.sshd(f)
	case "section":
		part, err := r.section(f.arg(0))
		r.o.Scripts[sub.name] = part
		return err
	case "service":
		r.o.Services[sub.name] = parseService(f.text(1))
	case "clock":
		r.clock(sub, f.arg(1))
	case "conffile":
		return r.conffile(f)
	case "config":
		r.o.Configs[sub.name] = untrusted.Text(f.text(1))
	case "audit":
		r.o.Audit = parseAuditStatus(f.text(1), f.text(2))
	case "audit-off":
		problem, _, _ := strings.Cut(f.text(1), "\n")
		r.o.Audit = &AuditStatus{Problem: untrusted.Line(problem)}
	case "command":
		r.o.Commands[sub.name] = untrusted.Line(f.text(1))
	default:
		return fmt.Errorf("%w: %q", errMalformed, f.word)
	}
	return nil
}

// clock reads Unix seconds.
func (r *reader) clock(sub subject, text string) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds <= 0 {
		r.fail(sub, "", fmt.Sprintf("date answered %q", untrusted.Line(text)))
		return
	}
	r.o.Clock = seconds
}

// fail notes that something could not be looked at. The first reason stays.
func (r *reader) fail(sub subject, name, why string) {
	if r.failed[sub] == nil {
		r.failed[sub] = &ObserveError{Node: r.node, Subject: describeSubject(sub, name), Output: untrusted.Text(strings.TrimSpace(why))}
	}
}

func describeSubject(sub subject, name string) string {
	switch sub.call {
	case "account", "service", "config":
		return sub.call + " " + name
	case "local_accounts":
		return "the accounts of the node"
	case "clock":
		return "the clock"
	case "conffiles":
		return "what packages ship as " + sub.name
	case "ask_sshd":
		return "what sshd makes of connections"
	}
	return untrusted.Line(name)
}

// put changes the state of a path, or of what a link resolves to while that is being told.
func (r *reader) put(name string, change func(*FileState)) {
	st := r.o.Files[name]
	if st.Type == TypeSymlink && st.Resolved != nil {
		change(st.Resolved)
	} else {
		change(&st)
	}
	r.o.Files[name] = st
}

// gone records a proven absence. An entry of a tree that vanished between listing and looking is left out; a link whose
// target is gone stays as it is.
func (r *reader) gone(sub subject, name string) {
	switch sub.call {
	case "account":
		r.o.Accounts[name] = Account{}
	case "program":
		r.o.Commands[name] = ""
	case "audit_status":
		r.o.Audit = &AuditStatus{Missing: true}
	case "ask_sshd":
		r.sshdAnswer().Missing = true
	default:
		if st, seen := r.o.Files[name]; seen && st.Type == TypeSymlink {
			return
		}
		if name == sub.name {
			r.o.Files[name] = FileState{}
		} else {
			delete(r.o.Files, name)
		}
	}
}

// content reads the base64 lines that follow.
func (r *reader) content(sub subject, name string) error {
	var body bytes.Buffer
	f, err := r.answer.next(func(line []byte) { body.Write(line) })
	switch {
	case err != nil:
		return err
	case f.word == "unknown":
		r.fail(sub, name, f.text(1))
		return nil
	case f.word == "gone":
		r.gone(sub, name)
		return nil
	case f.word == "broken":
		return r.brokenOff(f)
	case f.word != "end":
		return fmt.Errorf("%w: %q instead of the end of %s", errMalformed, f.word, name)
	}
	data, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, &body))
	if err != nil {
		return fmt.Errorf("%w: content of %s: %w", errMalformed, name, err)
	}
	r.put(name, holding(data))
	return nil
}

// holding gives a file its content.
func holding(data []byte) func(*FileState) {
	return func(st *FileState) {
		if len(data) > MaxContent {
			st.TooLarge = true
			return
		}
		sum := sha256.Sum256(data)
		st.Content, st.SHA256 = data, hex.EncodeToString(sum[:])
	}
}
