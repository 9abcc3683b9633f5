package hardening

import (
	"path"
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestOverruledJournal: the last line of all files counts, as journald takes it; lines of other sections, comments and
// equal values overrule nothing.
func TestOverruledJournal(t *testing.T) {
	t.Parallel()
	on := true
	a := AuditLogging{Name: "ops", Journal: &Journal{Storage: "persistent", Compress: true, Seal: true, MaxUseMiB: 512, ForwardToSyslog: &on}}
	own := "# " + a.JournaldPath() + "\n" + a.Render()[a.JournaldPath()]
	const main = "# /etc/systemd/journald.conf\n# Use this\n[Journal]\n#Storage=none\nStorage=volatile\nSystemMaxUse=8G\nMaxLevelStore=err\n"
	const later = "\n# /etc/systemd/journald.conf.d/zzz.conf\n[Other]\nSeal=no\n[Journal]\n; Seal=no\nCompress=yes\n  Storage = none\nSystemMaxUse=1G\nSystemMaxUse=512M\n"
	for name, test := range map[string]struct {
		effective string
		want      []string
	}{
		"ours is last":       {main + "\n" + own, nil},
		"another comes last": {main + "\n" + own + later, []string{"/etc/systemd/journald.conf.d/zzz.conf:6: Storage=none"}},
		"ours is not there":  {main, []string{"/etc/systemd/journald.conf:4: Storage=volatile", "/etc/systemd/journald.conf:5: SystemMaxUse=8G"}},
	} {
		if got := a.overruledJournal(test.effective); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestDirectoryGoesWithItsFile: settings that no longer have a file take its directory too, where nothing else is in
// it; one that they never made stays.
func TestDirectoryGoesWithItsFile(t *testing.T) {
	t.Parallel()
	full := settings()["full"]
	less := full
	less.Journal, less.AuditRules = nil, nil
	m := newMemoryNodes("pve1")
	gone := func(applied map[string]string) (paths []string) {
		if err := less.Install(t.Context(), m, targets("pve1"), nil, nil, applied, silent); err != nil {
			t.Fatal(err)
		}
		for _, file := range m.applied[len(m.applied)-1].Files {
			if file.Kind == node.Absent && path.Ext(file.Path) == ".d" {
				paths = append(paths, file.Path)
			}
		}
		return paths
	}
	if got := gone(full.Render()); !slices.Equal(got, []string{pveServiceDir, journaldDir}) {
		t.Errorf("%q goes", got)
	}
	if got := gone(less.Render()); got != nil {
		t.Errorf("%q goes without having been made", got)
	}
}
