package posture_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// crowd is a fake node with many accounts: each has a key, three groups, and one in ten a rule of sudo of its own.
func crowd(users int) *fake {
	var passwd, group, keys, sudoers, states strings.Builder
	passwd.WriteString("root:x:0:0::/root:/bin/bash\n")
	group.WriteString("root:x:0:\n")
	members := make([][]string, 20)
	states.WriteString("41ed 0 0 /\x00\x0041ed 0 0 /home\x00\x00")
	for u := range users {
		name := fmt.Sprintf("user%d", u)
		fmt.Fprintf(&passwd, "%s:x:%d:%d::/home/%s:/bin/bash\n", name, 1000+u, 1000+u, name)
		fmt.Fprintf(&group, "%s:x:%d:\n", name, 1000+u)
		fmt.Fprintf(&keys, "/home/%s/.ssh/authorized_keys\x001:%s\n", name, foreignKey)
		fmt.Fprintf(&states, "41ed %d %d /home/%s\x00\x00", 1000+u, 1000+u, name)
		for i := range 3 {
			members[(u+i*7)%20] = append(members[(u+i*7)%20], name)
		}
		if u%10 == 0 {
			fmt.Fprintf(&sudoers, "%s ALL=(root) NOPASSWD: /usr/bin/systemctl restart app%d, /usr/bin/less /var/log/syslog\n", name, u)
		}
	}
	for i, list := range members {
		fmt.Fprintf(&group, "team%d:x:%d:%s\n", i, 9000+i, strings.Join(list, ","))
		if i < 3 {
			fmt.Fprintf(&sudoers, "%%team%d ALL=(root) /usr/sbin/qm start 10%d\n", i, i)
		}
	}
	return &fake{
		Sections: map[string]node.Section{
			node.SectionPasswd: data(passwd.String()), node.SectionGroup: data(group.String()), node.SectionKeys: data(keys.String()), node.SectionStates: data(states.String()),
		},
		Files: map[string]string{"/etc/sudoers": sudoers.String()},
	}
}

// quickly answers as fake does, and keeps what it answered: a benchmark is about the time of the reader.
type quickly struct {
	*fake
	surveys []*node.Survey
	at      int
}

func (q *quickly) Survey(ctx context.Context, target node.Target, query node.SurveyQuery) (*node.Survey, error) {
	if q.at == len(q.surveys) {
		s, err := q.fake.Survey(ctx, target, query)
		if err != nil {
			return nil, err
		}
		q.surveys = append(q.surveys, s)
	}
	q.at++
	return q.surveys[q.at-1], nil
}

// cpu is the time that this process used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// whole is the time of the processor for a report about so many accounts on 32 nodes, from the answers of the nodes to
// all forms of the report.
func whole(b *testing.B, users int) time.Duration {
	b.Helper()
	answers := &quickly{fake: crowd(users)}
	var together posture.Collector
	look := func(name string) *posture.Node {
		answers.at = 0
		n, err := together.Collect(b.Context(), answers, node.Target{Name: name})
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	look("pve0") // the fake node works out its answers
	together = posture.Collector{}
	before := cpu(b)
	nodes := make([]*posture.Node, 32)
	for i := range nodes {
		nodes[i] = look(fmt.Sprintf("pve%d", i))
	}
	r := posture.NewReport(nodes, nil, nil)
	if counts := r.Counts(); counts.Root == 0 || counts.Subjects < users*32 {
		b.Fatalf("%+v", counts)
	}
	r.Markdown()
	r.Graph.OpenGraph()
	return cpu(b) - before
}

// BenchmarkReport is the whole of effective access for 500 accounts on each of 32 nodes, without the nodes' own time,
// beside half and twice as many accounts. The bar: under two seconds of the processor, and twice the time for twice the
// accounts.
func BenchmarkReport(b *testing.B) {
	for _, users := range []int{250, 500, 1000} {
		b.Run(fmt.Sprint(users), func(b *testing.B) {
			var took, half time.Duration
			for b.Loop() {
				half += whole(b, users/2)
				took += whole(b, users)
			}
			b.ReportMetric(took.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(took)/float64(half), "times-half")
		})
	}
}
