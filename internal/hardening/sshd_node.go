package hardening

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// SshdState is what one node holds of an sshd policy, and what its sshd makes of it.
type SshdState struct {
	File FileStatus
	// Content is the text of the file, and Changes are the lines by which it differs from what the policy is for this node: "+" the node has, "-" it lacks.
	Content string
	Changes []string
	// Effective gives the values of the policy's keywords for each connection that is looked at, as sshd tells them. Without is the same without the file.
	Effective, Without map[string]map[string]string
	// Overruled are the lines of other files that decide what the policy sets, and why sshd cannot be asked.
	Overruled []string
	// Lacks are the Debian packages that the node needs.
	Lacks []string
	// Unfinished and Leftover tell of a transaction that was interrupted.
	Unfinished, Leftover bool
}

// Observe reads what a node holds. An sshd that refuses its configuration is told, and is no error: the resource can be mended or destroyed then too.
func (p SshdPolicy) Observe(ctx context.Context, nodes Nodes, target node.Target) (*SshdState, error) {
	l, err := p.look(ctx, nodes, target)
	if err != nil {
		return nil, err
	}
	state := l.state()
	if state.File.Present {
		if err := l.askClosed(ctx); err != nil {
			return nil, err
		}
		if text, err := l.render(); err == nil {
			state.Changes = LineChanges(text, state.Content)
		}
	}
	if l.problem != "" {
		state.Overruled = []string{l.problem}
		return state, nil
	}
	if err := l.ask(ctx, nil); err != nil {
		return nil, err
	}
	state.Effective, state.Without = l.effective(l.answer.AsIs), l.effective(l.answer.Without)
	if state.File.Present {
		state.Overruled = l.overruled(l.answer.AsIs)
	}
	return state, nil
}

// A SshdPlan is what an apply makes of a node.
type SshdPlan struct {
	// State is the node afterwards, Found the file as it is.
	State *SshdState
	Found FileStatus
	// Open tells what of the state another resource of the same run, or another place to run from, can change.
	Open SshdOpen
	// Awaits says that no administrator can come in before the run makes the account or the key of one; nil where one can. Install refuses it.
	Awaits *SshdLockoutError
	// change is what does it.
	change node.Change
}

// SshdOpen tells what can change between a plan and its apply.
type SshdOpen struct {
	// Shared says that the file of another policy sets what this one sets, so that all that sshd makes of logins can change.
	Shared bool
	// Logins are the connections for which sshd's answer can change: with the groups of an account, or with the address from which pvesec comes.
	Logins []string
}

// Plan judges what the policy would make of a node before anything is changed. Its error is a [*SshdLockoutError] where somebody would be locked out who must not be, and a [*SshdRefusedError]
// where the node's sshd refuses the policy.
func (p SshdPolicy) Plan(ctx context.Context, nodes Nodes, target node.Target) (*SshdPlan, error) {
	l, err := p.look(ctx, nodes, target)
	if err != nil {
		return nil, err
	}
	if l.problem != "" {
		return nil, &SshdRefusedError{Node: target.Name, Output: l.problem}
	}
	if l.stopped {
		return nil, &SshdRefusedError{Node: target.Name, Output: "neither " + sshdService + " nor " + sshdSocket + " is active there, so that nothing that pvesec can reload would read the policy"}
	}
	if err := l.askClosed(ctx); err != nil {
		return nil, err
	}
	text, err := l.render()
	if err != nil {
		return nil, &SshdRefusedError{Node: target.Name, Output: err.Error()}
	}
	if err := l.ask(ctx, []byte(text)); err != nil {
		return nil, err
	}
	for _, judged := range l.answer.With {
		if judged.Problem != "" {
			return nil, &SshdRefusedError{Node: target.Name, Output: judged.Problem}
		}
	}
	if !l.reads(l.answer.With) {
		return nil, &SshdRefusedError{Node: target.Name, Output: fmt.Sprintf("sshd would not read %s. Write this line into %s, before the first Match and before all settings:\n\n  Include %s/*.conf", p.Path(), sshdMain, sshdDropIns)}
	}
	out := l.lockout(text)
	if out != nil && !slices.ContainsFunc(out.Awaits, func(user string) bool { return p.Makes != nil && p.Makes(user, target.Name) }) {
		return nil, out
	}
	plan := &SshdPlan{Awaits: out, State: &SshdState{
		File: p.StatusOf(text), Content: text, Effective: l.effective(l.answer.With), Without: l.effective(l.answer.Without), Overruled: l.overruled(l.answer.With), Lacks: l.lacks,
	}}
	plan.Found, plan.Open = statusOf(l.file), l.open(text)
	plan.change = node.Change{Target: target, Label: p.label(), Expect: l.pins(), RestartServices: []string{sshdService}, RequireActive: []string{sshdService}}
	file := p.file(text)
	file.installOn(&plan.change, l.file.Exists)
	return plan, nil
}

// Install puts the policy onto nodes as it was planned, and takes it off those in leave, in one transaction. Every file of sshd must be as it was when it was judged. Applied are the digests of
// what was applied last, by node. Its error is a [*SshdLockoutError] where a node in leave would lock out pvesec, or no administrator can come in yet.
func (p SshdPolicy) Install(ctx context.Context, nodes Nodes, plans []*SshdPlan, leave []node.Target, applied map[string]string, progress func(node, step string)) error {
	var changes []node.Change
	for _, plan := range plans {
		if plan.Awaits != nil {
			return plan.Awaits
		}
		change := plan.change
		change.Files = slices.Clone(change.Files)
		for i := range change.Files {
			change.Files[i].Applied = applied[change.Target.Name]
		}
		changes = append(changes, change)
	}
	if err := p.mayLeave(ctx, nodes, leave); err != nil {
		return err
	}
	return nodes.Apply(ctx, append(changes, p.removals(leave, applied)...), progress)
}

// Remove takes the policy off nodes. Its error is a [*SshdLockoutError] where what remains would lock out pvesec.
func (p SshdPolicy) Remove(ctx context.Context, nodes Nodes, targets []node.Target, applied map[string]string, progress func(node, step string)) error {
	if err := p.mayLeave(ctx, nodes, targets); err != nil {
		return err
	}
	return nodes.Apply(ctx, p.removals(targets, applied), progress)
}

// mayLeave refuses to take the policy off a node where sshd would then keep pvesec out. What cannot be judged may be left: the new login decides.
func (p SshdPolicy) mayLeave(ctx context.Context, nodes Nodes, targets []node.Target) error {
	var group errgroup.Group
	group.SetLimit(maxParallelLooks)
	for _, target := range targets {
		group.Go(func() error {
			l, _ := p.lookWithout(ctx, nodes, target) // the change itself tells whether the node answers
			if l == nil {
				return nil
			}
			if e := l.lockedOutWithout(sshdOwn); e != nil {
				return e
			}
			return nil
		})
	}
	return group.Wait()
}

// Leaves tells of a node whom sshd locks out once the policy is taken off it, pvesec itself before other nodes of the cluster; nil where nobody. It is for a warning: what cannot be judged is not told.
func (p SshdPolicy) Leaves(ctx context.Context, nodes Nodes, target node.Target) *SshdLockoutError {
	l, err := p.lookWithout(ctx, nodes, target)
	if err != nil || l == nil {
		return nil //nolint:nilerr // as the comment of the function says
	}
	for _, role := range [...]sshdRole{sshdOwn, sshdCluster} {
		if e := l.lockedOutWithout(role); e != nil {
			return e
		}
	}
	return nil
}

// lookWithout judges a node without the policy; nil where the policy is not there, or sshd cannot be asked.
func (p SshdPolicy) lookWithout(ctx context.Context, nodes Nodes, target node.Target) (*sshdLook, error) {
	l, err := p.look(ctx, nodes, target)
	if err != nil || l.seen.Sshd.Missing || !l.file.Exists {
		return nil, err
	}
	if err := l.ask(ctx, nil); err != nil {
		return nil, err
	}
	return l, nil
}

func (p SshdPolicy) removals(targets []node.Target, applied map[string]string) []node.Change {
	var changes []node.Change
	for _, target := range targets {
		change := node.Change{Target: target, Label: p.label(), RestartServices: []string{sshdService}}
		file := p.file("")
		file.applied = applied[target.Name]
		file.removeFrom(&change, false)
		changes = append(changes, change)
	}
	return changes
}

// maxParallelLooks bounds how many nodes are looked at at the same time.
const maxParallelLooks = 8

// sshdOtherFile is a line of /etc/default/ssh that has sshd read another file, or take settings from its command line, sshd(8).
var sshdOtherFile = regexp.MustCompile(`(?m)^[ \t]*SSHD_OPTS=(?:.*[ \t"'])?-[A-Za-z0-9]*[fo].*$`)

// A sshdLook is one look at a node.
type sshdLook struct {
	policy            SshdPolicy
	nodes             Nodes
	target            node.Target
	seen              *node.Observation
	file              node.FileState
	algorithms        map[string][]string
	cluster, networks []string
	// elsewhere are networks for migrations in which the node has no address, within addresses of the cluster in networks of the policy that are not kept open as a whole.
	elsewhere, within []string
	// parts are the settings that other files close for a part of a network, by the address that stands for it.
	parts      map[string]sshdPart
	own        node.SshdConnection
	byPassword bool
	// nowhere says that the node does not tell from where pvesec comes.
	nowhere bool
	// unread says that sshd may not have read its files as they are, stopped that no unit of Debian's runs it.
	unread, stopped bool
	lacks           []string
	// closed are the keywords that other files close for root, by address or network of the cluster.
	closed map[string][]string
	// problem is why sshd cannot be asked.
	problem     string
	connections []sshdConnection
	answer      *node.SshdAnswer
}

// A sshdConnection is a connection that is looked at, and why.
type sshdConnection struct {
	node.SshdConnection
	// label is what it is called, "" for one that is looked at for an administrator alone.
	label string
	role  sshdRole
}

type sshdRole int

const (
	sshdNamed sshdRole = iota
	sshdOwn
	sshdCluster
	sshdAdministrator
)

// look reads the files and accounts that a judgement needs, and where pvesec itself comes from.
func (p SshdPolicy) look(ctx context.Context, nodes Nodes, target node.Target) (*sshdLook, error) {
	query := node.Query{Files: append([]string{sshdMain, sshdStart, p.Path()}, clusterFiles...), Trees: []string{sshdDropIns}, Commands: p.Commands(), Services: []string{sshdService, sshdSocket}, Sshd: &node.SshdQuery{}}
	seen, err := nodes.Observe(ctx, target, query)
	if err != nil {
		return nil, err
	}
	l := &sshdLook{policy: p, nodes: nodes, target: target, seen: seen, file: seen.Files[p.Path()], algorithms: seen.Sshd.Algorithms, byPassword: seen.Sshd.ByPassword, lacks: Lacking(seen, query.Commands)}
	l.unread = seen.Sshd.Unread
	l.stopped = !slices.ContainsFunc(query.Services, func(unit string) bool {
		return slices.Contains([]string{"active", "activating", "reloading"}, seen.Services[unit].Active)
	})
	l.own = seen.Sshd.Own
	if l.own.Address == "" {
		l.nowhere = true
		l.own = node.SshdConnection{User: l.own.User, Host: "0.0.0.0", Address: "0.0.0.0", LocalAddress: "127.0.0.1", LocalPort: node.DefaultPort}
	}
	if seen.Sshd.Missing {
		l.problem = "the node has no sshd on root's path"
		return l, nil
	}
	if places, err := clusterAddresses(seen); err == nil {
		l.cluster, l.networks, l.elsewhere = places.addresses, places.networks, places.elsewhere
	} else if p.ClusterNetworks == nil {
		l.problem = err.Error()
	}
	l.connect()
	return l, nil
}

// add adds a connection to those that are looked at.
func (l *sshdLook) add(label string, role sshdRole, user, host, address string) {
	l.connections = append(l.connections, sshdConnection{
		node.SshdConnection{User: user, Host: host, Address: address, LocalAddress: l.own.LocalAddress, LocalPort: l.own.LocalPort}, label, role,
	})
}

// connect lists the connections that are looked at.
func (l *sshdLook) connect() {
	add := l.add
	add("pvesec", sshdOwn, l.own.User, l.own.Host, l.own.Address)
	if p := l.policy; p.ClusterNetworks == nil || len(p.ClusterNetworks) > 0 {
		addresses := slices.Clone(l.cluster)
		for _, network := range l.judgedNetworks() {
			for _, address := range l.judgedOf(network) {
				if !slices.Contains(addresses, address) {
					addresses = append(addresses, address)
				}
			}
		}
		for _, address := range addresses {
			add("cluster", sshdCluster, "root", address, address)
		}
	}
	for _, c := range l.policy.Connections {
		host := c.Host
		if host == "" {
			host = c.Address
		}
		add(c.Name, sshdNamed, c.User, host, c.Address)
	}
	for _, user := range l.policy.Administrators {
		add("", sshdAdministrator, user, l.own.Host, l.own.Address)
	}
}

// judgedNetworks are networks of the cluster of which one address stands for all: those of migrations, and where nothing is found those that were told.
func (l *sshdLook) judgedNetworks() []string {
	if len(l.cluster) == 0 {
		return l.policy.ClusterNetworks
	}
	return l.networks
}

// otherPolicies are the files of other policies of pvesec.
func (l *sshdLook) otherPolicies() []string {
	var files []string
	for _, name := range slices.Sorted(maps.Keys(l.seen.Files)) {
		if state := l.seen.Files[name]; state.Exists && name != l.policy.Path() && isSshdPolicy(name) {
			files = append(files, name)
		}
	}
	return files
}

// isSshdPolicy tells whether a path belongs to the file of a policy.
func isSshdPolicy(name string) bool { return strings.HasPrefix(name, sshdDropIns+"/00-pvesec-") }

// ask has sshd judge the connections, by a text of the file too where it is not nil.
func (l *sshdLook) ask(ctx context.Context, text []byte) error {
	var gone []string
	if l.policy.Replaces != "" {
		gone = []string{SshdPolicy{Name: l.policy.Replaces}.Path()}
	}
	return l.askBeside(ctx, node.SshdQuery{Content: text, Gone: gone})
}

// askBeside is ask with a query of its own.
func (l *sshdLook) askBeside(ctx context.Context, about node.SshdQuery) error {
	words := slices.Concat(sshdGuards, l.policy.words())
	for alias := range sshdAliases {
		words = append(words, alias)
	}
	slices.Sort(words)
	about.Path, about.Keywords = l.policy.Path(), slices.Compact(words)
	query := node.Query{Sshd: &about}
	for _, c := range l.connections {
		query.Sshd.Connections = append(query.Sshd.Connections, c.SshdConnection)
		if !slices.Contains(query.Accounts, c.User) {
			query.Accounts = append(query.Accounts, c.User)
		}
	}
	seen, err := l.nodes.Observe(ctx, l.target, query)
	if err != nil {
		return err
	}
	if l.answer = seen.Sshd; l.answer.Missing {
		return &SshdRefusedError{Node: l.target.Name, Output: "the node has no sshd on root's path"}
	}
	l.seen.Accounts = seen.Accounts
	return nil
}

// state is what the files tell.
func (l *sshdLook) state() *SshdState {
	return &SshdState{File: statusOf(l.file), Content: string(l.file.Content), Lacks: l.lacks, Unfinished: l.seen.Unfinished, Leftover: l.seen.Leftover}
}

// pins are all files of sshd as they were looked at: the judgement is about them.
func (l *sshdLook) pins() []node.Expect {
	var pins []node.Expect
	for _, name := range slices.Sorted(maps.Keys(l.seen.Files)) {
		if state := l.seen.Files[name]; name == sshdMain || name == l.policy.Path() || strings.HasPrefix(name, sshdDropIns+"/") {
			if state.Exists && state.Type != node.TypeRegular {
				continue // a link or a directory: only its target could be pinned
			}
			pins = append(pins, statusOf(state).expectAt(name))
		}
	}
	return pins
}

// effective gives the values of the policy's keywords by connection. Connections of the cluster are one where they are alike.
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

// reads tells whether sshd reads the file of the policy. Lines in match blocks alone show only where the Match blocks are known.
func (l *sshdLook) reads(judged []node.SshdJudgement) bool {
	own := func(line node.SshdLine) bool { return line.File == l.policy.Path() }
	if len(l.policy.words()) == 0 || slices.ContainsFunc(l.answer.Conditional, own) || slices.ContainsFunc(judged, func(j node.SshdJudgement) bool { return slices.ContainsFunc(j.Lines, own) }) {
		return true
	}
	return l.answer.ConditionalProblem != "" && len(l.policy.Settings) == 0 && !l.policy.Strict
}

// sshdMoreThanOne are the keywords of which each line adds to those before.
var sshdMoreThanOne = []string{"allowusers", "allowgroups"}

// overruled lists the lines of other files that decide what the policy sets, for the connections that are looked at, and all lines about it in their Match blocks, whomever they are for.
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
