package hardening

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// maxParallelLooks bounds how many nodes are looked at at the same time.
const maxParallelLooks = 8

// sshdOtherFile is a line of /etc/default/ssh that has sshd read another file, or take settings from its command line,
// sshd(8).
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
	// elsewhere are networks for migrations in which the node has no address, within addresses of the cluster in
	// networks of the policy that are not kept open as a whole.
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
