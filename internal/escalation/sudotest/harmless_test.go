package sudotest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// mostSamples is how many examples are run on each node.
const mostSamples = 100

// samples are examples of operations that have no effect, one of each program, as lines of a shell. Words are quoted,
// since a shell must not read them.
func samples() (lines []string) {
	for _, p := range program.Programs() {
		for _, o := range p.Operations {
			if len(o.Effects) > 0 || len(o.Examples) == 0 {
				continue
			}
			args := o.Examples[len(o.Examples)-1]
			if outcomes, insides := p.JudgeFixed(strings.TrimRight(" "+args, " ")); len(outcomes)+len(insides) > 0 {
				continue
			}
			line := p.Paths[0]
			for word := range strings.FieldsSeq(args) {
				line += " '" + strings.ReplaceAll(word, "'", `'\''`) + "'"
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// inBatch is how many examples run between two looks at the files.
const inBatch = 10

// ownFiles are files that programs write as part of what is described of them, by program.
var ownFiles = map[string]string{"/usr/sbin/ldconfig": "/etc/ld.so.cache", "/usr/sbin/logrotate": "/var/lib/logrotate/status"}

// named tells whether commands say that they write a file: by an argument, or by what they are.
func named(file, commands string) bool {
	words := strings.Fields(commands)
	return slices.Contains(words, file) || slices.ContainsFunc(words, func(word string) bool { return ownFiles[word] == file })
}

// TestHarmlessWriteNothing runs examples of what is described as harmless, as root in a copy of the node that nothing
// else uses, and finds no file there that was made or changed, other than those that the command line names. Caches are
// left out: programs make them again.
func TestHarmlessWriteNothing(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			node := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "sudo", Suite: suite}}}).Nodes[0]
			var script strings.Builder
			script.WriteString(`set -e
mkdir /srv/copy
cp -ax /bin /sbin /lib* /etc /usr /var /root /srv/copy/ 2>/dev/null || true
cd /srv/copy
mkdir -p proc sys dev run tmp
mount --bind /proc proc
mount --bind /dev dev
count=0
batch=
sleep 2
touch -d '1 second ago' /srv/marker
try() {
	test -x "/srv/copy$1" || return 0
	count=$((count + 1))
	test $count -le ` + fmt.Sprint(mostSamples) + ` || return 0
	chroot /srv/copy timeout -k 1 5 "$@" </dev/null >/dev/null 2>&1 || true
	batch="$batch ; $*"
	test $((count % ` + fmt.Sprint(inBatch) + `)) -ne 0 || look
}
look() {
	find etc usr var root -xdev -path '*/var/cache/*' -prune -o \( -type f -o -type l \) -newer /srv/marker -print >/srv/changed
	while read -r file; do echo "/$file	$batch"; touch -h -d '1 hour ago' "$file"; done </srv/changed
	batch=
	touch -d '1 second ago' /srv/marker
}
`)
			for _, line := range samples() {
				script.WriteString("try " + line + "\n")
			}
			script.WriteString("look\necho count $count\n")
			out, err := node.Exec(t.Context(), script.String(), "/bin/sh", "-s")
			if err != nil {
				t.Fatal(err)
			}
			run := 0
			for line := range strings.Lines(out) {
				file, command, changed := strings.Cut(strings.TrimSpace(line), "\t")
				if !changed {
					_, _ = fmt.Sscanf(line, "count %d", &run)
					continue
				}
				if !named(file, command) {
					t.Errorf("one of these commands writes %s: %s", file, strings.TrimPrefix(command, " ; "))
				}
			}
			if run < mostSamples {
				t.Errorf("only %d examples are of programs that the node has", run)
			}
		})
	}
}
