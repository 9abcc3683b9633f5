//go:build linux

package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// mirror is a Debian archive and its companion with security updates.
type mirror struct{ main, security string }

// debianOrg is used on hosts that have no Debian archive in their apt sources, such as Ubuntu.
var debianOrg = mirror{"http://deb.debian.org/debian", "http://deb.debian.org/debian-security"}

// sources renders the one-line apt sources (sources.list(5)) of a suite.
func (m mirror) sources(suite Suite) []string {
	return []string{
		fmt.Sprintf("deb %s %s main", m.main, suite),
		fmt.Sprintf("deb %s %s-updates main", m.main, suite),
		fmt.Sprintf("deb %s %s-security main", m.security, suite),
	}
}

// hostMirror finds the archives to build from: PVESEC_LAB_MIRROR (the main archive, its security archive beside it with
// "-security" appended), else those that the host's apt uses, else deb.debian.org.
func hostMirror(ctx context.Context) (mirror, error) {
	if uri := strings.TrimSuffix(os.Getenv("PVESEC_LAB_MIRROR"), "/"); uri != "" {
		return mirror{uri, uri + "-security"}, nil
	}
	// apt itself knows best which formats of sources it reads. A host without apt still has mmdebstrap's default.
	output, err := exec.CommandContext(ctx, "apt-get", "indextargets",
		"--format", "$(LABEL)|$(COMPONENT)|$(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		if ctx.Err() != nil {
			return mirror{}, ctx.Err()
		}
		return debianOrg, nil
	}
	return mirrorFrom(string(output)), nil
}

// mirrorFrom picks the archives out of lines "label|component|URI". Without a security archive of its own the host's
// main archive is taken to be complete only for the main suites; security updates then come from deb.debian.org.
func mirrorFrom(targets string) mirror {
	found := debianOrg
	var haveMain, haveSecurity bool
	for line := range strings.Lines(targets) {
		fields := strings.SplitN(strings.TrimSpace(line), "|", 3)
		if len(fields) != 3 || fields[1] != "main" {
			continue
		}
		uri := strings.TrimSuffix(fields[2], "/")
		switch {
		case fields[0] == "Debian" && !haveMain:
			found.main, haveMain = uri, true
		case fields[0] == "Debian-Security" && !haveSecurity:
			found.security, haveSecurity = uri, true
		}
	}
	return found
}
