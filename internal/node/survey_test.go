package node_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestSurvey asks a node under each shell. What a tool prints arrives byte by byte; a status and complaints are told,
// and so is a tool that is not there. Of a key file only keys travel, wherever a link leads.
func TestSurvey(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Shell: shell, Noise: "Welcome\n"})
			s.Tool(t, "getent", `printf 'name:x:1\nstr\303\244nge \033[31m:%s\n' "$1"`)
			s.Tool(t, "passwd", `echo 'bob P'; echo 'passwd: one line is broken' >&2; exit 1`)
			s.Tool(t, "find", `printf 'F 4755 0 0 9 /a b\nc\000'; kill -9 $$`)
			s.Tool(t, "sshd", `echo permitrootlogin no`)
			dir := t.TempDir()
			secret, keys := filepath.Join(dir, "shadow"), filepath.Join(dir, "keys")
			if err := errors.Join(os.WriteFile(secret, []byte("root:$y$hash:1\nssh-ed25519 AAAAkey me\n# note\n"), 0o600), os.Symlink(secret, keys)); err != nil {
				t.Fatal(err)
			}
			seen, err := newPool(t, s).Survey(testContext(t), target("pve1", s), node.SurveyQuery{Accounts: true, Programs: true, Keys: []node.AuthorizedFile{file(keys, os.Getuid()), file(dir+"/none", os.Getuid())}, Owned: []string{"/bin/su"}})
			if err != nil {
				t.Fatal(err)
			}
			part := func(name string) node.Section { return seen.Sections[name] }
			if got, want := string(part(node.SectionPasswd).Data), "name:x:1\nstr\303\244nge \033[31m:passwd\n"; got != want {
				t.Errorf("passwd: %q", got)
			}
			if p := part(node.SectionPasswords); string(p.Data) != "bob P\n" || p.Status != 1 || !strings.Contains(p.Complaint, "one line is broken") {
				t.Errorf("passwords: %+v", p)
			}
			if p := part(node.SectionElevation); p.Status != 0 || p.Complaint != "" {
				t.Errorf("elevation: %+v", p)
			}
			if p := part(node.SectionSetID); string(p.Data) != "F 4755 0 0 9 /a b\nc\000" || p.Status != 137 {
				t.Errorf("a find that was killed: %+v", p)
			}
			if p := part(node.SectionKeys); string(p.Data) != keys+"\x002:ssh-ed25519 AAAAkey me\n" || p.Complaint != "" {
				t.Errorf("keys: %q %+v", p.Data, p)
			}
		})
	}
}

// TestSurveyRefusesBadQueries: nothing that could be taken for something else reaches a node.
func TestSurveyRefusesBadQueries(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	pool := newPool(t, s)
	for _, query := range []node.SurveyQuery{{Places: []string{"etc"}}, {Keys: []node.AuthorizedFile{file("/a/../b", 0)}}, {Keys: []node.AuthorizedFile{file("/a", -1)}}, {Keys: []node.AuthorizedFile{{Path: "/a"}}}, {Paths: []string{"/a\nb"}}, {Owned: []string{"/a\x00"}}, {Allowed: []string{"-x"}}, {Allowed: []string{"a b"}}} {
		if _, err := pool.Survey(testContext(t), target("pve1", s), query); err == nil {
			t.Errorf("%+v was taken", query)
		}
	}
	if len(s.Commands()) != 0 {
		t.Errorf("the node was asked: %v", s.Commands())
	}
}

func file(path string, uid int) node.AuthorizedFile {
	return node.AuthorizedFile{Path: path, UID: uid, GIDs: []int{os.Getgid()}}
}

// TestSurveyReadsAsTheUser: sshd reads a key file as its user, and so does a survey. A link to what that one cannot
// read gives nothing, a file without an end gives its beginning, and nobody is waited for. The files after them are
// read all the same.
func TestSurveyReadsAsTheUser(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	const line = "ssh-ed25519 AAAAkey me\n"
	uid := os.Getuid()
	if uid == 0 {
		uid = 65534
	}
	errs := []error{os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755), os.WriteFile(at("secret"), []byte(line), 0), os.Symlink(at("secret"), at("link")), os.WriteFile(at("huge"), []byte(line), 0o644),
		os.Truncate(at("huge"), 1<<40), os.WriteFile(at("last"), []byte("# x\n"+line), 0o644), syscall.Mkfifo(at("pipe"), 0o644), os.Symlink("/dev/zero", at("zero")), os.Mkdir(at("directory"), 0o755)}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	var files []node.AuthorizedFile
	for _, name := range []string{"secret", "link", "huge", "pipe", "zero", "directory", "none", "last"} {
		files = append(files, node.AuthorizedFile{Path: at(name), UID: uid, GIDs: []int{uid}})
	}
	if os.Getuid() != 0 {
		for i := range files {
			files[i].GIDs = []int{os.Getgid()}
		}
	}
	seen, err := newPool(t, s).Survey(testContext(t), target("pve1", s), node.SurveyQuery{Keys: files})
	if err != nil {
		t.Fatal(err)
	}
	part := seen.Sections[node.SectionKeys]
	if got, want := string(part.Data), at("huge")+"\x001:"+line+at("last")+"\x002:"+line; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, want := range []string{at("huge") + ": is longer than 256 KiB", at("pipe") + ": is not a file", at("zero") + ": is not a file"} {
		if !strings.Contains(part.Complaint, want) {
			t.Errorf("no complaint %q in %q", want, part.Complaint)
		}
	}
	if strings.Contains(part.Complaint, "secret") || strings.Contains(part.Complaint, "link") {
		t.Errorf("complaints %q", part.Complaint)
	}
}

// TestSurveyIsBounded: what a user makes endless, or many of, ends at a bound of its own part, and takes nothing from
// the other parts.
func TestSurveyIsBounded(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Shell: shell})
			s.Tool(t, "getent", `exec yes x:x:1:1::/:/bin/sh`)
			s.Tool(t, "passwd", `yes complaint | head -n 12000 >&2; echo 'bob P'; exit 3`)
			s.Tool(t, "find", `yes 'F 4755 1000 0 9 /tmp/x' | head -n 1500 | tr '\n' '\000'; printf 'F 4755 0 0 9 /opt/mine\000P nfs 0 0 0 /mnt\000'`)
			query := node.SurveyQuery{Accounts: true, Programs: true}
			for i := range 800 { // more than one command line holds
				query.Others = append(query.Others, fmt.Sprintf("/none%s/%d", strings.Repeat("/"+strings.Repeat("x", 200), 15), i))
			}
			query.Paths = []string{"/etc/passwd"}
			seen, err := newPool(t, s).Survey(testContext(t), target("pve1", s), query)
			if err != nil {
				t.Fatal(err)
			}
			if p := seen.Sections[node.SectionPasswd]; !p.Cut || p.Status != 0 || len(p.Data) < 1<<20 {
				t.Errorf("an endless list: %d bytes, cut %t, status %d", len(p.Data), p.Cut, p.Status)
			}
			if p := seen.Sections[node.SectionPasswords]; string(p.Data) != "bob P\n" || p.Status != 3 || !strings.Contains(p.Complaint, "complaint\ncomplaint\n") {
				t.Errorf("many complaints: %q, status %d, %d bytes of complaints", p.Data, p.Status, len(p.Complaint))
			}
			p := seen.Sections[node.SectionSetID]
			if n := strings.Count(string(p.Data), "/tmp/"); n != 1001 || !strings.Contains(string(p.Data), "F 4755 0 0 9 /opt/mine\x00P nfs 0 0 0 /mnt\x00") {
				t.Errorf("%d programs of a user, and %.200q at the end", n, p.Data[max(0, len(p.Data)-200):])
			}
			if p := seen.Sections[node.SectionOthers]; !p.Cut && !strings.Contains(string(p.Data), "- 0 0 /none\x00\x00") || p.Status != 0 {
				t.Errorf("many paths: %d bytes, status %d, %q", len(p.Data), p.Status, p.Complaint)
			}
			if p := seen.Sections[node.SectionStates]; !strings.Contains(string(p.Data), " 0 0 /etc/passwd\x00\x00") {
				t.Errorf("the part of root: %q", p.Data)
			}
		})
	}
}

// TestSurveyAsksSudoOneByOne: where sudo does not answer for one account, the others are told, and nothing is told of
// that one.
func TestSurveyAsksSudoOneByOne(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	s.Tool(t, "sudo", `[ "$4" != stuck ] || exit 124
echo "User $4 may run the following commands"`) // 124 is what timeout(1) tells
	seen, err := newPool(t, s).Survey(testContext(t), target("pve1", s), node.SurveyQuery{Allowed: []string{"ann", "stuck", "bob"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(seen.Sections[node.SectionAllowed].Data), "\x01ann\nUser ann may run the following commands\n\x01bob\nUser bob may run the following commands\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSurveyFollowsLinks: every link on the way is told with where it leads, and so is what is not there or leads on
// and on.
func TestSurveyFollowsLinks(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.MkdirAll(at("srv/rel/42"), 0o755), os.WriteFile(at("srv/rel/42/run"), nil, 0o755), os.Mkdir(at("home"), 0o755), os.Symlink(at("home/current"), at("app")),
		os.Symlink("../srv/rel/42", at("home/current")), os.Symlink(at("round"), at("round")), os.WriteFile(at("a b"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	seen, err := newPool(t, s).Survey(testContext(t), target("pve1", s), node.SurveyQuery{Paths: []string{at("app/run"), at("app/none/x"), at("round/x"), at("a b")}})
	if err != nil {
		t.Fatal(err)
	}
	all := string(seen.Sections[node.SectionStates].Data)
	for _, want := range []string{" " + at("app") + "\x00" + at("home/current") + "\x00", " " + at("home/current") + "\x00../srv/rel/42\x00", " " + at("srv/rel/42/run") + "\x00\x00", "- 0 0 " + at("srv/rel/42/none") + "\x00\x00",
		" " + at("round") + "\x00" + at("round") + "\x00", "? 0 0 " + at("round/x") + "\x00\x00", " " + at("a b") + "\x00\x00", " " + at("home") + "\x00\x00"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("%q stands there %d times in %q", want, strings.Count(all, want), all)
		}
	}
}

// TestSurveyReadsCommands: what cron tables and services run, with the account that runs it, is read as cron and
// systemd read it.
func TestSurveyReadsCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, test := range map[string]struct{ text, want string }{
		"crontab": {`PATH=/usr/local/sbin
# 1 1 * * * root /opt/no
25 6 * * * root test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
1 1 * * * root cd /opt/app && ./run.sh --x
1 1 * * * root cd /opt/app; python3 manage.py go
1 1 * * * root su - app -c "/home/app/run.sh"
1 1 * * * root runuser -u app -- /home/app/r2
1 1 * * * root sudo -u app /home/app/r3; /home/app/r4
1 1 * * * root /opt/jobs/*.sh
1 1 * * * root "$HOME"/x
1 1 * * * root ~/x /opt/my\ dir
1 1 * * * root find /tmp -mtime +7 -exec /opt/rm {} \;
1 1 * * * root flock /tmp/lock /opt/locked
@daily bob /opt/b >>/var/log/x
1 1 * * * root "/opt/my dir/run" x
1 1 * * * root sh -c "/opt/run x"
PATH="/usr/sbin:/opt/bin"
`, `1 path root /usr/local/sbin program
3 cron root / directory
3 cron root /etc/cron.daily script
4 cron root /opt/app directory
4 cron root /opt/app/./run.sh program
5 cron root /opt/app directory
5 cron root /opt/app/manage.py script
6 as app /home/app/run.sh program
7 as app /home/app/r2 script
8 as app /home/app/r3 script
8 cron root /home/app/r4 program
9 cron root /opt/jobs/*.sh unclear
10 cron root $HOME/x unclear
11 cron root ~/x unclear
11 cron root /opt/my dir argument
12 cron root /opt/rm program
13 cron root /tmp/lock argument
13 cron root /opt/locked script
14 cron bob /var/log/x output
14 cron bob /opt/b program
15 cron root /opt/my dir/run program
16 cron root /opt/run program
17 path root /usr/sbin program
17 path root /opt/bin program
`},
		"variables": {`SHELL=/opt/app/sh
MAILTO=/opt/no
BASH_ENV="/opt/env"
5 5 * * * root PYTHONPATH=/opt/lib python3 /opt/app/job.py /srv/data
5 5 * * * root cd /opt/app && RAILS_ENV=production ./run.sh
5 5 * * * root VAR=1 /opt/jobs/x
5 5 * * * root export LD_PRELOAD=/opt/l.so; $X; X=$(/opt/sub -x) ` + "`/opt/tick`" + `
`, `1 cron root /opt/app/sh program
3 cron root /opt/env program
4 cron root /opt/lib directory
4 cron root /opt/app/job.py script
4 cron root /srv/data argument
5 cron root /opt/app directory
5 cron root /opt/app/./run.sh program
6 cron root /opt/jobs/x program
7 cron root /opt/sub program
7 cron root /opt/tick program
7 cron root /opt/l.so program
7 cron root $X unclear
7 cron root $(...) unclear
`},
		"wrappers": {`5 5 * * * root cd /opt/app && timeout 300 ./run.sh
5 5 * * * root nice ./run.sh
5 5 * * * root cd /opt/app; flock -n /run/l ./r1; env A=1 ./r2; exec ./r3; nice -n 10 ionice -c3 ./r4; nice /opt/jobs/$NAME.sh
5 5 * * * root nice -n 10 rsync -a /home/app/ --log-file=/var/log/r && (cd /q; ./r) && ./s
5 5 * * * root java -cp /opt/a.jar:/opt/b.jar Main; make -f /opt/Makefile; . /opt/env
5 5 * * * root perl -e 'do "/opt/x.pl"'; for f in /opt/jobs/*; do $f; done
5 5 * * * root backup %/opt/stdin
5 5 * * * root tar cf /b/$(date +\%F).tar 'it
`, `1 cron root /opt/app directory
1 cron root /opt/app/./run.sh script
2 cron root ./run.sh unclear
3 cron root /opt/app directory
3 cron root /run/l argument
3 cron root /opt/app/./r1 script
3 cron root /opt/app/./r2 script
3 cron root /opt/app/./r3 script
3 cron root /opt/app/./r4 script
3 cron root /opt/jobs/$NAME.sh unclear
4 cron root /home/app/ argument
4 cron root /var/log/r argument
4 cron root /q directory
4 cron root /q/./r program
4 cron root ./s unclear
5 cron root /opt/a.jar argument
5 cron root /opt/b.jar argument
5 cron root /opt/Makefile argument
5 cron root /opt/env script
6 cron root /opt/x.pl argument
6 cron root /opt/jobs/ argument
6 cron root $f unclear
7 cron root /opt/stdin program
8 cron root a quotation that does not end unclear
8 cron root /b/ argument
`},
		"accounts": {`5 5 * * * root su - app -c 'mkdir -p x && /home/app/run.sh; cd /home/app && ./x'; /opt/z
5 5 * * * bob su admin -c /home/bob/x; sudo -u admin /home/bob/y
5 5 * * * root bash -lc "cd /srv && sudo -u www php artisan x > /var/log/x 2>&1"
5 5 * * * root setpriv --reuid=app --regid 5 /home/app/p; systemd-run --uid app /home/app/q; sudo /opt/r
`, `1 as app /home/app/run.sh program
1 as app /home/app directory
1 as app /home/app/./x program
1 cron root /opt/z program
2 cron bob /home/bob/x program
2 cron bob /home/bob/y script
3 cron root /srv directory
3 cron root /var/log/x output
3 as www /srv/artisan script
4 as app /home/app/p script
4 as app /home/app/q script
4 cron root /opt/r script
`},
		"x.service": {`[Service]
User=app
ExecStartPre=+/srv/app/prep
ExecStart=/bin/sh \
  /opt/x.sh --conf=/etc/y
ExecStop=/usr/bin/node server.js
ExecReload=-/bin/sh -c "/srv/app/start" ; !/srv/z
WorkingDirectory=/srv/w
Environment=A=/opt/no \
  /opt/no
PermissionsStartOnly=true
User=
`, `1 file x.service - -
2 user x.service app -
11 user x.service root -
12 user x.service  -
3 root x.service /srv/app/prep program
4 unit x.service /bin/sh program
4 unit x.service /opt/x.sh script
4 unit x.service /etc/y argument
6 unit x.service /usr/bin/node program
6 unit x.service /srv/w/server.js script
7 unit x.service /bin/sh program
7 unit x.service /srv/app/start program
7 root x.service /srv/z program
8 unit x.service /srv/w directory
9 unit x.service /opt/no argument
`},
		"y.service": {`[Service]
ExecStartPre=+/bin/sh -c "mkdir -p /run/app && /srv/app/prep; cd /srv/app; ./p2"
ExecStartPre=/bin/sh -c '/srv/a ; /srv/b' ; /srv/c
ExecStart=/usr/bin/env /opt/$X/run
ExecStart=@/opt/jobs/%i.sh name
ExecStart=%t/x $$y 100%%
ExecStartPost=/usr/bin/sudo -u admin /opt/adm
Environment="LD_PRELOAD=/opt/l.so" PATH=/opt/bin:/bin
EnvironmentFile=-/etc/default/%p
ExecStart=-/sbin/agetty -o '-p -- \\u' --noclear - $TERM
`, `1 file y.service - -
2 root y.service /bin/sh program
2 root y.service /srv/app/prep program
2 root y.service /srv/app directory
2 root y.service /srv/app/./p2 program
3 unit y.service /bin/sh program
3 unit y.service /srv/a program
3 unit y.service /srv/b program
3 unit y.service /srv/c program
4 unit y.service /usr/bin/env program
4 unit y.service /opt/$X/run unclear
5 unit y.service /opt/jobs/%i.sh unclear
6 unit y.service /run/x program
7 unit y.service /usr/bin/sudo program
7 unitas y.service:admin /opt/adm script
8 unit y.service /opt/l.so program
8 unit y.service /opt/bin directory
8 unit y.service /bin directory
9 unit y.service /etc/default/%p unclear
10 unit y.service /sbin/agetty program
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", node.SurveyProgram()+`
awk "$sv_words$sv_tables" "$1"`, "sh", file).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			got := strings.ReplaceAll(strings.ReplaceAll(string(out), file+"\t", ""), "\t", " ")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
