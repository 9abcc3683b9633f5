package review

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
)

// TestOptionsAround: the options of Debian's own file are no options of somebody else.
func TestOptionsAround(t *testing.T) {
	t.Parallel()
	const debian = "Defaults\tenv_reset\nDefaults\tmail_badpass\nDefaults\tsecure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n" +
		"Defaults\tuse_pty\nroot\tALL=(ALL:ALL) ALL\n%sudo\tALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"
	for text, want := range map[string]bool{
		"": false, debian: false,
		debian + "Defaults env_keep += LD_PRELOAD\n":      true,
		debian + "Defaults !use_pty\n":                    true,
		debian + "Defaults:agent !authenticate\n":         true,
		debian + "Defaults secure_path=/home/agent/bin\n": true,
	} {
		around := hardening.Surroundings{Files: map[string]string{"/etc/sudoers": text}}
		if got := OptionsAround(around); got != want {
			t.Errorf("%v for\n%s", got, text)
		}
	}
}
